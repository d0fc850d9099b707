// A vault that nobody has: what an engine would see of it, so that the rules can be tried without
// one. Its keys are software keys.

import CeremonyRecord
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

    /// Gives a token a key that was made elsewhere.
    public mutating func hold(_ key: SoftwareKey) { tokenKeys[key.fingerprint] = key }

    /// The id of a software key in a vault.
    public static func keyID(_ key: SoftwareKey) -> KeyID { KeyID(publicKey: key.publicKey.point) }
}
