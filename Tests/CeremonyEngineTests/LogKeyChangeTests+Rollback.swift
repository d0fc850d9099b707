// The rollback guard where the log has had more than one key: which token's word is enough, a token
// that comes later, and a database from before the change of the key that has signed the head.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

extension LogKeyChangeTests {
    private func error(of unlocking: () async throws -> Void) async throws -> EngineError {
        do { try await unlocking() } catch let error as EngineError { return error }
        throw Missing(what: "a refusal to unlock")
    }

    private func heads(_ workshop: Workshop, on name: String) async throws -> [[UInt8]] {
        let vault = try workshop.freshVault(name)
        try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
        let notes = try await vault.notes()
        await vault.lock()
        return notes
    }

    @Test("A database from before the change is told that it is behind, and is completed")
    func beforeTheChange() async throws {
        try await with { workshop, ledger, key in
            var engine = try start(workshop, ledger)
            try await unlock(engine, "house")
            await engine.close()
            let older = ledger.reopened()
            engine = try start(workshop, ledger)
            try await unlock(engine, "house", "annex")
            try await engine.submit(try await nearlyChanged(workshop, engine, to: key))
            workshop.clock.advance(by: 31 * 86_400)
            try await engine.confirmClock(String("\(engine.clockReport.reads)".prefix(10)))
            try await note(workshop, engine)
            // Both tokens keep a head now that the new key alone has signed.
            try await engine.lock("house")
            await engine.close()
            let newest = try ledger.head()
            let id = try #require(NoteKey(vkey: key.vkey)).hexID
            for (names, says) in [
                (["annex"], "The key \(id) on annex has signed it"),
                (["house"], "the key \(id), which the database does not know and no unlocked"),
            ] {
                let before = try older.head()
                engine = try start(workshop, older, names)
                let error = try await error { try await unlock(engine, names[0]) }
                #expect(error.has(.rolledBack), "\(error)")
                for fact in [
                    says, "\(before.size) events", "\(before.root)", "If the log key was changed",
                ] {
                    #expect(error.detail.contains(fact), "\(error)")
                }
                #expect(error.next?.contains("ceremonyd import") == true)
                #expect(engine.snapshot.isSealed && !engine.isKnownNewest)
                await engine.close()
                #expect(try older.head() == before)
            }
            let kept = try await heads(workshop, on: "annex")
            #expect(kept == [try #require(newest.checkpoint)])
            engine = try start(workshop, older, ["annex"])
            #expect(
                await refusal {
                    try engine.compare(seen: try #require(newest.checkpoint), from: "/seen")
                } == "rolled-back")

            _ = try Import.run(
                events: ledger.lines.flatMap { $0 + [UInt8(ascii: "\n")] },
                checkpoint: try #require(newest.checkpoint), into: older)
            engine = try start(workshop, older, ["annex"])
            try await unlock(engine, "annex")
            #expect(!engine.snapshot.isSealed && engine.isKnownNewest)
            try await note(workshop, engine)
            await engine.close()
        }
    }

    @Test("After the change the new key's token alone says whether the log is the newest")
    func newestAfterwards() async throws {
        try await with { workshop, ledger, key in
            var engine = try start(workshop, ledger)
            try await unlock(engine, "house", "annex")
            try await engine.submit(try await nearlyChanged(workshop, engine, to: key))
            await engine.close()
            workshop.clock.advance(by: 31 * 86_400)
            engine = try start(workshop, ledger)
            try await unlock(engine, "annex")
            #expect(engine.isKnownNewest)
            await engine.close()
            // Where it holds none the old key's token cannot vouch for it.
            try workshop.dropHead(on: "annex")
            engine = try start(workshop, ledger)
            try await unlock(engine, "annex", "house")
            #expect(!engine.isKnownNewest)
            #expect(engine.snapshot.rollback.detail?.contains("head on house") == true)
            await engine.close()
        }
    }

    @Test("A standby that comes later and knows a newer head seals the log, and opens no other")
    func standbyKnowsMore() async throws {
        try await with(standby: true) { workshop, ledger, _ in
            var engine = try start(workshop, ledger)
            try await unlock(engine, "house", "annex")
            await engine.close()
            let older = ledger.reopened()
            // The first token is away while the log grows.
            engine = try start(workshop, ledger)
            try await unlock(engine, "annex")
            try await engine.submit(try workshop.act(.halt, by: "alice", as: .keeper, engine))
            await engine.close()
            let newest = try ledger.head()

            engine = try start(workshop, older)
            try await unlock(engine, "house")
            #expect(!engine.snapshot.isSealed)
            let error = try await error { try await unlock(engine, "annex") }
            #expect(error.has(.rolledBack) || error.has(.forked), "\(error)")
            #expect(error.detail.contains("\(newest.root)"))
            #expect(error.detail.contains("The log was open, and is sealed"))
            #expect(engine.snapshot.isSealed)
            await engine.close()
            #expect(try await heads(workshop, on: "annex") == [try #require(newest.checkpoint)])
        }
    }

    @Test("A token that joins an open log keeps its head from then on, and one that leaves has it")
    func joins() async throws {
        try await with(standby: true) { workshop, ledger, _ in
            let engine = try start(workshop, ledger)
            try await unlock(engine, "house", "annex")
            try await note(workshop, engine)
            try await engine.lock("annex")
            #expect(!engine.snapshot.isSealed)
            #expect(
                try await heads(workshop, on: "annex")
                    == [try #require(engine.snapshot.checkpoint)])
            // It is not written to any more, and that is no trouble.
            try await engine.submit(try workshop.act(.halt, by: "alice", as: .keeper, engine))
            while engine.snapshot.rollback.covers < engine.state.head.size { await Task.yield() }
            #expect(engine.snapshot.rollback == .kept(engine.state.head.size))
            await engine.close()
        }
    }
}
