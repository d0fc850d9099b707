// A document of which only the bytes are known: its first line says what it is. For `sign` and
// `submit`, which refuse whatever is none of ours. FORMATS section 4.

/// One of the texts that people sign.
public enum AnyDocument: Sendable, Hashable {
    /// What a ceremony is to do.
    case statement(Statement)
    /// What key came out of it.
    case keyRecord(KeyRecord)
    /// An order.
    case act(Act)
    /// A participant's yes.
    case acceptance(Acceptance)
    /// The founding of a log.
    case genesis(Genesis)
    /// A file that an authority signs.
    case authorityOrder(AuthorityOrder)
    /// Somebody is asked for their part in a ceremony.
    case invite(Invite)

    /// Reads whichever document the first line names.
    ///
    /// - Throws: ``DocumentError``, for a first line that is none of ours too.
    public init(lines: [String]) throws(DocumentError) {
        switch lines.first.map({ Array($0.utf8) }) {
        case Array(Statement.title.utf8): self = .statement(try Statement(lines: lines))
        case Array(KeyRecord.title.utf8): self = .keyRecord(try KeyRecord(lines: lines))
        case Array(Act.title.utf8): self = .act(try Act(lines: lines))
        case Array(Acceptance.title.utf8): self = .acceptance(try Acceptance(lines: lines))
        case Array(Genesis.title.utf8): self = .genesis(try Genesis(lines: lines))
        case Array(AuthorityOrder.title.utf8):
            self = .authorityOrder(try AuthorityOrder(lines: lines))
        case Array(Invite.title.utf8): self = .invite(try Invite(lines: lines))
        default:
            throw DocumentError(
                line: 1, field: nil, problem: "is not the first line of a ceremonyd document")
        }
    }

    /// Reads whichever document the first line names, from its bytes.
    ///
    /// - Throws: ``DocumentError``, for a first line that is none of ours too.
    public init(bytes: [UInt8]) throws(DocumentError) {
        try self.init(lines: try DocumentLines.split(bytes))
    }

    /// The document itself.
    public var document: any Document {
        switch self {
        case .statement(let document): document
        case .keyRecord(let document): document
        case .act(let document): document
        case .acceptance(let document): document
        case .genesis(let document): document
        case .authorityOrder(let document): document
        case .invite(let document): document
        }
    }

    /// What is signed: each line and one LF.
    public var bytes: [UInt8] { document.bytes }

    /// The SHA-256 of ``bytes``.
    public var digest: Digest { document.digest }
}
