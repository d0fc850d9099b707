// Opening a ceremony, and the answers to it: approvals, refusals, attestations. They are all one
// idea, a response set with a threshold; the difference is which document is signed.

public import CeremonyRecord
import HashTreeCollections

extension State {
    /// `ceremony.opened`: the statement is exactly what this log derives.
    mutating func take(_ opened: CeremonyOpened, at moment: KeyEntry.Moment) throws(Refusal) {
        let (statement, _) = try verified(opened.signed, as: Statement.self, for: .open)
        try checkLog(statement.log, statement.mode)
        guard opened.ceremony == statement.ceremony, opened.from == nil, opened.to == .pending,
            opened.supersedes == statement.supersedes,
            statement.initiator.fingerprint == opened.signed.key
        else {
            throw Refusal(.wrongDocument, "The opening is not that of its statement.")
        }
        let age = moment.time - statement.drafted
        guard age >= 0, age <= Limits.draftAge else {
            throw Refusal(
                .stale,
                "The statement was drafted at \(statement.drafted), and it is \(moment.time) now.",
                next: "A draft holds for \(Limits.draftAge / 60) minutes; draft it again.")
        }
        try checkPrefix(of: statement, at: moment.time)
        let kind = try Kinds.named(statement.kind)
        let derived = try self.statement(
            for: Draft(
                kind: statement.kind, subject: statement.subject,
                parameters: kind.parameters(of: statement), supersedes: statement.supersedes,
                initiator: statement.initiator, reason: statement.reason,
                drafted: statement.drafted, nonce: statement.nonce),
            treeSize: statement.treeSize, treeRoot: statement.treeRoot)
        try checkSame(statement, derived)
        // A short-lived draft can be young enough to be opened and over all the same.
        guard moment.time < statement.expires else {
            throw Refusal(
                .expired, "\(statement.ceremony) was to be decided by \(statement.expires).",
                next: "Nothing was opened. Draft it again.", requirement: "VAL-2")
        }
        guard nonces.insert(statement.nonce).inserted else {
            throw Refusal(
                .nonceUsed, "The nonce \(statement.nonce) stands in this log already.",
                next: "Draft it again and sign the new one.")
        }
        let operation = try operation(of: statement)
        let entry = roster.policy.entry(kind: statement.kind, class: statement.subjectClass)
        let ceremony = Ceremony(
            statement: statement, digest: opened.signed.digest, opening: opened.signed,
            opened: moment, executionSeconds: entry?.execution ?? 0, locks: operation.locks,
            goesOnDespite: operation.goesOnDespite,
            approvals: ResponseSet(
                .approve, invited: statement.witnesses, threshold: statement.threshold,
                people: statement.people),
            acceptances: kind.acceptances(by: statement.fields, in: roster),
            peers: kind.peers(by: statement.fields),
            attestations: ResponseSet(
                .attest, invited: statement.witnesses, threshold: statement.attestThreshold,
                people: min(statement.people, statement.attestThreshold)))
        ceremonies[ceremony.id] = ceremony
        openings.append(ceremony.id)
        live.append(ceremony.id)
        subjects[statement.subject, default: Subject()].ceremonies += 1
        remember(
            ceremony.digest, by: opened.signed.key, for: .open, at: moment, ceremony: ceremony.id)
        if let old = statement.supersedes {
            demandEnding(of: old, reason: "superseded", by: ceremony.id)
        }
    }

    /// Refuses a statement that the daemon's clock shows to be a mistake; a verifier has none.
    ///
    /// - Throws: ``Refusal``, the kind's own.
    public func checkOpening(of statement: Statement, by clock: Timestamp) throws(Refusal) {
        guard let operation = try? operation(of: statement) else { return }
        try operation.checkOpening(by: clock)
    }

    private func checkSame(_ given: Statement, _ derived: Statement) throws(Refusal) {
        guard given != derived else { return }
        if given.prestate != derived.prestate || given.policy != derived.policy {
            throw Refusal(
                .prestateChanged,
                "Since the statement was drafted, the subject's keys, the roster or the "
                    + "policy changed.",
                next: "Draft it again and sign the new one.")
        }
        let pair = zip(given.lines, derived.lines).first { $0 != $1 }
        throw Refusal(
            .statementDiffers,
            "The statement is not what this log derives: it says \"\(pair?.0 ?? "")\", "
                + "and the log gives \"\(pair?.1 ?? "")\".",
            next: "Draft it again and sign the new one.")
    }

    /// `ceremony.witnessed`: one more approval of the statement's bytes.
    mutating func take(_ answer: CeremonyWitnessed, at moment: KeyEntry.Moment) throws(Refusal) {
        var ceremony = try ceremony(answer.ceremony)
        guard ceremony.state == .pending || ceremony.state == .approved else {
            throw leftState(ceremony)
        }
        try checkInTime(ceremony, at: moment.time)
        let name = try checkMayAnswer(ceremony, ceremony.approvals, by: answer.key)
        _ = try signer(
            of: ceremony.opening.bytes, by: answer.key, answer.sshsig, for: .approve)
        ceremony.approvals.answers[name] = .yes(answer.key, answer.sshsig, moment)
        guard answer.witness == name, answer.from == ceremony.state, answer.to == ceremony.state,
            answer.count == ceremony.approvals.count,
            answer.threshold == ceremony.approvals.threshold
        else { throw miscounted }
        ceremonies[ceremony.id] = ceremony
        remember(ceremony.digest, by: answer.key, for: .approve, at: moment, ceremony: ceremony.id)
        demandApproval(of: ceremony)
    }

    /// `ceremony.approved`: demanded by the answer that completed what was still open.
    ///
    /// Where nothing is done on tokens, the same transaction carries it out and completes it.
    mutating func take(_ approved: CeremonyApproved) throws(Refusal) {
        let ceremony = try ceremony(approved.ceremony)
        try move(ceremony.id, from: approved.from, to: approved.to, expected: .approved)
        guard try !Kinds.named(ceremony.kind).hasSteps else { return }
        demands += [
            .ceremonyExecuting(
                CeremonyExecuting(
                    ceremony: ceremony.id, from: .approved, to: .executing, signed: nil,
                    intent: nil)),
            .ceremonyCompleted(
                CeremonyCompleted(
                    ceremony: ceremony.id, from: .executing, to: .completed,
                    outcome: .object([:]))),
        ]
    }

    /// `ceremony.attested`: one more witness who saw this public key come out.
    mutating func take(_ answer: CeremonyAttested, at moment: KeyEntry.Moment) throws(Refusal) {
        var ceremony = try ceremony(answer.ceremony)
        let record = try openRecord(ceremony, at: moment.time)
        let name = try checkMayAnswer(ceremony, ceremony.attestations, by: answer.key)
        _ = try signer(of: record.bytes, by: answer.key, answer.sshsig, for: .attest)
        ceremony.attestations.answers[name] = .yes(answer.key, answer.sshsig, moment)
        guard answer.witness == name, answer.from == .completed, answer.to == .completed,
            answer.count == ceremony.attestations.count,
            answer.threshold == ceremony.attestations.threshold
        else { throw miscounted }
        ceremonies[ceremony.id] = ceremony
        remember(record.digest, by: answer.key, for: .attest, at: moment, ceremony: ceremony.id)
        let isRegistered = keys[record.fingerprint]?.activated == nil
        if isRegistered, ceremony.attestations.isComplete {
            demandActivation(of: record, at: moment.time)
        }
    }

    /// `ceremony.declined`: a no, to the statement or to the record.
    mutating func take(_ declined: CeremonyDeclined, at moment: KeyEntry.Moment) throws(Refusal) {
        let (act, actor, found) = try verifiedAct(declined.signed, .decline, at: moment.time)
        guard var ceremony = found, ceremony.id == declined.ceremony,
            declined.participant == actor, declined.from == ceremony.state,
            declined.to == ceremony.state
        else { throw Refusal(.wrongDocument, "The refusal is not that of its document.") }
        let answer = ResponseSet.Answer.no(declined.signed, act.justification, moment)
        if ceremony.state == .completed, act.role != .participant {
            let record = try openRecord(ceremony, at: moment.time)
            try checkDocument(act, record.digest)
            try checkStates(of: act, in: [.completed: .completed])
            let name = try checkMayAnswer(ceremony, ceremony.attestations, by: declined.signed.key)
            guard keys[record.fingerprint]?.activated == nil else {
                throw Refusal(
                    .ended, "The key of \(ceremony.id) is active; its record was attested.",
                    next: "Whoever doubts the key raises a halt or writes a note.")
            }
            ceremony.attestations.answers[name] = answer
            if isOutOfReach(ceremony.attestations) { demandLapse(of: record, reason: "declined") }
        } else if ceremony.state == .executing, act.role == .participant {
            // The executor undoes what it has done, and ends it.
            try checkDocument(act, ceremony.digest)
            try checkStates(of: act, in: [.executing: .executing])
            try checkIsAsked(declined.signed.key, in: ceremony)
            ceremony.refused = moment
        } else {
            guard ceremony.state == .pending || ceremony.state == .approved else {
                throw leftState(ceremony)
            }
            try checkInTime(ceremony, at: moment.time)
            try checkDocument(act, ceremony.digest)
            try checkStates(of: act, in: [.pending: .pending, .approved: .approved])
            if act.role == .participant {
                try decline(
                    &ceremony, by: actor, declined.signed, reason: act.justification, at: moment)
            } else {
                let name = try checkMayAnswer(ceremony, ceremony.approvals, by: declined.signed.key)
                ceremony.approvals.answers[name] = answer
                if ceremony.state == .pending, isOutOfReach(ceremony.approvals) {
                    demandEnding(of: ceremony.id, reason: "declined", by: nil)
                }
            }
        }
        ceremonies[ceremony.id] = ceremony
        remember(
            declined.signed.digest, by: declined.signed.key, for: .act, at: moment,
            ceremony: ceremony.id)
    }

    private var miscounted: Refusal {
        Refusal(.illegalEvent, "The answer's name, states or counts are not the log's.")
    }

    /// An act names the state that its actor saw, and the one that it is to lead to.
    ///
    /// What was seen may be over by now where the act holds in several states alike.
    func checkStates(of act: Act, in steps: [CeremonyState?: CeremonyState?]) throws(Refusal) {
        let known = steps.contains { $0?.rawValue == act.from && $1?.rawValue == act.to }
        guard known else {
            throw Refusal(
                .wrongDocument,
                "An act to \(act.act.rawValue) does not lead from \(act.from ?? "none") "
                    + "to \(act.to ?? "none").",
                next: "Look at the ceremony as it stands now, and draft the act again.")
        }
    }

    /// An act on a document names that document.
    func checkDocument(_ act: Act, _ digest: Digest) throws(Refusal) {
        guard act.document == digest else {
            throw Refusal(
                .wrongDocument,
                "The act is about \(act.document.map { "\($0)" } ?? "no document"), "
                    + "and here it is \(digest).",
                next: "Look at it with ceremonyctl show --document, and draft the act again.")
        }
    }
}

extension ResponseSet.Answer {
    fileprivate static func yes(_ key: Fingerprint, _ sshsig: [UInt8], _ moment: KeyEntry.Moment)
        -> Self
    {
        Self(isYes: true, key: key, seq: moment.seq, time: moment.time, sshsig: sshsig, reason: nil)
    }

    fileprivate static func no(
        _ signed: SignedDocument, _ reason: String, _ moment: KeyEntry.Moment
    ) -> Self {
        Self(
            isYes: false, key: signed.key, seq: moment.seq, time: moment.time,
            sshsig: signed.sshsig,
            reason: reason)
    }
}
