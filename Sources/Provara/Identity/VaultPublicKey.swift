// A vault's public key, held to what its id rests on: 32 bytes that are one point, written one way.

import Sodium

/// An Ed25519 public key with its id.
public struct VaultPublicKey: Hashable, Sendable {
    /// The 32 bytes of RFC 8032.
    public let bytes: [UInt8]
    /// The id that follows from them.
    public let id: KeyID

    /// - Returns: `nil` unless the bytes are the canonical encoding of a point of prime order. Any
    ///   other could be one key under two ids, or a key that anybody can sign with.
    public init?(_ bytes: [UInt8]) {
        guard Ed25519.isSoundPublicKey(bytes) else { return nil }
        self.bytes = bytes
        self.id = KeyID(publicKey: bytes)
    }

    /// Reads padded base64, as ``init(_:)``.
    public init?(base64: String) {
        guard let bytes = Base64.decode(base64, count: 32) else { return nil }
        self.init(bytes)
    }

    /// The key as padded base64, as events and `keys.json` write it.
    public var base64: String { Base64.encode(bytes) }

    /// Whether whoever holds the other key can sign with this one too: it is the same point or its
    /// negative, which has another id and, as a number, the same private key with a minus.
    public func isTwin(of other: VaultPublicKey) -> Bool {
        bytes.dropLast() == other.bytes.dropLast() && (bytes[31] ^ other.bytes[31]) & 0x7f == 0
    }
}
