// The key that a participant brings: made in their own token, for one part of one statement, under
// a label that says so, so that it is found again there whatever happens in between, and so that no
// other ceremony, of this log or of another, ever takes it for its own. It counts for nothing until
// the ceremony commits.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11
import Sodium

/// A participant's new key and the token that holds it.
struct BroughtKey {
    /// The key pair; `CKA_LABEL` is ``label(for:by:)``.
    let tokenKey: TokenKey
    /// The participant's token.
    let token: SeenToken

    /// `CKA_LABEL` of both halves: the ceremony's name for whoever lists the token's objects, and
    /// what tells it from every other: 64 bits of the digest of the statement, which names log and
    /// nonce, and 64 of the key that answers, for a person may have two in one token.
    static func label(for statement: Statement, by identity: Fingerprint) -> String {
        statement.ceremony + "." + Hex.encode(Array(statement.digest.bytes.prefix(8))) + "."
            + Hex.encode(Array(identity.bytes.prefix(8)))
    }

    /// Makes the key, or finds the one that was made for this part before and never handed in,
    /// which is held to everything that a new one is held to.
    ///
    /// - Throws: what ``IdentityKey/create(on:in:login:label:id:to:)`` and
    ///   ``IdentityKey/check(_:on:in:login:to:)`` throw.
    static func obtain(
        for statement: Statement, by identity: Fingerprint, on token: SeenToken, in slot: Slot,
        _ login: TokenLogin
    ) throws(ClientError) -> BroughtKey {
        let (label, id) = (label(for: statement, by: identity), statement.ceremony)
        if let known = token.keys.first(where: { $0.label.utf8.elementsEqual(label.utf8) }) {
            Talk.paragraph(
                "The token \(token.name) holds the key that was made for this part in \(id) before; "
                    + "it is used.")
            try IdentityKey.check(
                known, on: token, in: slot, login: login,
                to: "look at the key that you made for \(id)")
            return BroughtKey(tokenKey: known, token: token)
        }
        Talk.paragraph(
            "A new key is made in \(token.name). It counts for nothing until \(id) commits.")
        let key = try IdentityKey.create(
            on: token, in: slot, login: login, label: label, id: randomBytes(16),
            to: "make your key for \(id)")
        return BroughtKey(tokenKey: key, token: token)
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
