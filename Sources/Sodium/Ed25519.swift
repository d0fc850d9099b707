// Ed25519 (RFC 8032) off the token: verifying what tokens signed. There is no signing here:
// private keys live in tokens.

import CSodium

/// Ed25519 verification and the checks on a public key that the log demands.
public enum Ed25519 {
    /// Whether the 64-byte signature over the message verifies under the 32-byte public key.
    ///
    /// Wrong lengths are `false`, and so are non-canonical S, small-order keys and small-order R.
    public static func isValid(signature: [UInt8], of message: [UInt8], by publicKey: [UInt8])
        -> Bool
    {
        Sodium.ready
        guard signature.count == 64, publicKey.count == 32 else { return false }
        // An empty Swift array may have no address, and libsodium wants one.
        let bytes = message.isEmpty ? [0] : message
        return unsafe crypto_sign_verify_detached(
            signature, bytes, UInt64(message.count), publicKey) == 0
    }

    /// Whether the 32 bytes are the canonical encoding of a curve point of prime order.
    ///
    /// A key that is not could have a twin with other bytes, or a private key that anybody knows.
    public static func isSoundPublicKey(_ publicKey: [UInt8]) -> Bool {
        Sodium.ready
        guard publicKey.count == 32 else { return false }
        return unsafe crypto_core_ed25519_is_valid_point(publicKey) == 1
    }

    /// A 64-byte number, least byte first, modulo the order of the group, as 32 bytes: how RFC 8032
    /// makes a scalar of a SHA-512.
    public static func reducedScalar(_ number: [UInt8]) -> [UInt8] {
        Sodium.ready
        precondition(number.count == 64)
        var scalar = [UInt8](repeating: 0, count: 32)
        unsafe crypto_core_ed25519_scalar_reduce(&scalar, number)
        return scalar
    }
}
