// `sync_contract.json`: who has authority at birth, and the order in which it falls when nobody who
// has it is left. Nobody signs it by itself. A rotation leaves it alone, so it goes on naming the
// old root.

/// What a vault's contract says.
public struct SyncContract: Sendable {
    /// One authority.
    public struct Authority: Hashable, Sendable {
        /// `root` or `quorum`; other roles give no authority over keys.
        public let role: String
        /// The key.
        public let key: KeyID
        /// What for: `all`, or `attestation` for a quorum.
        public let scope: String

        /// An authority by its parts.
        public init(role: String, key: KeyID, scope: String) {
            self.role = role
            self.key = key
            self.scope = scope
        }
    }

    /// The authorities in the contract's order.
    public let authorities: [Authority]
    /// Who may re-establish the vault when no authority survives, in order. Free words.
    public let degradationLadder: [String]

    init(_ value: PythonJSON) throws(PayloadFault) {
        guard let object = value.members else { throw PayloadFault("the contract", "is no object") }
        guard let items = object["authorities"]?.items else { throw PayloadFault("authorities") }
        var authorities: [Authority] = []
        for item in items {
            guard let authority = item.members, let role = authority["role"]?.text else {
                throw PayloadFault("authorities")
            }
            authorities.append(
                Authority(
                    role: role, key: try authority.keyID("key_id"),
                    scope: try authority.string("scope", or: "")))
        }
        self.authorities = authorities
        degradationLadder = object["degradation_ladder"]?.texts ?? []
    }
}
