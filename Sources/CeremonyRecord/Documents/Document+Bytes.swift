// From lines to the bytes that are signed, and back. FORMATS section 4.

extension Document {
    /// What is signed: each line and one LF.
    public var bytes: [UInt8] { lines.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] } }

    /// The SHA-256 of ``bytes``: how other documents name this one.
    public var digest: Digest { Digest(of: bytes) }

    /// Reads a document from exactly the bytes that ``bytes`` gives.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(bytes: [UInt8]) throws(DocumentError) {
        try self.init(lines: try DocumentLines.split(bytes))
    }

    /// The same document, read back from its own lines.
    ///
    /// A value that was put together in memory may hold what the format does not allow: a line
    /// break in a reason, a list out of order. Call this before anything is signed or recorded.
    ///
    /// - Throws: ``DocumentError`` for what could not be read back as it is.
    public func checked() throws(DocumentError) -> Self {
        let again = try Self(lines: lines)
        guard again == self else {
            throw DocumentError(line: 0, field: nil, problem: "does not mean what its lines say")
        }
        return self
    }
}

/// The lines of a text.
enum DocumentLines {
    /// The most bytes a document may have: an event that holds it has at most 65535.
    static let bytesMax = 60_000

    /// The lines of a text in which every line, also the last, ends in LF.
    static func split(_ bytes: [UInt8]) throws(DocumentError) -> [String] {
        guard bytes.count <= bytesMax else {
            throw DocumentError(line: 0, field: nil, problem: "is longer than \(bytesMax) bytes")
        }
        var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let rest = parts.popLast(), rest.isEmpty, !parts.isEmpty else {
            throw DocumentError(
                line: parts.count + 1, field: nil, problem: "does not end in a line feed")
        }
        var lines: [String] = []
        for part in parts {
            guard let line = String(validating: part, as: UTF8.self) else {
                throw DocumentError(line: lines.count + 1, field: nil, problem: "is not UTF-8")
            }
            lines.append(line)
        }
        return lines
    }
}
