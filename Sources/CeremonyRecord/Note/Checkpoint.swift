// C2SP tlog-checkpoint (FORMATS section 3): the signed head of the log. Three lines and no
// extension lines, so that one head has one text.

/// Which log, how many events, and the root over them.
public struct Checkpoint: Hashable, Sendable {
    /// The name of the log.
    public let origin: String
    /// Size and root.
    public let head: TreeHead

    /// A checkpoint by its parts.
    ///
    /// - Precondition: ``Origin/isValid(_:)``
    public init(origin: String, head: TreeHead) {
        precondition(Origin.isValid(origin), "not the name of a log")
        self.origin = origin
        self.head = head
    }

    /// Reads exactly three lines, each with its LF.
    ///
    /// - Throws: ``NoteError``
    public init(text: [UInt8]) throws(NoteError) {
        let lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty else {
            throw .malformed("a checkpoint has three lines")
        }
        let origin = String(decoding: lines[0], as: UTF8.self)
        guard Origin.isValid(origin) else { throw .malformed("not the name of a log") }
        guard let size = Decimal.decode(lines[1]) else { throw .malformed("no tree size") }
        guard let bytes = Base64.decode(String(decoding: lines[2], as: UTF8.self)),
            let root = Digest(bytes: bytes)
        else { throw .malformed("no root hash") }
        self.init(origin: origin, head: TreeHead(size: size, root: root))
    }

    /// The bytes that the log key signs.
    public var text: [UInt8] {
        Array("\(origin)\n\(head.size)\n\(Base64.encode(head.root.bytes))\n".utf8)
    }

    /// The signed note, from the 64 bytes that the log key made over ``text``.
    ///
    /// - Throws: ``NoteError`` where the signature does not hold or the key has another name: what
    ///   a token returned is checked before anybody is shown it.
    public func signed(_ signature: [UInt8], by key: NoteKey) throws(NoteError) -> SignedNote {
        let note = try SignedNote(text: text, signatures: [NoteSignature(signature, by: key)])
        _ = try Checkpoint(note, signedBy: [key])
        return note
    }

    /// Takes the checkpoint out of a note that every one of these log keys has signed.
    ///
    /// The keys are those that the log says are in force at its head (two during a change of the
    /// log key); they come from genesis and events, never from the note.
    ///
    /// - Throws: ``NoteError``; also for a key whose name is not the origin.
    public init(_ note: SignedNote, signedBy keys: [NoteKey]) throws(NoteError) {
        let checkpoint = try Checkpoint(text: note.text)
        guard !keys.isEmpty else { throw .notSigned(by: checkpoint.origin) }
        for key in keys {
            guard key.kind == .ed25519, key.name.utf8.elementsEqual(checkpoint.origin.utf8) else {
                throw .otherOrigin(checkpoint.origin)
            }
            try note.verify(by: key)
        }
        self = checkpoint
    }
}
