// A key's name in a vault: `bp1_` and the first 16 hex digits of the SHA-256 of its 32 bytes.
// Whoever has the key can work it out, so a name never has to be believed.

import Sodium

/// The id of a public key, such as `bp1_56475aa75463474c`.
public struct KeyID: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes of the digest.
    private let prefix: UInt64

    /// The id of a public key.
    public init(publicKey: [UInt8]) {
        prefix = SHA256.hash(publicKey).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads an id in exactly this form, with lower-case digits.
    ///
    /// - Returns: `nil` for any other text.
    public init?(_ text: String) {
        let utf8 = text.utf8
        guard utf8.count == 20, utf8.starts(with: "bp1_".utf8) else { return nil }
        var prefix: UInt64 = 0
        for digit in utf8.dropFirst(4) {
            guard let value = Hex.value(digit) else { return nil }
            prefix = prefix << 4 | UInt64(value)
        }
        self.prefix = prefix
    }

    /// The id as text.
    public var description: String {
        "bp1_" + Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: prefix >> (56 - 8 * $0)) })
    }
}
