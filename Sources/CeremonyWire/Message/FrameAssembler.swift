// Where one message ends and the next begins: a NUL byte, which cannot stand inside JSON text. A
// pure value that is fed whatever a read returned and gives whole frames back; it holds at most one
// frame and one read's worth of the next, and never reserves more than that.

import Glibc

/// Cuts a stream of bytes into frames at NUL bytes, within a limit.
public struct FrameAssembler: Sendable {
    /// The frame being received is longer than the limit. The connection is of no further use.
    public struct FrameTooLarge: Error, Hashable, Sendable {
        /// The limit that it passed, in bytes.
        public let limit: Int
    }

    /// The most bytes of a frame, its NUL not counted.
    public let limit: Int
    private var held: [UInt8] = []
    /// Where the first NUL is, if one has been received.
    private var end: Int?

    /// An assembler that has received nothing.
    public init(limit: Int) {
        self.limit = limit
    }

    /// How many bytes have been received and not yet been given back.
    public var heldBytes: Int { held.count }

    /// Whether a whole frame can be taken.
    public var hasFrame: Bool { end != nil }

    /// Receives bytes.
    ///
    /// - Throws: ``FrameTooLarge`` as soon as the first frame cannot be within the limit any more.
    public mutating func append(_ bytes: Span<UInt8>) throws(FrameTooLarge) {
        let before = held.count
        reserve(before + bytes.count)
        unsafe bytes.withUnsafeBufferPointer { unsafe held.append(contentsOf: $0) }
        if end == nil { end = firstNUL(from: before) }
        if (end ?? held.count) > limit {
            held = []
            end = nil
            throw FrameTooLarge(limit: limit)
        }
    }

    /// Gives the next whole frame back, without its NUL; `nil` until there is one.
    public mutating func next() throws(FrameTooLarge) -> [UInt8]? {
        guard let end else { return nil }
        let frame: [UInt8]
        if end == held.count - 1 {
            held.removeLast()
            frame = held
            held = []
            self.end = nil
        } else {
            frame = Array(held[..<end])
            held = Array(held[(end + 1)...])
            self.end = firstNUL(from: 0)
            if (self.end ?? held.count) > limit { throw FrameTooLarge(limit: limit) }
        }
        return frame
    }

    /// Doubles up to the limit and not beyond it: a frame that stays unfinished costs what it has
    /// sent, within a factor of two, and never more than the limit and one read.
    private mutating func reserve(_ count: Int) {
        guard held.capacity < count else { return }
        held.reserveCapacity(max(count, min(held.capacity * 2, limit + 1)))
    }

    private func firstNUL(from start: Int) -> Int? {
        guard start < held.count else { return nil }
        return unsafe held.withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, 0, buffer.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}
