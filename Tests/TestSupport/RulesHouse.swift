// A founded log in memory with its people and their keys: what the tests of the rules, of the
// engine and of the client's checks begin with. Everything is a function of its few arguments.

public import CeremonyRecord
public import CeremonyRules

/// A log, the people in it, and a clock that only a test moves.
public struct House: Sendable {
    /// Somebody with software keys, on the roster or not.
    public struct Person: Sendable {
        /// What the roster says; its keys are those below.
        public var member: Member
        /// The private halves, in the roster's order.
        public var keys: [SoftwareKey]

        /// Somebody whose keys are made from the numbers.
        public init(
            _ name: String, _ kind: PersonKind, _ roles: [Role], keys numbers: [Int]
        ) {
            keys = numbers.map { SoftwareKey($0) }
            member = Member(
                name: name, display: "The \(name) of the tests", kind: kind, roles: roles,
                keys: keys.map {
                    MemberKey(key: $0.publicKey, tokenSerial: "serial-of-\(name)")
                })
        }
    }

    /// The midnight at which every house is founded.
    public static let dawn = Timestamp(seconds: 1_768_435_200)
    /// The software token that receives keys.
    public static let token = TokenReference(
        label: "house", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "00aa11bb")
    /// Another one.
    public static let otherToken = TokenReference(
        label: "annex", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "22cc33dd")

    /// Six people, a system and an auditor: alice, bob, carol and frank (who has two keys) are
    /// keepers and witnesses, gina is a keeper only, dave operates, erin audits, robot is a system.
    public static let everybody = [
        Person("alice", .keeper, [.witness], keys: [1]),
        Person("bob", .keeper, [.witness], keys: [2]),
        Person("carol", .keeper, [.witness], keys: [3]),
        Person("dave", .external, [.operator], keys: [4]),
        Person("erin", .external, [.auditor], keys: [5]),
        Person("frank", .keeper, [.witness], keys: [6, 7]),
        Person("gina", .keeper, [], keys: [8]),
        Person("robot", .system, [.operator, .witness], keys: [9]),
    ]
    /// Three must approve, two of them human; two must attest.
    public static let policy = Policy(kinds: [
        "new_keeper_key": Policy.Entry(threshold: 3, people: 2, attest: 2),
        "key_rotation": Policy.Entry(threshold: 3, people: 2, attest: 2),
        "key_revocation": Policy.Entry(threshold: 2, attest: 0),
        "halt_clear": Policy.Entry(threshold: 2, attest: 0),
        "log_key_change": Policy.Entry(threshold: 3, people: 2, attest: 0),
        "clock_correction": Policy.Entry(threshold: 2, attest: 0),
        "set_roster": Policy.Entry(threshold: 2, attest: 0),
        "set_policy": Policy.Entry(threshold: 3, people: 2, attest: 0),
        "drill": Policy.Entry(threshold: 2, attest: 2),
    ])
    /// Not on any roster.
    public static let outsider = Person("mallory", .keeper, [.witness], keys: [99])
    /// Not on the founders' roster; comes with two keys where a test enrolls her.
    public static let newcomer = Person("hana", .keeper, [.witness], keys: [20, 21])

    /// The key of the founding that signs checkpoints.
    public let logKey: SoftwareKey
    /// The keys that signed them later.
    public var furtherLogKeys: [SoftwareKey] = []
    /// Everybody by name, the outsider and the newcomer too.
    public let people: [String: Person]
    /// The genesis document.
    public let genesis: Genesis
    /// The logs that it goes on from, the nearest first.
    public let earlier: [EarlierLog]
    /// The log.
    public internal(set) var lines: [[UInt8]] = []
    /// The fold over it.
    public var state: State
    /// The keys that its tokens hold.
    var tokenKeys: [Fingerprint: SoftwareKey] = [:]
    /// The clock.
    public var now: Timestamp
    /// What an engine would see of a vault.
    public var vaultSeen: VaultSeen?
    /// What whoever watches the clock makes of it.
    public var clock = ClockStanding.right
    var nonces = 0

    /// Founds a log.
    ///
    /// - Parameters:
    ///   - predecessor: The log that it goes on from.
    ///   - change: May change event 0 and its documents after everybody has signed, or the genesis
    ///     before; see ``Founding``.
    /// - Throws: ``Refusal`` where the rules do not found it.
    public init(
        _ people: [Person] = House.everybody, policy: Policy = House.policy,
        mode: LogMode = .rehearsal, after predecessor: House? = nil,
        _ change: (inout Founding) -> Void = { _ in }
    ) throws(Refusal) {
        var founding = Founding(people, policy: policy, mode: mode)
        if let predecessor { founding.goOn(from: predecessor) }
        change(&founding)
        let event = founding.event
        logKey = founding.logKey
        genesis = founding.genesis
        self.people = Dictionary(
            uniqueKeysWithValues: (people + [House.outsider, House.newcomer]).map {
                ($0.member.name, $0)
            })
        now = founding.time
        let line = event.line
        earlier = predecessor?.kept ?? []
        tokenKeys = predecessor?.tokenKeys ?? [:]
        state = try State.founded(by: event, line: line, after: predecessor?.state)
        lines.append(line)
        while let body = state.demands.first { try append(body) }
    }

    /// Decides a command at the house's clock, and takes what it comes to.
    @discardableResult
    public mutating func decide(_ command: Command) throws(Refusal) -> Decision {
        let decision = try CeremonyRules.decide(state, command, now: now, clock: clock)
        state = decision.state
        lines += decision.lines
        return decision
    }

    /// Appends an event without deciding; the fold says whether it is legal.
    public mutating func append(_ body: EventBody, at time: Timestamp? = nil) throws(Refusal) {
        let event = event(body, at: time)
        let line = event.line
        try state.evolve(event, line: line)
        lines.append(line)
    }

    /// The event that this would be if it came next.
    public func event(_ body: EventBody, at time: Timestamp? = nil) -> Event {
        Event(
            origin: state.log.origin, seq: state.head.size,
            time: time ?? max(now, state.head.time), prev: state.head.last, body: body)
    }

    /// Thirty-two hex digits that this house has not used.
    public mutating func nonce() -> String {
        nonces += 1
        return String(Digest(of: Array("nonce \(nonces)".utf8)).hex.prefix(32))
    }

    /// The person of that name.
    public func person(_ name: String) -> Person {
        guard let person = people[name] else { preconditionFailure("nobody is called \(name)") }
        return person
    }

    /// A person as documents name them.
    public func signatory(_ name: String, key: Int = 0) -> Signatory {
        Signatory(name: name, fingerprint: person(name).keys[key].fingerprint)
    }
}
