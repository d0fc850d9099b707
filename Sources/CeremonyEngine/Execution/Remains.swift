// What an execution that did not complete has left on its token: looked up there, and named object
// by object, for the log and for whoever recovers it.

import CeremonyRecord
import CeremonyRules

extension Ceremony {
    /// Everything under the intent's id or label on a token, each object in words.
    ///
    /// - Returns: `nil` where the token is not the intent's, or cannot be looked at.
    func remains(on vault: any KeyVault) async -> [String]? {
        guard let object = announced, let description = try? await vault.inspect(),
            description.isUnlocked, object.isOn(description.reference),
            let items = try? await vault.inventory()
        else { return nil }
        let label = Array(object.label.utf8)
        return items.filter { $0.id == object.keyID || $0.label == label }.map {
            "\($0.objectClass) key-id \(Hex.encode($0.id)) label "
                + "\(String(decoding: $0.label, as: UTF8.self)) on token \(object.tokenSerial)"
        }
    }
}
