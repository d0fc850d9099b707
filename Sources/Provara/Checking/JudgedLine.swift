// What is known of a line of the log by itself, before it is known what stands before it. Made on
// any thread; small, so that a whole piece of the log can wait for its turn.

import Sodium

/// An actor, by the digest of its name: a check keeps one for each, however long the names are.
struct ActorID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ name: String) {
        let digest = SHA256.hash(Array(name.utf8))
        high = digest[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A rule that a line breaks by itself.
struct Fault: Sendable {
    let rule: Vault.Rule
    let detail: String
}

/// A line of the log.
struct JudgedLine: Sendable {
    /// Where the line stands in its block, without its line feed.
    let range: Range<Int>
    /// What is wrong with it by itself.
    var faults: [Fault] = []
    /// The event, where the line holds one that has a place: an id and an actor.
    var event: JudgedEvent?
}

/// An event.
struct JudgedEvent: Sendable {
    /// `prev_event_hash`.
    enum Previous: Hashable, Sendable {
        case none
        case event(EventID)
        case unreadable
    }

    /// What the signature turned out to be.
    enum Signature: Sendable {
        /// It verifies under the key of that id.
        case valid
        /// It does not.
        case invalid
        /// There is none.
        case absent
        /// The key was not at hand: an event further up may introduce it.
        case open(message: [UInt8], signature: [UInt8])
        /// There is nothing left that it could cover.
        case gone
    }

    /// What the event does besides standing there.
    enum Kind: Sendable {
        case plain
        case genesis(GenesisRecord)
        case revocation(RevocationPayload)
        case promotion(PromotionPayload)
        case attestation(AttestationFacts)
        case redaction(of: EventID)
        case seal
        /// A payload of one of the types above that cannot be read; a fault says so.
        case unreadable
        /// The payload was taken out, and the event named is said to have ordered it.
        case tombstone(by: EventID?)
    }

    let id: EventID
    let actor: ActorID
    let signer: KeyID?
    let previous: Previous
    let time: String
    let logicalTime: Int?
    let type: String
    var signature: Signature
    let kind: Kind
}

/// What an ATTESTATION says about another event.
struct AttestationFacts: Sendable {
    let target: EventID
    let status: String
    let evidenceHash: String
    let claim: Claim
}

/// What an event holds to be true, as a digest: subject, predicate and value, where it has them.
struct Claim: Hashable, Sendable {
    /// The SHA-256 of the three; `nil` for an event that makes no claim, such as one about keys.
    let digest: [UInt8]?

    init(_ payload: PythonObject) {
        guard let subject = payload["subject"], let predicate = payload["predicate"] else {
            digest = nil
            return
        }
        digest = SHA256.hash(
            PythonJSON.array([subject, predicate, payload["value"] ?? .null]).canonicalBytes)
    }
}
