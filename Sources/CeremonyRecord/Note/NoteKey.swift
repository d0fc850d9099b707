// Keys of signed notes (C2SP signed-note, section Verifier keys): the log's own, and those of
// outside cosigners. Written as a vkey, one line that genesis and auditors hold.

import Sodium

/// A public key with the name under which it signs notes.
public struct NoteKey: Hashable, Sendable, CustomStringConvertible {
    /// What a key's signatures cover.
    public enum Kind: UInt8, Hashable, Sendable {
        /// The text of the note: the log key.
        case ed25519 = 0x01
        /// The text and a time (C2SP tlog-cosignature, `cosignature/v1`): a cosigner.
        case cosignature = 0x04
    }

    /// Printable ASCII without spaces and plus signs; for a log key the log's origin.
    public let name: String
    /// What its signatures cover.
    public let kind: Kind
    /// The 32 bytes of the point, canonical and of prime order.
    public let publicKey: [UInt8]
    /// The first four bytes of SHA-256(name, LF, kind, public key).
    public let id: UInt32

    /// A key by its parts; `nil` for a bad name or an unsound key.
    public init?(name: String, publicKey: [UInt8], kind: Kind = .ed25519) {
        guard NoteKey.isName(name.utf8), Ed25519.isSoundPublicKey(publicKey) else { return nil }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        let hash = SHA256.hash(Array(name.utf8), [0x0a, kind.rawValue], publicKey)
        self.id = hash.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads `<name>+<8 hex digits>+<base64>`; `nil` unless the digits are those of name and key.
    public init?(vkey: String) {
        let parts = vkey.utf8.split(
            separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3,
            let encoded = Base64.decode(String(decoding: parts[2], as: UTF8.self)),
            let kind = encoded.first.flatMap(Kind.init(rawValue:)),
            let key = NoteKey(
                name: String(decoding: parts[0], as: UTF8.self),
                publicKey: Array(encoded.dropFirst()), kind: kind),
            key.vkey.utf8.elementsEqual(vkey.utf8)
        else { return nil }
        self = key
    }

    /// `<name>+<8 hex digits>+<base64 of kind and public key>`.
    public var vkey: String {
        "\(name)+\(hexID)+\(Base64.encode([kind.rawValue] + publicKey))"
    }

    /// The 8 hex digits of ``id``, as they stand in a vkey: what people call the key by.
    public var hexID: String { Hex.encode(NoteKey.bytes(of: id)) }

    /// The same as ``vkey``.
    public var description: String { vkey }

    /// Whether the bytes may name a key: 1 to 255 printable ASCII characters, no plus sign.
    ///
    /// C2SP also allows letters outside ASCII; we do not, because names are shown on screens.
    static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        (1...255).contains(bytes.count)
            && bytes.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "+") }
    }

    /// The four bytes of an id, as they begin a signature.
    static func bytes(of id: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(id >> $0 & 255) } }
}
