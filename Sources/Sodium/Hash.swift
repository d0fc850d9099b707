// SHA-256 (the log's tree) and SHA-512 (what an SSHSIG covers), FIPS 180-4.

import CSodium

/// SHA-256 as the log's tree, digests and fingerprints use it.
public enum SHA256 {
    /// The 32-byte digest of the parts, one after the other, as if they were one message.
    public static func hash(_ parts: [UInt8]...) -> [UInt8] {
        Sodium.ready
        var state = crypto_hash_sha256_state()
        unsafe crypto_hash_sha256_init(&state)
        for part in parts {
            unsafe crypto_hash_sha256_update(&state, part, UInt64(part.count))
        }
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe crypto_hash_sha256_final(&state, &digest)
        return digest
    }

    /// The 32-byte digest of a secret behind bytes that are none. What the function remembers of
    /// the secret meanwhile is wiped.
    public static func hash(_ secret: SecretBytes, after prefix: [UInt8]) -> [UInt8] {
        Sodium.ready
        var state = crypto_hash_sha256_state()
        unsafe crypto_hash_sha256_init(&state)
        unsafe crypto_hash_sha256_update(&state, prefix, UInt64(prefix.count))
        unsafe secret.withBytes { bytes in
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe crypto_hash_sha256_update(&state, base, UInt64(bytes.count))
        }
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe crypto_hash_sha256_final(&state, &digest)
        unsafe sodium_memzero(&state, MemoryLayout.size(ofValue: state))
        return digest
    }

    /// The 32-byte digest of the message. A list of parts costs more than a short message's digest.
    public static func hash(_ message: [UInt8]) -> [UInt8] {
        Sodium.ready
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe crypto_hash_sha256(&digest, message, UInt64(message.count))
        return digest
    }

    /// The 32-byte digest of a message that is larger than memory should hold at once.
    ///
    /// - Parameter next: gives the next piece; an empty one ends the message.
    public static func hash<Failure: Error>(
        piecewise next: () throws(Failure) -> ArraySlice<UInt8>
    ) throws(Failure) -> [UInt8] {
        Sodium.ready
        var state = crypto_hash_sha256_state()
        unsafe crypto_hash_sha256_init(&state)
        while true {
            let piece = Array(try next())
            if piece.isEmpty { break }
            unsafe crypto_hash_sha256_update(&state, piece, UInt64(piece.count))
        }
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe crypto_hash_sha256_final(&state, &digest)
        return digest
    }
}

/// SHA-512 as an SSHSIG uses it.
public enum SHA512 {
    /// The 64-byte digest of the message.
    public static func hash(_ message: [UInt8]) -> [UInt8] {
        Sodium.ready
        var digest = [UInt8](repeating: 0, count: 64)
        unsafe crypto_hash_sha512(&digest, message, UInt64(message.count))
        return digest
    }
}
