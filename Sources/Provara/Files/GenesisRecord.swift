// `genesis.json`, the birth record. A rotation does not change it: it goes on naming the root key
// that the vault was born with.

/// The birth record of a vault.
public struct GenesisRecord: Hashable, Sendable {
    /// The vault's name.
    public let uid: String
    /// The root key at birth.
    public let rootKey: KeyID
    /// When, as the record says it.
    public let bornAt: String
    /// The vault that this one continues, if it continues one.
    public let predecessor: PredecessorAnchor?

    /// A record by its parts.
    public init(uid: String, rootKey: KeyID, bornAt: VaultTime, predecessor: PredecessorAnchor?) {
        self.uid = uid
        self.rootKey = rootKey
        self.bornAt = bornAt.description
        self.predecessor = predecessor
    }

    /// Reads `genesis.json`, or the payload of a GENESIS event, which has the same members.
    init(_ value: PythonJSON) throws(PayloadFault) {
        guard let object = value.members else { throw PayloadFault("the record", "is no object") }
        guard let uid = object["uid"]?.text else { throw PayloadFault("uid") }
        self.uid = uid
        rootKey = try object.keyID("root_key_id")
        bornAt = try object.string("birth_timestamp", or: "")
        switch object["predecessor_vault"] {
        case nil, .null: predecessor = nil
        case .object(let anchor): predecessor = try PredecessorAnchor(anchor)
        default: throw PayloadFault("predecessor_vault")
        }
    }

    /// The bytes of `genesis.json`.
    public var fileBytes: [UInt8] {
        var object: PythonObject = [
            "uid": .string(uid),
            "birth_timestamp": .string(bornAt),
            "root_key_id": .string(rootKey.description),
            "governance_model": .string(VaultPath.contract),
            "initial_ontology_versions": .object(["perception": "perception_ontology_v1.json"]),
        ]
        if let predecessor { object["predecessor_vault"] = .object(predecessor.object) }
        return PythonJSON.object(object).indentedBytes
    }

    /// The payload of the GENESIS event: the union of what the package's bootstrap and the
    /// protocol's companion want in it.
    public var payload: PythonObject {
        var object: PythonObject = [
            "uid": .string(uid),
            "root_key_id": .string(rootKey.description),
            "birth_timestamp": .string(bornAt),
            "spec_version": "1.0",
            "protocol_version": "1.0",
            "profile": "PROVARA-1.0_PROFILE_A",
        ]
        if let predecessor { object["predecessor_vault"] = .object(predecessor.object) }
        return object
    }

    /// Whether both are written with the same bytes.
    public static func == (left: GenesisRecord, right: GenesisRecord) -> Bool {
        left.uid.isSame(as: right.uid) && left.rootKey == right.rootKey
            && left.bornAt.isSame(as: right.bornAt) && left.predecessor == right.predecessor
    }
}

/// What a vault says of the one that it continues.
public struct PredecessorAnchor: Hashable, Sendable {
    /// The Merkle root of the old vault, as worked out from its files and not as it says.
    public let root: MerkleRoot
    /// How many events the old log had.
    public let eventCount: Int
    /// The old log's last event.
    public let lastEvent: EventID?
    /// The old log's seal, where it was sealed.
    public let seal: EventID?
    /// The SHA-256 of the canonical seal event in hex, where there was one.
    public let sealHash: String?

    /// An anchor by its parts.
    public init(
        root: MerkleRoot, eventCount: Int, lastEvent: EventID?, seal: EventID? = nil,
        sealHash: String? = nil
    ) {
        self.root = root
        self.eventCount = eventCount
        self.lastEvent = lastEvent
        self.seal = seal
        self.sealHash = sealHash
    }

    init(_ object: PythonObject) throws(PayloadFault) {
        func event(_ name: String) throws(PayloadFault) -> EventID? {
            guard case .string(let text)? = object[name] else { return nil }
            guard let id = EventID(text) else { throw PayloadFault(name) }
            return id
        }
        guard let root = object["merkle_root"]?.text.flatMap({ MerkleRoot($0) }) else {
            throw PayloadFault("merkle_root")
        }
        guard let count = object["final_event_count"]?.whole else {
            throw PayloadFault("final_event_count")
        }
        self.root = root
        eventCount = count
        lastEvent = try event("final_event_id")
        seal = try event("seal_event_id")
        sealHash = object["seal_event_hash"]?.text
    }

    /// Whether both are written with the same bytes.
    public static func == (left: PredecessorAnchor, right: PredecessorAnchor) -> Bool {
        left.object == right.object
    }

    var object: PythonObject {
        [
            "merkle_root": .string(root.description),
            "final_event_count": .integer(eventCount),
            "final_event_id": .optional(lastEvent?.description),
            "seal_event_id": .optional(seal?.description),
            "seal_event_hash": .optional(sealHash),
        ]
    }
}
