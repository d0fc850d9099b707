// A vault that nobody has: what an engine would see of it, so that the rules can be tried without
// one. Its keys are software keys.

public import CeremonyRecord
public import CeremonyRules
public import Provara

extension House {
    /// The root that a vault would have after a change.
    public static let vaultRoot = MerkleRoot(leaves: [])
    /// The files that a change would come to.
    public static let vaultFiles = [
        VaultFile(path: "events/events.ndjson", size: 10, sha256: Digest(of: [1])),
        VaultFile(path: "identity/keys.json", size: 20, sha256: Digest(of: [2])),
    ]
    /// The vault's root key when it was born.
    public static let vaultRootKey = SoftwareKey(700)
    /// Its quorum key.
    public static let vaultQuorumKey = SoftwareKey(701)

    /// The last event of the key that goes.
    public static let vaultLast = "evt_" + String(repeating: "a", count: 24)

    /// What a look at the vault would say.
    public static func vaultFacts(
        revoke: SSHPublicKey, authority: SSHPublicKey, roles: String = "quorum"
    ) -> [String: String] {
        [
            "vault-uid": "01JTEST", "vault-root": "\(vaultRoot)", "vault-events": "3",
            "vault-last": vaultLast, "actor-last": "none", "actor-next": "1",
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
        VaultTime("2026-02-18T12:00:00.000001+00:00").map { moment in
            var facts: [String: String] = [:]
            for name in [
                "vault-uid", "vault-root", "vault-events", "vault-last", "actor-last",
                "actor-next", "revoke-key", "revoke-roles", "revoke-last", "contested",
                "authority-key", "authority-roles", "authority-introduced", "promoter-key",
                "promoter-roles", "promoter-introduced", "vault-warnings",
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

    /// Gives a token a key that was made elsewhere.
    public mutating func hold(_ key: SoftwareKey) { tokenKeys[key.fingerprint] = key }

    /// The id of a software key in a vault.
    public static func keyID(_ key: SoftwareKey) -> KeyID { KeyID(publicKey: key.publicKey.point) }
}
