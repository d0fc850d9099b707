// The keys that a vault had before its first event. Nothing signed introduces them: the birth
// record names the root key, the sync contract the quorum, and a key's id proves its public key. So
// this says no more than who they claim to be; whether GENESIS bears out the root key, the fold
// finds out.

/// The standings with which the fold begins.
struct BirthKeys {
    private(set) var standings: [KeyID: KeyStanding] = [:]
    private(set) var findings: [Vault.Finding] = []

    init(
        genesis: GenesisRecord?, contract: SyncContract?, registry: KeyRegistry?,
        promoted: [KeyID: [String]], vouched: Set<KeyID>
    ) {
        checkEntries(of: registry)
        if let genesis { introduce(genesis.rootKey, .birth, ["root"], registry) }
        for authority in contract?.authorities ?? [] {
            let key = authority.key
            guard !KeyStanding.authorityRoles([authority.role]).isEmpty, key != genesis?.rootKey
            else { continue }
            // A contract may have been brought up to date after a rotation: then the log introduces
            // the key, with this role and no other authority.
            if let roles = promoted[key],
                KeyStanding.authorityRoles(roles) == KeyStanding.authorityRoles([authority.role])
            {
                continue
            }
            if authority.role.isSame(as: "quorum") {
                introduce(key, .contract, ["quorum"], registry)
            } else {
                findings.append(
                    Vault.Finding(
                        .contractDiffers, "the contract gives the role root to \(key)",
                        path: VaultPath.contract, key: key))
            }
        }
        for key in vouched where standings[key] == nil && registry?[key] != nil {
            introduce(key, .vouched, [], registry)
        }
    }

    private mutating func introduce(
        _ id: KeyID, _ introduction: KeyStanding.Introduction, _ roles: [String],
        _ registry: KeyRegistry?
    ) {
        let entry = registry?[id]
        if registry != nil, entry == nil {
            findings.append(
                Vault.Finding(
                    .missingBirthKey, "\(id) is there from birth and has no entry",
                    path: VaultPath.keys, key: id))
        }
        standings[id] = KeyStanding(
            id: id, key: entry?.key.flatMap { $0.id == id ? $0 : nil },
            introduction: introduction, roles: roles, promotedAt: nil, promotedBy: nil,
            replaces: nil)
    }

    /// What is wrong with entries by themselves.
    private mutating func checkEntries(of registry: KeyRegistry?) {
        var seen: Set<KeyID> = []
        for entry in registry?.entries ?? [] {
            func finding(_ rule: Vault.Rule, _ detail: String) -> Vault.Finding {
                Vault.Finding(rule, detail, path: VaultPath.keys, key: entry.id)
            }
            if !seen.insert(entry.id).inserted {
                findings.append(finding(.repeatedKey, "\(entry.id) has more than one entry"))
            }
            if let key = entry.key {
                if key.id != entry.id {
                    findings.append(
                        finding(.wrongKeyID, "the public key of \(entry.id) has the id \(key.id)"))
                }
            } else {
                findings.append(
                    finding(.unsoundKey, "the public key of \(entry.id) is no sound Ed25519 key"))
            }
        }
    }
}
