// Every state that the alphabet reaches, to a depth, breadth first, equal states merged; what must
// hold in each of them, and on each step between two.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Exploration")
struct ExplorationTests {
    @Test("From the founding, whatever people do in whatever order, what must hold holds")
    func fromTheFounding() async throws {
        let alphabet = try Alphabet()
        #expect(alphabet.letters.count >= 40)
        let counts = try await explore(alphabet.letters, from: alphabet.house, depth: 6)
        // It would prove nothing if it did not get anywhere.
        #expect(Set(counts.edges.keys) == Exploration.legalEdges)
        #expect(counts.refused.count >= 20)
        #expect(counts.activated > 0 && counts.repeats > 0)
    }

    @Test("From a key that waits for attestations, what must hold holds")
    func fromTheRecord() async throws {
        let alphabet = try Alphabet()
        var house = alphabet.house
        for name in [
            "open alpha", "alice approves alpha", "bob approves alpha", "dave executes alpha",
            "keeper-alpha-1 completes with key 500",
        ] {
            let letter = try #require(alphabet.letters.first { $0.name == name })
            guard case .command(let command)? = letter.effect(house) else { continue }
            try house.decide(command)
        }
        #expect(house.standing("keeper-alpha-1") == .completed)
        let counts = try await explore(alphabet.letters, from: house, depth: 4)
        #expect(counts.activated > 0 && counts.lapsed > 0 && counts.repeats > 0)
    }

    @Test("From an active key, whatever becomes of it and of the house, what must hold holds")
    func fromTheKey() async throws {
        let alphabet = try HouseAlphabet(halted: false)
        #expect(alphabet.letters.count >= 40)
        let counts = try await explore(alphabet.letters, from: alphabet.house, depth: 3)
        #expect(counts.accepted > 0)
        for type in ["roster.set", "key.revoked", "log.rekeyed", "clock.corrected"] {
            #expect(counts.events[type] ?? 0 > 0, "\(type)")
        }
    }

    @Test("From a halt, whatever goes on in spite of it, what must hold holds")
    func fromTheHalt() async throws {
        let alphabet = try HouseAlphabet(halted: true)
        let counts = try await explore(alphabet.letters, from: alphabet.house, depth: 5)
        for type in ["roster.set", "key.revoked", "halt.cleared"] {
            #expect(counts.events[type] ?? 0 > 0, "\(type)")
        }
    }

    private func explore(_ letters: [Letter], from house: House, depth: Int) async throws
        -> Exploration.Counts
    {
        var exploration = Exploration(letters, from: house)
        for depth in 1...depth {
            await exploration.advance()
            print("depth \(depth): \(exploration.levels[depth]) new states")
        }
        let counts = exploration.counts
        print(
            "\(letters.count) commands, \(exploration.seen.count) states, "
                + "\(counts.tried) tried, \(counts.accepted) accepted, \(counts.repeats) repeats, "
                + "\(counts.refused.values.reduce(0, +)) refused")
        print("refusals: \(Exploration.text(counts.refused))")
        print("edges: \(Exploration.text(counts.edges))")
        let broken = exploration.broken.count
        #expect(broken == 0, "\(exploration.broken.prefix(5).joined(separator: "\n"))")
        #expect(Set(counts.edges.keys).isSubset(of: Exploration.legalEdges))
        return counts
    }
}

/// A breadth-first walk.
struct Exploration {
    struct Counts: Sendable {
        var tried = 0
        var accepted = 0
        var repeats = 0
        var activated = 0
        var lapsed = 0
        var refused: [String: Int] = [:]
        var edges: [String: Int] = [:]
        var events: [String: Int] = [:]

        mutating func add(_ other: Counts) {
            tried += other.tried
            accepted += other.accepted
            repeats += other.repeats
            activated += other.activated
            lapsed += other.lapsed
            refused.merge(other.refused, uniquingKeysWith: +)
            edges.merge(other.edges, uniquingKeysWith: +)
            events.merge(other.events, uniquingKeysWith: +)
        }
    }

    /// What came of a part of the frontier.
    struct Part: Sendable {
        var counts = Counts()
        var found: [(shape: Shape, house: House)] = []
        var broken: [String] = []
    }

    static let legalEdges = Set(
        ["none>PENDING"]
            + Transitions.table.flatMap { from, all in
                all.map { "\(from.rawValue)>\($0.rawValue)" }
            })

    let letters: [Letter]
    var seen: Set<Shape>
    var frontier: [House]
    var levels = [1]
    var counts = Counts()
    var broken: [String] = []

    init(_ letters: [Letter], from house: House) {
        self.letters = letters
        frontier = [house]
        seen = [Shape(house)]
    }

    static func text(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// One command more from every state that was new.
    mutating func advance() async {
        let letters = letters
        let seen = seen
        let size = max(1, (frontier.count + 7) / 8)
        let slices = stride(from: 0, to: frontier.count, by: size).map {
            Array(frontier[$0..<min($0 + size, frontier.count)])
        }
        let parts = await withTaskGroup(of: (Int, Part).self) { group in
            for (index, slice) in slices.enumerated() {
                group.addTask { @concurrent in
                    (index, Exploration.part(slice, letters, seen))
                }
            }
            return await group.reduce(into: [Int: Part]()) { $0[$1.0] = $1.1 }
        }
        frontier = []
        for index in parts.keys.sorted() {
            guard let part = parts[index] else { continue }
            counts.add(part.counts)
            broken += part.broken
            for (shape, house) in part.found where self.seen.insert(shape).inserted {
                frontier.append(house)
            }
        }
        levels.append(frontier.count)
    }

    private static func part(_ houses: [House], _ letters: [Letter], _ seen: Set<Shape>) -> Part {
        var part = Part()
        var known: Set<Shape> = []
        for house in houses {
            for letter in letters {
                guard let effect = letter.effect(house) else { continue }
                var next = house
                switch effect {
                case .clock(let time): next.now = time
                case .command(let command):
                    part.counts.tried += 1
                    do throws(Refusal) {
                        let decision = try next.decide(command)
                        part.count(decision)
                        // A repeat that left the state as it was has led nowhere new.
                        if decision.isRepeat, decision.events.isEmpty, decision.state == house.state
                        {
                            continue
                        }
                        let problems =
                            Invariant.problems(after: decision, from: house)
                            + Invariant.problems(in: decision.state)
                        part.broken += problems.map { "\(letter.name): \($0)" }
                        guard !decision.events.isEmpty else { continue }
                    } catch {
                        part.counts.refused[error.code.rawValue, default: 0] += 1
                        continue
                    }
                }
                let shape = Shape(next)
                guard !seen.contains(shape), known.insert(shape).inserted else { continue }
                part.found.append((shape, next))
            }
        }
        return part
    }
}

extension Exploration.Part {
    mutating func count(_ decision: Decision) {
        counts.accepted += 1
        if decision.isRepeat { counts.repeats += 1 }
        for event in decision.events {
            counts.events[event.body.type, default: 0] += 1
            switch event.body {
            case .keyActivated: counts.activated += 1
            case .keyLapsed: counts.lapsed += 1
            default: break
            }
            guard let (from, to) = Invariant.edge(event.body), from != to else { continue }
            counts.edges["\(from?.rawValue ?? "none")>\(to.rawValue)", default: 0] += 1
        }
    }
}

/// What of a state can still matter: two with one shape do the same for ever, but for words.
///
/// Left out are places in the log, what was said in ceremonies that ended without an outcome, and
/// what only bears on its own repetition: notes, starts, refused access, a second halt. Every step
/// into a state is held to the invariants before it is merged.
struct Shape: Hashable, Sendable {
    struct OfCeremony: Hashable, Sendable {
        let statement: Digest
        let state: CeremonyState
        let approvals: [String: Bool]
        let accepted: [Fingerprint]
        let attestations: [String: Bool]
        let executing: Timestamp?
        let record: Digest?
        let completed: Timestamp?
    }

    let time: Timestamp
    let isBehind: Bool
    let isHalted: Bool
    /// Who raised them, where they can be cleared.
    let halters: Set<String?>
    let epoch: Int
    let logKeys: LogKeys
    let debris: [String]
    let ceremonies: [String: OfCeremony]
    let live: [String]
    let keys: [Fingerprint: KeyStatus]

    init(_ house: House) {
        let state = house.state
        time = max(house.now, state.head.time)
        isBehind = house.now < state.head.time
        isHalted = state.isHalted
        let isClearable = state.roster.policy.kinds["halt_clear"] != nil
        halters = isClearable ? Set(state.halts.map(\.by)) : []
        epoch = state.roster.epoch
        logKeys = state.logKeys
        debris = state.unrecovered.map(\.id)
        ceremonies = Dictionary(
            uniqueKeysWithValues: state.ceremonies.map { ($0, OfCeremony($1)) })
        live = state.live
        keys = Dictionary(
            uniqueKeysWithValues: state.keys.map { ($0, $1.status(at: state.head.time)) })
    }
}

extension Shape.OfCeremony {
    init(_ ceremony: Ceremony) {
        let isOver = ceremony.state == .failed || ceremony.state == .expired
        let isCompleted = ceremony.state == .completed
        statement = ceremony.digest
        state = ceremony.state
        approvals = isOver || isCompleted ? [:] : ceremony.approvals.answers.mapValues(\.isYes)
        accepted = ceremony.acceptances.flatMap { $0.answers.filter(\.value.isYes).keys }.sorted {
            $0.description < $1.description
        }
        attestations = ceremony.attestations.answers.mapValues(\.isYes)
        executing = ceremony.state == .executing ? ceremony.execution?.time : nil
        record = ceremony.record?.digest
        completed = isCompleted ? ceremony.end?.time : nil
    }
}
