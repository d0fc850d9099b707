// What a kind of ceremony has to say for itself. Everything else, opening, answering, executing,
// failing, recovering, is the same for all kinds and is written once. A new kind is a new file and
// one more entry in `Kinds.all`.

public import CeremonyRecord

/// A kind of ceremony: its parameters, whom it asks, what it does to tokens, what comes of it.
///
/// One value is one operation. The same initialiser serves drafting, opening, replay and the
/// offline verifier, so that none of them can believe something the others do not.
public protocol CeremonyKind: Sendable {
    /// The name in statements and in the policy.
    static var name: String { get }
    /// One sentence for `ceremonyctl kinds`.
    static var summary: String { get }
    /// What a drafter may choose.
    static var parameters: [KindParameter] { get }
    /// What a house's policy demands of it unless the house decides otherwise.
    static var standardEntry: Policy.Entry { get }

    /// The parameters that a statement was drafted with, to derive it again.
    static func parameters(of statement: Statement) -> [String: String]

    /// Makes the operation from its parameters, in the log as it stands.
    ///
    /// - Throws: ``Refusal`` where a parameter is wrong or the log does not allow the operation
    ///   now.
    init(_ parameters: [String: String], subject: String, ceremony: String, in state: State)
        throws(Refusal)

    /// The subject's class, for the statement.
    var subjectClass: String? { get }
    /// The holder of the subject, for the statement.
    var holder: String? { get }
    /// The kind's own block of the statement, in order.
    var fields: Fields { get }
    /// What no other live ceremony may hold at the same time (CM-5).
    var locks: [Lock] { get }

    /// Who may approve, before anybody is excluded.
    func approvers(in roster: Roster) -> [Member]
    /// What the operation depends on besides the subject's keys, the roster and the policy.
    func dependencies(in state: State) -> [String: JSON]

    /// What to do next, given what the steps so far have brought.
    func next(after done: [StepResult], of ceremony: Ceremony) -> Work
    /// Refuses an intent that is not what the statement orders.
    func checkIntent(_ intent: JSON?, of ceremony: Ceremony, in state: State) throws(Refusal)
    /// Refuses an outcome that is not what the statement and the intent demand.
    ///
    /// - Returns: The key record, for kinds that make a key.
    func check(_ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State)
        throws(Refusal) -> KeyRecord?
    /// Puts the outcome into effect; called once, after ``check(_:of:at:in:)``.
    func apply(
        _ record: KeyRecord?, of ceremony: Ceremony, at: KeyEntry.Moment, to state: inout State)
}

extension CeremonyKind {
    /// Everybody with the role witness.
    public func approvers(in roster: Roster) -> [Member] {
        roster.members.filter { $0.roles.contains(.witness) }
    }

    /// Nothing more.
    public func dependencies(in state: State) -> [String: JSON] { [:] }
}

/// A thing that one live ceremony holds for itself.
public enum Lock: Hashable, Sendable {
    /// The subject whose keys change.
    case subject(String)
    /// The token that receives a key, by serial.
    case token(String)

    /// For people.
    public var text: String {
        switch self {
        case .subject(let name): "subject \(name)"
        case .token(let serial): "token \(serial)"
        }
    }
}

/// A parameter of a kind.
public struct KindParameter: Hashable, Sendable {
    /// The name after `--set`.
    public let name: String
    /// What it is, in half a sentence.
    public let meaning: String
    /// What is used where it is not given; `nil` where it must be.
    public let standard: String?

    /// A parameter.
    public init(_ name: String, _ meaning: String, standard: String? = nil) {
        self.name = name
        self.meaning = meaning
        self.standard = standard
    }
}

/// The kinds there are.
public enum Kinds {
    /// Every kind, by the order in which people meet them.
    public static let all: [any CeremonyKind.Type] = [NewKeeperKey.self]

    /// Subjects that belong to ceremonies about the house itself (FORMATS section 4).
    public static let reservedSubjects: Set<String> = [
        "house-halt", "house-roster", "house-policy", "house-log", "house-clock",
    ]

    /// The kind of that name.
    ///
    /// - Throws: ``Refusal`` (`unknown-kind`).
    public static func named(_ name: String) throws(Refusal) -> any CeremonyKind.Type {
        guard let kind = all.first(where: { $0.name == name }) else {
            throw Refusal(
                .unknownKind, "There is no kind of ceremony called \(name).",
                next: "The kinds are listed by: ceremonyctl kinds.")
        }
        return kind
    }
}
