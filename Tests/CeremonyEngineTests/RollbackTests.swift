// The rollback guard on real tokens: an older copy of the log, or another history, is refused
// before anything is signed or written, and nobody waits for the head that is kept against it.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("The rollback guard", .timeLimit(.minutes(5)))
struct RollbackTests {
    @Test("An older copy of the log is refused naming both heads, and nothing is signed or written")
    func olderCopy() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let older = try await workshop.grown(ledger)
            let newest = try ledger.head()
            let before = try older.head()
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(ledger: older, vault: vault)
            let error = try await refused(engine)
            #expect(error.has(.rolledBack))
            for fact in ["\(newest.size) events", "\(newest.root)", "\(before.size) events"] {
                #expect(error.detail.contains(fact), "\(error)")
            }
            #expect(error.detail.contains("\(before.root)"))
            #expect(error.next?.contains("ceremonyd import") == true)
            #expect(vault.signedMessages.isEmpty)
            #expect(try older.head() == before)
            #expect(engine.snapshot.isSealed && !engine.isKnownNewest)
            #expect(try await vault.inspect().isUnlocked == false)
            // Stopping it does not put its own head in the place of the newer one.
            await engine.close()
            #expect(vault.count(.keepHead) == 0)
            #expect(try await workshop.heads() == [try #require(newest.checkpoint)])

            // The newest copy goes on as if nothing had been.
            let again = try await workshop.open(ledger: ledger)
            #expect(again.isKnownNewest)
            #expect(again.snapshot.rollback == .kept(newest.size))
            await again.close()
        }
    }

    @Test("Another history of the same length or longer is refused naming both heads")
    func otherHistory() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            _ = try await workshop.grown(ledger)
            let newest = try ledger.head()
            let other = try workshop.otherHistory(of: ledger, size: newest.size + 3)
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(ledger: other, vault: vault)
            let error = try await refused(engine)
            #expect(error.has(.forked))
            for fact in [
                "\(newest.size) events", "\(newest.root)", "\(newest.size + 3) events",
                "\(try other.head().root)",
            ] {
                #expect(error.detail.contains(fact), "\(error)")
            }
            #expect(vault.signedMessages.isEmpty)
            #expect(try other.head().size == newest.size + 3)
        }
    }

    @Test("What the token keeps follows the ends of ceremonies, and nobody waits for it")
    func written() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed(ledger: ledger)
            #expect(engine.snapshot.rollback == .kept(2))
            let hold = Gate()
            vault.before(.keepHead) { () throws(VaultError) in await hold.wait() }
            // Everybody is answered while the token has not taken the head yet.
            let record = try await workshop.completed(engine)
            await hold.arrival()
            for name in ["alice", "bob", "carol"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.attestation(by: name, of: record) })
            }
            #expect(engine.snapshot.rollback == .kept(2))
            hold.open()
            vault.mend(.keepHead)
            while engine.snapshot.rollback.covers < engine.state.head.size { await Task.yield() }
            let head = try KeptHead(try #require(try await vault.notes().first), of: engine.state)
            #expect(head.head == engine.state.head.tree.head)
            #expect(try await vault.notes().count == 1)
        }
    }

    @Test("A halt is in the head that the token keeps, so that no older copy takes it back")
    func haltIsKept() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open(ledger: ledger)
            try await engine.submit(try workshop.act(.halt, by: "alice", as: .keeper, engine))
            let size = engine.state.head.size
            while engine.snapshot.rollback.covers < size { await Task.yield() }
            #expect(engine.state.isHalted)
            await engine.close()
        }
    }

    @Test("A head that cannot be written fails no act, is told, and is written with the next event")
    func notWritten() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed(ledger: ledger)
            vault.fail(.keepHead)
            _ = try await workshop.completed(engine)
            while engine.snapshot.rollback.trouble == nil { await Task.yield() }
            #expect(engine.snapshot.rollback.covers == 2)
            #expect(engine.isKnownNewest)
            #expect(try await vault.notes().count == 1)
            vault.mend(.keepHead)
            _ = try await workshop.opened(engine, subject: "keeper-beta")
            while engine.snapshot.rollback.trouble != nil { await Task.yield() }
            #expect(engine.snapshot.rollback == .kept(engine.state.head.size))
        }
    }

    @Test("A head that could not be written is written by the timer, where nothing happens")
    func writtenByTimer() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed(ledger: ledger)
            vault.fail(.keepHead)
            _ = try await workshop.completed(engine)
            while engine.snapshot.rollback.trouble == nil { await Task.yield() }
            let size = engine.state.head.size
            vault.mend(.keepHead)
            while engine.snapshot.rollback.trouble != nil { await engine.tick() }
            #expect(engine.snapshot.rollback == .kept(size))
            #expect(engine.state.head.size == size)
        }
    }

    @Test("Locking and stopping leave the newest signed head on the token")
    func cleanEnds() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open(ledger: ledger)
            _ = try await workshop.opened(engine)
            try await engine.lock("house")
            #expect(engine.snapshot.rollback == .unknown && !engine.isKnownNewest)
            #expect(try await workshop.heads() == [try #require(try ledger.head().checkpoint)])
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.isKnownNewest)
            await engine.close()
            #expect(try await workshop.heads() == [try #require(try ledger.head().checkpoint)])
            #expect(try ledger.head().checkpointSize == ledger.lines.count)
        }
    }

    @Test("Where two heads were left by a crash the newest counts, and both must be of the log")
    func twoHeads() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let older = try await workshop.grown(ledger)
            // The older head comes back beside the newer one.
            let first = try #require(try older.head().checkpoint)
            try await workshop.withVault { vault in
                _ = try await vault.keepHead(first, insteadOf: [])
                #expect(try await vault.notes().count == 2)
            }
            #expect(
                try await refused(try workshop.start(ledger: older.reopened())).has(.rolledBack))
            let engine = try await workshop.open(ledger: ledger)
            #expect(engine.snapshot.rollback == .kept(try older.head().size + 8))
            await engine.close()
            #expect(try await workshop.heads() == [try #require(try ledger.head().checkpoint)])
        }
    }

    @Test("A token without data objects is used all the same, and the status says so")
    func absent() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            try workshop.dropHead()
            let vault = try Workshop.vault(
                "house", in: workshop.store, module: try workshop.store.loadFaultModule())
            try workshop.store.setFaults("C_CreateObject * rv 0x54")
            let engine = try workshop.start(ledger: ledger, vault: vault)
            try await engine.unlock("house", pin: try Workshop.pin())
            _ = try await workshop.completed(engine)
            var standing = engine.snapshot.rollback
            while standing.detail?.contains("CKR_FUNCTION_NOT_SUPPORTED") != true {
                await Task.yield()
                standing = engine.snapshot.rollback
            }
            #expect(standing.knowledge == .absent)
            #expect(standing.detail?.contains("cannot hold") == true)
            #expect(standing.covers == 0 && !engine.isKnownNewest)
            // It was tried once, and not with every event.
            #expect(try workshop.store.calls(of: "C_CreateObject").count == 1)
            await engine.close()
        }
    }

    @Test("A head that is gone is told, and put back for the next unlock to compare")
    func missing() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            try workshop.dropHead()
            let engine = try await workshop.open(ledger: ledger)
            #expect(!engine.isKnownNewest)
            while engine.snapshot.rollback.covers == 0 { await Task.yield() }
            #expect(engine.snapshot.rollback.knowledge == .absent)
            #expect(engine.snapshot.rollback.detail?.contains("held no head") == true)
            await engine.close()
            let again = try await workshop.open(ledger: ledger)
            #expect(again.isKnownNewest)
            await again.close()
        }
    }

    @Test(
        "A head that is unreadable, foreign or forged, or a token that does not say, opens nothing")
    func unknown() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let newest = try await workshop.grown(ledger, returning: \.checkpoint)
            let head = try Checkpoint(text: try SignedNote(newest).text).head
            let stranger = SoftwareKey(77)
            func forged(_ origin: String) throws -> [UInt8] {
                let checkpoint = Checkpoint(origin: origin, head: head)
                let key = try #require(
                    NoteKey(name: origin, publicKey: stranger.publicKey.point))
                return try checkpoint.signed(stranger.signature(over: checkpoint.text), by: key)
                    .bytes
            }
            for (note, says) in [
                (Array("no note".utf8), "not a well-formed note"),
                (try forged(Workshop.origin), "not signed"),
                (try forged("example.org/other"), "example.org/other"),
            ] {
                try workshop.dropHead()
                try await workshop.withVault { vault in
                    _ = try await vault.keepHead(note, insteadOf: [])
                }
                let engine = try workshop.start(ledger: ledger)
                let error = try await refused(engine)
                #expect(error.has(.headObject))
                #expect(error.detail.contains(says), "\(error)")
                await engine.close()
                #expect(try await workshop.heads() == [note])
            }
            let vault = InterposedVault(try workshop.freshVault())
            vault.fail(.heads)
            let error = try await refused(try workshop.start(ledger: ledger, vault: vault))
            #expect(error.has(.tokenTrouble))
            #expect(error.detail.contains("newest"))
            #expect(vault.signedMessages.isEmpty)
        }
    }

    @Test("A head beside ours that cannot be read, or that nobody known has signed, opens nothing")
    func besideOurs() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let newest = try await workshop.grown(ledger, returning: \.checkpoint)
            let head = try Checkpoint(text: try SignedNote(newest).text).head
            let stranger = SoftwareKey(77)
            let key = try #require(
                NoteKey(name: Workshop.origin, publicKey: stranger.publicKey.point))
            let later = Checkpoint(
                origin: Workshop.origin, head: TreeHead(size: head.size + 5, root: head.root))
            let unknown = try later.signed(stranger.signature(over: later.text), by: key).bytes
            for (other, code, says) in [
                (Array("no note".utf8), "head-object", "one that cannot be read"),
                (unknown, "rolled-back", "the signature could not be checked"),
            ] {
                try workshop.dropHead()
                try await workshop.withVault { vault in
                    _ = try await vault.keepHead(newest, insteadOf: [])
                    _ = try await vault.keepHead(other, insteadOf: [])
                    #expect(try await vault.notes().count == 2)
                }
                let engine = try workshop.start(ledger: ledger)
                do {
                    try await engine.unlock("house", pin: try Workshop.pin())
                    Issue.record("it was opened beside \(says)")
                } catch let error as EngineError {
                    #expect(error.code == code && error.detail.contains(says), "\(error)")
                }
                await engine.close()
                #expect(try await Set(workshop.heads()) == [newest, other])
                try workshop.dropHead()
            }
        }
    }

    @Test("A checkpoint from elsewhere is compared before anything is served")
    func seen() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let older = try await workshop.grown(ledger)
            let newest = try #require(try ledger.head().checkpoint)
            let engine = try workshop.start(ledger: ledger)
            try engine.compare(seen: newest, from: "/seen")
            try engine.compare(seen: try #require(try older.head().checkpoint), from: "/seen")
            #expect(!engine.isKnownNewest)

            let behind = try workshop.start(ledger: older)
            let error = try #require(throws: EngineError.self) {
                try behind.compare(seen: newest, from: "/seen")
            }
            #expect(error.has(.rolledBack) && error.detail.contains("/seen"))
            #expect(error.detail.contains("\(try ledger.head().root)"))
            #expect(error.detail.contains("\(try older.head().root)"))
            let size = try ledger.head().size
            let forked = try workshop.start(
                ledger: try workshop.otherHistory(of: ledger, size: size))
            #expect(
                await refusal { try forked.compare(seen: newest, from: "/seen") } == "forked")
            var spoilt = newest
            spoilt[spoilt.count - 10] ^= 1
            for note in [spoilt, [], Array(newest.dropLast())] {
                #expect(
                    await refusal { try engine.compare(seen: note, from: "/seen") }
                        == "bad-checkpoint")
            }
        }
    }
}

/// The error with which an unlock is refused.
private func refused(_ engine: Engine) async throws -> EngineError {
    do {
        try await engine.unlock("house", pin: try Workshop.pin())
    } catch let error as EngineError {
        return error
    }
    throw Missing(what: "a refusal to unlock")
}
