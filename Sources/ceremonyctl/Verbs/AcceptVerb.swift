// `accept`: a participant's yes to their own part. They may meet this log for the first time: what
// they need to know of it is the digest of its founding document, which a code carries.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `accept [ID|CODE]`.
struct AcceptVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Show what a ceremony asks of you and accept it with the key that it names.",
        discussion: """
            Whoever is to be a member of an authority makes a key for it in their own token by \
            this, and signs with both. Who is asked to vouch for somebody types the fingerprint \
            that they have compared with them. Where several parts are asked of you, run it again \
            for the next one. A code, as `ceremonyctl invite` makes it, stands in place of the \
            ceremony; with --statement no daemon is needed, and the acceptance goes into files for \
            `ceremonyctl submit`.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var copies: CopyOptions

    @Argument(help: "The ceremony, or a code; left out, the one that asks.")
    var id: String?

    @Option(
        name: .customLong("fingerprint"),
        help: ArgumentHelp(
            "Where you vouch for somebody: their key, as they told you, in place of typing it.",
            valueName: "SHA256:fingerprint"))
    var vouched: String?

    @Option(
        help: ArgumentHelp(
            "With a code and no daemon: the statement, as it came along.", valueName: "file"))
    var statement: String?

    @Option(
        help: ArgumentHelp(
            "Its initiator's signature; else the statement's file with .sig behind it.",
            valueName: "file"))
    var statementSignature: String?

    @Option(
        help: ArgumentHelp(
            "With --statement: where the acceptance goes; else CEREMONY.NAME.acceptance.",
            valueName: "file"))
    var into: String?

    mutating func validate() throws {
        if statement == nil, statementSignature != nil || into != nil {
            throw ValidationError("--statement-signature and --into go with --statement.")
        }
        if acting.isDraft, into != nil {
            throw ValidationError("--draft says where it goes: leave --into out.")
        }
    }

    func perform(_ output: Output) throws(ClientError) {
        guard acting.signing.signature == nil else {
            throw .usage(
                "--signature does not fit here: the document is drafted only now.",
                next: "Write it with --draft FILE, have it signed, and hand both in with "
                    + "`ceremonyctl submit FILE SIGNATURE`.")
        }
        let invited = try Invited(id)
        if let statement {
            guard let invited else {
                throw .usage(
                    "--statement goes with a code.", next: "Give the code that came along with it.")
            }
            return try CarriedAcceptance(
                invited: invited, acting: acting, path: statement,
                signature: statementSignature ?? statement + ".sig", into: into
            ).perform(vouched, output)
        }
        let log = try TrustedLog(global, acting.trust, invited: invited)
        let choice = try Choice(log)
        try invited?.checkTime(choice.status.now)
        try invited?.checkPerson(acting.signing.name)
        try choice.requireOpen(for: .accept, acting)
        let roster = try log.roster()
        let report = try Participant.report(
            invited?.invite.ceremony ?? id, choice, for: Participant.Asker(acting))
        try invited?.checkUnused(report)
        try Standing.checkAccepting(report, choice, acting)
        let statement = try log.statement(of: report, roster)
        let asked = try asked(by: statement, report, invited, log)
        if asked.isEmpty || named(asked).isEmpty {
            try checkUnanswered(report, invited) { _ in true }
        }
        let participant = try Participant(
            acting, asked: asked, in: report.id,
            otherwise: { here throws(ClientError) in
                try invited?.checkHolder(
                    among: report.acceptances.flatMap(\.rows).map { ($0.name, $0.key) }, here)
                try checkUnanswered(report, invited) { here.contains($0.key) }
            })
        tellFurther(asked, besides: participant.line)
        try accept(statement, as: participant, log, choice, roster, output)
    }

    /// Somebody may have several parts, each with a yes of its own.
    private func tellFurther(_ asked: [AcceptLine], besides line: AcceptLine) {
        let further = asked.filter { other in
            other.name.utf8.elementsEqual(line.name.utf8)
                && !other.set.utf8.elementsEqual(line.set.utf8)
        }
        guard !further.isEmpty else { return }
        Talk.paragraph(
            "\(line.name) is asked more than once here, also for "
                + Phrase.list(further.map { "`\($0.set)`" })
                + ": run this again when this part is answered.")
    }

    /// Those of the lines that are the named person's.
    private func named(_ lines: [AcceptLine]) -> [AcceptLine] {
        lines.filter { line in
            acting.signing.name.map { line.name.utf8.elementsEqual($0.utf8) } ?? true
        }
    }

    /// Refuses somebody who has answered everything that they were asked.
    ///
    /// - Throws: `already-answered` (1).
    private func checkUnanswered(
        _ report: CeremonyReport, _ invited: Invited?,
        by isHere: (CeremonyReport.Acceptances.Row) -> Bool
    ) throws(ClientError) {
        guard invited == nil else { return }
        let rows = report.acceptances.flatMap(\.rows).filter { row in
            (acting.signing.name.map { row.name.utf8.elementsEqual($0.utf8) } ?? true)
                && (acting.fingerprint.map { $0 == row.key } ?? true) && isHere(row)
        }
        guard acting.signing.name != nil || acting.fingerprint != nil || !rows.isEmpty,
            let last = rows.last(where: { $0.answer == .yes || $0.answer == .no }),
            !rows.contains(where: { $0.answer == .open })
        else { return }
        throw ClientError(
            .refused, "already-answered",
            "\(last.name) \(last.answer == .yes ? "accepted" : "declined") \(report.id) at "
                + "\(last.at.map { "\($0)" } ?? "?"), and it asks nothing more of them now.",
            meaning: "Nothing was signed and no PIN was asked for. A first answer stands.",
            next: "How it stands: ceremonyctl show \(report.id).", requirement: "CT-12")
    }

    /// The parts that are still open; with a code, the one that it is for.
    private func asked(
        by statement: Statement, _ report: CeremonyReport, _ invited: Invited?, _ log: TrustedLog
    ) throws(ClientError) -> [AcceptLine] {
        let open = report.asked(by: statement)
        guard let invited else { return open }
        // The statement was found signed by exactly this key.
        guard
            let key = try log.roster(at: report.seq)
                .member(holding: statement.initiator.fingerprint)?.key
        else { return [] }
        let line = try invited.line(of: statement, signedBy: key)
        return open.filter { $0 == line }
    }

    private func accept(
        _ statement: Statement, as participant: Participant, _ log: TrustedLog, _ choice: Choice,
        _ roster: Roster, _ output: Output
    ) throws(ClientError) {
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
