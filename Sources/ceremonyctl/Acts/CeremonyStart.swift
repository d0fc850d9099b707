// Starting a ceremony, whichever verb says what: the daemon derives the statement, and it is held
// against what was asked for and against the log before its initiator signs it.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A ceremony that somebody starts.
struct CeremonyStart {
    /// What is known when the subject is to be chosen.
    struct Setting {
        let log: TrustedLog
        let parameters: [String: String]
        let token: DaemonToken?
        let initiator: Signatory
        let reason: String
    }

    let global: GlobalOptions
    let acting: ActingOptions
    let kind: String
    /// Chooses what it is done to.
    let subject: (Setting) throws(ClientError) -> String
    /// The parameters to be asked for, under the people and rules in force.
    let parameters: (Roster) throws(ClientError) -> [String: String]
    /// The receiving token, as it was named.
    let into: String?
    let supersede: String?
    let reason: String
    let acceptNoSpare: Bool
    /// The vault that it is about, for this client to read itself.
    var copy: VaultCopy?

    /// Has the daemon draft it, holds the draft against what was asked for and against the log,
    /// shows it, signs it and hands it in.
    func perform(_ output: Output) throws(ClientError) {
        if let flaw = OrderDraft.flaw(in: reason) {
            throw .usage(
                "The reason is not taken: \(flaw).", next: "Give one line of plain text.")
        }
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
        var wanted = try parameters(roster)
        try nameTokens(in: &wanted, log)
        let token = try receivingToken(log)
        let subject = try subject(
            Setting(
                log: log, parameters: wanted, token: token, initiator: party.signatory,
                reason: reason))
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
        let reading = try ClientKinds.reading(statement, log, roster, copy)
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

    /// Puts the token itself where a parameter names one of the daemon's.
    private func nameTokens(in parameters: inout [String: String], _ log: TrustedLog)
        throws(ClientError)
    {
        for name in (try? Kinds.named(kind))?.tokenParameters ?? [] {
            guard let value = parameters[name], value != "none",
                TokenReference(uri: value) == nil
            else { continue }
            let token = try DaemonToken.named(value, among: try DaemonToken.list(log))
            parameters[name] = token.reference.uri
        }
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
}
