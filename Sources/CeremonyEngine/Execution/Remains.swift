// What an execution that did not complete has left on its token: looked up there, and named object
// by object in the log, so that somebody can go and see.

import CeremonyRecord
import CeremonyRules

extension Ceremony {
    /// Everything under the intent's id or label on a token, each object in words.
    ///
    /// - Returns: `nil` where the token is not the intent's, or cannot be looked at.
    func remains(on vault: any KeyVault) async -> [String]? {
        guard let intent = keyIntent, let description = try? await vault.inspect(),
            description.isUnlocked, description.reference.serial == intent.tokenSerial,
            let items = try? await vault.inventory()
        else { return nil }
        return items.filter { $0.id == intent.keyID || $0.label == Array(intent.label.utf8) }.map {
            "\($0.objectClass) key-id \(Hex.encode($0.id)) label \(intent.label) on token "
                + intent.tokenSerial
        }
    }
}
