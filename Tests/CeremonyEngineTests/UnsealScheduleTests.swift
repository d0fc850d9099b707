// A guarded token through lives in which nothing goes as planned, by seeds: the daemon dies,
// answers to C_SetPIN are lost, guardians come and go, hand in what they have, or do not come.
// Whatever has happened, the token can be opened in the end, and it was never opened by too few.

import CeremonyRecord
import CeremonyRules
import Sodium
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A guarded token, whatever happens", .timeLimit(.minutes(10)))
struct UnsealScheduleTests {
    @Test("It is neither lost nor opened by too few", arguments: 1...24)
    func schedule(seed: Int) async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            var life = try await Life(workshop, seed: UInt64(seed))
            do {
                for _ in 0..<24 { try await life.step() }
            } catch {
                Issue.record("\(error): \(life.trace)")
            }
            try await life.expectOpens()
        }
    }
}

/// One house and its lives.
private struct Life {
    private let workshop: Workshop
    private let guardians: Guardians
    private var random: SplitMix
    private var engine: Engine
    private var vault: InterposedVault
    /// Whose shares of which split this life has been given since the token was last closed.
    private var given: [String: Set<String>] = [:]
    private var members = ["alice", "bob", "carol"]
    private var nextKey = 700
    private(set) var trace: [String] = []
    /// Every split there was, with its threshold.
    private var thresholds: [String: Int] = [:]

    init(_ workshop: Workshop, seed: UInt64) async throws {
        self.workshop = workshop
        random = SplitMix(seed: seed)
        guardians = Guardians(workshop)
        vault = InterposedVault(try workshop.freshVault())
        engine = try workshop.start(vault: vault)
        try await engine.unlock("house", pin: try Workshop.pin())
        let first = try await guardians.carryOut(
            engine, add: Guardians.first, ["sign": "2", "approve": "1"])
        thresholds[first] = 2
        trace.append("split \(first)")
    }

    private var known: Guardianship? { engine.state.guardianship(of: workshop.token) }
    private var isOpen: Bool { !engine.snapshot.isSealed }

    mutating func step() async throws {
        switch random.next(below: 10) {
        case 0: try die()
        case 1:
            trace.append("lock")
            try await engine.lock("house")
            given = [:]
        case 2: await type()
        case 3, 4:
            if isOpen { try await change() } else { await handIn() }
        default: await handIn()
        }
        if random.next(below: 3) == 0 { await engine.tick() }
    }

    /// The process dies where it is; the next one knows what is on the disk and in the token.
    private mutating func die() throws {
        trace.append("die")
        vault = InterposedVault(try workshop.freshVault())
        engine = try workshop.start(vault: vault)
        given = [:]
    }

    /// The PIN that was typed at first, by somebody who has not forgotten it.
    private mutating func type() async {
        let (wasSet, wasOpen) = (known?.inForce != nil, isOpen)
        let result = await refusal { [engine] in
            try await engine.unlock("house", pin: try Workshop.pin())
        }
        trace.append("type: \(result ?? "ok")")
        if wasSet { #expect(result != nil, "\(trace)") }
        if wasOpen, !isOpen { given = [:] }
    }

    /// Somebody hands in what they have, or some of it. The token may lose its answer to what comes
    /// of that.
    private mutating func handIn() async {
        guard let known, let name = members.randomElement(using: &random) else { return }
        let mine = known.epochs.filter { guardians.shares[$0.ceremony]?[name] != nil }
        let some = mine.filter { _ in random.next(below: 4) > 0 }
        guard !some.isEmpty,
            let shares = try? some.map({ try guardians.share(name, of: $0.ceremony) })
        else { return }
        let isLost = random.next(below: 4)
        if isLost < 2 {
            let lost: @Sendable () async throws(VaultError) -> Void = {
                () async throws(VaultError) in
                throw VaultError(.tokenTrouble, "the answer is lost")
            }
            if isLost == 0 { vault.before(.changePIN, lost) } else { vault.after(.changePIN, lost) }
        }
        let (wasOpen, tries) = (isOpen, vault.count(.unlock))
        let result = await refusal { [engine] in
            _ = try await engine.handIn(shares, to: "house")
        }
        vault.before(.changePIN) { () async throws(VaultError) in }
        vault.after(.changePIN) { () async throws(VaultError) in }
        for epoch in some { given[epoch.ceremony, default: []].insert(name) }
        trace.append(
            "\(name) hands in \(some.map(\.ceremony)) lost \(isLost): \(result ?? "ok")"
                + (isOpen ? ", open" : ""))
        #expect(vault.count(.unlock) - tries <= 2, "\(trace)")
        if isOpen, !wasOpen {
            #expect(
                given.contains { $0.value.count >= thresholds[$0.key] ?? .max },
                "opened by too few: \(trace)")
        }
        if !isOpen, wasOpen { given = [:] }
    }

    /// The guardians change: somebody comes, or goes, or nobody does. Somebody may not turn up.
    private mutating func change() async throws {
        let consents = members
        var parameters = ["approve": "1"]
        var add: [Guardians.Member] = []
        let candidates = ["dave", "erin", "frank"].filter { !members.contains($0) }
        if members.count > 2, random.next(below: 2) == 0 {
            let goes = members[random.next(below: members.count)]
            parameters["remove"] = goes
            members.removeAll { $0 == goes }
        } else if let comes = candidates.first, random.next(below: 2) == 0 {
            nextKey += 1
            add = [(comes, nextKey)]
            members = (members + [comes]).sorted()
        }
        let before = consents
        let staying = consents.filter { members.contains($0) }
        let statement = try await guardians.approved(
            engine, add: add, parameters, consents: [staying[0]])
        let id = statement.ceremony
        let order = try workshop.order(engine, id)
        let execution = Task { [engine] in try await engine.submit(order) }
        try await guardians.asked(members.count, engine, id)
        let isComplete = random.next(below: 4) > 0
        for name in isComplete ? members : Array(members.dropLast()) {
            try guardians.takeShare(name, engine, id)
        }
        if !isComplete {
            workshop.clock.advance(by: 120)
            await engine.tick()
        }
        let ended = try? await execution.value
        trace.append("\(ended == nil ? "fail" : "split") \(id) \(parameters) \(add.map(\.name))")
        if ended == nil { members = before } else { thresholds[id] = 2 }
    }

    /// Everybody comes and hands in all they have, as often as they are told to; where no PIN that
    /// was split was ever set, the one that was typed opens it.
    mutating func expectOpens() async throws {
        try die()
        await type()
        for _ in 0..<4 where !isOpen {
            for name in ["alice", "bob", "carol", "dave", "erin", "frank"] where !isOpen {
                for epoch in known?.epochs ?? [] {
                    guard guardians.shares[epoch.ceremony]?[name] != nil else { continue }
                    let share = try guardians.share(name, of: epoch.ceremony)
                    _ = try? await engine.handIn([share], to: "house")
                }
            }
        }
        #expect(isOpen, "lost: \(trace)")
    }
}

/// Random numbers that a seed gives.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
