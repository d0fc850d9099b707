// A secret that lives outside the Swift heap: locked into memory, between guard pages, wiped when
// it goes. PINs are only ever here. There is no way to get a String or an array out of it.

import CSodium

/// Locked, guarded, self-wiping memory for one secret, filled in place.
///
/// One byte more than the capacity is allocated and always zero, so that a module that reads its
/// PIN as a C string (ykcs11 does) finds an end. The memory can be read only inside
/// ``withBytes(_:)``.
///
/// `@unchecked Sendable`: the buffer is written only by the one owner that is still filling it and
/// is read-only from ``seal()`` on; a precondition enforces the order.
@safe public final class SecretBytes: @unchecked Sendable {
    /// The secret could not be put in memory that is never written to disk.
    public struct MemoryNotLocked: Error {}

    private let base: UnsafeMutableRawPointer
    /// How many bytes fit.
    public let capacity: Int
    /// How many bytes are there.
    public private(set) var count = 0
    private var sealed = false

    /// Reserves locked memory for at most `capacity` bytes.
    ///
    /// - Throws: ``MemoryNotLocked`` where RLIMIT_MEMLOCK is too small: `sodium_malloc` falls back
    ///   to ordinary memory without a word, so the lock is asked for again and its answer read.
    public init(capacity: Int) throws(MemoryNotLocked) {
        Sodium.ready
        precondition(capacity > 0)
        guard let memory = unsafe sodium_malloc(capacity + 1) else { throw MemoryNotLocked() }
        guard unsafe sodium_mlock(memory, capacity + 1) == 0 else {
            unsafe sodium_free(memory)
            throw MemoryNotLocked()
        }
        unsafe sodium_memzero(memory, capacity + 1)
        unsafe self.base = memory
        self.capacity = capacity
    }

    deinit {
        unsafe sodium_free(base)
    }

    /// Lets `fill` write into the free part of the buffer; it returns how many bytes it wrote.
    ///
    /// Made for `read(2)`: the bytes go from the descriptor to locked memory and nowhere else.
    /// A negative return is passed on and adds nothing.
    public func fill(_ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        precondition(!sealed, "a sealed secret is not written again")
        let free = unsafe UnsafeMutableRawBufferPointer(
            start: base + count, count: capacity - count)
        let written = unsafe fill(free)
        precondition(written <= free.count)
        if written > 0 { count += written }
        return written
    }

    /// Takes the last byte away and wipes it (backspace at a prompt, a trailing newline).
    public func removeLast() {
        precondition(!sealed && count > 0)
        count -= 1
        unsafe sodium_memzero(base + count, 1)
    }

    /// Wipes everything that was written and starts over.
    public func removeAll() {
        precondition(!sealed)
        unsafe sodium_memzero(base, capacity + 1)
        count = 0
    }

    /// Ends the writing and takes away every access but through ``withBytes(_:)``.
    public func seal() {
        guard !sealed else { return }
        sealed = true
        unsafe sodium_mprotect_noaccess(base)
    }

    /// Lends the secret, followed by one zero byte that is not counted, for the length of the call.
    ///
    /// Not to be nested and not to be called from two threads at once for one secret.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        if sealed { unsafe sodium_mprotect_readonly(base) }
        defer { if sealed { unsafe sodium_mprotect_noaccess(base) } }
        return unsafe body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// The last byte written, to recognise a line end. `nil` when there is none.
    public var last: UInt8? {
        guard count > 0 else { return nil }
        return unsafe withBytes { unsafe $0[count - 1] }
    }

    /// Whether this process may lock memory at all: asked once at start, so that a daemon refuses
    /// to run rather than to find out with a PIN in its hands.
    public static var canLockMemory: Bool {
        (try? SecretBytes(capacity: 4096)) != nil
    }
}
