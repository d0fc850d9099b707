// `execute`: order an approved ceremony to be carried out, and follow it to its end.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `execute [ID]`.
struct ExecuteVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "execute",
        abstract: "Order an approved ceremony to be carried out, and follow it to its end.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var evidence: EvidenceOptions

    @Argument(help: "The ceremony; left out, the one that is approved.")
    var id: String?

    @Option(help: "Why now, for the record.")
    var reason = "approved as stated"

    @Option(help: ArgumentHelp("Wait so long for each step.", valueName: "seconds"))
    var wait = 900

    func perform(_ output: Output) throws(ClientError) {
        let evidence = try evidence.collected()
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .execute, acting)
        let roster = try log.roster()
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .execute, by: party.member, acting)
        let statement = try log.statement(of: report, roster)
        // A draft is handed in later, when the token may be there.
        if !acting.isDraft { try checkToken(of: statement, log) }
        try party.requireFresh()
        let standing = Standing(report: report, person: party.member, now: choice.status.now)
        let act = OrderDraft(
            act: .execute, role: try standing.role(for: .execute), ceremony: report.id,
            document: statement.digest, from: .approved, to: .executing, evidence: evidence,
            justification: reason)
        for sentence in ClientKinds.part(of: statement.kind)?.beforeExecution(of: statement) ?? [] {
            Talk.paragraph(Display.neutralised(sentence))
        }
        let document = try act.document(in: log, by: party.signatory)
        guard let signed = try party.sign(document, output) else { return }
        let submission = try log.submit(
            document.bytes, signed.sshsig, seconds: max(1, wait),
            progress: { ExecuteVerb.tell($0, of: report.id) })
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
        try ExecuteVerb.tellOutcome(of: submission, log)
    }

    /// What came into force, by the signed log: an authority's epoch, and who was silent at its
    /// commit.
    static func tellOutcome(of submission: Submission, _ log: TrustedLog) throws(ClientError) {
        guard let report = submission.ceremony, report.state == .completed,
            let kind = try? Kinds.named(report.kind), kind.isAboutAuthority,
            let epoch = try LogCopy(log).state.authority(report.subject)?.epochs.first(where: {
                $0.ceremony.utf8.elementsEqual(report.id.utf8)
            })
        else { return }
        Talk.paragraph(
            "Epoch \(epoch.number) of \(report.subject) is in force since \(epoch.begun.time): "
                + "\(Phrase.list(epoch.members.map(\.name))). \(epoch.sign) of them sign for it.")
        guard !epoch.unreached.isEmpty else { return }
        Talk.paragraph(
            "NOT REACHED at the commit: \(Phrase.list(epoch.unreached)). Nobody knows whether they "
                + "have their new key. Have each sign something, or renew it: ceremonyctl start "
                + "membership \(report.subject) --set renew=\(epoch.unreached.joined(separator: ","))."
        )
    }

    /// Says a step of the daemon's.
    static func tell(_ progress: JSON, of id: String) {
        Talk.paragraph("  " + sentence(progress, of: id))
    }

    /// The tokens that are needed are looked at before anybody signs: an order that cannot be
    /// carried out now only wastes a PIN.
    private func checkToken(of statement: Statement, _ log: TrustedLog) throws(ClientError) {
        let uris = ["token", "authority-token", "promoter-token"].compactMap {
            statement.fields[$0]
        }.filter { !$0.utf8.elementsEqual("none".utf8) }
        guard !uris.isEmpty else { return }
        let tokens = try DaemonToken.list(log)
        for uri in uris { try checkToken(uri, among: tokens) }
    }

    private func checkToken(_ uri: String, among tokens: [DaemonToken]) throws(ClientError) {
        guard
            let token = tokens.first(where: { token in
                guard case .object(let fields) = token.json, case .string(let own)? = fields["uri"]
                else { return false }
                return own.utf8.elementsEqual(uri.utf8)
            })
        else {
            throw ClientError(
                .token, "token-missing", "The daemon does not see the token \(uri).",
                meaning:
                    "Nothing was signed and no PIN was asked for; the ceremony stays approved.",
                next: "Plug it in at the daemon's machine; `ceremonyctl tokens` shows what it sees."
            )
        }
        guard token.isUnlocked else {
            throw ClientError(
                .notYet, "token-locked", "The token \(token.title) is locked.",
                meaning:
                    "Nothing was signed and no PIN was asked for; the ceremony stays approved.",
                next: "Whoever keeps its PIN unlocks it: ceremonyctl unlock \(token.name).")
        }
    }

    /// What a step of the daemon's means.
    private static func sentence(_ progress: JSON, of id: String) -> String {
        guard case .object(let fields) = progress else { return "..." }
        if case .string(let step)? = fields["step"] { return Display.neutralised("step: \(step)") }
        if case .string(let person)? = fields["asks"] {
            return Display.neutralised("waiting for \(person): ceremonyctl answer \(id)")
        }
        if case .number(let seq)? = fields["announced"] {
            return "announced by event \(seq); now it is done"
        }
        if case .string(let state)? = fields["ended"] {
            return Display.neutralised("ended: \(state)")
        }
        return "..."
    }
}
