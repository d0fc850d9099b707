// What a kind of ceremony has to say for itself. Everything else, opening, answering, executing,
// failing, recovering, is the same for all kinds and is written once. A new kind is a new file and
// one more entry in `Kinds.all`; where people need options or plain words for it, the client has a
// file and an entry for that.

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
    /// Parameters that name a token of the daemon which receives no key.
    static var tokenParameters: [String] { get }
    /// What a house's policy demands of it unless the house decides otherwise.
    static var standardEntry: Policy.Entry { get }
    /// The smallest threshold that a house may give it, in a rehearsal too.
    static var leastThreshold: Int { get }
    /// The largest number of attestations that a house may ask for it.
    static var mostAttestations: Int { get }
    /// Whether its subject is an authority and has no keys of its own.
    static var isAboutAuthority: Bool { get }
    /// The one subject that it is about, for ceremonies about the house itself.
    static var houseSubject: String? { get }
    /// Whether a production log is stuck one day whose policy has no entry for it.
    static var isIndispensable: Bool { get }
    /// Whether something is done on tokens between the approval and the outcome. Where nothing is,
    /// the deciding answer completes the ceremony at once, and the outcome is an empty object.
    static var hasSteps: Bool { get }
    /// Whether an operation with these parameters would go on while the log is halted, if it could
    /// be made at all.
    ///
    /// It is asked where the operation can not be made, to say why: that is worth more than that
    /// others have to wait. One that was made says it in ``goesOnDespite``.
    static func wouldGoOnHalted(_ parameters: [String: String], in state: State) -> Bool
    /// Whether such a person may approve it for subjects of the class, before anybody is excluded.
    static func mayApprove(_ member: Member, class subjectClass: String?) -> Bool

    /// The parameters with those added that follow from the date of the draft. What must not lie
    /// behind that date is held to it here, for a draft and its opening alike.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) where one does not fit the date.
    static func completed(
        _ parameters: [String: String], drafted: Timestamp, in state: State
    ) throws(Refusal) -> [String: String]

    /// What is to be looked at outside the log before it can be drafted, opened and carried out;
    /// `nil` for kinds that depend on the log alone. What is seen are further parameters.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`).
    static func sight(of parameters: [String: String]) throws(Refusal) -> VaultSight?

    /// Public keys that are to be found on the daemon's tokens for a draft, each with the name
    /// whose parameters `-token` and `-id` then say where.
    static func tokenKeys(in parameters: [String: String]) -> [String: [UInt8]]

    /// The parameters that a statement was drafted with, to derive it again.
    static func parameters(of statement: Statement) -> [String: String]

    /// Makes the operation from its parameters, in the log as it stands.
    ///
    /// - Throws: ``Refusal`` where a parameter is wrong or the log does not allow the operation
    ///   now.
    init(_ parameters: [String: String], subject: String, ceremony: String, in state: State)
        throws(Refusal)

    /// Refuses to be drafted and opened by a daemon whose clock shows that it is a mistake.
    ///
    /// - Parameter clock: What the daemon's clock says, believed or not. A verifier has no clock
    ///   and does not ask.
    /// - Throws: ``Refusal`` (`bad-parameter`).
    func checkOpening(by clock: Timestamp) throws(Refusal)

    /// Refuses to be started by somebody who has another part in it that needs somebody else.
    ///
    /// - Throws: ``Refusal`` (`wrong-role`).
    func checkInitiator(_ name: String) throws(Refusal)

    /// The subject's class, for the statement.
    var subjectClass: String? { get }
    /// The holder of the subject, for the statement.
    var holder: String? { get }
    /// The kind's own block of the statement, in order.
    var fields: Fields { get }
    /// What no other live ceremony may hold at the same time (CM-5).
    var locks: [Lock] { get }
    /// In spite of what it is drafted, opened, answered and decided.
    var goesOnDespite: Set<Hindrance> { get }

    /// Whether ``excluded(in:)`` may name anybody.
    static var excludesOthers: Bool { get }
    /// Those who may not approve it, besides its initiator and the subject's holder, by name.
    func excluded(in state: State) -> Set<String>
    /// The roster's keys that may not approve it, by the statement's fields. Whoever has no other
    /// is excluded.
    static func barredKeys(by fields: Fields, in roster: Roster) -> Set<Fingerprint>
    /// Who must accept their part in it, by the statement's fields: its `accept:` lines.
    ///
    /// How many of a set, where not all, is said by the fields too: it is what people sign.
    static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet]
    /// Who is to say that they have taken the outcome over, by the statement's fields.
    static func peers(by fields: Fields) -> [Signatory]
    /// Public keys that it names and that have a role in the log when it is completed.
    var claims: [Claim] { get }
    /// What the operation depends on besides the subject's keys, the roster and the policy.
    func dependencies(in state: State) -> [String: JSON]

    /// What to do next, given what the steps so far have brought.
    func next(after done: [StepResult], of ceremony: Ceremony) -> Work
    /// What people are to sign while it is carried out; the same for the executor and for a
    /// person's own client.
    ///
    /// - Parameters:
    ///   - made: The key that came out, for kinds that make one and that ask people afterwards.
    ///   - ceremony: EXECUTING, with its intent.
    func questions(_ made: Question.Made?, of ceremony: Ceremony) -> [Question]
    /// Those of the statement's `accept:` lines whose people are asked while it is carried out, by
    /// the key of the line: they, and nobody else, may say no then.
    ///
    /// - Parameter ceremony: EXECUTING, with its intent.
    func asked(in ceremony: Ceremony) -> Set<Fingerprint>
    /// Seconds from the order on for which people are waited for who are asked to sign; `nil` for
    /// as long as the execution may take.
    static func patience(of statement: Statement) -> Int?
    /// Refuses a key that somebody is asked to sign for and that is not the one that the statement
    /// and the intent order, or that does not stand for its own record. For the client of whoever
    /// is asked, which believes nobody.
    ///
    /// - Parameters:
    ///   - ceremony: EXECUTING, with its intent.
    ///   - time: Now.
    func checkNewKey(
        _ record: KeyRecord, possession: [UInt8], of ceremony: Ceremony, at time: Timestamp,
        in state: State
    ) throws(Refusal)
    /// Refuses an intent that is not what the statement orders.
    ///
    /// - Parameter time: When the execution begins.
    func checkIntent(_ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State)
        throws(Refusal)
    /// Refuses an outcome that is not what the statement and the intent demand.
    ///
    /// - Returns: The key record, for kinds that make a key.
    func check(_ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State)
        throws(Refusal) -> KeyRecord?
    /// Puts the outcome into effect, for kinds whose outcome is their whole effect.
    ///
    /// - Parameters:
    ///   - ceremony: COMPLETED, with its outcome.
    ///   - moment: The commit.
    func apply(_ ceremony: Ceremony, to state: inout State, at moment: KeyEntry.Moment)
    /// What must stand right after the outcome, and puts it into effect.
    func consequences(of ceremony: Ceremony) -> [EventBody]
    /// What is to be done in the world when the outcome is committed, in order.
    ///
    /// - Parameter ceremony: With its outcome, and its record where a key was made.
    func afterwards(of ceremony: Ceremony) -> [Afterwards]
}

/// A kind without steps on tokens: the deciding answer completes it, and its whole effect is the
/// events that follow.
public protocol ImmediateKind: CeremonyKind {}

extension ImmediateKind {
    /// None.
    public static var hasSteps: Bool { false }
    /// It puts the house in order.
    public static var isIndispensable: Bool { true }
    /// None.
    public var subjectClass: String? { nil }
    /// None.
    public var holder: String? { nil }
    /// None: it never waits, and the first commit ends the others through their prestate.
    public var locks: [Lock] { [] }

    /// Nothing is left to be done when it has been approved.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        .commit(.object([:]))
    }

    /// There is none.
    public func checkIntent(
        _ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) {
        guard intent == nil else {
            throw Refusal(.outcomeDiffers, "\(Self.name) has nothing to announce.")
        }
    }

    /// An empty object.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        guard outcome == .object([:]) else {
            throw Refusal(.outcomeDiffers, "The outcome of \(Self.name) is an empty object.")
        }
        return nil
    }
}

/// A thing that one live ceremony holds for itself.
public enum Lock: Hashable, Sendable {
    /// The subject whose keys change.
    case subject(String)
    /// The token that receives a key, by serial.
    case token(String)
    /// The vault that is written.
    case vault(String)

    /// Whether it is a token, which is needed for as long as the key is not made.
    var isToken: Bool {
        if case .token = self { true } else { false }
    }

    /// For people.
    public var text: String {
        switch self {
        case .subject(let name): "subject \(name)"
        case .token(let serial): "token \(serial)"
        case .vault(let name): "vault \(name)"
        }
    }
}

/// A public key that a ceremony names, and as what it stands in the log from then on.
public struct Claim: Hashable, Sendable {
    /// The 32 bytes of the point.
    public let point: [UInt8]
    /// The role, for people.
    public let role: String

    /// A key and its role.
    public init(point: [UInt8], role: String) {
        self.point = point
        self.role = role
    }
}

/// A parameter of a kind.
public struct KindParameter: Hashable, Sendable {
    /// The name after `--set`.
    public let name: String
    /// What it is, in half a sentence.
    public let meaning: String
    /// What is used where it is not given; `nil` where it must be, or where the log says it.
    public let standard: String?
    /// Whether the log says it where it is not given.
    public let isFromLog: Bool

    /// A parameter.
    public init(
        _ name: String, _ meaning: String, standard: String? = nil, isFromLog: Bool = false
    ) {
        self.name = name
        self.meaning = meaning
        self.standard = standard
        self.isFromLog = isFromLog
    }
}

/// The kinds there are.
public enum Kinds {
    /// Every kind, by the order in which people meet them.
    public static let all: [any CeremonyKind.Type] = [
        NewKeeperKey.self, KeyRotation.self, KeyRevocation.self, HaltClear.self,
        SetRoster.self, SetPolicy.self, LogKeyChange.self, ClockCorrection.self,
        ProvaraRotation.self, ProvaraHardReset.self, Membership.self,
    ]

    /// Subjects that belong to ceremonies about the house itself (FORMATS section 4).
    public static let reservedSubjects: Set<String> = Set(all.compactMap { $0.houseSubject })

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

    /// Refuses a subject that the kind is not about.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`).
    static func check(_ subject: String, for kind: any CeremonyKind.Type, in state: State)
        throws(Refusal)
    {
        if let own = kind.houseSubject {
            guard subject == own else {
                throw Refusal(
                    .badParameter, "\(kind.name) is about the house itself.",
                    next: "Its subject is \(own).")
            }
            return
        }
        guard !reservedSubjects.contains(subject) else {
            throw Refusal(
                .badParameter, "The subject \(subject) is the house's own, and has no keys.",
                next: "Choose another name for it.")
        }
        guard kind.isAboutAuthority || state.authority(subject) == nil else {
            throw Refusal(
                .badParameter,
                "\(subject) is an authority: its members have keys, and it has none of its own.",
                next: "Choose another name for it. Members change by: membership.")
        }
    }
}
