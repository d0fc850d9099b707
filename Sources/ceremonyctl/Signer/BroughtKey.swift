// The key that a participant brings: made in their own token, for one ceremony, under the
// ceremony's name, so that it is found again there whatever happens in between. It counts for
// nothing until the ceremony commits.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11
import Sodium

/// A participant's new key and the token that holds it.
struct BroughtKey {
    /// The key pair; `CKA_LABEL` is the ceremony's name.
    let tokenKey: TokenKey
    /// The participant's token.
    let token: SeenToken

    /// Makes the key, or finds the one that was made for this ceremony before and never handed in.
    ///
    /// - Throws: what ``IdentityKey/create(on:in:login:label:id:)`` throws.
    static func obtain(
        for ceremony: String, on token: SeenToken, in slot: Slot, _ login: TokenLogin
    ) throws(ClientError) -> BroughtKey {
        if let known = made(for: ceremony, on: token) {
            Talk.paragraph(
                "The token \(token.name) holds the key that was made for \(ceremony) before; it is "
                    + "used.")
            return BroughtKey(tokenKey: known, token: token)
        }
        Talk.paragraph(
            "A new key is made in \(token.name). It counts for nothing until \(ceremony) commits.")
        let key = try IdentityKey.create(
            on: token, in: slot, login: login, label: ceremony, id: randomBytes(16),
            to: "make your key for \(ceremony)")
        return BroughtKey(tokenKey: key, token: token)
    }

    /// The key that was made for a ceremony.
    static func made(for ceremony: String, on token: SeenToken) -> TokenKey? {
        token.keys.first { $0.label.utf8.elementsEqual(ceremony.utf8) }
    }

    /// The acceptance with this key in it.
    func added(to acceptance: Acceptance) -> Acceptance {
        var acceptance = acceptance
        acceptance.newKey = tokenKey.key
        acceptance.token = token.reference.uri
        acceptance.keyID = tokenKey.id
        return acceptance
    }
}
