// `keys.json`. Nothing in it is authenticated by itself: what a key is worth is in the log, and
// this file has to agree with it. Members that are not known here are kept when the file is written
// anew.

/// What `keys.json` says.
public struct KeyRegistry: Sendable {
    /// One key.
    public struct Entry: Sendable {
        /// The id, as the entry says it.
        public let id: KeyID
        /// The public key; `nil` where it is not a sound one.
        public let key: VaultPublicKey?
        /// The roles, as the entry says them.
        public let roles: [String]
        /// `active`, `retired`, `revoked` or whatever else was written.
        public let status: String
        /// The event that revoked the key, as the entry says it.
        public let revocation: EventID?
        /// The event that introduced the key, as the entry says it.
        public let promotion: EventID?

        fileprivate init(_ value: PythonJSON) throws(PayloadFault) {
            guard let object = value.members else { throw PayloadFault("an entry", "is no object") }
            id = try object.keyID("key_id")
            guard try object.string("algorithm", or: "").isSame(as: "Ed25519") else {
                throw PayloadFault("\(id)'s algorithm", "is not Ed25519")
            }
            guard let text = object["public_key_b64"]?.text else {
                throw PayloadFault("\(id)'s public_key_b64")
            }
            key = VaultPublicKey(base64: text)
            guard let roles = object["roles"]?.texts else { throw PayloadFault("\(id)'s roles") }
            self.roles = roles
            guard let status = object["status"]?.text else { throw PayloadFault("\(id)'s status") }
            self.status = status
            revocation = try object.event("revocation_event_id")
            promotion = try object.event("promotion_event_id")
        }

        /// Whether the entry says that the key's life is over, in whatever words.
        var saysEnded: Bool { !status.isSame(as: "active") }
    }

    /// How a revoked key's status is written.
    public enum EndedStatus: String, Hashable, Sendable {
        /// What `provara verify` accepts for a key that has signed.
        case retired
        /// What the rotation ceremony's text asks for. `provara verify` then refuses every event
        /// that the key ever signed, so this goes only for a key that signed none.
        case revoked
    }

    /// The keys in the file's order.
    public let entries: [Entry]
    /// The records of revocations: which key, by which event.
    let revocations: [(key: KeyID, event: EventID?)]
    private var object: PythonObject

    init(_ value: PythonJSON) throws(PayloadFault) {
        guard let object = value.members else { throw PayloadFault("keys.json", "is no object") }
        guard let items = object["keys"]?.items else { throw PayloadFault("keys") }
        var entries: [Entry] = []
        for item in items { entries.append(try Entry(item)) }
        var revocations: [(KeyID, EventID?)] = []
        switch object["revocations"] {
        case nil: break
        case .array(let records):
            for record in records {
                guard let members = record.members else { throw PayloadFault("revocations") }
                revocations.append(
                    (try members.keyID("key_id"), try members.event("revocation_event_id")))
            }
        default: throw PayloadFault("revocations")
        }
        self.entries = entries
        self.revocations = revocations
        self.object = object
    }

    /// A registry of one key that is active from birth.
    init(root: VaultPublicKey, createdAt: VaultTime) throws(PayloadFault) {
        let entry = Self.newEntry(
            root, roles: ["root", "attestation"], scopes: .strings(["all"]),
            createdAt: createdAt.description)
        try self.init(.object(["keys": .array([.object(entry)]), "revocations": .array([])]))
    }

    /// Whether both say the same, in whatever order of members.
    static func == (left: KeyRegistry, right: KeyRegistry) -> Bool { left.object == right.object }

    /// The entry of a key; `nil` where there is none.
    public subscript(id: KeyID) -> Entry? { entries.first { $0.id == id } }

    /// The bytes of `keys.json`.
    public var fileBytes: [UInt8] { PythonJSON.object(object).indentedBytes }

    /// This registry after a key was revoked.
    func ending(
        _ key: KeyID, by event: EventID, at time: String, status: EndedStatus
    ) throws(PayloadFault) -> KeyRegistry {
        var items = object["keys"]?.items ?? []
        for index in items.indices where items[index].members?["key_id"]?.text == key.description {
            guard var entry = items[index].members else { continue }
            entry["status"] = .string(status.rawValue)
            entry["revoked_at_utc"] = .string(time)
            entry["revocation_event_id"] = .string(event.description)
            items[index] = .object(entry)
        }
        var records = object["revocations"]?.items ?? []
        records.removeAll { $0.members?["key_id"]?.text == key.description }
        records.append(
            .object([
                "key_id": .string(key.description), "status": "revoked",
                "revocation_event_id": .string(event.description),
                "revoked_at_utc": .string(time),
            ]))
        var changed = object
        changed["keys"] = .array(items)
        changed["revocations"] = .array(records)
        return try KeyRegistry(.object(changed))
    }

    /// This registry with a key that was promoted in the place of another, whose scopes it takes
    /// over.
    func adding(
        _ key: VaultPublicKey, roles: [String], inPlaceOf old: KeyID, by event: EventID,
        createdAt: String
    ) throws(PayloadFault) -> KeyRegistry {
        var items = object["keys"]?.items ?? []
        let oldEntry = items.first { $0.members?["key_id"]?.text == old.description }
        items.removeAll { $0.members?["key_id"]?.text == key.id.description }
        var entry = Self.newEntry(
            key, roles: roles, scopes: oldEntry?.members?["scopes"] ?? .strings(["all"]),
            createdAt: createdAt)
        entry["promotion_event_id"] = .string(event.description)
        var changed = object
        changed["keys"] = .array(items + [.object(entry)])
        return try KeyRegistry(.object(changed))
    }

    private static func newEntry(
        _ key: VaultPublicKey, roles: [String], scopes: PythonJSON, createdAt: String
    ) -> PythonObject {
        [
            "key_id": .string(key.id.description),
            "algorithm": "Ed25519",
            "public_key_b64": .string(key.base64),
            "roles": .strings(roles),
            "scopes": scopes,
            "status": "active",
            "created_at_utc": .string(createdAt),
        ]
    }
}

extension PythonObject {
    /// An event id that may be absent or null.
    fileprivate func event(_ name: String) throws(PayloadFault) -> EventID? {
        switch self[name] {
        case nil, .null: return nil
        case .string(let text):
            guard let id = EventID(text) else { throw PayloadFault(name) }
            return id
        default: throw PayloadFault(name)
        }
    }
}
