// What a guardian signs with their key when a share is in their token: that they hold it, which it
// is, and of what. The share itself stands nowhere but there.

/// `ceremonyd share v1`: somebody holds a share of a token's PIN.
public struct ShareReceipt: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The ceremony in which the PIN was split.
    public var ceremony: String
    /// The authority whose members hold the shares.
    public var authority: String
    /// The epoch that holds them.
    public var epoch: Int
    /// The member.
    public var member: String
    /// The token whose PIN it is, as a `pkcs11:` URI.
    public var token: String
    /// The share's number, from 1 in the order of the members' names.
    public var number: Int
    /// How many shares give the PIN.
    public var threshold: Int
    /// The digest of the share, as ``Digest/init(ofShare:)`` takes it.
    public var share: Digest

    /// A receipt from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, authority: String, epoch: Int,
        member: String, token: String, number: Int, threshold: Int, share: Digest
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.authority = authority
        self.epoch = epoch
        self.member = member
        self.token = token
        self.number = number
        self.threshold = threshold
        self.share = share
    }
}

extension ShareReceipt: LogDocument {
    /// `ceremonyd share v1`
    public static var title: String { "ceremonyd share v1" }

    /// The title and a line for each field.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "The share above is in my own token; I have read it back from there.",
        ShareReceipt.init(
            log:mode:ceremony:authority:epoch:member:token:number:threshold:share:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .line("authority", \.authority, .identifier),
        .line("epoch", \.epoch, .number),
        .line("member", \.member, .person),
        .line("guards", \.token, .tokenURI),
        .line("number", \.number, .number),
        .line("threshold", \.threshold, .number),
        .line("share", \.share, .digest))
}
