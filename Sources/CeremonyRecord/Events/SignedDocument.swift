// A person's document inside an event: its lines, the key that signed, the signature. In the body
// they are the three fields `document`, `key` and `sshsig`. FORMATS section 2.

/// A document with a signature over its bytes.
public struct SignedDocument: Sendable, Hashable {
    /// The lines without their line ends.
    public var lines: [String]
    /// The key that signed.
    public var key: Fingerprint
    /// The binary SSHSIG.
    public var sshsig: [UInt8]

    /// A document, the key that signed it, and the signature.
    public init(lines: [String], key: Fingerprint, sshsig: [UInt8]) {
        self.lines = lines
        self.key = key
        self.sshsig = sshsig
    }

    /// The signed bytes: each line and one LF.
    public var bytes: [UInt8] { lines.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] } }

    /// The digest of the signed bytes.
    public var digest: Digest { Digest(of: bytes) }
}
