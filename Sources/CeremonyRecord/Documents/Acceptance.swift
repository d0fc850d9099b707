// The acceptance: a participant's yes to their own part in a statement, with their new key where
// the part brings one. Signed under `ceremonyd-accept-v1`. FORMATS section 4.

/// `ceremonyd acceptance v1`: one participant of one response set agrees.
public struct Acceptance: Document {
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
    /// What it is done to.
    public var subject: String
    /// The response set.
    public var set: String
    /// Who accepts and signs.
    public var participant: Signatory
    /// The key that they bring.
    public var newKey: SSHPublicKey?
    /// The PKCS#11 URI of the token that holds it.
    public var token: String?
    /// Its `CKA_ID`.
    public var keyID: [UInt8]?
    /// When it was drafted.
    public var at: Timestamp
    /// 32 hex digits, never used by this participant before.
    public var nonce: String

    /// An acceptance from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, statement: Digest, kind: String,
        subject: String, set: String, participant: Signatory, newKey: SSHPublicKey?,
        token: String?, keyID: [UInt8]?, at: Timestamp, nonce: String
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.statement = statement
        self.kind = kind
        self.subject = subject
        self.set = set
        self.participant = participant
        self.newKey = newKey
        self.token = token
        self.keyID = keyID
        self.at = at
        self.nonce = nonce
    }
}

extension Acceptance: LogDocument {
    /// `ceremonyd acceptance v1`
    public static var title: String { "ceremonyd acceptance v1" }

    /// The lines of FORMATS section 4.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "I accept my part in the operation above.",
        Acceptance.init(
            log:mode:ceremony:statement:kind:subject:set:participant:newKey:token:keyID:at:nonce:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .line("statement", \.statement, .digest),
        .line("kind", \.kind, .identifier),
        .line("subject", \.subject, .identifier),
        .line("set", \.set, .identifier),
        .line("participant", \.participant, .signatory),
        .lineOrNone("new-key", \.newKey, .publicKey),
        .lineOrNone("token", \.token, .tokenURI),
        .lineOrNone("key-id", \.keyID, .hex),
        .line("at", \.at, .time),
        .line("nonce", \.nonce, .nonce))
}
