// Executions beside everything else that happens in a daemon: a second order, a lock, a stop, a log
// token that comes and goes.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("An execution among others", .timeLimit(.minutes(5)))
struct TogetherTests {
    @Test("Two orders at once: one executes, the other is told, one key is made")
    func twoOrders() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let orders = [
                try workshop.order(engine, statement.ceremony),
                try workshop.order(engine, statement.ceremony, by: "alice", as: .witness),
            ]
            // Both have passed the preflight before either is announced.
            let hold = Gate()
            let both = Gate()
            vault.after(.inventory) { () throws(VaultError) in
                if vault.count(.inventory) == 2 { await both.arrive() }
                await hold.wait()
            }
            let tasks = orders.map { order in
                Task { await refusal { try await engine.submit(order) } }
            }
            await both.arrival()
            hold.open()
            var answers: [String?] = []
            for task in tasks { answers.append(await task.value) }
            #expect(answers.count { $0 == nil } == 1)
            #expect(answers.contains("ended"))
            #expect(vault.count(.generate) == 1)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .completed)
            #expect(try await workshop.objects().count == 2)
            #expect(workshop.told.events.count { $0.body.type == "ceremony.executing" } == 1)
        }
    }

    @Test("The same order twice at once is carried out once, and a repeat later answers")
    func sameOrder() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            async let one = engine.submit(order)
            async let two = engine.submit(order)
            let recorded = try await [one, two]
            #expect(Set(recorded.map(\.receipt)).count == 1)
            #expect(vault.count(.generate) == 1)
            let size = engine.state.head.size
            #expect(try await engine.submit(order).isRepeat)
            #expect(engine.state.head.size == size)
        }
    }

    @Test("Two ceremonies in two tokens are executed side by side")
    func sideBySide() async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: MemoryLedger())
            let annex = InterposedVault(try workshop.freshVault("annex"))
            let engine = try await workshop.open(others: [annex])
            try await engine.unlock("annex", pin: try Workshop.pin())
            let slow = try await workshop.approved(
                engine, subject: "keeper-slow", token: try await annex.inspect().reference)
            let quick = try await workshop.approved(engine, subject: "keeper-quick")
            let hold = Gate()
            annex.before(.generate) { () throws(VaultError) in await hold.wait() }
            let slowOrder = try workshop.order(engine, slow.ceremony)
            let slowly = Task { await refusal { try await engine.submit(slowOrder) } }
            await hold.arrival()
            try await engine.submit(try workshop.order(engine, quick.ceremony))
            #expect(engine.state.ceremony(named: quick.ceremony)?.state == .completed)
            #expect(engine.state.ceremony(named: slow.ceremony)?.state == .executing)
            hold.open()
            #expect(await slowly.value == nil)
            #expect(engine.state.ceremony(named: slow.ceremony)?.state == .completed)
        }
    }

    @Test(
        "Locking and stopping wait for the execution under way, and take nothing new",
        arguments: [false, true])
    func locking(_ stops: Bool) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let note = try workshop.act(.note, by: "erin", as: .auditor, engine)
            let hold = Gate()
            vault.before(.generate) { () throws(VaultError) in await hold.wait() }
            let order = try workshop.order(engine, statement.ceremony)
            let execution = Task { await refusal { try await engine.submit(order) } }
            await hold.arrival()
            let lock = Task {
                if stops { await engine.close() } else { try await engine.lock("house") }
            }
            while !engine.snapshot.isSealed { await Task.yield() }
            #expect(await refusal { try await engine.submit(note) } == "sealed")
            #expect(try await vault.inspect().isUnlocked)
            hold.open()
            try await lock.value
            #expect(await execution.value == nil)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .completed)
            #expect(try ledger.head().checkpointSize == engine.state.head.size)
            #expect(try await vault.inspect().isUnlocked == false)
        }
    }

    @Test(
        "A log token that goes and comes back leaves the execution under way to its executor"
    )
    func tokenGoes() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let hold = Gate()
            vault.after(.generate) { () throws(VaultError) in await hold.wait() }
            let order = try workshop.order(engine, statement.ceremony)
            let execution = Task { await refusal { try await engine.submit(order) } }
            await hold.arrival()
            // Somebody pulls it out; the timer sees that and does not wait for the execution.
            vault.fail(.inspect, .tokenMissing)
            await engine.checkTokens()
            #expect(engine.snapshot.isSealed)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .executing)
            vault.mend(.inspect)
            // Back again while the executor still waits: its ceremony is left to it.
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .executing)
            hold.open()
            #expect(await execution.value == nil)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .completed)
        }
    }

    @Test("An execution that ends while the log is sealed is ended in the log at the next unlock")
    func sealedMeanwhile() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let hold = Gate()
            vault.after(.generate) { () throws(VaultError) in await hold.wait() }
            let order = try workshop.order(engine, statement.ceremony)
            let execution = Task { await refusal { try await engine.submit(order) } }
            await hold.arrival()
            vault.fail(.inspect, .tokenMissing)
            await engine.checkTokens()
            vault.mend(.inspect)
            hold.open()
            #expect(await execution.value == "execution-failed")
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .executing)
            try await engine.unlock("house", pin: try Workshop.pin())
            let end = try #require(engine.state.ceremony(named: statement.ceremony)?.end)
            #expect(end.reason == "interrupted")
            #expect(end.left.count == 2)
            #expect(try await workshop.objects().count == 2)
            #expect(engine.state.allKeys.isEmpty)
        }
    }

    @Test("A token that hangs does not keep the clock from ending the execution, even under a lock")
    func hangingToken() async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: MemoryLedger())
            let annex = InterposedVault(try workshop.freshVault("annex"))
            let engine = try await workshop.open(others: [annex])
            try await engine.unlock("annex", pin: try Workshop.pin())
            let statement = try await workshop.approved(
                engine, token: try await annex.inspect().reference)
            let hang = Gate()
            annex.before(.generate) { () throws(VaultError) in await hang.wait() }
            let order = try workshop.order(engine, statement.ceremony)
            let execution = Task { await refusal { try await engine.submit(order) } }
            await hang.arrival()
            let lock = Task { try await engine.lock("annex") }
            await engine.checkTokens()
            workshop.clock.advance(by: 900)
            await engine.tick()
            #expect(engine.state.ceremony(named: statement.ceremony)?.end?.reason == "deadline")
            hang.open()
            #expect(await execution.value == "execution-failed")
            try await lock.value
        }
    }
}
