// A set of participants who must accept their own part before a statement has effect: whoever is to
// be enrolled, whoever gets a new key. Each is asked by one `accept:` line, with the key that must
// answer; that key need not be on the roster, because the approvals vouch for it.

public import CeremonyRecord

/// Whose part it is, how many must accept theirs, and what they have said.
///
/// It counts keys, where a ``ResponseSet`` counts people: a person who is to get two keys shows
/// that they have both.
public struct AcceptanceSet: Hashable, Sendable {
    /// The answer by one key.
    public struct Answer: Hashable, Sendable {
        /// Yes or no.
        public let isYes: Bool
        /// The acceptance (a yes), or the act to decline (a no).
        public let signed: SignedDocument
        /// Where it stands.
        public let seq: Int
        /// When.
        public let time: Timestamp
        /// Why: for a no.
        public let reason: String?
        /// The key that a yes brought, where the set asks for one.
        public let newKey: NewKey?
    }

    /// A key that a participant has made in their own token for their part in it. Until the
    /// ceremony commits it means nothing; if it never does, it is debris in that token.
    public struct NewKey: Hashable, Sendable {
        /// The public half.
        public let key: SSHPublicKey
        /// The token that holds it.
        public let token: String
        /// Its `CKA_ID` there.
        public let keyID: [UInt8]
        /// Its own SSHSIG over the acceptance.
        public let possession: [UInt8]
    }

    /// Whose keys answer.
    public enum Signers: Hashable, Sendable {
        /// Those of people, by which the log knows who they are.
        case people
        /// Those that members of the authority have in it.
        case members
    }

    /// The set's name in `accept:` lines and acceptances.
    public let name: String
    /// Every key that must answer, with its person.
    public let invited: [Signatory]
    /// How many must say yes.
    public let need: Int
    /// Whose keys answer.
    public let signers: Signers
    /// Whether a yes brings a key of the participant's own.
    public let bringsKey: Bool
    /// The answers by key.
    public internal(set) var answers: [Fingerprint: Answer] = [:]

    /// A set of which all must accept, or at least so many.
    public init(
        _ name: String, _ invited: [Signatory], atLeast need: Int? = nil,
        signers: Signers = .people, bringsKey: Bool = false
    ) {
        self.name = name
        self.signers = signers
        self.bringsKey = bringsKey
        self.invited = invited
        self.need = need ?? invited.count
    }

    /// The set's lines in the statement.
    public var lines: [AcceptLine] {
        invited.map { AcceptLine(set: name, name: $0.name, fingerprint: $0.fingerprint) }
    }

    /// How many have said yes.
    public var count: Int { answers.values.count(where: \.isYes) }

    /// Whether enough have said yes.
    public var isComplete: Bool { count >= need }

    /// Whether so many have said no that it cannot be completed any more.
    public var isOutOfReach: Bool { invited.count - (answers.count - count) < need }

    /// Those who have not answered, in document order.
    public var waiting: [Signatory] { invited.filter { answers[$0.fingerprint] == nil } }

    /// Whether the key is asked.
    func invites(_ key: Fingerprint) -> Bool { invited.contains { $0.fingerprint == key } }
}
