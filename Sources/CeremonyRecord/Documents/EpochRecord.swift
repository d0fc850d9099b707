// The epoch record: who an authority is made of from a commit on, and how many of them it takes. It
// follows from the statement and the acceptances alone, so that every member's client, the daemon
// and a verifier come to the same bytes. The new keys sign it under `ceremonyd-member-v1`.

/// A member of an authority, with the key that stands for them there: a `member:` line.
public struct EpochMember: Sendable, Hashable {
    /// The member.
    public var name: String
    /// The key that signs for the authority.
    public var key: SSHPublicKey

    /// A member and their key.
    public init(name: String, key: SSHPublicKey) {
        self.name = name
        self.key = key
    }

    fileprivate static func complaint(_ one: Self, _ next: Self) -> String? {
        one.name.utf8.lexicographicallyPrecedes(next.name.utf8)
            ? nil : "the members stand by name, each once"
    }
}

/// `ceremonyd epoch v1`: the membership of an authority for as long as one epoch lasts.
public struct EpochRecord: Document {
    /// The log's origin.
    public var log: String
    /// Production or rehearsal.
    public var mode: LogMode
    /// The ceremony that brings it.
    public var ceremony: String
    /// The digest of the statement's bytes.
    public var statement: Digest
    /// The authority's name.
    public var authority: String
    /// What it is: a set of guardians, of devices, a group, a block.
    public var role: String
    /// Its number; the first is 1.
    public var epoch: Int
    /// How many members must consent to the next change.
    public var approve: Int
    /// How many members sign for the authority.
    public var sign: Int
    /// The members, by name.
    public var members: [EpochMember]

    /// A record from its parts; nothing is checked before it is read back (``checked()``).
    public init(
        log: String, mode: LogMode, ceremony: String, statement: Digest, authority: String,
        role: String, epoch: Int, approve: Int, sign: Int, members: [EpochMember]
    ) {
        self.log = log
        self.mode = mode
        self.ceremony = ceremony
        self.statement = statement
        self.authority = authority
        self.role = role
        self.epoch = epoch
        self.approve = approve
        self.sign = sign
        self.members = members
    }
}

extension EpochRecord: LogDocument {
    /// `ceremonyd epoch v1`
    public static var title: String { "ceremonyd epoch v1" }

    /// The title, a line for each field and each member.
    public var lines: [String] { Self.schema.lines(of: self) }

    /// Reads the lines of a document of this sort.
    ///
    /// - Throws: ``DocumentError`` naming the first line that is not as it must be.
    public init(lines: [String]) throws(DocumentError) { self = try Self.schema.read(lines) }

    private static let schema = DocumentSchema(
        title: title,
        meaning: "My key above is one of the keys of this authority, in this epoch.",
        EpochRecord.init(
            log:mode:ceremony:statement:authority:role:epoch:approve:sign:members:),
        .line("log", \.log, .origin),
        .line("mode", \.mode, .word),
        .line("ceremony", \.ceremony, .identifier),
        .line("statement", \.statement, .digest),
        .line("authority", \.authority, .identifier),
        .line("role", \.role, .identifier),
        .line("epoch", \.epoch, .number),
        .line("approve", \.approve, .number),
        .line("sign", \.sign, .number),
        .lines(
            "member", \.members, .epochMember, count: 1...mostMembers,
            order: EpochMember.complaint))

    /// Members that one authority can have: their lines, their acceptances and the outcome fit in
    /// an event.
    public static let mostMembers = 64
}

extension TextForm where Value == EpochMember {
    /// `<name> ssh-ed25519 <base64>`
    fileprivate static var epochMember: Self {
        TextForm(
            "<name> ssh-ed25519 <base64>",
            read: { text in
                guard let space = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
                let name = String(text[..<space])
                let line = String(text[text.utf8.index(after: space)...])
                guard Identifier.isPersonName(name),
                    let key = TextForm<SSHPublicKey>.plainKey.read(line)
                else { return nil }
                return EpochMember(name: name, key: key)
            },
            write: { "\($0.name) \($0.key.line)" })
    }
}
