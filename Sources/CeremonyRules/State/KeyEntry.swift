// A key that came out of a ceremony, and its standing at any position and time (DESIGN 2.6). A key
// is valid because the log says so; an end may only move earlier, and revoked is for ever.

public import CeremonyRecord

/// The standing of a key.
public enum KeyStatus: String, Sendable, CaseIterable {
    /// Waits for attestations; not valid.
    case registered
    /// Signs and verifies.
    case active
    /// A successor is active; still verifies until its end.
    case retiring
    /// Its end has passed.
    case retired
    /// Withdrawn, for ever.
    case revoked
    /// Never attested in time, or disowned by its witnesses.
    case lapsed
}

/// One key of a subject.
public struct KeyEntry: Hashable, Sendable {
    /// A position in the log and its time.
    public struct Moment: Hashable, Sendable {
        /// The event.
        public let seq: Int
        /// Its time, or the time from which it holds.
        public let time: Timestamp
    }

    /// The time in which a key and its successor are both valid.
    public struct Overlap: Hashable, Sendable {
        /// When the successor became active.
        public let begun: Moment
        /// The successor.
        public let successor: Fingerprint
        /// From when on the old key is no longer valid.
        public let until: Timestamp
    }

    /// The end of all trust in a key.
    public struct Revocation: Hashable, Sendable {
        /// When it was revoked.
        public let moment: Moment
        /// The ceremony that decided it.
        public let ceremony: String
        /// The reason code: `compromise` or `loss`.
        public let cause: String
        /// The last position in the log up to which what it signed keeps its standing.
        public let boundary: Int?
        /// The last time up to which it does.
        public let boundaryTime: Timestamp?
        /// The earlier log that revoked it, and whose position the boundary is; `nil` for this one.
        public internal(set) var origin: String?
    }

    /// The departure of whoever held the subject while it had this key.
    public struct Departure: Hashable, Sendable {
        /// Who left the roster.
        public let name: String
        /// When.
        public let moment: Moment
    }

    /// The public key.
    public let publicKey: SSHPublicKey
    /// Whose it is.
    public let subject: String
    /// The class of the subject.
    public let subjectClass: String?
    /// The ceremony that made it.
    public let ceremony: String
    /// Where it is: the token's URI.
    public let token: String
    /// Its CKA_ID there.
    public let keyID: [UInt8]
    /// Its CKA_LABEL there.
    public let label: String
    /// When it came out.
    public internal(set) var registered: Moment
    /// When it became valid.
    public internal(set) var activated: Moment?
    /// The overlap with its successor, where there is one.
    public internal(set) var overlap: Overlap?
    /// When it was written down that it ended, with the time from which that holds.
    public internal(set) var retired: Moment?
    /// Its revocation.
    public internal(set) var revocation: Revocation?
    /// When it lapsed.
    public internal(set) var lapsed: Moment?
    /// When people first said that the token is lost in which it is.
    var lost: TokenLoss?
    /// When people first noted a reason to rotate it.
    public internal(set) var rotationNoted: Moment?
    /// Who held it and has left the roster, and is not back.
    public internal(set) var departure: Departure?
    /// The earlier log whose ceremony made it; `nil` for this one. What happened to it there has
    /// its times and the position 0: it held when this log began.
    public internal(set) var origin: String?

    /// The end of its validity, where one is set, or from which on it was written down as ended.
    public var until: Timestamp? { retired?.time ?? overlap?.until }

    /// When it was revoked.
    public var revoked: Moment? { revocation?.moment }

    /// Where it is, to be signed with; `nil` where the token's URI does not name it in full.
    public var place: SigningKey? {
        TokenReference(uri: token).map { SigningKey(token: $0, keyID: keyID, key: publicKey) }
    }

    /// The standing at a time, as far as the log goes.
    public func status(at time: Timestamp) -> KeyStatus {
        if revoked != nil { return .revoked }
        if lapsed != nil { return .lapsed }
        guard activated != nil else { return .registered }
        guard let until else { return .active }
        return time < until ? .retiring : .retired
    }
}
