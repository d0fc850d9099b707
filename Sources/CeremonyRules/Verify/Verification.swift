// The result of verifying evidence: what was checked, in the order in which it was, who is in it
// and what stands of its keys; or the one defect that made it worthless.

public import CeremonyRecord

/// What a verification found.
///
/// People, keys and state are there as far as the check got; they mean something only where
/// ``isVerified`` is true.
public struct Verification: Sendable {
    /// One thing that was checked and held.
    public struct Check: Hashable, Sendable {
        /// A stable word.
        public let name: String
        /// What held, in one sentence.
        public let text: String
    }

    /// A key that came out of a ceremony.
    public struct KeyStanding: Hashable, Sendable {
        /// The key and its history.
        public let entry: KeyEntry
        /// How it stood at the log's last event.
        public let status: KeyStatus
        /// Who approved its making, by name.
        public let approvedBy: [String]
        /// Who attested that they saw it come out, by name.
        public let attestedBy: [String]
    }

    /// What held, in the order of checking.
    public internal(set) var checks: [Check] = []
    /// What did not; the first thing found.
    public internal(set) var defect: Defect?
    /// What the log says at its end.
    public internal(set) var state: State?
    /// The tree of all its events.
    public internal(set) var tree = MerkleTree()
    /// The head that the log key signed.
    public internal(set) var head: TreeHead?

    /// Whether everything was checked and everything held.
    public var isVerified: Bool { defect == nil && state != nil && head != nil }

    /// The people on the roster at the log's end.
    public var people: [Member] { state?.roster.members ?? [] }

    /// The halts in force at the log's end, oldest first. Not empty: the log was halted there.
    public var halts: [State.Halt] { state?.halts ?? [] }

    /// The keys that came out of ceremonies, oldest first, as they stood at the log's end.
    public var keys: [KeyStanding] {
        guard let state else { return [] }
        return state.allKeys.map { entry in
            let ceremony = state.recordedCeremony(named: entry.ceremony)
            return KeyStanding(
                entry: entry, status: entry.status(at: state.head.time),
                approvedBy: Verification.yes(ceremony?.approvals),
                attestedBy: Verification.yes(ceremony?.attestations))
        }
    }

    private static func yes(_ set: ResponseSet?) -> [String] {
        guard let set else { return [] }
        return set.names.filter { set.answers[$0]?.isYes == true }
    }

    mutating func held(_ name: String, _ text: String) {
        checks.append(Check(name: name, text: text))
    }
}
