// What a key is worth in a vault, as the birth and the signed events of the log say it. `keys.json`
// has no part in this but for the public keys of those that were there from birth, which their ids
// prove.

/// The standing of a key at the end of the log.
public struct KeyStanding: Sendable {
    /// How a key came to be known.
    public enum Introduction: Hashable, Sendable {
        /// It is the root key of the birth record, and signed GENESIS.
        case birth
        /// The sync contract names it. Only the signature over the manifest covers that.
        case contract
        /// The caller vouched for it (``Vault/Options/vouchedKeys``).
        case vouched
        /// An authority promoted it.
        case promotion(EventReference)
    }

    /// A key's end.
    public struct Revocation: Hashable, Sendable {
        /// The event that revoked it.
        public let event: EventReference
        /// Who revoked it.
        public let signer: KeyID
        /// The last event of the key that stands; `nil` where it never signed.
        public let boundary: EventID?
        /// When, as the event says it.
        public let revokedAt: String
        /// The key that took its place.
        public internal(set) var replacement: KeyID?
    }

    /// The id.
    public let id: KeyID
    /// The public key; `nil` where `keys.json` has none that fits the id.
    public let key: VaultPublicKey?
    /// How it came to be known.
    public let introduction: Introduction
    /// The roles that the introduction gave it. Only `root` and `quorum` give authority over keys.
    public let roles: [String]
    /// When it was promoted, as the promotion says it; `nil` for a key from birth.
    public let promotedAt: String?
    /// The key that promoted it.
    public let promotedBy: KeyID?
    /// The key in whose place it was promoted.
    public let replaces: KeyID?
    /// Its end, if it has ended. A revoked key never comes back.
    public internal(set) var revocation: Revocation?
    /// The revocation that put its promotion in doubt, until somebody attests that promotion.
    public internal(set) var contestedBy: EventReference?
    /// How many events it signed.
    public internal(set) var eventCount = 0
    /// The last event that it signed.
    public internal(set) var lastEvent: EventReference?

    /// Whether its roles are among those that may change keys.
    public var hasAuthorityRole: Bool { Self.hasAuthority(roles) }

    /// Whether it may change keys now: it has the role, was not revoked, and is not contested.
    public var isAuthority: Bool { hasAuthorityRole && revocation == nil && contestedBy == nil }

    static func hasAuthority(_ roles: [String]) -> Bool { !authorityRoles(roles).isEmpty }

    /// Those of the roles that give authority over keys, each once, in order.
    static func authorityRoles(_ roles: [String]) -> [String] {
        ["root", "quorum"].filter { role in roles.contains { $0.isSame(as: role) } }
    }
}
