// PINs in tests: they stand in the source, so a string may hold them here.

import PKCS11
import Sodium

/// A locked copy of a PIN that is no secret.
func secret(_ text: String) throws -> SecretBytes {
    let secret = try SecretBytes(capacity: 64)
    _ = secret.fill { place in
        place.copyBytes(from: text.utf8)
        return text.utf8.count
    }
    secret.seal()
    return secret
}

extension Session {
    /// Logs in with a PIN that is no secret.
    func login(_ user: User = .user, pin: String, allowFinalTry: Bool = false) throws {
        try secret(pin).withBytes { bytes in
            Result { try login(user, pin: bytes, allowFinalTry: allowFinalTry) }
        }.get()
    }

    /// Changes a PIN that is no secret.
    func changePIN(from old: String, to new: String, allowFinalTry: Bool = false) throws {
        let new = try secret(new)
        try secret(old).withBytes { old in
            new.withBytes { new in
                Result { try changePIN(from: old, to: new, allowFinalTry: allowFinalTry) }
            }
        }.get()
    }
}
