// Something with a date, for people: what it is about, when it is over, and from when on somebody
// has to do something about it. What follows from the log is in `Deadlines.swift`.

public import CeremonyRecord

/// Something with a date.
public struct Deadline: Hashable, Sendable {
    /// A key of a vault.
    public struct VaultKey: Hashable, Sendable {
        /// The vault, as the daemon's configuration calls it.
        public let vault: String
        /// The key's id there.
        public let id: String

        /// A key of a vault.
        public init(vault: String, id: String) {
            self.vault = vault
            self.id = id
        }
    }

    /// What sort of thing.
    public enum Matter: String, Sendable, CaseIterable {
        /// The house is halted until people clear it.
        case halt
        /// A ceremony waits for answers or for its execution, until it expires.
        case ceremony
        /// An execution must be over.
        case execution
        /// A new key waits for attestations, until it lapses.
        case attestation
        /// What a failed ceremony may have left on a token is to be seen to.
        case recovery
        /// What a committed ceremony still has to do.
        case unfinished
        /// Peers are to say that they have taken a ceremony's outcome over.
        case confirmation
        /// An old key stops being valid.
        case overlapEnd = "overlap-end"
        /// A key is to be rotated, because it is old.
        case rotation
        /// A key is to be rotated, because somebody noted something that is a reason to.
        case rotationNoted = "rotation-noted"
        /// A member of an authority answered with a key that is not on the roster any more.
        case memberUnlisted = "member-unlisted"
        /// A participant is to take away what an ended ceremony left in their token.
        case tidying
        /// A key is to be replaced, because its holder has left the roster.
        case holderLeft = "holder-left"
        /// A key is to be replaced, because the token that it is in is lost.
        case tokenLost = "token-lost"
        /// A vault's key is to be replaced there, because the log has revoked it.
        case keyRevoked = "key-revoked"
        /// A drill is to be held.
        case drill
    }

    /// What sort of thing.
    public let matter: Matter
    /// Whose it is, where it is about a subject.
    public let subject: String?
    /// The key, where it is about one.
    public let key: Fingerprint?
    /// The serial of the token that the key is in.
    public let token: String?
    /// The vault whose key it is, and what it is called there, for a key of a Provara vault.
    public let vault: VaultKey?
    /// The ceremony that it is about, or that is under way to settle it.
    public let ceremony: String?
    /// When it is over, or was to be done.
    public let date: Timestamp
    /// From when on somebody has to do something; `nil` where nobody has.
    public let since: Timestamp?
    /// What is to be done, or what will happen, in a sentence.
    public let text: String

    /// A deadline by its parts.
    public init(
        _ matter: Matter, subject: String? = nil, key: Fingerprint? = nil, token: String? = nil,
        vault: VaultKey? = nil, ceremony: String? = nil, date: Timestamp, since: Timestamp? = nil,
        text: String
    ) {
        self.matter = matter
        self.subject = subject
        self.key = key
        self.token = token
        self.vault = vault
        self.ceremony = ceremony
        self.date = date
        self.since = since
        self.text = text
    }

    /// Whether somebody has to do something now.
    public func isDue(at time: Timestamp) -> Bool { since.map { time >= $0 } ?? false }
}
