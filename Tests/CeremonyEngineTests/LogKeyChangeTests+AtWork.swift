// Which keys are at work on the log's tokens: what seals a log, what is refused when the day of a
// change comes, and what the status says of it.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

extension LogKeyChangeTests {
    /// A log whose key was changed to that of `annex`, both tokens unlocked; then the day comes.
    private func withChange(
        _ body: (Workshop, MemoryLedger, Engine, _ house: InterposedVault, _ annex: InterposedVault)
            async throws -> Void
    ) async throws {
        try await with { workshop, ledger, key in
            let house = InterposedVault(try workshop.freshVault())
            let annex = InterposedVault(try workshop.freshVault("annex"))
            let engine = try workshop.start(
                ledger: ledger, vaults: [house, annex], logTokens: ["house", "annex"])
            try await unlock(engine, "house", "annex")
            try await engine.submit(try await nearlyChanged(workshop, engine, to: key))
            try await body(workshop, ledger, engine, house, annex)
        }
    }

    /// The day on which the new key signs alone has come; the clock is taken for right.
    private func pass(_ workshop: Workshop, _ engine: Engine) async throws {
        workshop.clock.advance(by: 31 * 86_400)
        try await engine.confirmClock(String("\(engine.clockReport.reads)".prefix(10)))
    }

    @Test("Without the new key's token the log is sealed, whether or not the old one's is there")
    func newKeyGone() async throws {
        try await withChange { workshop, _, engine, house, annex in
            try await pass(workshop, engine)
            annex.alter { $0.isUnlocked = false }
            await engine.checkTokens()
            #expect(engine.snapshot.isSealed)
            annex.alter { _ in }
            try await unlock(engine, "annex")
            #expect(!engine.snapshot.isSealed)
            // The old key's token may go, and locking the new one's seals the log.
            house.alter { $0.isUnlocked = false }
            await engine.checkTokens()
            #expect(!engine.snapshot.isSealed)
            house.alter { _ in }
            try await engine.lock("annex")
            #expect(engine.snapshot.isSealed)
            await engine.close()
        }
    }

    @Test("A token that holds none of the keys replaces none, however many are unlocked")
    func noKeyThere() async throws {
        try await with { workshop, ledger, _ in
            let house = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(
                ledger: ledger, vaults: [house, try workshop.freshVault("annex")],
                logTokens: ["house", "annex"])
            try await unlock(engine, "house", "annex")
            #expect(!engine.snapshot.isSealed)
            house.alter { $0.isUnlocked = false }
            await engine.checkTokens()
            #expect(engine.snapshot.isSealed)
            house.alter { _ in }
            try await unlock(engine, "house")
            try await engine.lock("house")
            #expect(engine.snapshot.isSealed)
            await engine.close()
        }
    }

    @Test("A standby that was seen to sign keeps the log open when the first key's token goes")
    func standbyTakesOver() async throws {
        try await with(standby: true) { workshop, ledger, _ in
            let house = InterposedVault(try workshop.freshVault())
            let annex = try workshop.freshVault("annex")
            let engine = try workshop.start(
                ledger: ledger, vaults: [house, annex], logTokens: ["house", "annex"])
            try await unlock(engine, "house")
            #expect(engine.logKeyReport.keys.map(\.tokens) == [["house"], []])
            #expect(engine.logKeyReport.keys.map(\.isStandby) == [false, true])
            try await unlock(engine, "annex")
            #expect(engine.logKeyReport.keys.map(\.tokens) == [["house"], ["annex"]])
            await house.inner.lock()
            await engine.checkTokens()
            #expect(!engine.snapshot.isSealed)
            try await note(workshop, engine)
            #expect(try signers(engine) == 1)
            await annex.lock()
            await engine.checkTokens()
            #expect(engine.snapshot.isSealed)
            #expect(engine.logKeyReport.keys.map(\.tokens) == [[], []])
            await engine.close()
        }
    }

    @Test("When the day comes nothing is recorded that the new key cannot sign, and it is told")
    func newKeyFails() async throws {
        try await withChange { workshop, _, engine, _, annex in
            let keys = engine.logKeyReport.keys
            #expect(keys.map(\.tokens) == [["house"], ["annex"]])
            #expect(keys.map { $0.until == nil } == [false, true])
            #expect(try #require(keys.first?.until) - workshop.clock.now > 29 * 86_400)
            annex.fail(.sign)
            workshop.clock.advance(by: 31 * 86_400)
            try engine.settleClock(String("\(engine.clockReport.reads)".prefix(10)))
            // It is seen when the day comes, before anybody wants anything.
            #expect(engine.logKeyReport.trouble == nil)
            #expect(await refusal { try await engine.perform(.logKeys) } == "token-trouble")
            #expect(engine.logKeyReport.trouble?.contains("the test says so") == true)
            #expect(engine.logKeyReport.keys.map(\.tokens) == [["annex"]])
            let before = engine.state
            #expect(await refusal { try await note(workshop, engine) } == "token-trouble")
            #expect(engine.state == before)
            #expect(engine.snapshot.checkpointSize == before.head.size)
            annex.mend(.sign)
            try await engine.perform(.logKeys)
            #expect(engine.logKeyReport.trouble == nil)
            // What has signed is not asked again by the clock.
            let count = annex.signedMessages.count
            try await engine.perform(.logKeys)
            #expect(annex.signedMessages.count == count)
            try await note(workshop, engine)
            #expect(try signers(engine) == 1)
            await engine.close()
        }
    }

    @Test("A change to a key that cannot sign is no trouble of the log as it stands")
    func noTrouble() async throws {
        try await with { workshop, ledger, key in
            let engine = try start(workshop, ledger)
            try await unlock(engine, "house")
            let deciding = try await nearlyChanged(workshop, engine, to: key)
            #expect(await refusal { try await engine.submit(deciding) } == "token-locked")
            #expect(engine.logKeyReport.trouble == nil)
            await engine.close()
        }
    }
}
