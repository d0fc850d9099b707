// The founding document: log key, rules and people, signed by every key of every founder. Its
// digest is the one thing that an auditor brings along. FORMATS section 4.

/// The log that a successor log goes on from.
public struct Continues: Sendable, Hashable {
    /// The old log's origin.
    public var origin: String
    /// Its size at the end.
    public var size: Int
    /// Its root at that size.
    public var root: Digest

    /// The end of an older log.
    public init(origin: String, size: Int, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }
}

/// A key that may sign checkpoints.
public struct LogKey: Sendable, Hashable {
    /// The signed-note verifier key: name, key id and public key.
    public var vkey: String
    /// The PKCS#11 URI of the token that holds it.
    public var uri: String

    /// A verifier key and where its private half is.
    public init(vkey: String, uri: String) {
        self.vkey = vkey
        self.uri = uri
    }
}

/// `ceremonyd genesis v1`: what the founders of a log agree on.
public struct Genesis: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The log it succeeds.
    public var continues: Continues?
    /// The log key, and a standby key where there is one.
    public var logKeys: [LogKey]
    /// When it was drafted.
    public var created: Timestamp
    /// 32 hex digits.
    public var nonce: String
    /// The policy object, written in RFC 8785 form on one line.
    public var policy: JSON
    /// The founders, by name.
    public var members: [Member]

    /// A founding document from its parts; nothing is checked before it is read back
    /// (``checked()``).
    public init(
        log: String, mode: LogMode, continues: Continues?, logKeys: [LogKey], created: Timestamp,
        nonce: String, policy: JSON, members: [Member]
    ) {
        self.log = log
        self.mode = mode
        self.continues = continues
        self.logKeys = logKeys
        self.created = created
        self.nonce = nonce
        self.policy = policy
        self.members = members
    }
}

extension Genesis: LogDocument {
    /// `ceremonyd genesis v1`
    public static var title: String { "ceremonyd genesis v1" }

    /// The lines of FORMATS section 4.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "We found this log, with this log key, these rules and these people.",
        Genesis.init(log:mode:continues:logKeys:created:nonce:policy:members:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .lineOrNone("continues", \.continues, .continues),
        .lines("log-key", \.logKeys, .logKey, count: 1...2),
        .line("created", \.created, .time),
        .line("nonce", \.nonce, .nonce),
        .line("policy", \.policy, .object),
        .members(\.members))
}

extension TextForm where Value == Continues {
    fileprivate static var continues: Self {
        TextForm(
            "none or <origin> <size> sha256:<root>",
            read: { text in
                let parts = TextRule.split(text, at: " ")
                guard parts.count == 3, Origin.isValid(parts[0]),
                    let size = TextForm<Int>.number.read(parts[1]), let root = Digest(parts[2])
                else { return nil }
                return Continues(origin: parts[0], size: size, root: root)
            },
            write: { "\($0.origin) \($0.size) \($0.root)" })
    }
}

extension TextForm where Value == LogKey {
    fileprivate static var logKey: Self {
        TextForm(
            "<vkey> <pkcs11: URI without a PIN>",
            read: { text in
                let parts = TextRule.split(text, at: " ")
                guard parts.count == 2, TextRule.isTrimmedASCII(parts[0]),
                    TextRule.isTokenURI(parts[1])
                else { return nil }
                return LogKey(vkey: parts[0], uri: parts[1])
            },
            write: { "\($0.vkey) \($0.uri)" })
    }
}
