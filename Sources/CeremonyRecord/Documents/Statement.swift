// The statement: what a ceremony is to do, written before it is opened. The initiator signs it to
// open the ceremony and every witness signs the same bytes to approve it. FORMATS section 4.

/// A person who may answer a statement, with one key: a `witness:` line.
public struct Witness: Sendable, Hashable {
    /// The person.
    public var name: String
    /// Their kind when the statement was drafted.
    public var kind: PersonKind
    /// The key.
    public var fingerprint: Fingerprint

    /// An eligible key of a person.
    public init(name: String, kind: PersonKind, fingerprint: Fingerprint) {
        self.name = name
        self.kind = kind
        self.fingerprint = fingerprint
    }
}

/// A participant who must agree before the statement has effect: an `accept:` line.
public struct AcceptLine: Sendable, Hashable {
    /// The response set it belongs to.
    public var set: String
    /// The participant.
    public var name: String
    /// The key that must sign their acceptance.
    public var fingerprint: Fingerprint

    /// A participant of a response set.
    public init(set: String, name: String, fingerprint: Fingerprint) {
        self.set = set
        self.name = name
        self.fingerprint = fingerprint
    }
}

/// `ceremonyd statement v1`: one operation, who decides on it, and by when.
public struct Statement: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The ceremony's identifier.
    public var ceremony: String
    /// The ceremony that this one replaces.
    public var supersedes: String?
    /// The kind of operation.
    public var kind: String
    /// What it is done to.
    public var subject: String
    /// The person the subject belongs to.
    public var holder: String?
    /// The subject's class (field `class`).
    public var subjectClass: String?
    /// The kind's own fields, between `class` and `reason`.
    public var fields: Fields
    /// Why: free text.
    public var reason: String
    /// Who drafted and signs it.
    public var initiator: Signatory
    /// When it was drafted.
    public var drafted: Timestamp
    /// From when on it is void.
    public var expires: Timestamp
    /// The log's size as the drafter saw it.
    public var treeSize: Int
    /// The log's root at that size.
    public var treeRoot: Digest
    /// Over what the operation depends on.
    public var prestate: Digest
    /// Over the policy in force.
    public var policy: Digest
    /// How many must approve.
    public var threshold: Int
    /// How many of them must be human.
    public var people: Int
    /// How many must attest.
    public var attestThreshold: Int
    /// Days after completion by which they must.
    public var attestBy: Int
    /// Names that do not count, though otherwise witnesses; in byte order, none twice.
    public var excluded: [String]
    /// Every eligible key, by name; a person's keys in the order of the roster.
    public var witnesses: [Witness]
    /// Participants whose acceptance is needed.
    public var accepts: [AcceptLine]
    /// 32 hex digits, new to this log.
    public var nonce: String

    /// A statement from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, supersedes: String?, kind: String,
        subject: String, holder: String?, subjectClass: String?, fields: Fields, reason: String,
        initiator: Signatory, drafted: Timestamp, expires: Timestamp, treeSize: Int,
        treeRoot: Digest, prestate: Digest, policy: Digest, threshold: Int, people: Int,
        attestThreshold: Int, attestBy: Int, excluded: [String], witnesses: [Witness],
        accepts: [AcceptLine], nonce: String
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.supersedes = supersedes
        self.kind = kind
        self.subject = subject
        self.holder = holder
        self.subjectClass = subjectClass
        self.fields = fields
        self.reason = reason
        self.initiator = initiator
        self.drafted = drafted
        self.expires = expires
        self.treeSize = treeSize
        self.treeRoot = treeRoot
        self.prestate = prestate
        self.policy = policy
        self.threshold = threshold
        self.people = people
        self.attestThreshold = attestThreshold
        self.attestBy = attestBy
        self.excluded = excluded
        self.witnesses = witnesses
        self.accepts = accepts
        self.nonce = nonce
    }
}

extension Statement: LogDocument {
    /// `ceremonyd statement v1`
    public static var title: String { "ceremonyd statement v1" }

    /// The lines of FORMATS section 4.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "I approve this one operation, as described above.",
        Statement.init(
            log:mode:ceremony:supersedes:kind:subject:holder:subjectClass:fields:reason:initiator:
            drafted:expires:treeSize:treeRoot:prestate:policy:threshold:people:attestThreshold:
            attestBy:excluded:witnesses:accepts:nonce:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .lineOrNone("supersedes", \.supersedes, .identifier),
        .line("kind", \.kind, .identifier),
        .line("subject", \.subject, .identifier),
        .lineOrNone("holder", \.holder, .person),
        .lineOrNone("class", \.subjectClass, .identifier),
        .block(\.fields, before: "reason"),
        .line("reason", \.reason, .freeText),
        .line("initiator", \.initiator, .signatory),
        .line("drafted", \.drafted, .time),
        .line("expires", \.expires, .time),
        .line("tree-size", \.treeSize, .number),
        .line("tree-root", \.treeRoot, .digest),
        .line("prestate", \.prestate, .digest),
        .line("policy", \.policy, .digest),
        .line("threshold", \.threshold, .number),
        .line("people", \.people, .number),
        .line("attest-threshold", \.attestThreshold, .number),
        .line("attest-by", \.attestBy, .number),
        .line("excluded", \.excluded, .words(.person, rising: true)),
        .lines("witness", \.witnesses, .witness, count: 1...1000, order: Witness.order),
        .lines("accept", \.accepts, .accept, count: 0...1000),
        .line("nonce", \.nonce, .nonce))
}

extension Statement {
    /// Names that mean the same in every statement: a kind gives none of them a second meaning.
    fileprivate static let ownFields: Set<String> = [
        "log", "mode", "ceremony", "supersedes", "kind", "subject", "holder", "class", "reason",
        "initiator", "drafted", "expires", "tree-size", "tree-root", "prestate", "policy",
        "threshold", "people", "attest-threshold", "attest-by", "excluded", "witness", "accept",
        "nonce", "meaning",
    ]
}

extension LineColumn where Value == Fields {
    /// The fields of the kind: everything before the field named.
    fileprivate static func block(
        _ path: any KeyPath<Content, Fields> & Sendable, before end: String
    ) -> Self {
        LineColumn(
            read: { reader throws(DocumentError) in
                var fields: [Field] = []
                while !reader.isNext(end) {
                    let place = reader
                    let field = try reader.anyField()
                    guard !Statement.ownFields.contains(field.name) else {
                        throw place.refused(field.name, "does not stand among a kind's fields")
                    }
                    fields.append(field)
                }
                return Fields(fields)
            },
            write: { content, writer in
                for field in content[keyPath: path].list { writer.field(field.name, field.value) }
            })
    }
}

extension TextForm where Value == Witness {
    fileprivate static var witness: Self {
        TextForm(
            "<name> <kind> SHA256:...",
            read: { text in
                let parts = TextRule.split(text, at: " ")
                guard parts.count == 3, Identifier.isPersonName(parts[0]),
                    let kind = PersonKind(rawValue: parts[1]),
                    let fingerprint = Fingerprint(parts[2])
                else { return nil }
                return Witness(name: parts[0], kind: kind, fingerprint: fingerprint)
            },
            write: { "\($0.name) \($0.kind.rawValue) \($0.fingerprint)" })
    }
}

extension TextForm where Value == AcceptLine {
    fileprivate static var accept: Self {
        TextForm(
            "<set> <name> SHA256:...",
            read: { text in
                let parts = TextRule.split(text, at: " ")
                guard parts.count == 3, TextRule.isIdentifier(parts[0]),
                    Identifier.isPersonName(parts[1]),
                    let fingerprint = Fingerprint(parts[2])
                else { return nil }
                return AcceptLine(set: parts[0], name: parts[1], fingerprint: fingerprint)
            },
            write: { "\($0.set) \($0.name) \($0.fingerprint)" })
    }
}

extension Witness {
    /// By name; a person's keys follow each other as one kind of person, and no key stands twice.
    fileprivate static func order(_ first: Witness, _ second: Witness) -> String? {
        if TextRule.precedes(second.name, first.name) { return "is not in the order of names" }
        guard first.name.utf8.elementsEqual(second.name.utf8) else { return nil }
        if first.kind != second.kind { return "gives \(second.name) a second kind" }
        return first.fingerprint == second.fingerprint ? "stands twice" : nil
    }
}
