// A set of people of whom some must say yes. Approving a statement is one such set, attesting a
// record the other. One person has one answer, whatever keys they hold.

public import CeremonyRecord

/// Who is asked, how many must say yes, and what they have said.
public struct ResponseSet: Hashable, Sendable {
    /// One person's answer.
    public struct Answer: Hashable, Sendable {
        /// Yes or no.
        public let isYes: Bool
        /// The key that signed it.
        public let key: Fingerprint
        /// Where it stands.
        public let seq: Int
        /// When.
        public let time: Timestamp
        /// The signature over the set's document (a yes), or the signed act (a no).
        public let sshsig: [UInt8]
        /// Why: for a no.
        public let reason: String?
    }

    /// The purpose of a yes: what its signature is made under.
    public let namespace: SignatureNamespace
    /// Every key that may answer; a person may stand here with several.
    public let invited: [Witness]
    /// How many distinct people and systems must say yes.
    public let threshold: Int
    /// How many of them must be human.
    public let people: Int
    /// The answers by name.
    public internal(set) var answers: [String: Answer] = [:]

    init(_ namespace: SignatureNamespace, invited: [Witness], threshold: Int, people: Int) {
        self.namespace = namespace
        self.invited = invited
        self.threshold = threshold
        self.people = people
    }

    /// How many have said yes.
    public var count: Int { answers.values.count(where: \.isYes) }

    /// Whether enough have said yes, and enough of them are human.
    public var isComplete: Bool {
        count >= threshold && humans(where: { answers[$0]?.isYes == true }) >= people
    }

    /// Whether so many have said no, or cannot answer any more, that it can not be completed.
    ///
    /// - Parameter canAnswer: whether a key can still answer for its person.
    public func isOutOfReach(where canAnswer: (Witness) -> Bool) -> Bool {
        let open = Set(
            names.filter { name in
                answers[name].map(\.isYes)
                    ?? invited.contains { $0.name == name && canAnswer($0) }
            })
        return open.count < threshold || humans(where: { open.contains($0) }) < people
    }

    /// The distinct names, in document order.
    public var names: [String] {
        var seen: Set<String> = []
        return invited.map(\.name).filter { seen.insert($0).inserted }
    }

    /// Names that have not answered, in document order.
    public var waiting: [String] { names.filter { answers[$0] == nil } }

    private func humans(where condition: (String) -> Bool) -> Int {
        Set(invited.filter { $0.kind != .system }.map(\.name)).count(where: condition)
    }
}
