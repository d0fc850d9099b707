// The invite: whoever started a ceremony asks one person for their part in it, by a code that is
// carried to them. It names everything that the invitee's client compares and holds no secret:
// whoever reads it can do nothing with it but ask the same person. Signed under
// `ceremonyd-invite-v1`; it never stands in the log.

/// `ceremonyd invite v1`: somebody is asked for their part in a ceremony.
public struct Invite: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The digest of the log's founding document.
    public var genesis: Digest
    /// The ceremony.
    public var ceremony: String
    /// The digest of its statement's bytes.
    public var statement: Digest
    /// Who started it and signs this, by the key that the statement names.
    public var initiator: String
    /// The response set of the part.
    public var set: String
    /// Who is invited, and the key that must answer.
    public var invitee: Signatory
    /// From when on it is void; never after the ceremony itself.
    public var expires: Timestamp
    /// 32 hex digits, of this invite alone.
    public var nonce: String

    /// An invite from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, genesis: Digest, ceremony: String, statement: Digest,
        initiator: String, set: String, invitee: Signatory, expires: Timestamp, nonce: String
    ) {
        self.log = log
        self.mode = mode
        self.genesis = genesis
        self.ceremony = ceremony
        self.statement = statement
        self.initiator = initiator
        self.set = set
        self.invitee = invitee
        self.expires = expires
        self.nonce = nonce
    }
}

extension Invite: LogDocument {
    /// `ceremonyd invite v1`
    public static var title: String { "ceremonyd invite v1" }

    /// The title and a line for each field.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "I started this ceremony and ask the person above for their part in it.",
        Invite.init(
            log:mode:genesis:ceremony:statement:initiator:set:invitee:expires:nonce:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("genesis", \.genesis, .digest),
        .line("ceremony", \.ceremony, .identifier),
        .line("statement", \.statement, .digest),
        .line("initiator", \.initiator, .person),
        .line("set", \.set, .identifier),
        .line("invitee", \.invitee, .signatory),
        .line("expires", \.expires, .time),
        .line("nonce", \.nonce, .nonce))
}
