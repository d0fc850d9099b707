// What must hold in every state, and on every step: said a second time, in other words than the
// rules say it, so that one mistake cannot stand in both.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

/// What must hold.
enum Invariant {
    // MARK: In a state

    /// What does not hold in a state that was reached.
    static func problems(in state: State) -> [String] {
        var problems: [String] = []
        if !state.demands.isEmpty { problems.append("something still has to follow") }
        let live = state.allCeremonies.filter { !ended.contains($0.state) }
        if Set(live.map(\.id)) != Set(state.live) || live.count != state.live.count {
            problems.append("the live ones are not those listed as live")
        }
        for (index, one) in live.enumerated() {
            for other in live[(index + 1)...] where one.locks.contains(where: other.locks.contains)
            {
                problems.append("\(one.id) and \(other.id) hold one lock")
            }
        }
        for ceremony in state.allCeremonies { problems += Invariant.problems(of: ceremony) }
        for key in state.allKeys { problems += Invariant.problems(of: key, in: state) }
        return problems
    }

    private static let ended: [CeremonyState] = [.completed, .failed, .expired]

    private static func problems(of ceremony: Ceremony) -> [String] {
        var problems: [String] = []
        let statement = ceremony.statement
        for (name, answer) in ceremony.approvals.answers.merging(
            ceremony.attestations.answers, uniquingKeysWith: { one, _ in one })
        {
            let isListed = statement.witnesses.contains {
                $0.name == name && $0.fingerprint == answer.key
            }
            if !isListed || name == statement.initiator.name || name == statement.holder {
                problems.append("\(name) counts in \(ceremony.id)")
            }
        }
        let yes = ceremony.approvals.answers.filter { $0.value.isYes }.keys
        let humans = yes.filter { name in
            statement.witnesses.contains { $0.name == name && $0.kind != .system }
        }
        let isAgreed = yes.count >= statement.threshold && humans.count >= statement.people
        switch ceremony.state {
        case .pending where isAgreed: problems.append("\(ceremony.id) is agreed and PENDING")
        case .approved where !isAgreed, .executing where !isAgreed, .completed where !isAgreed:
            problems.append("\(ceremony.id) is \(ceremony.state.rawValue) and not agreed")
        case .executing where ceremony.execution == nil,
            .completed where ceremony.execution == nil:
            problems.append("\(ceremony.id) has nobody who ordered it")
        case .completed where ceremony.record == nil:
            problems.append("\(ceremony.id) is COMPLETED without a record")
        default: break
        }
        if ended.contains(ceremony.state) != (ceremony.end != nil) {
            problems.append("\(ceremony.id) has an end, or has none, against its state")
        }
        if ceremony.state != .completed, ceremony.record != nil || ceremony.outcome != nil {
            problems.append("\(ceremony.id) has an outcome and is \(ceremony.state.rawValue)")
        }
        return problems
    }

    private static func problems(of key: KeyEntry, in state: State) -> [String] {
        guard let ceremony = state.ceremony(named: key.ceremony), ceremony.state == .completed,
            ceremony.record?.publicKey == key.publicKey
        else { return ["\(key.publicKey.fingerprint) is in no record of a completed ceremony"] }
        let statement = ceremony.statement
        let yes = ceremony.attestations.answers.filter { $0.value.isYes }.keys
        let humans = yes.filter { name in
            statement.witnesses.contains { $0.name == name && $0.kind != .system }
        }
        let isAttested =
            yes.count >= statement.attestThreshold
            && humans.count >= min(statement.people, statement.attestThreshold)
        switch key.status(at: state.head.time) {
        case .active where !isAttested, .retiring where !isAttested:
            return ["\(key.publicKey.fingerprint) is valid and not attested"]
        case .registered where isAttested:
            return ["\(key.publicKey.fingerprint) is attested and not valid"]
        case .registered where !state.unattested.contains(ceremony.id):
            return ["\(ceremony.id) waits for attestations and is not listed"]
        case .active where state.unattested.contains(ceremony.id),
            .lapsed where state.unattested.contains(ceremony.id):
            return ["\(ceremony.id) waits for nothing and is listed"]
        default: break
        }
        let valid = state.allKeys.filter {
            $0.subject == key.subject
                && [.registered, .active].contains($0.status(at: state.head.time))
        }
        return valid.count > 1 ? ["\(key.subject) has two keys"] : []
    }

    // MARK: On a step

    /// What does not hold of a decision.
    static func problems(after decision: Decision, from house: House) -> [String] {
        let before = house.state
        var problems: [String] = []
        if decision.isRepeat, !decision.events.isEmpty || decision.state != before {
            problems.append("a repeat changed something")
        }
        for event in decision.events {
            if event.time < before.head.time { problems.append("time went backwards") }
            if before.isHalted, !mayGoOn.contains(event.body.type) {
                problems.append("\(event.body.type) while halted")
            }
            if let (from, to) = edge(event.body), from != to,
                !Exploration.legalEdges.contains("\(from?.rawValue ?? "none")>\(to.rawValue)")
            {
                problems.append("\(from?.rawValue ?? "none") to \(to.rawValue)")
            }
        }
        for ceremony in before.allCeremonies where ended.contains(ceremony.state) {
            let after = decision.state.ceremony(named: ceremony.id)
            if after?.state != ceremony.state || after?.end != ceremony.end {
                problems.append("\(ceremony.id) had ended")
            }
        }
        if !decision.state.halts.starts(with: before.halts) { problems.append("a halt is gone") }
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

    private static let mayGoOn: Set<String> = [
        "daemon.started", "access.refused", "halt.raised", "exception.noted", "ceremony.declined",
        "ceremony.failed", "ceremony.expired", "key.lapsed",
    ]

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
