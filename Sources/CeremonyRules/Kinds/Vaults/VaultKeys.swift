// What the log knows of a vault's keys: those that it made itself, and those that ceremonies on the
// vault have named. A key that stands in the log as anything else is none of a vault's (DESIGN
// 2.6).

import CeremonyRecord
import HashTreeCollections
import Provara

extension State {
    /// As what a key stands in the log that a ceremony on the vault has named.
    static func vaultRole(_ uid: String) -> String { "a key of the vault \(uid)" }

    /// Refuses a vault's key that stands in the log as anything else.
    ///
    /// - Throws: ``Refusal`` (`key-taken`).
    func checkVaultKey(_ key: VaultPublicKey, of uid: String) throws(Refusal) {
        guard let role = taken[key.bytes],
            !role.utf8.elementsEqual(State.vaultRole(uid).utf8),
            !isOwnKey(key, ofVault: uid)
        else { return }
        throw Refusal(
            .keyTaken,
            "The vault's key \(key.id) stands in this log already, as \(role).",
            next: "A key has one role. Rotate it in the vault by an authority that has no other.",
            requirement: "FR69")
    }

    /// Whether a ceremony of this log made the key for that vault.
    private func isOwnKey(_ key: VaultPublicKey, ofVault uid: String) -> Bool {
        guard let sshKey = SSHPublicKey(ed25519: key.bytes),
            let entry = keys[sshKey.fingerprint],
            let statement = recordedCeremony(named: entry.ceremony)?.statement
        else { return false }
        // A key that was made before the vault was born with it belongs to no vault yet.
        guard let other = statement.fields["vault-uid"] else {
            return ["provara-root", "operational"].contains(entry.subjectClass)
        }
        return other.utf8.elementsEqual(uid.utf8)
            || statement.fields["new-uid"]?.utf8.elementsEqual(uid.utf8) ?? false
    }

    /// The log's own key with these bytes, if there is one.
    func logKey(_ key: VaultPublicKey) -> KeyEntry? {
        SSHPublicKey(ed25519: key.bytes).flatMap { keys[$0.fingerprint] }
    }
}
