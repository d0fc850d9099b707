// What follows from time while the daemon is off: in force at once for whoever looks, and written
// down at the next unlock with both times. And a drill, which is a rotation on a real token.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Deadlines across a restart", .timeLimit(.minutes(5)))
struct RestartDeadlineTests {
    /// Overlaps and drills within the span for which a clock needs no confirmation.
    private static var policy: Policy {
        var policy = House.policy
        policy.overlapDays = 14
        policy.drillDays = 20
        return policy
    }

    @Test("An overlap that ends while the daemon is off is written down at the next start")
    func retirement() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(policy: Self.policy, ledger: ledger) { workshop in
            let engine = try await workshop.open()
            let old = try await workshop.completed(engine)
            try await workshop.attest(engine, old, by: "alice", "bob")
            let rotation = try await workshop.rotated(engine, "keeper-alpha", by: "alice", "bob")
            let until = try #require(engine.state.key(old.fingerprint)?.until)
            #expect(until == workshop.clock.now + 14 * 86_400)
            await engine.close()
            let size = ledger.lines.count

            workshop.clock.set(until + 3 * 86_400)
            let again = try workshop.start(ledger: ledger)
            let now = workshop.clock.now
            // It holds by the log's dates, although nobody has written it down.
            #expect(again.state.key(old.fingerprint)?.status(at: now) == .retired)
            #expect(again.state.key(old.fingerprint)?.retired == nil)
            #expect(again.state.deadlines().contains { $0.matter == .overlapEnd })
            await again.tick()
            #expect(ledger.lines.count == size)

            try await again.unlock("house", pin: try Workshop.pin())
            let written = workshop.told.events.filter { $0.seq >= size }
            #expect(written.map(\.body.type) == ["daemon.started", "key.retired"])
            guard case .keyRetired(let retired)? = written.last?.body else { return }
            #expect(retired.fingerprint == old.fingerprint)
            #expect(retired.effective == until)
            #expect(written.last?.time == now)
            #expect(again.state.key(old.fingerprint)?.retired?.time == until)
            #expect(again.state.key(rotation.fingerprint)?.status(at: now) == .active)
            #expect(!again.state.deadlines().contains { $0.matter == .overlapEnd })
            await again.close()

            let third = try await workshop.open(ledger: ledger)
            #expect(
                workshop.told.events.count { $0.body.type == "key.retired" } == 1)
            #expect(third.state.key(old.fingerprint)?.retired?.time == until)
        }
    }

    @Test("A lapse and an expiry while the daemon is off are written down at the next start")
    func lapseAndExpiry() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(policy: Self.policy, ledger: ledger) { workshop in
            let engine = try await workshop.open()
            let record = try await workshop.completed(engine)
            try await workshop.attest(engine, record, by: "alice")
            let waiting = try await workshop.approved(engine, subject: "keeper-beta")
            let lapse = try #require(
                engine.state.ceremony(named: record.ceremony)?.attestDeadline)
            await engine.close()
            let size = ledger.lines.count

            workshop.clock.set(lapse + 86_400)
            let again = try workshop.start(ledger: ledger)
            let now = workshop.clock.now
            try await again.unlock("house", pin: try Workshop.pin())
            let written = workshop.told.events.filter { $0.seq >= size }
            #expect(
                written.map(\.body.type) == ["daemon.started", "ceremony.expired", "key.lapsed"])
            for event in written {
                #expect(event.time == now)
                switch event.body {
                case .ceremonyExpired(let expired): #expect(expired.effective == waiting.expires)
                case .keyLapsed(let lapsed): #expect(lapsed.effective == lapse)
                default: break
                }
            }
            #expect(again.state.key(record.fingerprint)?.status(at: now) == .lapsed)
            #expect(again.state.key(record.fingerprint)?.lapsed?.time == lapse)
            let late = workshop.people(of: again) { $0.attestation(by: "bob", of: record) }
            #expect(await refusal { try await again.submit(late) } == "ended")
        }
    }

    @Test(
        "Two keepers hold a drill on a real token, and the next one is due after the policy's days")
    func drill() async throws {
        try await Workshop.with(policy: Self.policy) { workshop in
            let engine = try await workshop.open()
            func next() -> Deadline? {
                engine.state.deadlines().first { $0.matter == .drill }
            }
            #expect(next()?.date == House.dawn + 20 * 86_400)
            workshop.clock.set(House.dawn + 20 * 86_400)
            #expect(next()?.isDue(at: workshop.clock.now) == true)
            let (statement, signed) = try workshop.people(of: engine) { house in
                let statement = try house.statement(
                    subject: "drill", token: workshop.token, parameters: ["class": "drill"])
                return (statement, house.opening(statement))
            }
            try await engine.submit(signed)
            let first = try await workshop.carriedOut(engine, statement, by: "gina", "bob")
            #expect(next()?.date == workshop.clock.now + 20 * 86_400)
            #expect(next()?.subject == "drill" && next()?.key == first.fingerprint)

            workshop.clock.advance(by: 20 * 86_400)
            let second = try await workshop.rotated(engine, "drill", by: "gina", "bob")
            #expect(second.oldKey == first.fingerprint)
            #expect(engine.state.ceremony(named: second.ceremony)?.statement.threshold == 2)
            #expect(next()?.date == workshop.clock.now + 20 * 86_400)
            #expect(next()?.isDue(at: workshop.clock.now) == false)
            #expect(try await workshop.objects().count == 4)
        }
    }
}
