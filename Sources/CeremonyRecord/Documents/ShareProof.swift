// How a guardian shows that their share is there and whole, without giving it to anybody: the key
// that they have in the authority signs its digest, for this once.

/// `ceremonyd share-proof v1`: somebody has just seen their share.
public struct ShareProof: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The ceremony in which the PIN was split.
    public var ceremony: String
    /// The member.
    public var member: String
    /// The digest of the share, as ``Digest/init(ofShare:)`` takes it.
    public var share: Digest
    /// What the daemon has chosen for this proof.
    public var nonce: String

    /// A proof from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, member: String, share: Digest, nonce: String
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.member = member
        self.share = share
        self.nonce = nonce
    }
}

extension ShareProof: LogDocument {
    /// `ceremonyd share-proof v1`
    public static var title: String { "ceremonyd share-proof v1" }

    /// The title and a line for each field.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "I have just read the share above out of my own token.",
        ShareProof.init(log:mode:ceremony:member:share:nonce:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .line("member", \.member, .person),
        .line("share", \.share, .digest),
        .line("nonce", \.nonce, .nonce))
}
