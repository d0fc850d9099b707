// Changing the log key on real tokens: who must be there in each phase, what is refused before
// anything is recorded, and that no phase is lost over a restart.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("The log key is changed on tokens", .timeLimit(.minutes(5)))
struct LogKeyChangeTests {
    /// A log whose key is in `house`, and the next key in `annex`.
    func with(
        standby: Bool = false, _ body: (Workshop, MemoryLedger, LogKey) async throws -> Void
    ) async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let ledger = MemoryLedger()
            let workshop = try await Workshop(
                store: store, ledger: ledger, standby: standby ? "annex" : nil)
            let key =
                standby
                ? LogKey(vkey: "", uri: "")
                : try await Workshop.makeLogKey(in: try workshop.freshVault("annex"))
            try await body(workshop, ledger, key)
        }
    }

    /// The daemon as a new process, with these tokens.
    func start(
        _ workshop: Workshop, _ ledger: MemoryLedger, _ names: [String] = ["house", "annex"]
    ) throws -> Engine {
        try workshop.start(
            ledger: ledger, vaults: try names.map { try workshop.freshVault($0) },
            logTokens: names)
    }

    /// Somebody says that the date is right: weeks may have passed.
    func unlock(_ engine: Engine, _ names: String...) async throws {
        for name in names {
            try await engine.unlock(
                name, pin: try Workshop.pin(),
                clock: String("\(engine.clockReport.reads)".prefix(10)))
        }
    }

    /// The change up to the deciding approval, which is handed back.
    func nearlyChanged(_ workshop: Workshop, _ engine: Engine, to key: LogKey)
        async throws -> Signed
    {
        let (statement, opening) = try workshop.people(of: engine) { house in
            let statement = try house.statement(
                "log-key-change", subject: "house-log", token: nil,
                parameters: ["new-log-key": key.vkey])
            return (statement, house.opening(statement))
        }
        try await engine.submit(opening)
        for name in ["alice", "bob"] {
            try await engine.submit(
                workshop.people(of: engine) { $0.approval(by: name, of: statement) })
        }
        return workshop.people(of: engine) { $0.approval(by: "carol", of: statement) }
    }

    func signers(_ engine: Engine) throws -> Int {
        let note = try SignedNote(try #require(engine.snapshot.checkpoint))
        try LogKeys.check(note, by: engine.state.headKeys)
        #expect(engine.snapshot.checkpointSize == engine.state.head.size)
        return note.signatures.count
    }

    func note(_ workshop: Workshop, _ engine: Engine) async throws {
        try await engine.submit(try workshop.act(.note, by: "erin", as: .auditor, engine))
    }

    @Test("Both sign for a while, then the new one alone, and the old token may be gone")
    func phases() async throws {
        try await with { workshop, ledger, key in
            var engine = try start(workshop, ledger)
            try await unlock(engine, "house")
            #expect(!engine.snapshot.isSealed)
            let size = engine.state.head.size
            // The token of the next key joins an open log without a new beginning.
            try await unlock(engine, "annex")
            #expect(engine.state.head.size == size)
            let deciding = try await nearlyChanged(workshop, engine, to: key)
            #expect(try signers(engine) == 1)
            try await engine.submit(deciding)
            #expect(try signers(engine) == 2)
            // Either token alone leaves it sealed, in either order.
            for (first, second) in [("house", "annex"), ("annex", "house")] {
                await engine.close()
                engine = try start(workshop, ledger)
                try await unlock(engine, first)
                #expect(engine.snapshot.isSealed)
                #expect(
                    await refusal { try await note(workshop, engine) } == "sealed")
                try await unlock(engine, second)
                #expect(!engine.snapshot.isSealed)
                try await note(workshop, engine)
                #expect(try signers(engine) == 2)
            }
            // Of two that are needed none may be locked.
            try await engine.lock("house")
            #expect(engine.snapshot.isSealed)
            try await unlock(engine, "house")
            #expect(!engine.snapshot.isSealed)
            await engine.close()
            // Past the day: the old token is not even there, and nothing was written in between.
            workshop.clock.advance(by: 31 * 86_400)
            engine = try start(workshop, ledger, ["annex"])
            try await unlock(engine, "annex")
            #expect(!engine.snapshot.isSealed)
            #expect(engine.state.headKeys == [[try #require(NoteKey(vkey: key.vkey))]])
            #expect(try signers(engine) == 1)
            await engine.close()
            engine = try start(workshop, ledger, ["annex"])
            try await unlock(engine, "annex")
            try await note(workshop, engine)
            await engine.close()
            #expect(try Replay.state(of: ledger.lines) == engine.state)
        }
    }

    @Test("After the day the old token opens nothing, and may be locked without sealing the log")
    func afterwards() async throws {
        try await with { workshop, ledger, key in
            var engine = try start(workshop, ledger)
            try await unlock(engine, "house", "annex")
            try await engine.submit(try await nearlyChanged(workshop, engine, to: key))
            workshop.clock.advance(by: 31 * 86_400)
            try await engine.confirmClock(String("\(engine.clockReport.reads)".prefix(10)))
            try await note(workshop, engine)
            #expect(try signers(engine) == 1)
            try await engine.lock("house")
            #expect(!engine.snapshot.isSealed)
            await engine.checkTokens()
            #expect(!engine.snapshot.isSealed)
            try await note(workshop, engine)
            await engine.close()
            engine = try start(workshop, ledger)
            #expect(await refusal { try await unlock(engine, "house") } != nil)
            #expect(engine.snapshot.isSealed)
            try await unlock(engine, "annex")
            #expect(!engine.snapshot.isSealed)
            await engine.close()
        }
    }

    @Test("A change to a key whose token is locked, or that is not there, is not recorded")
    func unproved() async throws {
        try await with { workshop, ledger, key in
            let engine = try start(workshop, ledger)
            try await unlock(engine, "house")
            let deciding = try await nearlyChanged(workshop, engine, to: key)
            let before = engine.state
            #expect(await refusal { try await engine.submit(deciding) } == "token-locked")
            #expect(engine.state == before && !engine.snapshot.isSealed)
            #expect(engine.state.ceremony(named: "house-log-1")?.state == .pending)
            try await note(workshop, engine)
            try await unlock(engine, "annex")
            try await engine.submit(deciding)
            #expect(try signers(engine) == 2)
            // Nobody has the key of this one.
            let stranger = try #require(
                NoteKey(name: Workshop.origin, publicKey: SoftwareKey(1001).publicKey.point))
            let other = try await nearlyChanged(
                workshop, engine, to: LogKey(vkey: stranger.vkey, uri: ""))
            #expect(await refusal { try await engine.submit(other) } == "log-key")
            #expect(try signers(engine) == 2)
            await engine.close()
        }
    }

    @Test("A head that was not signed when the day came is signed by both keys first")
    func unsigned() async throws {
        try await with { workshop, ledger, key in
            let house = InterposedVault(try workshop.freshVault())
            let annex = try workshop.freshVault("annex")
            var engine = try workshop.start(
                ledger: ledger, vaults: [house, annex], logTokens: ["house", "annex"])
            try await unlock(engine, "house", "annex")
            try await engine.submit(try await nearlyChanged(workshop, engine, to: key))
            house.fail(.sign)
            #expect(
                await refusal { try await note(workshop, engine) } == "recorded-not-signed")
            await engine.close()
            workshop.clock.advance(by: 31 * 86_400)
            engine = try start(workshop, ledger)
            try await unlock(engine, "annex")
            #expect(engine.snapshot.isSealed)
            try await unlock(engine, "house")
            #expect(!engine.snapshot.isSealed)
            #expect(try signers(engine) == 1)
            await engine.close()
        }
    }

    @Test("The standby of the founding signs where the first key is gone, and either will do")
    func standby() async throws {
        try await with(standby: true) { workshop, ledger, _ in
            for names in [["annex"], ["house"], ["house", "annex"], ["annex", "house"]] {
                let engine = try start(workshop, ledger, names)
                try await unlock(engine, names[0])
                #expect(!engine.snapshot.isSealed)
                try await note(workshop, engine)
                #expect(try signers(engine) == 1)
                await engine.close()
            }
            // A standby may have been away while the log grew: its word alone proves nothing.
            let engine = try start(workshop, ledger, ["house", "annex"])
            try await unlock(engine, "annex")
            #expect(!engine.snapshot.isSealed && !engine.isKnownNewest)
            await engine.close()
        }
    }
}
