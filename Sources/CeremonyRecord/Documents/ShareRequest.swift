// How a guardian's client shows that it may be given a share: by the key that the share belongs to,
// over a number that is good for this once.

/// `ceremonyd share-request v1`: whoever has the key asks for its share.
public struct ShareRequest: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The ceremony in which the PIN was split.
    public var ceremony: String
    /// The key whose share it is.
    public var key: SSHPublicKey
    /// What the daemon has chosen for this request.
    public var nonce: String

    /// A request from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, key: SSHPublicKey, nonce: String
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.key = key
        self.nonce = nonce
    }
}

extension ShareRequest: LogDocument {
    /// `ceremonyd share-request v1`
    public static var title: String { "ceremonyd share-request v1" }

    /// The title and a line for each field.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "Hand the share that belongs to my key above to whoever brings this.",
        ShareRequest.init(log:mode:ceremony:key:nonce:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .line("key", \.key, .plainKey),
        .line("nonce", \.nonce, .nonce))
}
