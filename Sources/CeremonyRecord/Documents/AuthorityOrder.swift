// What members of an authority sign together about a file: the file is named by its digest, the
// authority by the epoch that its members see in force. Nobody signs bytes that a stranger chose.

/// `ceremonyd authority-signature v1`: an authority stands behind a file.
public struct AuthorityOrder: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The authority.
    public var authority: String
    /// The epoch whose members sign.
    public var epoch: Int
    /// The digest of that epoch's record.
    public var record: Digest
    /// How many of them it takes.
    public var sign: Int
    /// What the file is called.
    public var name: String
    /// Its size in bytes.
    public var size: Int
    /// Its SHA-256.
    public var file: Digest
    /// The log's size as whoever drafted it saw it.
    public var treeSize: Int
    /// The log's root at that size.
    public var treeRoot: Digest

    /// A document from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, authority: String, epoch: Int, record: Digest, sign: Int,
        name: String, size: Int, file: Digest, treeSize: Int, treeRoot: Digest
    ) {
        self.log = log
        self.mode = mode
        self.authority = authority
        self.epoch = epoch
        self.record = record
        self.sign = sign
        self.name = name
        self.size = size
        self.file = file
        self.treeSize = treeSize
        self.treeRoot = treeRoot
    }

    /// Whether it is about a file of that digest and size; what the file is called may differ.
    public func isAbout(_ digest: Digest, size: Int) -> Bool { file == digest && self.size == size }
}

extension AuthorityOrder: LogDocument {
    /// `ceremonyd authority-signature v1`
    public static var title: String { "ceremonyd authority-signature v1" }

    /// The title and a line for each field.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "As a member of this authority, in this epoch, I sign for the file above.",
        AuthorityOrder.init(
            log:mode:authority:epoch:record:sign:name:size:file:treeSize:treeRoot:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("authority", \.authority, .identifier),
        .line("epoch", \.epoch, .number),
        .line("epoch-record", \.record, .digest),
        .line("sign", \.sign, .number),
        .line("file", \.name, .freeText),
        .line("bytes", \.size, .number),
        .line("file-digest", \.file, .digest),
        .line("tree-size", \.treeSize, .number),
        .line("tree-root", \.treeRoot, .digest))
}
