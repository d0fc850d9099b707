// The names of a vault's files, and which of them the manifest leaves out.

/// Paths relative to a vault.
public enum VaultPath {
    /// The log.
    public static let events = "events/events.ndjson"
    /// The birth record.
    public static let genesis = "identity/genesis.json"
    /// The keys.
    public static let keys = "identity/keys.json"
    /// Private keys that the package writes where it is not told otherwise. Never read here.
    public static let privateKeys = "identity/private_keys.json"
    /// Who may do what, and in which order authority falls.
    public static let contract = "policies/sync_contract.json"
    /// What each tier of actions needs.
    public static let safety = "policies/safety_policy.json"
    /// How long what is kept.
    public static let retention = "policies/retention_policy.json"
    /// What the package's bootstrap gives a vault to perceive with.
    public static let ontology = "policies/ontology/perception_ontology_v1.json"
    /// The list of files.
    public static let manifest = "manifest.json"
    /// The Merkle root of the list.
    public static let root = "merkle_root.txt"
    /// The signature over the root.
    public static let signature = "manifest.sig"

    /// Without these `provara verify` does not begin, or ends in a traceback.
    static let required = [
        genesis, keys, events, contract, safety, retention, manifest, root,
    ]
    /// What a change of a vault may write, and the birth of one.
    private static let written = [
        events, keys, manifest, root, signature, genesis, contract, safety, retention, ontology,
    ]

    /// Whether a change of a vault, or the birth of one, may write that file.
    static func isWritten(_ path: String) -> Bool { written.contains { $0.isSame(as: path) } }

    /// Exactly these are not in the manifest.
    static let notInManifest = [manifest, signature, root, privateKeys]
}
