// A vault that nobody has: what an engine would see of it, so that the rules can be tried without
// one. Its keys are software keys.

public import CeremonyRecord
public import CeremonyRules
public import Provara

extension House {
    /// The root that a vault would have after a change.
    public static let vaultRoot = MerkleRoot(leaves: [])
    /// What is said of it where it is left for a new one.
    private static let vaultAnchor = PredecessorAnchor(
        root: vaultRoot, eventCount: 3, lastEvent: EventID(vaultLast), seal: nil, sealHash: nil)

    /// The root that a change would come to.
    static func planned(_ work: VaultWork) -> MerkleRoot? {
        guard case .reset = work.operation else { return vaultRoot }
        return newVault(work)?.manifest.root
    }

    /// The files that a change would come to: of a rotation those that follow from the root are as
    /// they would be.
    public static func staged(_ work: VaultWork) -> [VaultFile]? {
        guard let signature = work.manifestSignature else { return nil }
        guard case .rotation(let order, _, _, _) = work.operation else {
            return try? newVault(work)?.files(signature: signature).compactMap(\.vaultFile)
        }
        let record = ManifestSignature(
            root: vaultRoot, signer: work.signer.id, signedAt: order.times.manifestSignedAt)
        guard let signed = try? record.fileBytes(signature: signature, by: work.signer) else {
            return nil
        }
        return [
            VaultFile(path: VaultPath.events, [1]), VaultFile(path: VaultPath.keys, [2]),
            VaultFile(path: VaultPath.manifest, [3]),
            VaultFile(path: VaultPath.root, vaultRoot.fileBytes),
            VaultFile(path: VaultPath.signature, signed),
        ]
    }

    private static func newVault(_ work: VaultWork) -> NewVault? {
        guard case .reset(let order, _, let genesis, let observation) = work.operation else {
            return nil
        }
        return try? NewVault(
            ResetEvents(order, anchor: vaultAnchor), genesis: genesis, observation: observation)
    }

    /// A moment a microsecond after a time.
    public static func vaultMoment(_ time: Timestamp) -> VaultTime? {
        VaultTime(microseconds: time.seconds * 1_000_000 + 1)
    }
    /// The vault's root key when it was born.
    public static let vaultRootKey = SoftwareKey(700)
    /// Its quorum key.
    public static let vaultQuorumKey = SoftwareKey(701)

    /// The last event of the key that goes.
    public static let vaultLast = "evt_" + String(repeating: "a", count: 24)

    /// The first time that its log leaves.
    public static let vaultNext = "2026-01-01T00:00:00.000001+00:00"

    /// What a look at the vault would say.
    public static func vaultFacts(
        revoke: SSHPublicKey, authority: SSHPublicKey, roles: String = "quorum"
    ) -> [String: String] {
        [
            "vault-uid": "01JTEST", "vault-root": "\(vaultRoot)", "vault-events": "3",
            "vault-last": vaultLast, "vault-next": vaultNext, "actor-last": "none",
            "actor-next": "1",
            "revoke-key": revoke.line, "revoke-roles": "root,attestation",
            "revoke-last": vaultLast, "contested": "0", "authority-key": authority.line,
            "authority-roles": roles, "authority-introduced": "contract",
            "vault-warnings": "none", "authority-token": otherToken.uri, "authority-id": "01",
        ]
    }

    /// The same, of the vault that a statement is about.
    ///
    /// - Parameter payloads: what the events say that it names to be attested again.
    public static func vaultSeen(by statement: Statement, saying payloads: [[UInt8]] = [])
        -> VaultSeen?
    {
        vaultMoment(statement.drafted).map { moment in
            var facts: [String: String] = [:]
            for name in [
                "vault-uid", "vault-root", "vault-events", "vault-last", "vault-next",
                "actor-last", "actor-next", "revoke-key", "revoke-roles", "revoke-last",
                "contested", "authority-key", "authority-roles", "authority-introduced",
                "promoter-key", "promoter-roles", "promoter-introduced", "vault-warnings",
            ] { facts[name] = statement.fields[name] }
            if !payloads.isEmpty {
                facts["reattest-payloads"] =
                    payloads.map { "\(Digest(of: $0))" }.joined(separator: ",")
            }
            return VaultSeen(facts: facts, moment: moment, payloads: payloads)
        }
    }

    /// The rotation of the vault's root key, with an authority that gina holds, approved and being
    /// carried out.
    public mutating func executingVaultRotation(
        authority: SSHPublicKey, into token: TokenReference = House.token,
        _ more: [String: String] = [:], saying payloads: [[UInt8]] = []
    ) throws(Refusal) -> Statement {
        let root = House.vaultRootKey
        let chosen = [
            "vault": "alpha", "revoke": "\(House.keyID(root))",
            "authority": "\(KeyID(publicKey: authority.point))", "authority-by": "gina",
        ]
        let facts = House.vaultFacts(revoke: root.publicKey, authority: authority)
        let statement = try statement(
            "provara-rotation", subject: "alpha-root", token: token,
            parameters: facts.merging(chosen) { $1 }.merging(more) { $1 })
        try decide(opening(statement).command)
        try approve("alice", "bob", "carol", statement: statement)
        let gina = person("gina").keys[0]
        let acceptance = acceptance(of: statement, as: "gina", key: gina, set: "authority")
        try decide(Signed(acceptance, by: gina, for: .accept).command)
        vaultSeen = House.vaultSeen(by: statement, saying: payloads)
        try execute(statement.ceremony)
        return statement
    }

    /// A rotation of a vault's key that is drafted, with what a look at the vault would say in it;
    /// the authority's key is in a token of the house.
    public mutating func vaultRotation(
        of key: SoftwareKey = House.vaultRootKey, by authority: SoftwareKey = House.vaultQuorumKey,
        subject: String = "alpha-root", into token: TokenReference = House.token,
        _ more: [String: String] = [:]
    ) throws(Refusal) -> Statement {
        hold(authority)
        let chosen = [
            "vault": "alpha", "revoke": "\(House.keyID(key))",
            "authority": "\(House.keyID(authority))",
        ]
        let facts = House.vaultFacts(revoke: key.publicKey, authority: authority.publicKey)
        return try statement(
            "provara-rotation", subject: subject, token: token,
            parameters: facts.merging(chosen) { $1 }.merging(more) { $1 })
    }

    /// Opens it, has it approved and orders its execution.
    ///
    /// - Parameter moment: What the vault would be dated by; otherwise now.
    public mutating func carryOut(_ statement: Statement, dated moment: VaultTime? = nil)
        throws(Refusal)
    {
        try decide(opening(statement).command)
        try approve("alice", "bob", "carol", statement: statement)
        vaultSeen = House.vaultSeen(by: statement).map {
            VaultSeen(facts: $0.facts, moment: moment ?? $0.moment)
        }
        try execute(statement.ceremony)
    }

    /// Gives a token a key that was made elsewhere.
    public mutating func hold(_ key: SoftwareKey) { tokenKeys[key.fingerprint] = key }

    /// The id of a software key in a vault.
    public static func keyID(_ key: SoftwareKey) -> KeyID { KeyID(publicKey: key.publicKey.point) }
}
