// `accept`: a participant's yes to their own part. They may meet this log for the first time: what
// they need to know of it is the digest of its founding document.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `accept [ID]`.
struct AcceptVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Show what a ceremony asks of you and accept it with the key that it names.",
        discussion: """
            Whoever is to be a member of an authority makes a key for it in their own token by \
            this, and signs with both. Who is asked to vouch for somebody types the fingerprint \
            that they have compared with them. Where several parts are asked of you, run it again \
            for the next one.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var copies: CopyOptions

    @Argument(help: "The ceremony; left out, the one that asks.")
    var id: String?

    @Option(
        name: .customLong("fingerprint"),
        help: ArgumentHelp(
            "Where you vouch for somebody: their key, as they told you, in place of typing it.",
            valueName: "SHA256:fingerprint"))
    var vouched: String?

    func perform(_ output: Output) throws(ClientError) {
        guard acting.signing.signature == nil else {
            throw .usage(
                "--signature does not fit here: the document is drafted only now.",
                next: "Write it with --draft FILE, have it signed, and hand both in with "
                    + "`ceremonyctl submit FILE SIGNATURE`.")
        }
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .accept, acting)
        let roster = try log.roster()
        let report = try Participant.report(id, choice)
        try Standing.checkAccepting(report, choice, acting)
        let statement = try log.statement(of: report, roster)
        let participant = try Participant(acting, asked: report.asked(by: statement), in: report.id)
        Talk.paragraph("The statement of \(statement.ceremony):")
        for line in statement.lines { Talk.paragraph("  " + Display.neutralised(line)) }
        try ClientKinds.reading(statement, log, roster, copies.copy)?.tell(choice.status)
        let parts = try Participant.kind(of: statement).acceptances(
            by: statement.fields, in: roster)
        let part = parts.first { $0.name.utf8.elementsEqual(participant.line.set.utf8) }
        Talk.paragraph(
            "You are asked as \(participant.line.name), part `\(participant.line.set)`.")
        try TypedFingerprint.obtain(vouched, for: participant.line, in: statement)
        if part?.bringsKey == true {
            guard let brought = try participant.bring(statement, output) else { return }
            let submission = try log.submit(
                brought.document.bytes, brought.sshsig, possession: brought.possession)
            return try submission.tellEnding(
                of: brought.document, by: brought.sshsig.key.fingerprint, output)
        }
        let document = try KnownDocument(participant.acceptance(of: statement).bytes)
        guard let signed = try participant.sign(document, output) else { return }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }
}
