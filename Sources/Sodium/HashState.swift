// SHA-256 of a message that comes in pieces and may go on later: a vault's log is hashed while it
// is read, and what a rotation appends is hashed from there without reading the log again.

import CSodium

/// SHA-256 under way. A copy goes on by itself, so that two continuations share one beginning.
public struct SHA256State: Sendable {
    private var state = crypto_hash_sha256_state()

    /// Begins with the empty message.
    public init() {
        Sodium.ready
        unsafe crypto_hash_sha256_init(&state)
    }

    /// Appends to the message.
    public mutating func update(_ bytes: [UInt8]) {
        unsafe crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
    }

    /// The 32-byte digest of what was appended so far; this value can go on.
    public var digest: [UInt8] {
        var last = state
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe crypto_hash_sha256_final(&last, &digest)
        return digest
    }
}
