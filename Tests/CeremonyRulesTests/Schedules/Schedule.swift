// One schedule: a house, the oracle beside it, and dice that say what people do next. After every
// step the log must say what the oracle says.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

/// A house that lives through whatever the dice bring.
struct Schedule: Sendable {
    /// What has been tried, and what came of it.
    struct Counts: Sendable {
        var taken: [String: Int] = [:]
        var refused: [String: Int] = [:]
        var edges: [String: Int] = [:]
        var undecided = 0

        mutating func add(_ other: Counts) {
            taken.merge(other.taken, uniquingKeysWith: +)
            refused.merge(other.refused, uniquingKeysWith: +)
            edges.merge(other.edges, uniquingKeysWith: +)
            undecided += other.undecided
        }
    }

    /// How keys stood at a place, as the oracle said when the log ended there.
    struct Past: Sendable {
        let place: LogPosition
        let standings: [Int: String]
    }

    var house: House
    var oracle: Oracle
    var dice: Dice
    /// What was signed and can be handed in, again or later.
    var held: [(ask: Ask, signed: Signed)] = []
    var statements: [Int: Statement] = [:]
    var numbers = 0
    var nextKey = 500
    var nextLogKey = 2000
    var counts = Counts()
    var broken: [String] = []
    private var past: [Past] = []
    private var fingerprints: [Int: Fingerprint] = [:]
    private var trace: [String] = []

    init(seed: UInt64) throws {
        house = try House()
        dice = Dice(seed: seed)
        var people: [String: Person] = [:]
        for person in House.everybody {
            people[person.member.name] = Person(
                isHuman: person.member.kind != .system, isKeeper: person.member.kind == .keeper,
                roles: Set(person.member.roles.map(\.rawValue)), keys: [])
        }
        let numbers = [
            "alice": [1], "bob": [2], "carol": [3], "dave": [4], "erin": [5], "frank": [6, 7],
            "gina": [8], "robot": [9],
        ]
        for (name, keys) in numbers { people[name]?.keys = Set(keys) }
        let three = HouseRules.Need(yes: 3, humans: 2, attest: 2)
        let two = HouseRules.Need(yes: 2, humans: 2, attest: 0)
        let rules = HouseRules(kinds: [
            "new_keeper_key": three, "key_rotation": three, "key_revocation": two,
            "halt_clear": two, "clock_correction": two, "set_roster": two,
            "log_key_change": HouseRules.Need(yes: 3, humans: 2, attest: 0),
            "set_policy": HouseRules.Need(yes: 3, humans: 2, attest: 0),
            "drill": HouseRules.Need(yes: 2, humans: 2, attest: 2),
        ])
        oracle = Oracle(
            people: people, rules: rules, now: house.now.seconds, size: house.lines.count)
        hand(Ask(matter: .start), nil)
    }

    var now: Int { house.now.seconds }

    /// Lives through so many steps, or up to the first disagreement.
    mutating func run(steps: Int) {
        for _ in 0..<steps where broken.isEmpty { step() }
        counts.undecided = oracle.undecided
        // What broke first is why the rest did.
        if !broken.isEmpty {
            let story = trace.suffix(25).joined(separator: "\n      ")
            broken = [broken.joined(separator: "\n") + "\n    after: " + story]
        }
    }

    // MARK: A step

    /// Whatever follows from time is written down first, as the daemon does it, mostly.
    mutating func tick() {
        let before = house
        oracle.tick(now)
        do throws(Refusal) {
            let decision = try house.decide(.tick)
            tell("the clock ticks", decision.events)
            broken += Invariant.problems(after: decision, from: before)
            if !decision.stuck.isEmpty { broken.append("stuck: \(decision.stuck)") }
        } catch { broken.append("a tick is refused: \(error)") }
        compare()
    }

    /// Hands something in, and holds what comes of it against the oracle.
    mutating func hand(_ ask: Ask, _ signed: Signed?) {
        var after = oracle
        let expected = after.take(ask, now: now)
        let before = house
        var happened = Oracle.Verdict.refused
        var events: [Event] = []
        var words = ""
        do throws(Refusal) {
            if let decision = try decide(ask, signed) {
                happened = decision.isRepeat ? .repeated : .taken
                broken += Invariant.problems(after: decision, from: before)
                events = decision.events
            }
        } catch {
            words = ": \(error)"
            counts.refused[error.code.rawValue, default: 0] += 1
            if house.state != before.state { broken.append("a refusal changed something") }
        }
        trace.append("\(happened.rawValue) at \(house.now) \(Schedule.text(ask))\(words)")
        if happened != .refused, expected != .refused { oracle = after }
        tell("", events)
        if expected != happened, expected != .either {
            broken.append(
                "\(Schedule.text(ask)) is to be \(expected.rawValue), and is "
                    + "\(happened.rawValue)\(words)")
        }
        if happened == .taken { counts.taken[Schedule.name(ask), default: 0] += 1 }
        compare()
    }

    private mutating func decide(_ ask: Ask, _ signed: Signed?) throws(Refusal) -> Decision? {
        switch ask.matter {
        case .complete(let id, let key):
            guard let outcome = try house.outcome(of: id, key: key) else { return nil }
            let decision = try CeremonyRules.decide(
                house.state, .complete(ceremony: id, outcome: outcome), now: house.now,
                clock: house.clock)
            try house.complete(id, key: key)
            return decision
        case .fail(let id, let reason):
            return try house.decide(
                .fail(ceremony: id, Failure(reason: reason, left: ["private-key"])))
        case .invariant: return try house.decide(.invariant("chain"))
        case .start:
            return try house.decide(.start(version: "1", commit: "a", modules: []))
        case .refused:
            return try house.decide(
                .refused(
                    AccessRefused(
                        uid: 1, gid: 1, pid: 1, method: "Submit", code: "not-on-roster",
                        claimed: nil, ceremony: nil, digest: nil, count: 1)))
        case .recover(_, _, _, let outcome):
            guard let signed, let outcome = DestructionOutcome(rawValue: outcome) else {
                return nil
            }
            return try house.decide(
                .recover(document: signed.document, sshsig: signed.sshsig, outcome: outcome))
        case .execute(let id, _, _):
            guard let signed else { return nil }
            let intent = try? house.intent(of: id)
            return try house.decide(
                .execute(document: signed.document, sshsig: signed.sshsig, intent: intent))
        default:
            guard let signed else { return nil }
            return try house.decide(signed.command)
        }
    }

    private mutating func tell(_ what: String, _ events: [Event]) {
        // What stands before a correction of the clock is not later than that.
        let end = events.last?.time ?? house.now
        for event in events {
            oracle.outgrown[event.seq] = min(event.time, end).seconds
            oracle.latest = max(oracle.latest, event.time.seconds)
            guard let (from, to) = Invariant.edge(event.body), from != to else { continue }
            counts.edges["\(from?.rawValue ?? "none")>\(to.rawValue)", default: 0] += 1
        }
        if !what.isEmpty, !events.isEmpty {
            trace.append("\(what) at \(house.now): \(events.map(\.body.type))")
        }
    }

    // MARK: Crash and restart

    /// What was decided and never appended has not happened.
    func crashed(_ ask: Ask, _ signed: Signed?) {
        var lost = self
        lost.hand(ask, signed)
    }

    /// The daemon comes back: it knows what the lines say, and nothing else.
    mutating func restart() {
        trace.append("a restart")
        do {
            let replayed = try Replay.state(of: house.lines)
            if replayed != house.state { broken.append("the replay gives another state") }
            house.state = replayed
        } catch { broken.append("the log cannot be read back: \(error)") }
        hand(Ask(matter: .start), nil)
        for id in oracle.live where oracle.meetings[id]?.phase == .executing {
            hand(Ask(matter: .fail(id: id, reason: "interrupted")), nil)
        }
    }

    // MARK: The comparison

    /// Where the log and the oracle differ.
    mutating func compare() {
        let state = house.state
        oracle.size = state.head.size
        func expect<Value: Equatable>(_ what: String, _ real: Value, _ told: Value) {
            if real != told { broken.append("\(what) is \(real), and should be \(told)") }
        }
        expect("the time", state.head.time.seconds, oracle.head)
        expect("the epoch", state.roster.epoch, oracle.epoch)
        expect("the halts", state.halts.map(\.seq), oracle.halts.keys.sorted())
        expect("being halted", state.isHalted, !oracle.halts.isEmpty)
        expect("the starts", state.fence, oracle.starts)
        expect("the ceremonies", state.allCeremonies.map(\.id), oracle.order)
        expect("those under way", state.live, oracle.live)
        expect("the people", state.roster.members.map(\.name), oracle.people.keys.sorted())
        for (id, meeting) in oracle.meetings {
            guard let ceremony = state.ceremony(named: id) else { continue }
            expect(id, ceremony.state.rawValue, meeting.phase.rawValue)
            expect("the reason of \(id)", ceremony.end?.reason, meeting.reason)
            let found = ceremony.recovery?.outcome.rawValue
            expect("what \(id) left", found, meeting.recovery)
            let said = ceremony.approvals.answers.filter(\.value.isYes).keys.sorted()
            expect("who approves \(id)", said, meeting.yes.sorted())
            let attested = ceremony.attestations.answers.filter(\.value.isYes).keys.sorted()
            expect("who attests \(id)", attested, meeting.attested.sorted())
        }
        expect("the debris", state.unrecovered.map(\.id), oracle.debris)
        let time = max(house.now, state.head.time)
        let standings = oracle.standings(at: time.seconds)
        let here = LogPosition(seq: state.head.size - 1, time: time)
        compareKeys(at: here, standings)
        // What a wrong clock has dated is told by what is known today.
        past.removeAll { $0.place.time > state.head.time }
        if past.last?.place.seq != here.seq {
            past.append(
                Past(
                    place: LogPosition(seq: here.seq, time: state.head.time),
                    standings: oracle.standings(at: state.head.time.seconds)))
        }
        for _ in 0..<3 {
            guard let one = dice.pick(past) else { continue }
            compareKeys(at: one.place, one.standings)
        }
        broken += Invariant.problems(in: state)
    }

    private mutating func compareKeys(at place: LogPosition, _ standings: [Int: String]) {
        for number in oracle.keys.keys {
            let real = house.state.standing(of: fingerprint(number), at: place)?.status.rawValue
            if real != standings[number] {
                broken.append(
                    "key \(number) at \(place) is \(real ?? "unknown"), and should be "
                        + "\(standings[number] ?? "unknown")")
            }
        }
    }

    mutating func fingerprint(_ number: Int) -> Fingerprint {
        if let known = fingerprints[number] { return known }
        let made = SoftwareKey(number).fingerprint
        fingerprints[number] = made
        return made
    }

    // MARK: Words

    static func name(_ ask: Ask) -> String {
        if case .open(let plan) = ask.matter { return "open \(plan.kind)" }
        return "\(ask.matter)".split(separator: "(").first.map { String($0) } ?? ""
    }

    static func text(_ ask: Ask) -> String {
        if case .open(let plan) = ask.matter {
            return "\(ask.by) opens \(plan.kind) \(plan.id) (draft \(plan.draft))"
                + (plan.supersedes.map { " instead of \($0)" } ?? "")
        }
        return "\(ask.matter) by \(ask.by) key \(ask.key) #\(ask.number)"
            + (ask.isForged ? ", forged" : "")
    }
}
