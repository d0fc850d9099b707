// The one place that starts libsodium. Every entry point of this module passes through `ready`,
// because libsodium's generator and its choice of implementation are undefined before it.

import CSodium

enum Sodium {
    /// Starts libsodium once per process. Ends the process where it cannot start: nothing that
    /// this product does is possible without it.
    static let ready: Void = {
        precondition(sodium_init() >= 0, "libsodium could not be initialised")
    }()
}

/// Compares two byte strings without revealing by its duration where they differ.
///
/// Different lengths compare unequal at once; lengths are never secret here.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe sodium_memcmp(left, right, left.count) == 0
}

/// Random bytes from libsodium's generator (the kernel's).
public func randomBytes(_ count: Int) -> [UInt8] {
    Sodium.ready
    var bytes = [UInt8](repeating: 0, count: count)
    unsafe bytes.withUnsafeMutableBytes { buffer in
        if let base = buffer.baseAddress { unsafe randombytes_buf(base, buffer.count) }
    }
    return bytes
}

/// Fills memory with random bytes from libsodium's generator: for secrets, which are made where
/// they stay.
public func fillWithRandomBytes(_ memory: UnsafeMutableRawBufferPointer) {
    Sodium.ready
    if let base = memory.baseAddress { unsafe randombytes_buf(base, memory.count) }
}
