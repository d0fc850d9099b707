// Executing and its ends. An intent is announced before anything is done; the outcome is the only
// commit point; whatever else happens ends as FAILED with its reason and what may be left.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// `ceremony.executing`: ordered by a person, or demanded by the approval where nothing is to
    /// be done on tokens; with everything checked again.
    mutating func take(
        _ executing: CeremonyExecuting, demanded: Bool, at moment: KeyEntry.Moment
    ) throws(Refusal) {
        let ceremony = try ceremony(executing.ceremony)
        let actor: String?
        switch executing.signed {
        case nil where demanded:
            try checkStillAgreed(ceremony)
            actor = nil
        case let signed? where !demanded:
            actor = try checkExecute(signed, ceremony: ceremony.id, at: moment.time)
            remember(signed.digest, by: signed.key, for: .act, at: moment, ceremony: ceremony.id)
        default:
            throw Refusal(
                .illegalEvent, "An execution is ordered by a person.", requirement: "FR70")
        }
        try operation(of: ceremony.statement).checkIntent(
            executing.intent, of: ceremony, at: moment.time, in: self)
        try move(ceremony.id, from: executing.from, to: executing.to, expected: .executing)
        ceremonies[ceremony.id]?.execution = Ceremony.Execution(
            seq: moment.seq, time: moment.time, actor: actor, intent: executing.intent)
    }

    /// Everything that an order to execute is held to, besides the intent.
    mutating func checkExecute(
        _ signed: SignedDocument, ceremony id: String, at time: Timestamp
    ) throws(Refusal) -> String {
        let (act, actor, found) = try verifiedAct(signed, .execute, at: time)
        guard let ceremony = found, ceremony.id == id else {
            throw Refusal(
                .wrongDocument, "The order is not one to execute \(id).",
                next: "Draft it again with: ceremonyctl execute \(id).")
        }
        try checkDocument(act, ceremony.digest)
        switch ceremony.state {
        case .approved: break
        case .pending:
            throw Refusal(
                .notYet, "\(id) has \(ceremony.missing).",
                next: "Waiting for: \(ceremony.waiting.joined(separator: ", ")).",
                requirement: "CT-12")
        default: throw leftState(ceremony)
        }
        try checkStates(of: act, in: [.approved: .executing])
        try checkInTime(ceremony, at: time)
        try checkStillAgreed(ceremony)
        return actor
    }

    /// The prestate and every stored signature, again: what was agreed must still be what is done.
    private func checkStillAgreed(_ ceremony: Ceremony) throws(Refusal) {
        let statement = ceremony.statement
        _ = try operation(of: statement)
        guard isAsAgreed(ceremony) else {
            throw Refusal(
                .prestateChanged,
                "What \(ceremony.id) depends on has changed since it was drafted.",
                next: "Start it again; the approvals were for another situation.")
        }
        _ = try signer(
            of: ceremony.opening.bytes, by: ceremony.opening.key, ceremony.opening.sshsig,
            for: .open)
        var yes: Set<String> = []
        for (name, answer) in ceremony.approvals.answers where answer.isYes {
            let member = try signer(
                of: ceremony.opening.bytes, by: answer.key, answer.sshsig, for: .approve)
            if member.name == name { yes.insert(name) }
        }
        guard yes.count >= statement.threshold, ceremony.approvals.isComplete else {
            throw Refusal(
                .notYet,
                "\(ceremony.id) has \(yes.count) approvals by people who are still on the roster.",
                requirement: "CT-12")
        }
        for set in ceremony.acceptances {
            var accepted = 0
            for answer in set.answers.values where answer.isYes {
                _ = try participant(of: ceremony, by: answer.signed, for: .accept)
                accepted += 1
            }
            guard accepted >= set.need else {
                throw Refusal(
                    .notYet, "\(ceremony.id) has \(accepted) of \(set.need) acceptances.",
                    next: "Waiting for: \(ceremony.waiting.joined(separator: ", ")).",
                    requirement: "CT-12")
            }
        }
    }

    /// `ceremony.completed`: the outcome is what was ordered, and everything still holds.
    mutating func take(
        _ completed: CeremonyCompleted, demanded: Bool, at moment: KeyEntry.Moment
    ) throws(Refusal) {
        let ceremony = try ceremony(completed.ceremony)
        guard ceremony.state == .executing else { throw leftState(ceremony) }
        if let deadline = ceremony.executionDeadline, moment.time >= deadline {
            throw Refusal(
                .expired, "The execution of \(ceremony.id) was to be over by \(deadline).",
                next: "Nothing was made valid. What it may have left is shown by: ceremonyctl show "
                    + "\(ceremony.id).", requirement: "VAL-2")
        }
        if let refused = ceremony.refused {
            throw Refusal(
                .declined,
                "Somebody whom \(ceremony.id) asks said no at \(refused.time) (event \(refused.seq)).",
                next: "Nothing was made valid. Who and why: ceremonyctl watch \(ceremony.id).",
                requirement: "I14")
        }
        try checkStillAgreed(ceremony)
        let operation = try operation(of: ceremony.statement)
        let record = try operation.check(completed.outcome, of: ceremony, at: moment.time, in: self)
        try move(ceremony.id, from: completed.from, to: completed.to, expected: .completed)
        ceremonies[ceremony.id]?.outcome = completed.outcome
        ceremonies[ceremony.id]?.record = record
        end(ceremony.id, at: moment, reason: nil)
        if let record {
            register(record, of: ceremony, at: moment)
            for claim in operation.claims where taken[claim.point] == nil {
                taken[claim.point] = claim.role
            }
            if ceremony.statement.attestThreshold == 0 {
                demandActivation(of: record, at: moment.time)
            } else {
                unattested.append(ceremony.id)
            }
        }
        if let completed = ceremonies[ceremony.id] {
            operation.apply(completed, to: &self, at: moment)
        }
        demands += operation.consequences(of: ceremony)
        if !ceremony.peers.isEmpty { unconfirmedNames.append(ceremony.id) }
        let afterwards = operation.afterwards(of: ceremonies[ceremony.id] ?? ceremony)
        if !afterwards.isEmpty {
            ceremonies[ceremony.id]?.afterwards = afterwards
            unfinishedNames.append(ceremony.id)
        }
        demandPrestateEndings(besides: ceremony.id)
    }

    /// `ceremony.failed`: by a person's cancel, by a demand, by the clock, or by the executor.
    mutating func take(_ failed: CeremonyFailed, demanded: Bool, at moment: KeyEntry.Moment)
        throws(Refusal)
    {
        let ceremony = try ceremony(failed.ceremony)
        if !demanded { try checkProvoked(failed, ceremony, at: moment) }
        try move(ceremony.id, from: failed.from, to: failed.to, expected: .failed)
        end(
            ceremony.id, at: moment, reason: failed.reason, detail: failed.detail,
            left: failed.left ?? [])
        if ceremony.announced != nil, failed.left?.isEmpty == false { debris.append(ceremony.id) }
    }

    /// What ends a ceremony without being demanded, and that nothing is said besides.
    private mutating func checkProvoked(
        _ failed: CeremonyFailed, _ ceremony: Ceremony, at moment: KeyEntry.Moment
    ) throws(Refusal) {
        let reported = failed.phase != nil || failed.pkcs11 != nil || failed.left != nil
        switch (ceremony.state, failed.reason) {
        case (.pending, "cancelled"):
            guard failed.effective == nil, !reported else { throw unprovoked(failed.reason) }
            let act = try checkCancel(failed.signed, ceremony, at: moment)
            guard failed.detail == act.justification else { throw unprovoked(failed.reason) }
        case (.executing, "deadline"):
            guard let deadline = ceremony.executionDeadline, moment.time >= deadline,
                failed.effective == (moment.time > deadline ? deadline : nil)
            else { throw unprovoked(failed.reason) }
        case (.executing, "halted"):
            guard isHalted, failed.effective == nil else { throw unprovoked(failed.reason) }
        case (.executing, "prestate-changed"):
            // What a vault is like the log does not know; the executor does.
            guard failed.effective == nil, !isAsAgreed(ceremony) || dependsOnVault(ceremony)
            else {
                throw unprovoked(failed.reason)
            }
        case (.executing, "declined"):
            guard failed.effective == nil, ceremony.refused != nil else {
                throw unprovoked(failed.reason)
            }
        case (.executing, let reason) where State.executorReasons.contains(reason):
            guard failed.effective == nil else { throw unprovoked(reason) }
        case (.pending, _), (.executing, _): throw unprovoked(failed.reason)
        default: throw leftState(ceremony)
        }
        // A signature that nothing here has checked must not stand in the log.
        guard failed.by == nil, failed.signed == nil || ceremony.state == .pending else {
            throw unprovoked(failed.reason)
        }
    }

    /// What an executor reports that only it can know.
    static let executorReasons: Set<String> = [
        "token-error", "gate-failed", "interrupted", "token-lost", "outcome-refused",
    ]

    /// `ceremony.expired`: by the clock, by a person's cancel, or by a demand.
    mutating func take(_ expired: CeremonyExpired, demanded: Bool, at moment: KeyEntry.Moment)
        throws(Refusal)
    {
        let ceremony = try ceremony(expired.ceremony)
        guard ceremony.state == .pending || ceremony.state == .approved else {
            throw leftState(ceremony)
        }
        if !demanded {
            switch expired.reason {
            case "timeout":
                let end = ceremony.statement.expires
                guard moment.time >= end, expired.signed == nil,
                    expired.effective == (moment.time > end ? end : nil)
                else { throw unprovoked(expired.reason) }
            case "cancelled" where ceremony.state == .approved && expired.effective == nil:
                _ = try checkCancel(expired.signed, ceremony, at: moment)
            default: throw unprovoked(expired.reason)
            }
            guard expired.by == nil else { throw unprovoked(expired.reason) }
        }
        try move(ceremony.id, from: expired.from, to: expired.to, expected: .expired)
        end(ceremony.id, at: moment, reason: expired.reason)
    }

    private mutating func checkCancel(
        _ signed: SignedDocument?, _ ceremony: Ceremony, at moment: KeyEntry.Moment
    ) throws(Refusal) -> Act {
        guard let signed else {
            throw Refusal(
                .illegalEvent, "A ceremony is cancelled by a person.", requirement: "FR70")
        }
        let (act, _, found) = try verifiedAct(signed, .cancel, at: moment.time)
        guard found?.id == ceremony.id else {
            throw Refusal(
                .wrongDocument, "The order is not one to cancel \(ceremony.id).",
                next: "Draft it again with: ceremonyctl cancel \(ceremony.id).")
        }
        try checkDocument(act, ceremony.digest)
        try checkStates(of: act, in: [.pending: .failed, .approved: .expired])
        try checkInTime(ceremony, at: moment.time)
        remember(signed.digest, by: signed.key, for: .act, at: moment, ceremony: ceremony.id)
        return act
    }

    private func unprovoked(_ reason: String) -> Refusal {
        Refusal(
            .illegalEvent, "Nothing at this position ends the ceremony for the reason \(reason).",
            requirement: "FP-4")
    }

    private mutating func end(
        _ id: String, at moment: KeyEntry.Moment, reason: String?, detail: String? = nil,
        left: [String] = []
    ) {
        ceremonies[id]?.end = Ceremony.End(
            seq: moment.seq, time: moment.time, reason: reason, detail: detail, left: left)
        noteLeftKeys(of: id)
    }
}
