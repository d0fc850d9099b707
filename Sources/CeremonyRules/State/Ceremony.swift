// One ceremony, from its opening to its end: the statement, the answers, the execution, what came
// out. Thresholds are those of the statement that people signed, never of the policy of the moment.

public import CeremonyRecord

/// A ceremony as the log tells it.
public struct Ceremony: Hashable, Sendable {
    /// The execution that was begun.
    public struct Execution: Hashable, Sendable {
        /// Where its intent stands.
        public let seq: Int
        /// When it began.
        public let time: Timestamp
        /// Who ordered it; `nil` for kinds without steps.
        public let actor: String?
        /// What was announced, as the kind wrote it.
        public let intent: JSON?
    }

    /// How it ended, or what came out.
    public struct End: Hashable, Sendable {
        /// The event.
        public let seq: Int
        /// Its time.
        public let time: Timestamp
        /// The reason code; `nil` for a completion.
        public let reason: String?
        /// Further words.
        public let detail: String?
        /// What may still be on a token.
        public let left: [String]
    }

    /// What became of what it left on a token.
    public struct Recovery: Hashable, Sendable {
        /// The event.
        public let seq: Int
        /// Its time.
        public let time: Timestamp
        /// Who ordered it.
        public let actor: String
        /// What was found to be so.
        public let outcome: DestructionOutcome

        /// Whether the object is known to be gone, so that nothing can follow.
        public var isClosed: Bool { outcome != .unreachable }
    }

    /// What was signed.
    public let statement: Statement
    /// The digest of its bytes.
    public let digest: Digest
    /// The initiator's signature, under the namespace for opening.
    public let opening: SignedDocument
    /// The event of the opening.
    public let opened: KeyEntry.Moment
    /// Seconds that its execution may take, from the policy that was in force.
    public let executionSeconds: Int
    /// What it holds for itself while it is alive.
    public let locks: [Lock]
    /// In spite of what it goes on.
    public let goesOnDespite: Set<Hindrance>
    /// Where it stands.
    public internal(set) var state = CeremonyState.pending
    /// Who approves.
    public internal(set) var approvals: ResponseSet
    /// Who accepts their part in it, by set.
    public internal(set) var acceptances: [AcceptanceSet]
    /// Who is to say that they have taken the outcome over.
    public let peers: [Signatory]
    /// When they said so, by name.
    public internal(set) var confirmations: [String: KeyEntry.Moment] = [:]
    /// Who attests what came out.
    public internal(set) var attestations: ResponseSet
    /// The execution, once begun.
    public internal(set) var execution: Execution?
    /// When a person who was to take part in the execution said no to it.
    public internal(set) var refused: KeyEntry.Moment?
    /// What came out, as the kind wrote it.
    public internal(set) var outcome: JSON?
    /// The key record, for kinds that make a key.
    public internal(set) var record: KeyRecord?
    /// What is still to be done since it was committed, in order.
    public internal(set) var afterwards: [Afterwards] = []
    /// Whether the world was left as it was, because the key was revoked before anything was begun.
    public internal(set) var isLeftUndone = false
    /// The later ceremony on the same vault whose peers are waited for instead of this one's.
    public internal(set) var followedBy: String?
    /// Its end.
    public internal(set) var end: End?
    /// What became of what it left, as far as somebody has ordered it.
    public internal(set) var recovery: Recovery?

    /// What became of keys that participants brought and that came to nothing, as they said.
    public internal(set) var tidied: [Fingerprint: Recovery] = [:]

    /// Whether every response set that must be complete before it is carried out is.
    public var isAgreed: Bool { approvals.isComplete && acceptances.allSatisfy(\.isComplete) }
    /// Those whose yes is still open: to the statement, or to their part in it.
    public var waiting: [String] {
        let names =
            (approvals.isComplete ? [] : approvals.waiting)
            + acceptances.filter { !$0.isComplete }.flatMap { $0.waiting.map(\.name) }
        return names.reduce(into: []) { names, name in
            if !names.contains(name) { names.append(name) }
        }
    }
    /// What it has of what it still needs, in words.
    var missing: String {
        let parts = acceptances.filter { !$0.isComplete }.map {
            "\($0.count) of \($0.need) acceptances for `\($0.name)`"
        }
        let own = "\(approvals.count) of \(approvals.threshold) approvals"
        return (approvals.isComplete && !parts.isEmpty ? parts : [own] + parts)
            .joined(separator: ", ")
    }
    /// Peers of a completed ceremony that have not confirmed it and are waited for.
    public var unconfirmed: [Signatory] {
        guard state == .completed, !isLeftUndone, followedBy == nil else { return [] }
        return peers.filter { confirmations[$0.name] == nil }
    }
    /// The identifier.
    public var id: String { statement.ceremony }
    /// The kind's name.
    public var kind: String { statement.kind }
    /// The key that came out.
    public var key: Fingerprint? { record?.fingerprint }
    /// When the execution must be over.
    public var executionDeadline: Timestamp? { execution.map { $0.time + executionSeconds } }
    /// When the attestations must be there, once it is completed.
    public var attestDeadline: Timestamp? {
        state == .completed ? end.map { $0.time + statement.attestBy * Limits.day } : nil
    }

    /// The key that its execution announced; `nil` before that, and for kinds that make none.
    public var announced: KeyIntent? { execution?.intent.flatMap { try? KeyIntent($0) } }

    /// What may be on the token after an execution that did not report: from the intent.
    public var traces: [String] { announced.map { [$0.trace] } ?? [] }
}
