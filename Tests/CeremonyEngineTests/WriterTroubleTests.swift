// When the disk or the log token fails: what was answered stands in the log, what is in the log was
// signed once, and what is not known is not claimed.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("The writer in trouble", .timeLimit(.minutes(5)))
struct WriterTroubleTests {
    @Test(
        "What was not stored is not shown, every answer that leaned on it says so, and it goes on")
    func notStored() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            let before = engine.snapshot
            let hold = Gate()
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            // One batch is held at the token; the next holds an approval, its repeat, and a second
            // answer by the same person, which is refused only because of the first.
            let first = submission(
                engine, workshop.people(of: engine) { $0.approval(by: "alice", of: statement) })
            await hold.arrival()
            let approval = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            let decline = try workshop.act(
                .decline, by: "bob", as: .witness, on: statement.ceremony, engine)
            var rest: [Task<String?, Never>] = []
            for signed in [approval, approval, decline] {
                rest.append(submission(engine, signed))
                while await engine.writer.queueCount < rest.count { await Task.yield() }
            }
            ledger.script([.refuse])
            vault.mend(.sign)
            hold.open()
            #expect(await first.value == nil)
            for each in rest { #expect(await each.value == "log-not-written") }
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(Array(ceremony.approvals.answers.keys) == ["alice"])
            #expect(engine.state.head.size == before.state.head.size + 1)
            #expect(workshop.told.ended.isEmpty)
            // Later it succeeds, as if it had never been tried.
            #expect(try await engine.submit(approval).isRepeat == false)
            #expect(workshop.told.events.map(\.seq) == Array(2..<engine.state.head.size))
        }
    }

    @Test(
        "After a commit of unknown end nothing is claimed and nothing more is written",
        arguments: [MemoryLedger.Failure.dieBeforeCommit, .dieAfterCommit])
    func outcomeUnknown(_ failure: MemoryLedger.Failure) async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            let shown = engine.state
            ledger.script([failure])
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "stopping")
            #expect(engine.state == shown)
            #expect(workshop.told.ended.count == 1)
            #expect(await refusal { try await engine.submit(approval) } == "stopping")
            #expect(workshop.told.ended.count == 1)
            await engine.close()

            // The next start reads what is there, and the repeat is safe in both cases.
            let again = try await workshop.open(ledger: ledger.reopened())
            let recorded = try await again.submit(approval)
            #expect(recorded.isRepeat == (failure == .dieAfterCommit))
            #expect(again.state.ceremony(named: statement.ceremony)?.approvals.count == 1)
        }
    }

    @Test("A log that somebody else writes to ends the process, and nothing is written over it")
    func otherWriter() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            let size = ledger.lines.count
            try ledger.append(
                [Array("a line of theirs".utf8)], after: size, head: .zero, checkpoint: nil)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "stopping")
            #expect(workshop.told.ended == [.wrongSize(expected: size, stored: size + 1)])
            #expect(await refusal { try await engine.submit(approval) } == "stopping")
            #expect(workshop.told.ended.count == 1)
            #expect(ledger.lines.count == size + 1)
            let words = try #require(workshop.told.ended.first).description
            #expect(words.contains("event \(size)") && words.contains("event \(size - 1)"))
            #expect(words.contains("another program") && words.contains("evidence"))
        }
    }

    @Test(
        "A log token that fails after the commit: recorded, not signed, nothing more until it is"
    )
    func recordedNotSigned() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            let size = engine.state.head.size
            vault.fail(.sign)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            do {
                try await engine.submit(approval)
                Issue.record("it was answered before its head was signed")
            } catch let error as EngineError {
                #expect(error.has(.recordedNotSigned))
                #expect(error.seq == size)
            }
            #expect(ledger.lines.count == size + 1)
            #expect(engine.snapshot.checkpointSize == size)
            #expect(engine.state.head.size == size + 1)
            // Nothing more is appended; a halt is held by its file.
            let second = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(await refusal { try await engine.submit(second) } == "token-trouble")
            #expect(await refusal { try await engine.submit(approval) } == "token-trouble")
            #expect(ledger.lines.count == size + 1)

            vault.mend(.sign)
            #expect(try await engine.submit(approval).receipt?.seq == size)
            #expect(engine.snapshot.checkpointSize == size + 1)
            #expect(try await engine.submit(second).receipt?.seq == size + 1)
            try expectOneRootForEachSize(vault)
        }
    }

    @Test("The head that was not signed before the process died is signed at the next unlock")
    func signedLater() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            vault.fail(.sign)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "recorded-not-signed")
            let size = engine.state.head.size

            let (again, vault) = try await workshop.openInterposed(ledger: ledger.reopened())
            // Whether the key can sign at all is tried before, on bytes that mean nothing.
            let heads = vault.signedMessages.compactMap { try? Checkpoint(text: $0).head }
            #expect(heads.first?.size == size)
            #expect(heads.first?.root == engine.state.head.root)
            #expect(again.snapshot.checkpointSize == again.state.head.size)
        }
    }

    @Test("Sealing ends the batch in flight, takes nothing after it, and stores the signed head")
    func sealing() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            let size = engine.state.head.size
            let hold = Gate()
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            let inFlight = submission(
                engine, workshop.people(of: engine) { $0.approval(by: "alice", of: statement) })
            await hold.arrival()
            let waiting = submission(
                engine, workshop.people(of: engine) { $0.approval(by: "bob", of: statement) })
            while await engine.writer.queueCount < 1 { await Task.yield() }
            let lock = Task { try await engine.lock("house") }
            while await engine.writer.isTaking { await Task.yield() }
            #expect(
                await refusal {
                    try await engine.submit(
                        workshop.people(of: engine) { $0.approval(by: "carol", of: statement) })
                } == "sealed")
            vault.mend(.sign)
            hold.open()
            #expect(await inFlight.value == nil)
            #expect(await waiting.value == "sealed")
            try await lock.value
            #expect(engine.snapshot.isSealed)
            #expect(ledger.lines.count == size + 1)
            #expect(try ledger.head().checkpointSize == size + 1)
            #expect(try await vault.inspect().isUnlocked == false)
        }
    }

    @Test("A log that is sealed while the head before is still being signed takes nothing more")
    func sealedBeforeAppend() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            vault.fail(.sign)
            let first = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(first) } == "recorded-not-signed")
            let size = ledger.lines.count
            let hold = Gate()
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            let second = submission(
                engine, workshop.people(of: engine) { $0.approval(by: "bob", of: statement) })
            await hold.arrival()
            let lock = Task { try await engine.lock("house") }
            while await engine.writer.isTaking { await Task.yield() }
            hold.open()
            #expect(await second.value == "sealed")
            try await lock.value
            #expect(ledger.lines.count == size)
            #expect(try ledger.head().checkpointSize == size)
        }
    }

    @Test("Nobody is shown, told or answered what the log key has not signed yet")
    func publishing() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, vault in
            let statement = try await workshop.opened(engine)
            let before = engine.snapshot
            let told = workshop.told.events.count
            let hold = Gate()
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            let approval = submission(
                engine, workshop.people(of: engine) { $0.approval(by: "alice", of: statement) })
            await hold.arrival()
            #expect(ledger.lines.count == before.state.head.size + 1)
            #expect(engine.state == before.state)
            #expect(engine.snapshot.checkpointSize == before.checkpointSize)
            #expect(workshop.told.events.count == told)
            hold.open()
            #expect(await approval.value == nil)
            #expect(engine.snapshot.checkpointSize == before.checkpointSize + 1)
            #expect(engine.state.head.size == before.state.head.size + 1)
            #expect(workshop.told.events.count == told + 1)
        }
    }

    @Test("Nothing is appended that could not be read back")
    func unreadable() async throws {
        let ledger = MemoryLedger()
        try await withInterposed(ledger) { workshop, engine, _ in
            let size = ledger.lines.count
            var knock = Workshop.knock
            knock.claimed = String(repeating: "x", count: 70_000)
            engine.noteRefusal(knock)
            await engine.tick()
            #expect(ledger.lines.count == size)
            _ = try await workshop.opened(engine)
            #expect(try workshop.start(ledger: ledger.reopened()).state == engine.state)
        }
    }

    @Test("Two unlocks at once open the log once; a third, of a token at work, changes nothing")
    func unlocking() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start()
            async let one: Void = engine.unlock("house", pin: try Workshop.pin())
            async let two: Void = engine.unlock("house", pin: try Workshop.pin())
            _ = try await (one, two)
            #expect(engine.state.fence == 1)
            let size = engine.state.head.size
            try await engine.unlock("house", pin: try Workshop.pin("not the PIN"))
            #expect(engine.state.head.size == size)
            #expect(!engine.snapshot.isSealed)
            #expect(await refusal { try await engine.unlock("attic", pin: nil) } == "unknown-token")
        }
    }

    @Test("A wrong PIN leaves the log sealed, and one try used")
    func wrongPIN() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start()
            #expect(
                await refusal {
                    try await engine.unlock("house", pin: try Workshop.pin("wrong-pin"))
                } == "wrong-pin")
            #expect(engine.snapshot.isSealed)
            #expect(engine.state.head.size == 2)
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(!engine.snapshot.isSealed)
        }
    }

    @Test("A history that is not the one which the log key signed is not gone on with")
    func otherHistory() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            await engine.close()
            let signed = try ledger.head()
            #expect(signed.checkpointSize == 3)
            let founded = Array(ledger.lines.prefix(2))
            let state = try Replay.state(of: founded)
            let other = try decide(
                state, .start(version: "other", commit: "c", modules: []), now: workshop.clock.now)
            let forged = MemoryLedger()
            try forged.append(founded, after: 0, head: state.head.root, checkpoint: nil)
            try forged.append(other.lines, after: 2, head: other.state.head.root, checkpoint: nil)
            try forged.store(checkpoint: try #require(signed.checkpoint), size: 3)
            #expect(throws: Refusal.self) { _ = try workshop.start(ledger: forged) }
            _ = try workshop.start(ledger: ledger.reopened())
        }
    }

    // MARK: -

    private func withInterposed(
        _ ledger: MemoryLedger, _ body: (Workshop, Engine, InterposedVault) async throws -> Void
    ) async throws {
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            try await body(workshop, engine, vault)
        }
    }

    private func submission(_ engine: Engine, _ signed: Signed) -> Task<String?, Never> {
        Task { await refusal { try await engine.submit(signed) } }
    }
}

/// Everything that the log key was asked to sign is a head, and no size has two roots.
func expectOneRootForEachSize(_ vault: InterposedVault) throws {
    var roots: [Int: Digest] = [:]
    for text in vault.signedMessages {
        guard let checkpoint = try? Checkpoint(text: text) else { continue }
        let head = checkpoint.head
        #expect(roots[head.size] == nil || roots[head.size] == head.root)
        roots[head.size] = head.root
    }
    #expect(!roots.isEmpty)
}
