// C2SP tlog-proof v1: one file that shows, without the log, that a line is in it. The evidence
// bundle holds one for the completion of each ceremony.

/// The index of a line, its inclusion path, and the signed checkpoint that the path leads to.
public struct LogProof: Hashable, Sendable {
    /// Where the line stands in the tree of the checkpoint.
    public let inclusion: InclusionProof
    /// The checkpoint as the log signed it.
    public let checkpoint: SignedNote

    /// Puts a proof together.
    ///
    /// - Throws: ``NoteError`` where the note is no checkpoint or of another size than the proof's.
    public init(_ inclusion: InclusionProof, checkpoint: SignedNote) throws(NoteError) {
        guard try Checkpoint(text: checkpoint.text).head.size == inclusion.size else {
            throw .malformed("a proof for another size than the checkpoint's")
        }
        self.inclusion = inclusion
        self.checkpoint = checkpoint
    }

    /// Reads a proof without an `extra` line; every byte must be accounted for.
    ///
    /// - Throws: ``NoteError``
    public init(_ bytes: [UInt8]) throws(NoteError) {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard let blank = lines.firstIndex(where: \.isEmpty), blank >= 2,
            blank < lines.count - 1,
            lines[0].elementsEqual(LogProof.header.utf8), lines[1].starts(with: "index ".utf8)
        else { throw .malformed("not a tlog-proof of version 1") }
        guard let index = Decimal.decode(lines[1].dropFirst(6)) else {
            throw .malformed("no index")
        }
        var path: [Digest] = []
        for line in lines[2..<blank] {
            guard let hash = Base64.decode(String(decoding: line, as: UTF8.self)),
                let digest = Digest(bytes: hash), path.count < 64
            else { throw .malformed("a hash that is not base64 of 32 bytes") }
            path.append(digest)
        }
        let note = try SignedNote(Array(bytes[(lines[blank].endIndex + 1)...]))
        let size = try Checkpoint(text: note.text).head.size
        try self.init(InclusionProof(index: index, size: size, path: path), checkpoint: note)
    }

    /// The proof as it is exported.
    public var bytes: [UInt8] {
        var text = "\(LogProof.header)\nindex \(inclusion.index)\n"
        for hash in inclusion.path { text += Base64.encode(hash.bytes) + "\n" }
        return Array(text.utf8) + [0x0a] + checkpoint.bytes
    }

    /// Checks that the line is in the log whose keys these are.
    ///
    /// - Returns: the verified checkpoint.
    /// - Throws: ``NoteError``
    @discardableResult
    public func verify(line: [UInt8], signedBy keys: [NoteKey]) throws(NoteError) -> Checkpoint {
        let checkpoint = try Checkpoint(checkpoint, signedBy: keys)
        guard inclusion.proves(leaf: TreeHash.leaf(line), in: checkpoint.head.root) else {
            throw .notIncluded
        }
        return checkpoint
    }

    private static let header = "c2sp.org/tlog-proof@v1"
}
