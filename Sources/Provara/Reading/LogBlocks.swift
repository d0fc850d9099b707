// The log in pieces of whole lines. What is held is one piece and the beginning of the next,
// however long the log is; the digest of the file is worked out on the way.

import Sodium

/// A piece of the log: whole lines, each with its line feed but perhaps the last of the file.
struct LogBlock: Sendable {
    /// The lines.
    let bytes: [UInt8]
    /// Where they begin in the file.
    let offset: Int
    /// Whether this stands for one line that is longer than any may be; `bytes` is empty then.
    var isOverlong = false
    /// Whether the last of the lines is ended; it is not only at the end of a file that was cut
    /// off.
    let endsInLineFeed: Bool
}

/// Reads a log front to back.
struct LogBlocks: ~Copyable {
    /// Some dozens of events: handing over a piece costs nothing beside them, and at the end of a
    /// log no thread waits long for the last.
    static let usualSize = 32 << 10
    private let file: OpenFile
    private let longest: Int
    private let examines: Bool
    /// How many bytes are still to be read.
    private var room: Int
    private var carried: [UInt8] = []
    /// How many of the bytes that are carried over are known to be no line feed.
    private var searched = 0
    private var offset = 0
    private var isAtEnd = false
    /// The digest of all that was read.
    private(set) var digest = SHA256State()
    /// Whether the words of a private key's encoding were met.
    private(set) var traces = PrivateKeyTraces()

    /// - Parameters:
    ///   - end: how many bytes the log has; `nil` for all that are there.
    ///   - examines: whether the digest and the traces of private keys are wanted.
    init(_ file: consuming OpenFile, end: Int? = nil, longestLine: Int, examines: Bool) {
        self.file = file
        room = end ?? Int.max
        longest = longestLine
        self.examines = examines
    }

    /// How many bytes were given out.
    var size: Int { offset }

    /// The next piece; `nil` at the end of the log.
    mutating func next() throws(VaultError) -> LogBlock? {
        var bytes = carried
        var start = searched
        carried = []
        searched = 0
        while true {
            if !isAtEnd { try fill(&bytes) }
            if let end = bytes[start...].lastIndex(of: UInt8(ascii: "\n")) {
                carried = Array(bytes[(end + 1)...])
                searched = carried.count
                bytes.removeSubrange((end + 1)...)
                return give(bytes, endsInLineFeed: true)
            }
            if isAtEnd { return bytes.isEmpty ? nil : give(bytes, endsInLineFeed: false) }
            start = bytes.count
            if bytes.count > longest { return try skipLine(after: bytes.count) }
        }
    }

    private mutating func fill(_ bytes: inout [UInt8]) throws(VaultError) {
        let more = try file.read(atMost: min(Self.usualSize, room))
        if more.isEmpty {
            isAtEnd = true
            return
        }
        room -= more.count
        if examines {
            digest.update(more)
            traces.look(at: more)
        }
        bytes += more
    }

    private mutating func give(_ bytes: [UInt8], endsInLineFeed: Bool) -> LogBlock {
        defer { offset += bytes.count }
        return LogBlock(bytes: bytes, offset: offset, endsInLineFeed: endsInLineFeed)
    }

    /// Passes over the rest of a line that is too long to hold.
    private mutating func skipLine(after held: Int) throws(VaultError) -> LogBlock {
        var length = held
        var endsInLineFeed = false
        while !endsInLineFeed, !isAtEnd {
            var more: [UInt8] = []
            try fill(&more)
            if let end = more.firstIndex(of: UInt8(ascii: "\n")) {
                length += end + 1
                carried = Array(more[(end + 1)...])
                endsInLineFeed = true
            } else {
                length += more.count
            }
        }
        defer { offset += length }
        return LogBlock(
            bytes: [], offset: offset, isOverlong: true, endsInLineFeed: endsInLineFeed)
    }
}
