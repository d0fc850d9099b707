// C2SP signed-note: a text, a blank line, and one line for each signature. The log's checkpoint is
// one, and outside cosigners add their lines to it without touching the others.

import Sodium

/// One signature line of a note.
public struct NoteSignature: Hashable, Sendable {
    /// The name of the key.
    public let name: String
    /// The id of the key.
    public let keyID: UInt32
    /// The bytes behind the id: 64 for a log key, 72 for a `cosignature/v1`.
    public let bytes: [UInt8]

    /// The line for the 64 bytes that a log key made over a note's text.
    public init(_ signature: [UInt8], by key: NoteKey) {
        self.init(name: key.name, keyID: key.id, bytes: signature)
    }

    init(name: String, keyID: UInt32, bytes: [UInt8]) {
        self.name = name
        self.keyID = keyID
        self.bytes = bytes
    }

    /// The 8 hex digits of the key's id, as they stand in its vkey.
    public var hexID: String { Hex.encode(NoteKey.bytes(of: keyID)) }

    /// Whether this line claims to be by the key.
    func isBy(_ key: NoteKey) -> Bool {
        keyID == key.id && name.utf8.elementsEqual(key.name.utf8)
    }
}

/// A text with signature lines. Well formed, and nothing more until ``verify(by:)`` has returned.
public struct SignedNote: Hashable, Sendable {
    /// What is signed, the last LF included.
    public let text: [UInt8]
    /// The signature lines in their order, at least one, no two by the same key.
    public let signatures: [NoteSignature]

    /// The most bytes that a note may have.
    public static let bytesMax = 65_535

    /// Puts a note together.
    ///
    /// - Throws: ``NoteError`` unless the text is UTF-8 without controls other than LF, ends in LF
    ///   and is not empty, and there are signatures by distinct keys.
    public init(text: [UInt8], signatures: [NoteSignature]) throws(NoteError) {
        guard text.last == 0x0a, text.count > 1 else {
            throw .malformed("its text does not end in a newline")
        }
        guard text.allSatisfy({ $0 >= 0x20 || $0 == 0x0a }),
            String(validating: text, as: UTF8.self) != nil
        else { throw .malformed("its text is not plain UTF-8") }
        guard !signatures.isEmpty else { throw .malformed("it has no signature") }
        for (index, line) in signatures.enumerated() {
            guard NoteKey.isName(line.name.utf8), !line.bytes.isEmpty else {
                throw .malformed("a signature line without name or signature")
            }
            let isRepeated = signatures[..<index].contains {
                $0.keyID == line.keyID && $0.name.utf8.elementsEqual(line.name.utf8)
            }
            if isRepeated { throw .malformed("two signature lines by one key") }
        }
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note of at most ``bytesMax`` bytes; every byte must be accounted for.
    ///
    /// - Throws: ``NoteError``
    public init(_ bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= SignedNote.bytesMax else { throw .malformed("it is too long") }
        guard bytes.last == 0x0a else { throw .malformed("it does not end in a newline") }
        // The last empty line parts text and signatures; the text may hold empty lines itself.
        let lines = bytes.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
        guard let blank = lines.lastIndex(where: \.isEmpty) else {
            throw .malformed("no empty line before its signatures")
        }
        var signatures: [NoteSignature] = []
        for line in lines[(blank + 1)...] {
            signatures.append(try SignedNote.signature(line))
        }
        try self.init(text: Array(bytes[..<lines[blank].startIndex]), signatures: signatures)
    }

    /// The note as it is stored and exported.
    public var bytes: [UInt8] {
        var out = text + [0x0a]
        for line in signatures {
            out += SignedNote.dash
            out += line.name.utf8
            out.append(0x20)
            out += Base64.encode(NoteKey.bytes(of: line.keyID) + line.bytes).utf8
            out.append(0x0a)
        }
        return out
    }

    /// The note with one more signature line.
    ///
    /// - Throws: ``NoteError`` where the key has signed already.
    public func adding(_ signature: NoteSignature) throws(NoteError) -> SignedNote {
        try SignedNote(text: text, signatures: signatures + [signature])
    }

    /// Checks the signature of one key. Lines of other keys say nothing.
    ///
    /// - Returns: for a cosigner the time it claims, in seconds since 1970; `nil` for a log key.
    /// - Throws: ``NoteError`` (`notSigned`, `signatureInvalid`)
    @discardableResult
    public func verify(by key: NoteKey) throws(NoteError) -> Int? {
        guard let line = signatures.first(where: { $0.isBy(key) }) else {
            throw .notSigned(by: key.name)
        }
        var signed = text
        var time: Int?
        if key.kind == .cosignature {
            let stamp = line.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard line.bytes.count == 72, let seconds = Int(exactly: stamp) else {
                throw .signatureInvalid(by: key.name)
            }
            time = seconds
            signed = Array("cosignature/v1\ntime \(seconds)\n".utf8) + text
        }
        let signature = Array(line.bytes.dropFirst(key.kind == .cosignature ? 8 : 0))
        guard Ed25519.isValid(signature: signature, of: signed, by: key.publicKey) else {
            throw .signatureInvalid(by: key.name)
        }
        return time
    }

    /// U+2014 EM DASH and a space.
    private static let dash: [UInt8] = [0xe2, 0x80, 0x94, 0x20]

    private static func signature(_ line: ArraySlice<UInt8>) throws(NoteError) -> NoteSignature {
        guard line.starts(with: dash) else { throw .malformed("a line that is no signature") }
        let parts = line.dropFirst(4).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, NoteKey.isName(parts[0]),
            let bytes = Base64.decode(String(decoding: parts[1], as: UTF8.self)), bytes.count > 4
        else { throw .malformed("a signature line that is not name and base64") }
        return NoteSignature(
            name: String(decoding: parts[0], as: UTF8.self),
            keyID: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
            bytes: Array(bytes.dropFirst(4)))
    }
}
