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
        guard let own = statement.vaultMade else {
            return State.vaultClasses.contains(entry.subjectClass ?? "none")
        }
        return own.utf8.elementsEqual(uid.utf8)
    }

    /// The classes of subjects whose keys are a vault's. Any other has another threshold, other
    /// people or other dates.
    static let vaultClasses = ["provara-root", "operational"]

    /// The class of a subject that has had keys, which are all that vault's; `nil` where it has had
    /// none.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) where it is no vault's subject, or another vault's.
    func vaultClass(of subject: String, inVault uid: String) throws(Refusal) -> String? {
        guard let known = self.subject(subject), !known.keys.isEmpty else { return nil }
        guard let subjectClass = known.subjectClass, State.vaultClasses.contains(subjectClass)
        else {
            throw Refusal(
                .badParameter,
                "\(subject) is of the class \(known.subjectClass ?? "none"), and a vault's keys are "
                    + "of the class \(State.vaultClasses.joined(separator: " or ")).",
                next: "Choose another subject for the vault's key.", requirement: "CT-12")
        }
        for fingerprint in known.keys {
            guard let entry = keys[fingerprint],
                let other = recordedCeremony(named: entry.ceremony)?.statement.vaultMade,
                !other.utf8.elementsEqual(uid.utf8)
            else { continue }
            throw Refusal(
                .badParameter,
                "\(subject) has keys of the vault \(other), and this is \(uid).",
                next: "Each key of a vault has a subject of its own: choose another.",
                requirement: "FR69")
        }
        return subjectClass
    }

    /// The log's own key with these bytes, if there is one.
    func logKey(_ key: VaultPublicKey) -> KeyEntry? {
        SSHPublicKey(ed25519: key.bytes).flatMap { keys[$0.fingerprint] }
    }
}

extension Statement {
    /// The vault's own name in which the key that comes out is one; `nil` for a key of no vault.
    var vaultMade: String? { fields["new-uid"] ?? fields["vault-uid"] }
}
