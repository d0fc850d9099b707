// The guards that answers share: whose they are, whether the ceremony still takes them, and what is
// said to somebody who comes too late or twice.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// The name of the person whose key may answer, and has not.
    ///
    /// - Throws: ``Refusal`` (`not-on-roster`, `initiator-excluded`, `holder-excluded`,
    ///   `not-listed`, `already-answered`).
    func checkMayAnswer(_ ceremony: Ceremony, _ set: ResponseSet, by key: Fingerprint)
        throws(Refusal)
        -> String
    {
        guard let (member, _) = roster.member(holding: key) else {
            throw Refusal(
                .notOnRoster, "The key \(key) belongs to nobody on the roster.",
                next: "The roster is shown by: ceremonyctl roster.", requirement: "CT-12")
        }
        let statement = ceremony.statement
        if !set.names.contains(member.name) {
            if member.name == statement.initiator.name, !roster.policy.initiatorCounts {
                throw Refusal(
                    .initiatorExcluded,
                    "\(member.name) started \(ceremony.id), so their answer does not count for it.",
                    next: "Others must witness it: \(waiting(in: set).joined(separator: ", ")).",
                    requirement: "CT-12")
            }
            if member.name == statement.holder {
                throw Refusal(
                    .holderExcluded,
                    "\(statement.subject) belongs to \(member.name), so their answer does not "
                        + "count.",
                    next: "Others must witness it: \(waiting(in: set).joined(separator: ", ")).",
                    requirement: "CT-12")
            }
        }
        if let answer = set.answers[member.name] {
            throw Refusal(
                .alreadyAnswered,
                "\(member.name) has \(answer.isYes ? "said yes" : "declined") already, "
                    + "at \(answer.time) (event \(answer.seq)).",
                next:
                    "A person's first answer stands; one person counts once, whatever keys "
                    + "they hold.",
                requirement: "CT-12")
        }
        guard set.invited.contains(where: { $0.name == member.name && $0.fingerprint == key })
        else {
            throw Refusal(
                .notListed,
                "The statement of \(ceremony.id) does not list \(member.name) with this key.",
                next: "It lists: \(set.names.joined(separator: ", ")).", requirement: "CT-12")
        }
        return member.name
    }

    /// Whether the people asked who can still answer are too few.
    func isOutOfReach(_ set: ResponseSet) -> Bool { set.isOutOfReach(where: canAnswer) }

    /// Why somebody asked, who has not answered, cannot do so any more; `nil` where they can.
    public func absence(of name: String, in set: ResponseSet) -> String? {
        guard set.answers[name] == nil,
            !set.invited.contains(where: { $0.name == name && canAnswer($0) })
        else { return nil }
        return roster.member(named: name) == nil
            ? "no longer on the roster"
            : "no longer on the roster with a key that the statement lists"
    }

    /// Those asked who have not answered and still can, in document order.
    private func waiting(in set: ResponseSet) -> [String] {
        set.waiting.filter { absence(of: $0, in: set) == nil }
    }

    /// Whether the key that the statement lists is on the roster, and that person's.
    private func canAnswer(_ witness: Witness) -> Bool {
        roster.member(holding: witness.fingerprint)?.member.name == witness.name
    }

    /// Refuses what comes after the deadline, whether or not that was written down (VAL-2).
    func checkInTime(_ ceremony: Ceremony, at time: Timestamp) throws(Refusal) {
        guard time < ceremony.statement.expires else {
            throw Refusal(
                .expired, "\(ceremony.id) expired at \(ceremony.statement.expires).",
                next: "Nothing was made. Start it again.", requirement: "VAL-2")
        }
    }

    /// How an act is refused for whose state the ceremony is too far.
    func leftState(_ ceremony: Ceremony) -> Refusal {
        switch ceremony.state {
        case .expired where ceremony.end?.reason == "timeout":
            Refusal(
                .expired, "\(ceremony.id) expired at \(ceremony.statement.expires).",
                next: "Nothing was made. Start it again.", requirement: "VAL-2")
        case .executing:
            Refusal(
                .ended,
                "\(ceremony.id) is EXECUTING since \(ceremony.execution?.time.description ?? ""): it "
                    + "is being carried out.",
                next: "Its end is shown by: ceremonyctl show \(ceremony.id).", requirement: "FP-4")
        default:
            Refusal(
                .ended,
                "\(ceremony.id) is \(ceremony.state.rawValue)"
                    + (ceremony.end?.reason.map { " (\($0))" } ?? "") + ".",
                next: "What it left is shown by: ceremonyctl show \(ceremony.id).",
                requirement: "FP-4")
        }
    }

    /// The record of a completed ceremony that may still be answered.
    ///
    /// - Throws: ``Refusal`` (`not-yet`, `ended`, `expired`).
    func openRecord(_ ceremony: Ceremony, at time: Timestamp) throws(Refusal) -> KeyRecord {
        switch ceremony.state {
        case .pending, .approved, .executing:
            throw Refusal(
                .notYet,
                "\(ceremony.id) is \(ceremony.state.rawValue); there is no key to attest yet.",
                next: "What it waits for is shown by: ceremonyctl show \(ceremony.id).",
                requirement: "FP-4")
        case .failed, .expired: throw leftState(ceremony)
        case .completed: break
        }
        guard let record = ceremony.record, let deadline = ceremony.attestDeadline else {
            throw Refusal(.ended, "\(ceremony.id) made no key, so there is nothing to attest.")
        }
        let status = keys[record.fingerprint]?.status(at: time)
        guard status == .registered || status == .active, time < deadline else {
            let late = time >= deadline ? "; attestations were due by \(deadline)." : "."
            let next =
                switch status {
                case .active: "It is valid, and needs no more attestations."
                case .registered, .lapsed, nil:
                    "A key that was not attested in time is never valid. Start a new ceremony."
                case .retiring, .retired, .revoked:
                    "What became of it is shown by: ceremonyctl key \(record.fingerprint)."
                }
            throw Refusal(
                .ended, "The key of \(ceremony.id) is \(status?.rawValue ?? "unknown")\(late)",
                next: next)
        }
        return record
    }

    /// The one place where a ceremony changes its state (FP-4).
    mutating func move(
        _ id: String, from: CeremonyState?, to: CeremonyState, expected: CeremonyState
    ) throws(Refusal) {
        let state = try ceremony(id).state
        guard from == state, to == expected, Transitions.allows(from: state, to: to) else {
            throw Refusal(
                .illegalTransition,
                "\(id) cannot go from \(from?.rawValue ?? "none") to \(to.rawValue); "
                    + "it is \(state.rawValue).",
                requirement: "FP-4")
        }
        ceremonies[id]?.state = to
        if to.isEnd { live.removeAll { $0 == id } }
    }
}
