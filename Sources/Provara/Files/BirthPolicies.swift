// The policies that a new vault begins with: what the package's bootstrap writes, member for
// member.

/// The policies of a new vault.
enum BirthPolicies {
    /// The four files, by path.
    static func files(root: KeyID) -> [(path: String, bytes: [UInt8])] {
        [
            (VaultPath.safety, safety),
            (VaultPath.contract, contract(root)),
            (VaultPath.retention, retention),
            (VaultPath.ontology, ontology),
        ].map { ($0.0, PythonJSON.object($0.1).indentedBytes) }
    }

    private static func contract(_ root: KeyID) -> PythonObject {
        [
            "authorities": .array([
                .object(["role": "root", "key_id": .string(root.description), "scope": "all"])
            ]),
            "merge_policies": .object([
                "events": "union_by_event_id",
                "beliefs": "evidence_union_then_reduce",
                "policies": "authority_signed_update",
            ]),
            "lease_model": .object([
                "default_duration_seconds": .integer(300), "fencing": .bool(true),
            ]),
            "replication_factor": .integer(2),
            "degradation_ladder": .strings([
                "designated_human", "quorum_peers", "archive_peer", "local_emergency",
            ]),
        ]
    }

    private static let safety: PythonObject = [
        "action_classes": .object([
            "L0": .object([
                "description": "data-only/reversible", "offline_allowed": .bool(true),
                "approval": "local_reducer",
            ]),
            "L1": .object([
                "description": "low-kinetic", "offline_allowed": .bool(true),
                "approval": "local_reducer+policy", "review_on_sync": .bool(true),
            ]),
            "L2": .object([
                "description": "high-kinetic", "offline_allowed": "within_lease",
                "approval": "multi_sensor+signed_policy",
            ]),
            "L3": .object([
                "description": "irreversible/human-space", "offline_allowed": .bool(false),
                "approval": "remote_signature_or_mfa",
            ]),
        ]),
        "merge_ratchet": "most_restrictive_wins",
        "loosen_requires": "signed_policy_update_by_top_authority",
    ]

    private static let retention: PythonObject = [
        "events": "permanent",
        "checkpoints": "permanent",
        "perception_t0_raw": .object([
            "max_age_days": .integer(30), "eviction": "oldest_first",
        ]),
        "artifacts_cas": .object([
            "referenced_by_event": "permanent",
            "unreferenced": .object(["max_age_days": .integer(90)]),
        ]),
        "state_caches": "regeneratable_on_eviction",
    ]

    private static let ontology: PythonObject = [
        "version": "v1",
        "object_classes": .strings([
            "door", "mug", "person", "container", "surface", "tool", "obstacle",
        ]),
    ]
}
