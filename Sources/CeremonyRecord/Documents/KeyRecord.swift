// The key record: the public half of a key that came out of a ceremony, signed by the new key
// (possession), by the old one (endorsement) and by the witnesses (attestation). FORMATS section 4.

/// `ceremonyd key-record v1`: which key came out of which statement, and what the token says of it.
public struct KeyRecord: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The ceremony's identifier.
    public var ceremony: String
    /// The digest of the statement's bytes.
    public var statement: Digest
    /// The kind of operation.
    public var kind: String
    /// Whom the key belongs to.
    public var subject: String
    /// The new public key; its fingerprint stands in the next line and is checked on reading.
    public var publicKey: SSHPublicKey
    /// The PKCS#11 URI of the token, never with a PIN.
    public var token: String
    /// `CKA_LABEL`.
    public var keyLabel: String
    /// `CKA_ID`, 1 to 255 bytes.
    public var keyID: [UInt8]
    /// The attributes that the token confirmed, in the order of the format.
    public var attributes: [String]
    /// The digest of the token's own attestation, where it gives one.
    public var attestation: Digest?
    /// When the key was made.
    public var generated: Timestamp
    /// The key that this one succeeds.
    public var oldKey: Fingerprint?
    /// Days that the old key stays valid, counted from activation.
    public var overlapDays: Int

    /// The new key's fingerprint.
    public var fingerprint: Fingerprint { publicKey.fingerprint }

    /// A record from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, statement: Digest, kind: String,
        subject: String, publicKey: SSHPublicKey, token: String, keyLabel: String,
        keyID: [UInt8], attributes: [String], attestation: Digest?, generated: Timestamp,
        oldKey: Fingerprint?, overlapDays: Int
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.statement = statement
        self.kind = kind
        self.subject = subject
        self.publicKey = publicKey
        self.token = token
        self.keyLabel = keyLabel
        self.keyID = keyID
        self.attributes = attributes
        self.attestation = attestation
        self.generated = generated
        self.oldKey = oldKey
        self.overlapDays = overlapDays
    }
}

extension KeyRecord: LogDocument {
    /// `ceremonyd key-record v1`
    public static var title: String { "ceremonyd key-record v1" }

    /// The lines of FORMATS section 4.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning:
            "This key came out of the approved operation above and belongs to the subject above.",
        KeyRecord.init(
            log:mode:ceremony:statement:kind:subject:publicKey:token:keyLabel:keyID:attributes:
            attestation:generated:oldKey:overlapDays:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .line("statement", \.statement, .digest),
        .line("kind", \.kind, .identifier),
        .line("subject", \.subject, .identifier),
        .keyAndFingerprint(\.publicKey),
        .line("token", \.token, .tokenURI),
        .line("key-label", \.keyLabel, .text),
        .line("key-id", \.keyID, .hex),
        .line("attributes", \.attributes, .words(.code, rising: false)),
        .lineOrNone("attestation", \.attestation, .digest),
        .line("generated", \.generated, .time),
        .lineOrNone("old-key", \.oldKey, .fingerprint),
        .line("overlap-days", \.overlapDays, .number))
}

extension LineColumn where Value == SSHPublicKey {
    /// A key in one line and its fingerprint in the next.
    fileprivate static func keyAndFingerprint(
        _ path: any KeyPath<Content, SSHPublicKey> & Sendable
    ) -> Self {
        LineColumn(
            read: { reader throws(DocumentError) in
                let key = try reader.field("public-key", .plainKey)
                try reader.fixed("fingerprint", key.fingerprint.description)
                return key
            },
            write: { content, writer in
                let key = content[keyPath: path]
                writer.field("public-key", key.line)
                writer.field("fingerprint", key.fingerprint.description)
            })
    }
}
