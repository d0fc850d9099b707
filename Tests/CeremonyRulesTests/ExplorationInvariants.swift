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
        for (index, one) in live.enumerated() where makesKeys.contains(one.kind) {
            for other in live[(index + 1)...] where makesKeys.contains(other.kind) {
                let token = one.statement.fields["token"]
                if one.statement.subject == other.statement.subject
                    || token == other.statement.fields["token"]
                {
                    problems.append("\(one.id) and \(other.id) hold one subject or token")
                }
            }
        }
        problems += superseded(in: state)
        for ceremony in state.allCeremonies { problems += Invariant.problems(of: ceremony) }
        for ceremony in live { problems += underWay(ceremony, in: state) }
        for key in state.allKeys { problems += Invariant.problems(of: key, in: state) }
        return problems
    }

    private static let makesKeys: Set<String> = ["new-keeper-key", "key-rotation"]

    static let ended: [CeremonyState] = [.completed, .failed, .expired]

    private static func problems(of ceremony: Ceremony) -> [String] {
        var problems: [String] = []
        let statement = ceremony.statement
        for (name, answer) in ceremony.approvals.answers.merging(
            ceremony.attestations.answers, uniquingKeysWith: { one, _ in one })
        {
            let isListed = statement.witnesses.contains {
                $0.name == name && $0.fingerprint == answer.key
            }
            if !isListed || statement.excluded.contains(name) || name == statement.holder {
                problems.append("\(name) counts in \(ceremony.id)")
            }
        }
        let yes = ceremony.approvals.answers.filter { $0.value.isYes }.keys
        let humans = yes.filter { name in
            statement.witnesses.contains { $0.name == name && $0.kind != .system }
        }
        let parts = Set(statement.accepts.map(\.fingerprint))
        let accepted = ceremony.acceptances.flatMap { $0.answers.filter(\.value.isYes).keys }
        let isAgreed =
            yes.count >= statement.threshold && humans.count >= statement.people
            && Set(accepted) == parts
        switch ceremony.state {
        case .pending where isAgreed: problems.append("\(ceremony.id) is agreed and PENDING")
        case .approved where !isAgreed, .executing where !isAgreed, .completed where !isAgreed:
            problems.append("\(ceremony.id) is \(ceremony.state.rawValue) and not agreed")
        case .executing where ceremony.execution == nil,
            .completed where ceremony.execution == nil:
            problems.append("\(ceremony.id) has nobody who ordered it")
        case .completed where makesKeys.contains(ceremony.kind) != (ceremony.record != nil):
            problems.append("\(ceremony.id) is COMPLETED without a record, or with one too many")
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

    /// What is still open must be agreed among those who are there now, under the rules of now.
    private static func underWay(_ ceremony: Ceremony, in state: State) -> [String] {
        guard ceremony.state != .executing else { return [] }
        var problems: [String] = []
        let statement = ceremony.statement
        let raisers = state.halts.filter {
            ceremony.kind == "halt-clear" && statement.fields.all("halt").contains("\($0.seq)")
        }.compactMap(\.by)
        for (name, answer) in ceremony.approvals.answers where answer.isYes {
            if state.roster.member(holding: answer.key)?.member.name != name {
                problems.append("\(name) counts in \(ceremony.id) and has left")
            }
            if name == statement.initiator.name, !state.roster.policy.initiatorCounts {
                problems.append("\(name) started \(ceremony.id) and counts in it")
            }
            if raisers.contains(name) {
                problems.append("\(name) raised a halt and counts for its end in \(ceremony.id)")
            }
        }
        return problems
    }

    /// What was superseded has one successor, which names it, and is older than that.
    private static func superseded(in state: State) -> [String] {
        let all = state.allCeremonies
        var successors: [String: [Ceremony]] = [:]
        for ceremony in all {
            if let old = ceremony.statement.supersedes {
                successors[old, default: []].append(ceremony)
            }
        }
        return all.compactMap { ceremony in
            let ones = successors[ceremony.id] ?? []
            let isSuperseded = ceremony.end?.reason == "superseded"
            guard ones.count == (isSuperseded ? 1 : 0),
                ones.allSatisfy({ $0.opened.seq > ceremony.opened.seq })
            else { return "\(ceremony.id) and what superseded it do not name each other" }
            return nil
        }
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
        let others = state.allKeys.filter { $0.subject == key.subject }
        for status in [KeyStatus.registered, .active, .retiring]
        where others.count(where: { $0.status(at: state.head.time) == status }) > 1 {
            return ["\(key.subject) has two keys that are \(status.rawValue)"]
        }
        return []
    }
}
