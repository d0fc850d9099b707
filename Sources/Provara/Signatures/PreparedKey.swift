// Checks many signatures of one key, each in a third of the time that libsodium takes. The time of
// a check of a long log is the time of its signatures, and nearly all are by a few keys: with
// multiples of such a key and of the base point at hand, R = sB - hA takes additions only.
//
// The equation, and what is refused besides, are libsodium's: no cofactor, S below the group's
// order, no R of small order, keys as VaultPublicKey has them. A mistake in the arithmetic makes a
// right signature fail, and then libsodium is asked; it would have to hit R to let a wrong one
// pass. Nothing that is signed or written rests on this: only a reading that reports asks for it
// (Vault.Options.preparedAfter), and of that only events that do no more than stand there;
// LineJudge tries its word besides.

import Sodium

/// A public key with a table of its multiples.
struct PreparedKey: Sendable {
    /// The order of the group, least byte first.
    private static let order: [UInt8] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ]

    private let key: [UInt8]
    private let negative: PointTable

    /// - Returns: `nil` where the key is no point, which a ``VaultPublicKey`` never is.
    init?(_ key: VaultPublicKey) {
        guard let point = CurvePoint(encoded: key.bytes) else { return nil }
        self.key = key.bytes
        negative = PointTable(point.negative)
    }

    /// Whether the 64 bytes are the key's signature over the message.
    func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        let commitment = Array(signature[..<32])
        let response = Array(signature[32...])
        guard Self.isBelowOrder(response) else { return false }
        let challenge = Ed25519.reducedScalar(SHA512.hash(commitment + key + message))
        var sum = CurvePoint.identity
        PointTable.base.add(response, to: &sum)
        negative.add(challenge, to: &sum)
        let encoded = sum.encoded
        // All points here are of prime order, so the identity is the only one of a small one.
        return encoded == commitment && encoded != CurvePoint.identity.encoded
    }

    private static func isBelowOrder(_ scalar: [UInt8]) -> Bool {
        for index in scalar.indices.reversed() where scalar[index] != order[index] {
            return scalar[index] < order[index]
        }
        return false
    }
}
