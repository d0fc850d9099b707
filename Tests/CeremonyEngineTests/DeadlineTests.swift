// What follows from time, by a clock that only the test moves: to the second, at once for whoever
// asks, and written down when the log can be written.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Deadlines", .timeLimit(.minutes(5)))
struct DeadlineTests {
    @Test("A ceremony lives to the last second and expires with the next")
    func expiry() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            workshop.clock.set(statement.expires + -1)
            await engine.tick()
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .pending)
            try await engine.submit(
                workshop.people(of: engine) { $0.approval(by: "alice", of: statement) })
            let late = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(engine.state.nextDue == statement.expires)
            workshop.clock.set(statement.expires)
            // Whoever asks hears it at once, and the log has it before the answer.
            #expect(await refusal { try await engine.submit(late) } == "expired")
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == .expired)
            #expect(ceremony.end?.time == statement.expires)
            #expect(ceremony.approvals.count == 1)
            #expect(workshop.told.events.last?.body.type == "ceremony.expired")
        }
    }

    @Test("The timer writes an expiry down with the time at which it came to hold")
    func timer() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.approved(engine)
            workshop.clock.set(statement.expires + 29)
            await engine.tick()
            await engine.tick()
            guard case .ceremonyExpired(let expired)? = workshop.told.events.last?.body else {
                Issue.record("the last event is not the expiry")
                return
            }
            #expect(expired.effective == statement.expires)
            #expect(workshop.told.events.last?.time == statement.expires + 29)
            #expect(workshop.told.events.count { $0.body.type == "ceremony.expired" } == 1)
        }
    }

    @Test("While the log is sealed time goes on, and is written down at the unlock")
    func whileSealed() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            try await engine.lock("house")
            workshop.clock.set(statement.expires + 100)
            await engine.tick()
            let size = ledger.lines.count
            try await engine.unlock("house", pin: try Workshop.pin())
            let written = workshop.told.events.filter { $0.seq >= size }
            #expect(written.map(\.body.type) == ["daemon.started", "ceremony.expired"])
        }
    }

    @Test("A key that is not attested in time lapses, and later attestations are refused")
    func lapse() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let record = try await workshop.completed(engine)
            try await engine.submit(
                workshop.people(of: engine) { $0.attestation(by: "alice", of: record) })
            let deadline = try #require(
                engine.state.ceremony(named: record.ceremony)?.attestDeadline)
            workshop.clock.set(deadline + -1)
            await engine.tick()
            #expect(
                engine.state.key(record.fingerprint)?.status(at: workshop.clock.now) == .registered)
            workshop.clock.set(deadline)
            await engine.tick()
            #expect(engine.state.key(record.fingerprint)?.status(at: workshop.clock.now) == .lapsed)
            let late = workshop.people(of: engine) { $0.attestation(by: "bob", of: record) }
            #expect(await refusal { try await engine.submit(late) } == "ended")
        }
    }

    @Test("An execution whose token never answers is ended by the timer at its deadline")
    func execution() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let hang = Gate()
            vault.before(.generate) { () throws(VaultError) in await hang.wait() }
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            let execution = Task { await refusal { try await engine.submit(order) } }
            await hang.arrival()
            workshop.clock.advance(by: 899)
            await engine.tick()
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .executing)
            workshop.clock.advance(by: 1)
            await engine.tick()
            let end = try #require(engine.state.ceremony(named: statement.ceremony)?.end)
            #expect(end.reason == "deadline")
            #expect(end.left.count == 1)
            // The token answers at last: what it made is destroyed, and nothing is recorded twice.
            let size = engine.state.head.size
            hang.open()
            #expect(await execution.value == "execution-failed")
            #expect(engine.state.head.size == size)
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test("Refused access is written down once a minute, with the count of what was folded")
    func refusedAccess() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            for _ in 0..<3 { engine.noteRefusal(Workshop.knock) }
            await engine.tick()
            #expect(counts(workshop) == [3])
            for _ in 0..<1000 { engine.noteRefusal(Workshop.knock) }
            for _ in 0..<59 {
                workshop.clock.advance(by: 1)
                await engine.tick()
            }
            #expect(counts(workshop) == [3])
            workshop.clock.advance(by: 1)
            await engine.tick()
            #expect(counts(workshop) == [3, 1000])
            await engine.tick()

            // A new start within the minute loses nothing, and does not write too early.
            await engine.close()
            let again = try await workshop.open(ledger: ledger)
            workshop.clock.advance(by: 1)
            again.noteRefusal(Workshop.knock)
            await again.tick()
            #expect(counts(workshop) == [3, 1000])
            workshop.clock.advance(by: 120)
            again.noteRefusal(Workshop.knock)
            await again.tick()
            #expect(counts(workshop) == [3, 1000, 2])
        }
    }

    @Test("A clock that is behind stops what needs the time, and nothing is dated before the log")
    func clockBehind() async throws {
        try await Workshop.with { workshop in
            workshop.clock.advance(by: 3600)
            let engine = try await workshop.open()
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            let approval = workshop.people(of: engine) { $0.approval(by: "frank", of: statement) }
            let cancel = try workshop.act(
                .cancel, by: "dave", as: .operator, on: statement.ceremony, engine)
            let last = engine.state.head.time

            workshop.clock.advance(by: -6)
            #expect(await refusal { try await engine.submit(order) } == "clock-behind")
            #expect(await refusal { try await engine.submit(approval) } == "clock-behind")
            await engine.tick()
            #expect(engine.state.head.time == last)

            // Five seconds are nothing; and a cancel goes on in any case.
            workshop.clock.advance(by: -3600)
            #expect(try await engine.submit(cancel).receipt != nil)
            #expect(engine.state.head.time == last)
            workshop.clock.set(last + -5)
            let next = try await workshop.opened(engine, subject: "keeper-beta")
            #expect(engine.state.head.time == last)
            #expect(engine.state.ceremony(named: next.ceremony)?.state == .pending)
        }
    }

    private func counts(_ workshop: Workshop) -> [Int] {
        workshop.told.events.compactMap {
            if case .accessRefused(let refused) = $0.body { refused.count } else { nil }
        }
    }
}
