// What must hold on every step from one state to the next: what is over stays over, ends of keys
// only move earlier, nothing is deleted, and what goes on in spite of a halt is what DESIGN lists.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

extension Invariant {
    /// What does not hold of a decision.
    static func problems(after decision: Decision, from house: House) -> [String] {
        let before = house.state
        var problems: [String] = []
        if decision.isRepeat, !decision.events.isEmpty || decision.state != before {
            problems.append("a repeat changed something")
        }
        var time = before.head.time
        for event in decision.events {
            if event.time < time, event.body.type != "clock.corrected" {
                problems.append("time went backwards")
            }
            time = event.time
            if let (from, to) = edge(event.body), from != to,
                !Exploration.legalEdges.contains("\(from?.rawValue ?? "none")>\(to.rawValue)")
            {
                problems.append("\(from?.rawValue ?? "none") to \(to.rawValue)")
            }
            problems += Invariant.problems(of: event, in: decision)
        }
        if before.isHalted, let first = decision.events.first,
            !mayGoOn(first.body, in: decision.state)
        {
            problems.append("\(first.body.type) while halted")
        }
        for ceremony in before.allCeremonies where ended.contains(ceremony.state) {
            let after = decision.state.ceremony(named: ceremony.id)
            let (old, new) = (ceremony.end, after?.end)
            let isKept =
                old?.reason == new?.reason && old?.detail == new?.detail && old?.left == new?.left
                && isKept(old?.moment, as: new?.moment, in: decision)
            if after?.state != ceremony.state || !isKept {
                problems.append("\(ceremony.id) had ended")
            }
        }
        problems += halts(before, decision)
        problems += keys(before, decision)
        problems += untouched(before, decision)
        problems += replayed(decision, from: before)
        return problems
    }

    /// The lines, read back and folded, are the state that was decided.
    private static func replayed(_ decision: Decision, from before: State) -> [String] {
        var state = before
        for (line, event) in zip(decision.lines, decision.events) {
            guard let read = try? Event(line: line), read == event,
                (try? state.evolve(read, line: line)) != nil
            else { return ["\(event.body.type) cannot be read back"] }
        }
        return state == decision.state ? [] : ["the fold differs from what was decided"]
    }

    // MARK: Events

    private static func problems(of event: Event, in decision: Decision) -> [String] {
        let after = decision.state
        switch event.body {
        case .ceremonyExecuting(let body):
            guard let ceremony = after.ceremony(named: body.ceremony),
                event.time < ceremony.statement.expires
            else { return ["\(body.ceremony) is executed after its deadline"] }
            return []
        case .ceremonyCompleted(let body):
            guard let ceremony = after.ceremony(named: body.ceremony),
                let deadline = ceremony.executionDeadline,
                bounded(event.time, in: decision) < deadline
            else { return ["\(body.ceremony) is completed after its deadline"] }
            return signatures(of: ceremony)
        case .haltCleared(let body):
            guard let ceremony = after.ceremony(named: body.ceremony) else {
                return ["no clearing"]
            }
            let yes = ceremony.approvals.answers.filter(\.value.isYes).keys
            return yes.count < 2 ? ["\(yes.count) people clear a halt"] : []
        default: return []
        }
    }

    /// The new key has shown that it is there, and the old one has signed for it.
    private static func signatures(of ceremony: Ceremony) -> [String] {
        guard let record = ceremony.record else { return [] }
        guard let outcome = ceremony.outcome.flatMap({ try? KeyOutcome($0) }),
            isSigned(outcome.possession, record, by: record.publicKey)
        else { return ["\(ceremony.id) has a key that has shown nothing"] }
        let isRotation = ceremony.kind == "key-rotation"
        guard isRotation == (outcome.endorsement != nil) else {
            return ["\(ceremony.id) has an endorsement too many or too few"]
        }
        return []
    }

    private static func isSigned(_ sshsig: [UInt8], _ record: KeyRecord, by key: SSHPublicKey)
        -> Bool
    {
        (try? SSHSIG(blob: sshsig).verify(message: record.bytes, namespace: .key, by: key)) != nil
    }

    /// DESIGN section 3, Halt.
    private static func mayGoOn(_ body: EventBody, in state: State) -> Bool {
        let plain: Set<String> = [
            "daemon.started", "access.refused", "halt.raised", "exception.noted",
            "ceremony.declined", "ceremony.failed", "ceremony.expired", "key.lapsed",
            "key.retired",
        ]
        let kinds: Set<String> = ["halt-clear", "key-revocation", "set-roster"]
        return plain.contains(body.type)
            || body.ceremony.flatMap { state.ceremony(named: $0)?.kind }.map(kinds.contains)
                ?? false
    }

    // MARK: What stays

    /// Halts go only by an event that lists them.
    private static func halts(_ before: State, _ decision: Decision) -> [String] {
        var cleared: Set<Int> = []
        for case .haltCleared(let body) in decision.events.map(\.body) {
            cleared.formUnion(body.halts)
        }
        let left = before.halts.filter { !cleared.contains($0.seq) }
        return decision.state.halts.starts(with: left) ? [] : ["a halt is gone"]
    }

    /// A moment stays what it was, but that nothing before a correction of the clock can be later
    /// than the correction.
    private static func isKept(
        _ old: KeyEntry.Moment?, as new: KeyEntry.Moment?, in decision: Decision
    ) -> Bool {
        guard let old else { return true }
        return new == KeyEntry.Moment(seq: old.seq, time: bounded(old.time, in: decision))
    }

    private static func bounded(_ time: Timestamp, in decision: Decision) -> Timestamp {
        var time = time
        for case .clockCorrected(let body) in decision.events.map(\.body) {
            time = min(time, body.now)
        }
        return time
    }

    /// No key goes, what became of it stays, and an end only moves earlier.
    private static func keys(_ before: State, _ decision: Decision) -> [String] {
        before.allKeys.compactMap { old in
            guard let new = decision.state.key(old.publicKey.fingerprint) else {
                return "a key is gone"
            }
            let isKept =
                isKept(old.registered, as: new.registered, in: decision)
                && isKept(old.activated, as: new.activated, in: decision)
                && isKept(old.revoked, as: new.revoked, in: decision)
                && (old.revocation == nil || new.revocation?.cause == old.revocation?.cause)
                && isKept(old.lapsed, as: new.lapsed, in: decision)
                && isKept(old.retired, as: new.retired, in: decision)
            guard isKept else { return "what became of a key has changed" }
            guard let end = old.until else { return nil }
            return new.until.map { $0 <= end } ?? false ? nil : "the end of a key moved later"
        }
    }

    /// What ends without an outcome changes nothing but itself.
    private static func untouched(_ before: State, _ decision: Decision) -> [String] {
        let after = decision.state
        let sets = decision.events.filter { $0.body.type == "roster.set" }.count
        var problems: [String] = []
        if after.roster.epoch != before.roster.epoch + sets {
            problems.append("the epoch rose by another number than that of the changes")
        }
        let isNothing = decision.events.allSatisfy {
            ["ceremony.failed", "ceremony.expired", "ceremony.declined"].contains($0.body.type)
        }
        if isNothing,
            after.allKeys != before.allKeys || after.roster != before.roster
                || after.halts != before.halts || after.logKeys != before.logKeys
        {
            problems.append("an end without an outcome changed something")
        }
        if after.ceremonyCount < before.ceremonyCount { problems.append("a ceremony is gone") }
        return problems
    }

    /// The step that an event says it makes.
    static func edge(_ body: EventBody) -> (from: CeremonyState?, to: CeremonyState)? {
        switch body {
        case .ceremonyOpened(let body): (nil, body.to)
        case .ceremonyWitnessed(let body): (body.from, body.to)
        case .ceremonyDeclined(let body): (body.from, body.to)
        case .ceremonyApproved(let body): (body.from, body.to)
        case .ceremonyExecuting(let body): (body.from, body.to)
        case .ceremonyCompleted(let body): (body.from, body.to)
        case .ceremonyAttested(let body): (body.from, body.to)
        case .ceremonyFailed(let body): (body.from, body.to)
        case .ceremonyExpired(let body): (body.from, body.to)
        default: nil
        }
    }
}

extension Ceremony.End {
    fileprivate var moment: KeyEntry.Moment { KeyEntry.Moment(seq: seq, time: time) }
}
