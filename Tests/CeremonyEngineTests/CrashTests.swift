// The process dies at every boundary of an execution, and at the writes between them. The next one
// finds the ledger and the token as they were left, and says what became of the ceremony: there is
// never a valid key without its record (DESIGN section 3, step by step).

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Synchronization
import TestSupport
import Testing

@Suite("A crash during an execution", .timeLimit(.minutes(5)))
struct CrashTests {
    /// The boundaries in order, and what the next start makes of a death there.
    static let boundaries: [(String, CeremonyState)] = [
        ("before-intent-0", .approved), ("before-intent-1", .approved),
        ("after-intent-1", .failed), ("after-intent-2", .failed), ("after-intent-3", .failed),
        ("done", .completed),
    ]

    @Test("These are all the boundaries there are")
    func allBoundaries() async throws {
        try await Workshop.with { workshop in
            let seen = Mutex<[String]>([])
            let engine = try await workshop.open(boundary: { place in
                seen.withLock { $0.append(place) }
            })
            _ = try await workshop.completed(engine)
            #expect(seen.withLock { $0 } == CrashTests.boundaries.map(\.0))
        }
    }

    @Test(
        "At every boundary the next unlock finds it ended, or as it was before",
        arguments: boundaries)
    func atBoundary(_ place: String, _ expected: CeremonyState) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let death = Gate()
            let engine = try await workshop.open(boundary: { here in
                guard here == place else { return }
                await death.arrive()
                await neverReturn()
            })
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            Task { try await engine.submit(order) }
            await death.arrival()
            let made = try await workshop.objects()

            // Nobody looked for longer than an execution may take; what is left is looked up all
            // the same.
            workshop.clock.advance(by: 1000)
            let after = ledger.reopened()
            let again = try workshop.start(ledger: after)
            #expect(again.state == engine.state)
            try await again.unlock("house", pin: try Workshop.pin())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == expected)
            try await expectNoKeyWithoutRecord(workshop, again)
            guard expected == .failed else {
                #expect(ceremony.end?.reason == nil)
                return
            }
            #expect(ceremony.end?.reason == "interrupted")
            // What is left is named, object by object, and left where it is.
            #expect(ceremony.end?.left.count == made.count)
            #expect(try await workshop.objects() == made)
            #expect(made.isEmpty == (place == "after-intent-1"))
            for item in made {
                #expect(
                    ceremony.end?.left.contains {
                        $0.contains(Hex.encode(item.id)) && $0.contains(item.objectClass)
                            && $0.contains(workshop.token.serial)
                    } == true)
            }
            // The subject and the token are free again.
            _ = try await workshop.approved(again)
        }
    }

    @Test("A death while the key is being made leaves it named, and invalid")
    func duringGeneration() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let death = Gate()
            vault.after(.generate) { () throws(VaultError) in
                await death.arrive()
                await neverReturn()
            }
            let order = try workshop.order(engine, statement.ceremony)
            Task { try await engine.submit(order) }
            await death.arrival()
            let again = try await workshop.open(ledger: ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            #expect(ceremony.end?.reason == "interrupted")
            #expect(ceremony.end?.left.count == 2)
            try await expectNoKeyWithoutRecord(workshop, again)
        }
    }

    @Test(
        "A death in the write of the outcome: the key has its record, or is named as left",
        arguments: [MemoryLedger.Failure.dieBeforeCommit, .dieAfterCommit])
    func duringCommit(_ failure: MemoryLedger.Failure) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open(boundary: { place in
                if place == "after-intent-3" { ledger.script([failure]) }
            })
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            #expect(await refusal { try await engine.submit(order) } == "stopping")
            // What may be recorded must keep its key.
            #expect(try await workshop.objects().count == 2)

            let again = try await workshop.open(ledger: ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == (failure == .dieAfterCommit ? .completed : .failed))
            #expect(ceremony.end?.left.count == (failure == .dieAfterCommit ? 0 : 2))
            try await expectNoKeyWithoutRecord(workshop, again)
        }
    }

    @Test(
        "An execution in another token that is not unlocked is ended, and says that nobody looked")
    func otherTokenLocked() async throws {
        let ledger = MemoryLedger()
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: ledger)
            let annex = try workshop.freshVault("annex")
            try await annex.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            let death = Gate()
            let engine = try await workshop.open(
                others: [annex],
                boundary: { place in
                    guard place == "after-intent-2" else { return }
                    await death.arrive()
                    await neverReturn()
                })
            let statement = try await workshop.approved(
                engine, token: try await annex.inspect().reference)
            let order = try workshop.order(engine, statement.ceremony)
            Task { try await engine.submit(order) }
            await death.arrival()
            let again = try await workshop.open(
                ledger: ledger.reopened(), others: [try workshop.freshVault("annex")])
            let end = try #require(again.state.ceremony(named: statement.ceremony)?.end)
            #expect(end.reason == "interrupted")
            #expect(end.left.count == 1)
            #expect(end.left.first?.contains("not known whether it is there") == true)
        }
    }

    /// Every private key on the token that the log calls valid has its record in the log, and every
    /// key of the log is on the token.
    private func expectNoKeyWithoutRecord(_ workshop: Workshop, _ engine: Engine) async throws {
        let recorded = Set(engine.state.allKeys.map(\.keyID))
        let there = Set(try await workshop.objects().map(\.id))
        #expect(recorded.isSubset(of: there))
        for key in engine.state.allKeys {
            let ceremony = try #require(engine.state.ceremony(named: key.ceremony))
            #expect(ceremony.state == .completed)
            #expect(ceremony.record?.fingerprint == key.publicKey.fingerprint)
        }
    }
}
