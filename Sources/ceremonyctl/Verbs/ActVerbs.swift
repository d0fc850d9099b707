// The short orders: `decline`, `cancel`, `halt`, `note`. Each is one signed act.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `decline [ID] --reason`.
struct DeclineVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "decline",
        abstract: "Say no to a ceremony, or to the key that came out of it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var evidence: EvidenceOptions

    @Argument(help: "The ceremony; left out, the one that waits for you.")
    var id: String?

    @Option(help: "Why, for the record.")
    var reason: String

    @Flag(help: "Decline your own part, which `accept` would accept, with the key asked for it.")
    var part = false

    func perform(_ output: Output) throws(ClientError) {
        let evidence = try evidence.collected()
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .decline, acting)
        let roster = try log.roster()
        if part { return try declinePart(log, choice, roster, evidence, output) }
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .decline, by: party.member, acting)
        try party.requireFresh()
        let statement = try log.statement(of: report, roster)
        let digest =
            report.state == .completed
            ? try log.record(of: report, statement).digest : statement.digest
        // Only a listed key may say no, as only a listed key may say yes.
        let listed = statement.witnesses.filter { $0.name.utf8.elementsEqual(party.name.utf8) }
            .map(\.fingerprint)
        let key = party.keys.first { listed.contains($0) } ?? party.keys[0]
        try OrderDraft(
            act: .decline, role: .witness, ceremony: report.id, document: digest,
            from: report.state, to: report.state, evidence: evidence, justification: reason
        ).carryOut(log, party, by: Signatory(name: party.name, fingerprint: key), output)
    }
}

extension DeclineVerb {
    /// A participant's no; they may be on no roster.
    private func declinePart(
        _ log: TrustedLog, _ choice: Choice, _ roster: Roster,
        _ evidence: [CeremonyRecord.Evidence],
        _ output: Output
    ) throws(ClientError) {
        let report = try Participant.report(id, choice, orExecuting: true)
        let statement = try log.statement(of: report, roster)
        let lines: [AcceptLine]
        if report.state == .executing {
            // Who is asked now may still say no, until it is over; the signed log says who is.
            let state = try LogCopy(log).state
            lines = state.ceremony(named: report.id).map { state.linesAsked(in: $0) } ?? []
        } else {
            try Standing.checkAccepting(report, choice, acting)
            lines = report.asked(by: statement)
        }
        let participant = try Participant(acting, asked: lines, in: report.id)
        let order = OrderDraft(
            act: .decline, role: .participant, ceremony: report.id, document: statement.digest,
            from: report.state, to: report.state, evidence: evidence, justification: reason)
        let document = try order.document(in: log, by: participant.signatory)
        guard let signed = try participant.sign(document, output) else { return }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }
}

/// `cancel [ID] --reason`.
struct CancelVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a ceremony that has not been executed.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var evidence: EvidenceOptions

    @Argument(help: "The ceremony; left out, the only one under way.")
    var id: String?

    @Option(help: "Why, for the record.")
    var reason: String

    func perform(_ output: Output) throws(ClientError) {
        let evidence = try evidence.collected()
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .cancel, acting)
        let roster = try log.roster()
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .cancel, by: party.member, acting)
        try party.requireFresh()
        let statement = try log.statement(of: report, roster)
        let standing = Standing(report: report, person: party.member, now: choice.status.now)
        try OrderDraft(
            act: .cancel, role: try standing.role(for: .cancel), ceremony: report.id,
            document: statement.digest, from: report.state,
            to: report.state == .pending ? .failed : .expired, evidence: evidence,
            justification: reason
        ).carryOut(log, party, by: party.signatory, output)
    }
}

/// `halt --reason`.
struct HaltVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "halt",
        abstract: "Stop everything, at once and until it is cleared by a ceremony.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var evidence: EvidenceOptions

    @Option(help: "Why, for the record.")
    var reason: String

    func perform(_ output: Output) throws(ClientError) {
        let evidence = try evidence.collected()
        let log = try TrustedLog(global, acting.trust, urgent: true)
        let party = try Party(acting, try log.roster())
        guard party.member.kind == .keeper else {
            throw ClientError(
                .notPermitted, "wrong-role", "\(party.name) is no keeper, and a keeper halts.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Call a keeper; or stop the machine.", requirement: "FR70")
        }
        try party.requireFresh()
        try OrderDraft(act: .halt, role: .keeper, evidence: evidence, justification: reason)
            .carryOut(log, party, by: party.signatory, output)
    }
}

/// `note TEXT`.
struct NoteVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "note", abstract: "Have something written down that was out of the ordinary.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var evidence: EvidenceOptions

    @Argument(help: "What happened, on one line.")
    var text: String

    @Option(help: "The ceremony that it is about.")
    var ceremony: String?

    @Option(
        help: ArgumentHelp(
            "It is a reason to rotate this subject's key now: somebody has left, a device is lost, "
                + "the key signed what nobody ordered. `due` lists it until there is another key; "
                + "may be repeated.", valueName: "subject"))
    var rotate: [String] = []

    func perform(_ output: Output) throws(ClientError) {
        var evidence = try evidence.collected()
        let log = try TrustedLog(global, acting.trust)
        try log.requireUnsealed(acting)
        evidence += try rotations(in: log)
        let choice = try Choice(log)
        if !acting.isDraft { try choice.requireClock() }
        let party = try Party(acting, try log.roster())
        let report = try ceremony.map { id throws(ClientError) in try choice.named(id) }
        try party.requireFresh()
        try OrderDraft(
            act: .note, role: NoteVerb.role(of: party.member), ceremony: report?.id,
            evidence: evidence, justification: text
        ).carryOut(log, party, by: party.signatory, output)
    }

    /// The subjects, by the SHA-256 of their names; each must have a key that could be rotated.
    private func rotations(in log: TrustedLog) throws(ClientError) -> [CeremonyRecord.Evidence] {
        guard !rotate.isEmpty else { return [] }
        let state = try LogCopy(log).state
        return try rotate.map { name throws(ClientError) in
            guard let subject = state.subject(name), !subject.keys.isEmpty else {
                throw ClientError(
                    .notFound, "unknown-key", "No key of \(name) has come out of this log.",
                    meaning: "Nothing was signed and no PIN was asked for.",
                    next: "The subjects are listed by: ceremonyctl keys.")
            }
            return CeremonyRecord.Evidence(
                what: State.rotationNote, digest: Digest(of: Array(name.utf8)))
        }
    }

    /// The first of the person's roles in which a note may be written.
    static func role(of member: Member) -> ActRole {
        if member.roles.contains(.operator) { return .operator }
        if member.kind == .keeper { return .keeper }
        if member.roles.contains(.witness) { return .witness }
        return member.roles.contains(.auditor) ? .auditor : .participant
    }
}

extension OrderDraft {
    /// Drafts, shows, signs, hands in, and tells what came of it.
    func carryOut(_ log: TrustedLog, _ party: Party, by actor: Signatory, _ output: Output)
        throws(ClientError)
    {
        let document = try document(in: log, by: actor)
        guard let signed = try party.sign(document, listed: [actor.fingerprint], output) else {
            return
        }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }
}
