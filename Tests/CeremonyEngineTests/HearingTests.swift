// Who watches hears of an event when a signed head covers it: never before, never twice, in order,
// and also where the log key failed meanwhile or the process ended.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("What watchers hear", .timeLimit(.minutes(5)))
struct HearingTests {
    @Test("What is recorded and not signed is told when it is signed, in order and once")
    func heldBack() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.opened(engine)
            let size = engine.state.head.size
            #expect(workshop.told.events.map(\.seq) == Array(2..<size))
            vault.fail(.sign)
            let first = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(first) } == "recorded-not-signed")
            #expect(engine.state.head.size == size + 1)
            #expect(workshop.told.events.map(\.seq) == Array(2..<size))
            // Further tries that fail tell nothing either.
            let second = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(await refusal { try await engine.submit(second) } == "token-trouble")
            #expect(workshop.told.events.map(\.seq) == Array(2..<size))

            vault.mend(.sign)
            try await engine.submit(second)
            #expect(workshop.told.events.map(\.seq) == Array(2..<(size + 2)))
            let lines = workshop.told.events.map(\.line)
            #expect(lines == Array(ledger.lines.dropFirst(2)))
        }
    }

    @Test("What was not signed when the process ended is told when the next one signs it")
    func nextProcess() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.opened(engine)
            vault.fail(.sign)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "recorded-not-signed")
            let size = engine.state.head.size
            let before = workshop.told.events.count

            let again = try workshop.start(ledger: ledger.reopened())
            let signed = again.snapshot.checkpointSize
            #expect(signed < size)
            #expect(workshop.told.events.count == before)
            try await again.unlock("house", pin: try Workshop.pin())
            let heard = workshop.told.events.dropFirst(before).map(\.seq)
            #expect(heard == Array(signed..<again.state.head.size))
            #expect(heard.last.map { $0 >= size } == true)
        }
    }
}
