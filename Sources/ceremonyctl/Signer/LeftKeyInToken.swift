// A key that an ended ceremony left in a participant's token, found there by what it is and by
// nothing else. Ids and labels are what anybody gives them, and tokens with fixed places use theirs
// again; a private half is the one that was brought only where it signs for the brought public one.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11
import Sodium

/// A left key and the token that it was made in.
struct LeftKeyInToken {
    let left: LeftKey
    let token: SeenToken
    let slot: Slot
    let login: TokenLogin

    /// Whether anything of it is there.
    ///
    /// Its public half is seen without a PIN; where it is gone, the private one is looked for.
    func isThere() throws(ClientError) -> Bool {
        if token.keys.contains(where: { $0.key == left.key.key && $0.id == left.key.keyID }) {
            return true
        }
        let (key, lastTry) = (left.key, login.lastTry)
        return try login.withSession(
            on: token, in: slot, .readOnly, to: "look for the key of \(left.ceremony)"
        ) { session, secret throws(PKCS11Error) in
            try !session.halves(of: key, secret, lastTry).isEmpty
        }
    }

    /// Destroys both halves of exactly this key.
    ///
    /// - Returns: Whether anything was there.
    func destroy() throws(ClientError) -> Bool {
        Talk.paragraph(
            "The key that was made for \(left.ceremony) is destroyed in \(token.name), for good:")
        Talk.say("  \(left.key.key.fingerprint)")
        let (key, lastTry) = (left.key, login.lastTry)
        return try login.withSession(
            on: token, in: slot, .readWrite, to: "destroy the key of \(left.ceremony)"
        ) { session, secret throws(PKCS11Error) in
            let halves = try session.halves(of: key, secret, lastTry)
            for half in halves { try session.destroy(half) }
            return !halves.isEmpty
        }
    }
}

extension Session {
    /// The halves of exactly this key, the private one first.
    fileprivate borrowing func halves(
        of key: AcceptanceSet.NewKey, _ pin: SecretBytes?, _ lastTry: Bool
    ) throws(PKCS11Error) -> [ObjectHandle] {
        var halves: [ObjectHandle] = []
        for object in try find([.objectClass(.privateKey), .bytes(.id, key.keyID)], limit: 8)
        where try attributes([.keyType], of: object).keyType == .value(.ecEdwards) {
            if try IdentityKey.proves(self, object, key.key.point, pin, lastTry) {
                halves.append(object)
            }
        }
        for object in try find([.objectClass(.publicKey), .bytes(.id, key.keyID)], limit: 8) {
            if let point = try? ed25519PublicKey(of: object), point == key.key.point {
                halves.append(object)
            }
        }
        return halves
    }
}
