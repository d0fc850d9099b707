// What the two events of a rotation say (the rotation ceremony, steps 3 and 4, and the protocol's
// companion). What is read may come from any program; what is written has every member.

/// What a KEY_REVOCATION says.
public struct RevocationPayload: Sendable {
    /// The key whose life ends.
    public var key: KeyID
    /// The last event of the key that still stands; `nil` where it says null.
    public var boundary: EventID?
    /// Why, in the writer's words.
    public var reason: String
    /// The key that revokes, where the payload says so.
    public var revokedBy: KeyID?
    /// When, as the payload says it.
    public var revokedAt: String

    /// A payload by its parts.
    public init(
        key: KeyID, boundary: EventID?, reason: String, revokedBy: KeyID, revokedAt: VaultTime
    ) {
        self.key = key
        self.boundary = boundary
        self.reason = reason
        self.revokedBy = revokedBy
        self.revokedAt = revokedAt.description
    }

    /// Reads a payload. Further members are harmless by the protocol's rule and passed over.
    init(_ object: PythonObject) throws(PayloadFault) {
        key = try object.keyID("revoked_key_id")
        switch object["trust_boundary_event_id"] {
        case nil, .null: boundary = nil
        case .string(let text):
            guard let id = EventID(text) else { throw PayloadFault("trust_boundary_event_id") }
            boundary = id
        default: throw PayloadFault("trust_boundary_event_id")
        }
        reason = try object.string("reason", or: "")
        revokedBy = object["revoked_by"] == nil ? nil : try object.keyID("revoked_by")
        revokedAt = try object.string("revoked_at_utc", or: "")
    }

    /// The members of the payload.
    public var object: PythonObject {
        [
            "revoked_key_id": .string(key.description),
            "trust_boundary_event_id": .optional(boundary?.description),
            "reason": .string(reason),
            "revoked_by": .optional(revokedBy?.description),
            "revoked_at_utc": .string(revokedAt),
        ]
    }
}

/// What a KEY_PROMOTION says.
public struct PromotionPayload: Sendable {
    /// The new key.
    public var key: VaultPublicKey
    /// What the new key may do, such as `root` and `attestation`.
    public var roles: [String]
    /// The key that promotes, where the payload says so.
    public var promotedBy: KeyID?
    /// The revoked key that the new one takes the place of.
    public var replaces: KeyID
    /// When, as the payload says it.
    public var promotedAt: String

    /// A payload by its parts.
    public init(
        key: VaultPublicKey, roles: [String], promotedBy: KeyID, replaces: KeyID,
        promotedAt: VaultTime
    ) {
        self.key = key
        self.roles = roles
        self.promotedBy = promotedBy
        self.replaces = replaces
        self.promotedAt = promotedAt.description
    }

    /// Reads a payload. Further members are harmless by the protocol's rule and passed over.
    init(_ object: PythonObject) throws(PayloadFault) {
        guard try object.string("algorithm", or: "Ed25519").isSame(as: "Ed25519") else {
            throw PayloadFault("algorithm")
        }
        guard let text = object["new_public_key_b64"]?.text, let key = VaultPublicKey(base64: text)
        else { throw PayloadFault("new_public_key_b64") }
        guard try object.keyID("new_key_id") == key.id else {
            throw PayloadFault("new_key_id", "is not the id of the public key beside it")
        }
        guard let roles = object["roles"]?.texts, !roles.isEmpty else {
            throw PayloadFault("roles")
        }
        self.key = key
        self.roles = roles
        promotedBy = object["promoted_by"] == nil ? nil : try object.keyID("promoted_by")
        replaces = try object.keyID("replaces_key_id")
        promotedAt = try object.string("promoted_at_utc", or: "")
    }

    /// The members of the payload.
    public var object: PythonObject {
        [
            "new_key_id": .string(key.id.description),
            "new_public_key_b64": .string(key.base64),
            "algorithm": "Ed25519",
            "roles": .strings(roles),
            "promoted_by": .optional(promotedBy?.description),
            "replaces_key_id": .string(replaces.description),
            "promoted_at_utc": .string(promotedAt),
        ]
    }
}

/// A member that is not what it should be.
struct PayloadFault: Error {
    let text: String

    init(_ member: String, _ what: String = "is absent or not what it should be") {
        text = "\(member) \(what)"
    }
}

extension PythonObject {
    func keyID(_ name: String) throws(PayloadFault) -> KeyID {
        guard let text = self[name]?.text, let id = KeyID(text) else { throw PayloadFault(name) }
        return id
    }

    /// A string that may be absent or null.
    func string(_ name: String, or absent: String) throws(PayloadFault) -> String {
        switch self[name] {
        case nil, .null: return absent
        case .string(let text): return text
        default: throw PayloadFault(name)
        }
    }
}
