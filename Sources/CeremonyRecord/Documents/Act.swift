// The act: everything that a person orders besides opening, approving, accepting and attesting.
// Signed under `ceremonyd-act-v1`. FORMATS section 4.

/// What an act orders.
public enum ActName: String, Sendable, Hashable, CaseIterable {
    /// Carry out an approved ceremony.
    case execute
    /// Withdraw a ceremony.
    case cancel
    /// Say no to a statement or to a key record.
    case decline
    /// Stop everything.
    case halt
    /// Record an exception.
    case note
    /// Destroy an orphaned object.
    case recover
    /// Say what became of a key of one's own that came to nothing.
    case tidy
    /// Say that one has taken over what a ceremony came to.
    case confirm
}

/// In what capacity a person acts.
public enum ActRole: String, Sendable, Hashable, CaseIterable {
    /// Enrolled as operator.
    case `operator`
    /// Signed the statement that opened the ceremony.
    case initiator
    /// Enrolled as keeper.
    case keeper
    /// Listed as witness in the statement.
    case witness
    /// Enrolled as auditor.
    case auditor
    /// Listed in an `accept:` or `peer:` line of the statement.
    case participant
}

/// A thing outside the log that an act points to: a photograph, a bag number, a paper.
public struct Evidence: Sendable, Hashable {
    /// What it is: printable ASCII, spaces inside allowed.
    public var what: String
    /// The digest of its bytes.
    public var digest: Digest

    /// A thing and the digest of its bytes.
    public init(what: String, digest: Digest) {
        self.what = what
        self.digest = digest
    }
}

/// `ceremonyd act v1`: one order, with its justification and what the actor saw.
public struct Act: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The order (field `act`).
    public var act: ActName
    /// The ceremony it is about.
    public var ceremony: String?
    /// The digest of the statement or record it is about.
    public var document: Digest?
    /// Who orders and signs.
    public var actor: Signatory
    /// In what capacity.
    public var role: ActRole
    /// The state that the actor saw; `nil` where there are no states.
    public var from: String?
    /// The state that the actor wants.
    public var to: String?
    /// What supports it.
    public var evidence: [Evidence]
    /// Why: free text.
    public var justification: String
    /// The log's size as the actor saw it.
    public var treeSize: Int
    /// The log's root at that size.
    public var treeRoot: Digest
    /// When it was drafted.
    public var at: Timestamp
    /// 32 hex digits, never used by this actor before.
    public var nonce: String

    /// An act from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, act: ActName, ceremony: String?, document: Digest?,
        actor: Signatory, role: ActRole, from: String?, to: String?, evidence: [Evidence],
        justification: String, treeSize: Int, treeRoot: Digest, at: Timestamp, nonce: String
    ) {
        self.log = log
        self.mode = mode
        self.act = act
        self.ceremony = ceremony
        self.document = document
        self.actor = actor
        self.role = role
        self.from = from
        self.to = to
        self.evidence = evidence
        self.justification = justification
        self.treeSize = treeSize
        self.treeRoot = treeRoot
        self.at = at
        self.nonce = nonce
    }
}

extension Act: LogDocument {
    /// `ceremonyd act v1`
    public static var title: String { "ceremonyd act v1" }

    /// The lines of FORMATS section 4.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: nil,
        Act.init(
            log:mode:act:ceremony:document:actor:role:from:to:evidence:justification:treeSize:
            treeRoot:at:nonce:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("act", \.act, .word),
        .lineOrNone("ceremony", \.ceremony, .identifier),
        .lineOrNone("document", \.document, .digest),
        .line("actor", \.actor, .signatory),
        .line("role", \.role, .word),
        .lineOrNone("from", \.from, .state),
        .lineOrNone("to", \.to, .state),
        .lines("evidence", \.evidence, .evidence, count: 0...100),
        .line("justification", \.justification, .freeText),
        .line("tree-size", \.treeSize, .number),
        .line("tree-root", \.treeRoot, .digest),
        .line("at", \.at, .time),
        .line("nonce", \.nonce, .nonce))
}

extension TextForm where Value == Evidence {
    fileprivate static var evidence: Self {
        TextForm(
            "<what> sha256:<hex>",
            read: { text in
                let bytes = Array(text.utf8)
                guard let space = bytes.lastIndex(of: UInt8(ascii: " ")) else { return nil }
                let what = String(decoding: bytes[..<space], as: UTF8.self)
                guard TextRule.isTrimmedASCII(what),
                    let digest = Digest(String(decoding: bytes[(space + 1)...], as: UTF8.self))
                else { return nil }
                return Evidence(what: what, digest: digest)
            },
            write: { "\($0.what) \($0.digest)" })
    }
}
