// `start`: have the daemon derive a statement, hold it against what was asked for and against the
// log, sign it as its initiator, and open the ceremony.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `start KIND [SUBJECT]`.
struct StartVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Draft a ceremony's statement, show it, sign it as its initiator, open it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions

    @Argument(help: "The kind of ceremony; `ceremonyctl kinds` lists them.")
    var kind: String

    @Argument(
        help: "What it is done to; left out for kinds that are about the house itself.")
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "The receiving token, by its name, label or serial at the daemon.", valueName: "token"))
    var into: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A parameter of the kind; may be repeated.", valueName: "field=value"))
    var parameters: [String] = []

    @OptionGroup var options: KindOptions

    @Option(
        defaultAsFlag: "", parsing: .next,
        help: ArgumentHelp(
            "Replace a ceremony that is open; left out, the id is that of the only one of this "
                + "subject or in its way.", valueName: "id"))
    var supersede: String?

    @Option(help: "Why, for the record.")
    var reason: String

    @Flag(help: "Start it although nobody may be missing.")
    var acceptNoSpare = false

    func perform(_ output: Output) throws(ClientError) {
        let chosen = try StartVerb.chosen(parameters)
        if let flaw = OrderDraft.flaw(in: reason) {
            throw .usage(
                "The reason is not taken: \(flaw).", next: "Give one line of plain text.")
        }
        let subject = try StartVerb.subject(subject, of: kind)
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        let roster = try log.roster()
        let party = try Party(acting, roster)
        try party.requireFresh()
        guard party.member.mayStart else {
            throw ClientError(
                .notPermitted, "wrong-role", "\(party.name) may not start a ceremony.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Operators and keepers may.", requirement: "FR70")
        }
        let wanted = try options.parameters(chosen, for: kind, under: roster)
        let token = try receivingToken(log)
        let replaced = try supersede.map { id throws(ClientError) in
            try Replacement(id, by: subject, into: token?.serial, choice, roster)
        }
        let order = StartOrder(
            kind: kind, subject: subject, into: token, parameters: wanted,
            supersedes: replaced?.old.id, initiator: party.signatory, reason: reason)
        let statement = try order.draft(log)
        try order.check(statement, log, roster, now: .now)
        replaced?.tell()
        try checkSpare(statement)
        let reading = try ClientKinds.reading(statement, log, roster)
        if let reading {
            reading.tell(choice.status)
            try checkSpare(afterwards: reading.outlook, statement.mode)
        }
        let document = try KnownDocument(statement.bytes, intent: .open, told: reading?.gist)
        let listed = [statement.initiator.fingerprint]
        guard let signed = try party.sign(document, listed: listed, output) else { return }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }

    /// What was given, or the one subject that the kind is about.
    private static func subject(_ given: String?, of kind: String) throws(ClientError) -> String {
        if let given { return given }
        guard let known = try? Kinds.named(kind) else {
            throw ClientError(
                .notFound, "unknown-kind", "There is no kind of ceremony called \(kind).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "The kinds are listed by: ceremonyctl kinds.")
        }
        guard let own = known.houseSubject else {
            throw .usage(
                "\(kind) needs a subject.", next: "Write: ceremonyctl start \(kind) SUBJECT.")
        }
        return own
    }

    /// Refuses in production what leaves nobody to spare.
    private func checkSpare(afterwards outlook: [Outlook], _ mode: LogMode) throws(ClientError) {
        let tight = outlook.filter { !$0.hasSpare }
        guard mode == .production, !acceptNoSpare, !tight.isEmpty else { return }
        throw ClientError(
            .refused, "no-spare",
            "With these people and rules there is no spare: "
                + tight.map(\.text).joined(separator: ". ") + ".",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Enroll one person more, or add --accept-no-spare.", requirement: "CT-12")
    }

    /// `--into`, or the only token of the daemon that can receive a key; none for a kind that makes
    /// no key.
    private func receivingToken(_ log: TrustedLog) throws(ClientError) -> DaemonToken? {
        if let known = try? Kinds.named(kind),
            !known.parameters.contains(where: { $0.name == "token" })
        {
            guard into == nil else {
                throw .usage("\(kind) makes no key in a token.", next: "Leave --into out.")
            }
            return nil
        }
        // Halt first: no kind that puts a key into a token goes on.
        if log.shown.isHalted, !acting.isDraft { throw .halted("a ceremony with a token") }
        let tokens = try DaemonToken.list(log)
        if let into { return try DaemonToken.named(into, among: tokens) }
        let able = tokens.filter { $0.trouble == nil && $0.canEd25519 }
        return able.count == 1 ? able[0] : nil
    }

    private func checkSpare(_ statement: Statement) throws(ClientError) {
        let names = StartOrder.people(of: statement)
        guard names.count <= max(statement.threshold, statement.attestThreshold) else { return }
        Talk.paragraph(
            "There is no spare: everybody is needed, \(Phrase.list(names)). If one of them cannot "
                + "act, the ceremony ends without a result.")
        guard statement.mode == .production, !acceptNoSpare else { return }
        throw ClientError(
            .refused, "no-spare", "Nobody may be missing: \(Phrase.list(names)).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Enroll a further witness, or add --accept-no-spare.", requirement: "CT-12")
    }

    private static func chosen(_ settings: [String]) throws(ClientError) -> [String: String] {
        var chosen: [String: String] = [:]
        for setting in settings {
            guard let equals = setting.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .usage(
                    "--set \(setting) has no `=`.", next: "Write --set field=value.")
            }
            let name = String(setting[..<equals])
            let value = String(setting[setting.utf8.index(after: equals)...])
            guard chosen.updateValue(value, forKey: name) == nil else {
                throw .usage("--set \(name) stands there twice.", next: "Give each field once.")
            }
        }
        return chosen
    }
}
