// A clock that nobody should act on: behind the log, set while the daemon runs, or not watched for
// long. Whatever it says, nothing ends by it, nothing comes back by it, and a date puts it right.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A clock that is doubtful", .timeLimit(.minutes(5)))
struct ClockTests {
    @Test("A clock that was set ahead ends nothing, and refuses what it cannot date")
    func ahead() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            let approval = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            let size = engine.state.head.size
            workshop.clock.step(by: 2 * 365 * 86_400)
            await engine.tick()
            #expect(engine.clockReport.standing == .stepped(by: 2 * 365 * 86_400))
            #expect(engine.time == engine.state.head.time)
            #expect(await refusal { try await engine.submit(approval) } == "clock-stepped")
            #expect(engine.state.head.size == size)

            // Set right again, everything goes on as if nothing had been.
            workshop.clock.step(by: -2 * 365 * 86_400)
            #expect(engine.clockReport.standing == .right)
            try await engine.submit(approval)
            #expect(engine.state.ceremony(named: statement.ceremony)?.approvals.count == 1)
        }
    }

    @Test(
        "Up to five minutes are no step",
        arguments: [
            (300, ClockStanding.right), (301, .stepped(by: 301)), (-300, .right),
            (-301, .stepped(by: -301)),
        ])
    func slack(step: Int, standing: ClockStanding) {
        let clock = TestClock(House.dawn)
        let watch = ClockWatch(clock)
        clock.advance(by: 1000)
        clock.step(by: step)
        #expect(watch.look().standing == standing)
        #expect(watch.look().now == House.dawn + 1000 + step)
    }

    @Test("Steps add up, however small each is")
    func manySteps() {
        let clock = TestClock(House.dawn)
        let watch = ClockWatch(clock)
        for _ in 0..<4 {
            #expect(watch.look().standing == .right)
            clock.step(by: 100)
        }
        #expect(watch.look().standing == .stepped(by: 400))
    }

    @Test("What was decided by a time is not decided again by an earlier one")
    func latest() {
        let clock = TestClock(House.dawn)
        let watch = ClockWatch(clock)
        clock.advance(by: 1000)
        #expect(watch.look().now == House.dawn + 1000)
        clock.step(by: -5)
        #expect(watch.look().standing == .right)
        #expect(watch.look().now == House.dawn + 1000)
        clock.step(by: -1)
        #expect(watch.look().standing == .stepped(by: -6))
        clock.advance(by: 6)
        #expect(watch.look().standing == .right)
    }

    @Test("What has expired does not come back with a clock that is set back")
    func back() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            let note = try workshop.act(.note, by: "alice", as: .keeper, engine)
            // Found out without being written down: an order is looked at before it is taken.
            workshop.clock.set(statement.expires + 100)
            #expect(await refusal { try await engine.submit(order) } == "expired")
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .approved)
            workshop.clock.step(by: -200)
            #expect(await refusal { try await engine.submit(order) } == "clock-stepped")
            #expect(await refusal { try await engine.submit(note) } == "clock-stepped")
            workshop.clock.advance(by: 200)
            #expect(await refusal { try await engine.submit(order) } == "expired")
            await engine.tick()
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .expired)
            workshop.clock.step(by: -7200)
            for document in [
                order, workshop.people(of: engine) { $0.approval(by: "frank", of: statement) },
            ] {
                #expect(await refusal { try await engine.submit(document) } == "clock-behind")
            }
            // No date mends a clock that is behind the log.
            #expect(
                await refusal { try await engine.confirmClock(workshop.today) } == "clock-behind")
            #expect(await refusal { try await engine.submit(order) } == "clock-behind")
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .expired)
        }
    }

    @Test("While the clock is doubtful people say no, and halt, by a clock that is right")
    func no() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let first = try await workshop.opened(engine)
            let last = engine.state.head.time
            // The people's clock goes on for hours; the daemon's jumps.
            workshop.clock.advance(by: 1800)
            let decline = try workshop.act(
                .decline, by: "alice", as: .witness, on: first.ceremony, engine)
            let cancel = try workshop.act(
                .cancel, by: "dave", as: .operator, on: first.ceremony, engine)
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            let note = try workshop.act(.note, by: "gina", as: .keeper, engine)
            for step in [1000 * 86_400, -1000 * 86_400 - 1200] {
                workshop.clock.step(by: step)
                #expect(engine.clockReport.standing.wantsDate)
                #expect(await refusal { try await engine.submit(note) } == "clock-stepped")
            }
            for act in [decline, cancel, halt] { try await engine.submit(act) }
            #expect(engine.state.ceremony(named: first.ceremony)?.end?.reason == "cancelled")
            #expect(engine.state.halts.count == 1)
            #expect(engine.state.head.time == last)
        }
    }

    @Test("While the clock is doubtful a revocation goes on, at the time of the last event")
    func revocation() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let record = try await workshop.completed(engine)
            for name in ["alice", "bob"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.attestation(by: name, of: record) })
            }
            let last = engine.state.head.time
            workshop.clock.step(by: 86_400)
            let dave = workshop.people(of: engine) { $0.signatory("dave") }
            func draft(_ kind: String, _ subject: String, _ parameters: [String: String])
                async throws(EngineError) -> Statement
            {
                try await engine.draft(
                    Draft(
                        kind: kind, subject: subject, parameters: parameters, initiator: dave,
                        reason: "the tests ask for it", drafted: engine.time,
                        nonce: engine.nonce()), into: nil)
            }
            let other = await refusal {
                try await draft("clock-correction", "house-clock", ["now": "\(last)"])
            }
            #expect(other == "bad-parameter")
            let statement = try await draft(
                "key-revocation", "keeper-alpha",
                ["key": "\(record.fingerprint)", "cause": "loss"])
            #expect(statement.drafted == last)
            try await engine.submit(workshop.people(of: engine) { $0.opening(statement) })
            for name in ["gina", "bob"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.approval(by: name, of: statement) })
            }
            #expect(engine.state.key(record.fingerprint)?.status(at: last) == .revoked)
            #expect(engine.state.head.time == last)
        }
    }

    @Test("A clock that is set while a key is being made ends the execution and leaves no key")
    func execution() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            vault.before(.generate) { () throws(VaultError) in
                workshop.clock.step(by: 400)
            }
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .failed)
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test("A log that is old is opened with the date, and nothing ends before it is given")
    func gap() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            let last = engine.state.head.time
            await engine.close()
            workshop.clock.set(last + 30 * 86_400)
            #expect(try workshop.start(ledger: ledger).clockReport.standing == .right)
            workshop.clock.set(last + 30 * 86_400 + 1)
            let again = try workshop.start(ledger: ledger)
            let size = again.state.head.size
            #expect(again.clockReport.standing == .gap(since: last))
            let today = workshop.today
            for (date, code) in [
                (nil, "clock-unconfirmed"), ("2026-01-15", "clock-mismatch"),
                (today + " ", "clock-mismatch"), ("", "clock-mismatch"),
            ] as [(String?, String)] {
                #expect(
                    await refusal {
                        try await again.unlock("house", pin: try Workshop.pin(), clock: date)
                    } == code)
            }
            do throws(EngineError) {
                try again.checkClock(nil)
                Issue.record("nobody asked for the date")
            } catch {
                #expect(error.detail.contains("date is \(today)"))
                #expect(error.detail.contains("\(last)".prefix(10)))
            }
            await again.tick()
            #expect(again.snapshot.isSealed)
            #expect(ledger.lines.count == size)
            try await again.unlock("house", pin: try Workshop.pin(), clock: today)
            #expect(again.state.ceremony(named: statement.ceremony)?.state == .expired)
            #expect(again.clockReport.standing == .right)
        }
    }

    @Test("A clock that is set while the log is sealed is confirmed before it is opened")
    func sealed() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start()
            workshop.clock.step(by: 86_400)
            #expect(
                await refusal {
                    try await engine.unlock("house", pin: try Workshop.pin())
                } == "clock-unconfirmed")
            try await engine.unlock("house", pin: try Workshop.pin(), clock: workshop.today)
            #expect(engine.clockReport.standing == .right)
            #expect(engine.state.head.time == workshop.clock.now)
        }
    }

    @Test("A machine that slept for forty days does nothing by itself until the date is confirmed")
    func asleep() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            await engine.tick()
            let slept = workshop.clock.now
            workshop.clock.advance(by: 40 * 86_400)
            let size = engine.state.head.size
            await engine.tick()
            await engine.tick()
            #expect(engine.clockReport.standing == .gap(since: slept))
            #expect(engine.clockReport.doubt?.next?.contains("unlock --clock") == true)
            #expect(engine.state.head.size == size)
            let approval = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "clock-gap")
            #expect(
                await refusal { try await engine.confirmClock("2026-01-15") } == "clock-mismatch")
            #expect(engine.state.head.size == size)
            try await engine.confirmClock(workshop.today)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .expired)
            #expect(await refusal { try await engine.submit(approval) } == "expired")
        }
    }

    @Test("A quiet house whose daemon watches its clock is asked for nothing")
    func quiet() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            for _ in 0..<40 {
                workshop.clock.advance(by: 86_400)
                await engine.tick()
            }
            #expect(engine.clockReport.standing == .right)
            _ = try await workshop.opened(engine)
        }
    }

    @Test("Two keepers set the log back, and the house works again at once")
    func correction() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            workshop.clock.advance(by: 730 * 86_400)
            let wrong = try workshop.start(ledger: ledger)
            try await wrong.unlock("house", pin: try Workshop.pin(), clock: workshop.today)
            let pending = try await workshop.opened(wrong)
            wrong.noteRefusal(Workshop.knock)
            await wrong.tick()
            // Set right while the daemon runs: the clock is behind, and was set.
            workshop.clock.step(by: -730 * 86_400 + 600)
            #expect(await refusal { try await workshop.opened(wrong, subject: "x") } != nil)
            let right = workshop.clock.now
            let dave = workshop.people(of: wrong) { $0.signatory("dave") }
            let statement = try await wrong.draft(
                Draft(
                    kind: "clock-correction", subject: "house-clock",
                    parameters: ["now": "\(right)"], initiator: dave, reason: "it was ahead",
                    drafted: wrong.time, nonce: wrong.nonce()), into: nil)
            try await wrong.submit(workshop.people(of: wrong) { $0.opening(statement) })
            workshop.clock.advance(by: 120)
            for name in ["gina", "alice"] {
                try await wrong.submit(
                    workshop.people(of: wrong) { $0.approval(by: name, of: statement) })
            }
            #expect(wrong.state.head.time == right)
            #expect(wrong.state.ceremony(named: pending.ceremony)?.state == .failed)
            #expect(wrong.clockReport.standing == .right)
            #expect(wrong.time == workshop.clock.now)
            _ = try await workshop.approved(wrong, subject: "keeper-beta")
            wrong.noteRefusal(Workshop.knock)
            await wrong.tick()
            #expect(workshop.told.events.count { $0.body.type == "access.refused" } == 2)
            await wrong.close()
            // Everything replays.
            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(again.clockReport.standing == .right)
        }
    }

    @Test("A correction under a clock that is wrong again does not make that clock right")
    func correctedTooEarly() async throws {
        try await Workshop.with { workshop in
            let right = workshop.clock.now
            workshop.clock.advance(by: 10 * 86_400)
            let engine = try await workshop.open()
            let draft = {
                Draft(
                    kind: "clock-correction", subject: "house-clock",
                    parameters: ["now": "\(right)"],
                    initiator: workshop.people(of: engine) { $0.signatory("dave") },
                    reason: "it was ahead", drafted: engine.time, nonce: engine.nonce())
            }
            // The machine's clock says something else, and one of them is a mistake.
            #expect(await refusal { try await engine.draft(draft(), into: nil) } == "bad-parameter")
            workshop.clock.step(by: -10 * 86_400)
            let statement = try await engine.draft(draft(), into: nil)
            try await engine.submit(workshop.people(of: engine) { $0.opening(statement) })
            workshop.clock.step(by: 10 * 86_400)
            for name in ["gina", "alice"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.approval(by: name, of: statement) })
            }
            #expect(engine.state.head.time == right)
            #expect(engine.clockReport.standing == .gap(since: right))
            await engine.tick()
            #expect(engine.state.head.time == right)
            workshop.clock.step(by: -10 * 86_400)
            #expect(engine.clockReport.standing.wantsDate)
            try await engine.confirmClock(workshop.today)
            _ = try await workshop.opened(engine)
        }
    }
}

extension Workshop {
    /// The date by the clock.
    var today: String { String(decoding: "\(clock.now)".utf8.prefix(10), as: UTF8.self) }
}
