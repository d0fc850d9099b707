// Every way in which an execution can end badly: before the intent it leaves the ceremony APPROVED,
// after it FAILED, with the reason, the step, what was undone and what is left.

import CeremonyRecord
import CeremonyRules
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("An execution that does not succeed", .timeLimit(.minutes(5)))
struct ExecutorTests {
    // MARK: Before the intent

    @Test("A statement that names another token leaves the ceremony APPROVED")
    func wrongToken() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let stranger = TokenReference(
                label: "house", manufacturer: workshop.token.manufacturer,
                model: workshop.token.model, serial: "0000000000000000")
            let statement = try await workshop.approved(engine, token: stranger)
            try await expectApproved(workshop, engine, statement, refusal: "token-missing")
        }
    }

    @Test("A receiving token that is locked leaves the ceremony APPROVED, until it is unlocked")
    func lockedToken() async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: MemoryLedger())
            let annex = try workshop.freshVault("annex")
            let engine = try await workshop.open(others: [annex])
            let token = try await annex.inspect().reference
            let statement = try await workshop.approved(engine, token: token)
            try await expectApproved(workshop, engine, statement, refusal: "token-locked")
            try await engine.unlock("annex", pin: try Workshop.pin())
            try await engine.submit(try workshop.order(engine, statement.ceremony))
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .completed)
            #expect(try await workshop.objects(on: "annex").count == 2)
        }
    }

    @Test("A token that cannot make Ed25519 keys leaves the ceremony APPROVED")
    func unableToken() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            vault.alter { $0.canEd25519 = false }
            try await expectApproved(workshop, engine, statement, refusal: "token-unable")
        }
    }

    @Test("An object with the label leaves the ceremony APPROVED, and is not touched")
    func objectExists() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            _ = try await vault.inner.generate(
                id: [1, 2, 3], label: statement.ceremony)
            try await expectApproved(
                workshop, engine, statement, refusal: "object-exists", objects: 2)
        }
    }

    @Test("An intent that cannot be written leaves the ceremony APPROVED and the token untouched")
    func intentNotWritten() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            ledger.script([.refuse])
            try await expectApproved(workshop, engine, statement, refusal: "log-not-written")
            #expect(vault.count(.generate) == 0)
        }
    }

    // MARK: After the intent

    @Test("An intent that is not signed is not acted upon, and the ceremony is ended")
    func intentNotSigned() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            vault.fail(.sign)
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            #expect(vault.count(.generate) == 0)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .executing)
            // The log token answers again: unlocking puts things in order, without another opening.
            vault.mend(.sign)
            let fence = engine.state.fence
            try await engine.unlock("house", pin: try Workshop.pin())
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == .failed)
            #expect(ceremony.end?.reason == "interrupted")
            #expect(ceremony.end?.left == [])
            #expect(engine.state.fence == fence)
            try expectOneRootForEachSize(vault)
        }
    }

    @Test("A token error while the key is made: the call is named, nothing is left")
    func generationFails() async throws {
        try await expectFailure(
            reason: "token-error", phase: "generate", generated: 1,
            pkcs11: PKCS11Failure(function: "C_Any", code: "CKR_DEVICE_ERROR")
        ) { _, _, vault in vault.fail(.generate) }
    }

    @Test("A token that is gone when the key is to be made")
    func tokenLost() async throws {
        try await expectFailure(
            reason: "token-lost", phase: "generate", generated: 1,
            pkcs11: PKCS11Failure(function: "C_Any", code: "CKR_DEVICE_ERROR")
        ) { _, _, vault in vault.fail(.generate, .tokenMissing) }
    }

    @Test("A key that does not pass the gate")
    func gateFails() async throws {
        try await expectFailure(reason: "gate-failed", phase: "generate", generated: 1) {
            _, _, vault in
            vault.after(.generate) { () throws(VaultError) in
                throw VaultError(.tokenTrouble, "extractable is true", isGate: true)
            }
        }
    }

    @Test("A key that cannot sign is destroyed")
    func possessionFails() async throws {
        try await expectFailure(
            reason: "token-error", phase: "sign", generated: 1,
            pkcs11: PKCS11Failure(function: "C_Any", code: "CKR_DEVICE_ERROR"), at: "after-intent-2"
        ) { _, _, vault in
            vault.before(.sign) { () throws(VaultError) in
                vault.mend(.sign)
                throw VaultError(
                    .tokenTrouble, "the test says so",
                    pkcs11: PKCS11Failure(function: "C_Any", code: "CKR_DEVICE_ERROR"))
            }
        }
    }

    @Test(
        "A key whose signature does not verify off the token is destroyed"
    )
    func possessionWrong() async throws {
        try await expectFailure(reason: "token-error", phase: "sign", generated: 1) { _, _, vault in
            vault.signWrongly(.newKey)
        }
    }

    @Test("A key that cannot be destroyed is named as left")
    func undoFails() async throws {
        try await expectFailure(
            reason: "gate-failed", phase: "generate", generated: 1, left: 2, objects: 2
        ) { _, _, vault in
            vault.fail(.destroy)
            vault.after(.generate) { () throws(VaultError) in
                throw VaultError(.tokenTrouble, "extractable is true", isGate: true)
            }
        }
    }

    @Test("What a module says of its trouble may be anything; the ceremony is ended all the same")
    func wildWords() async throws {
        try await expectFailure(reason: "token-error", phase: "generate", generated: 1) {
            _, _, vault in
            vault.before(.generate) { () throws(VaultError) in
                throw VaultError(
                    .tokenTrouble,
                    "\u{1b}[2J two  spaces\n" + String(repeating: "\u{e9}", count: 999))
            }
        }
    }

    @Test("An object that came in between is nobody's to undo: it stays, and is no debris of ours")
    func cameInBetween() async throws {
        try await expectFailure(
            reason: "token-error", phase: "generate", generated: 1, objects: 2
        ) { workshop, engine, vault in
            vault.before(.generate) { () throws(VaultError) in
                guard let id = engine.state.live.first,
                    case .object(let intent)? =
                        engine.state.ceremony(named: id)?.execution?.intent,
                    case .string(let hex)? = intent["key_id"], let keyID = Hex.decode(hex)
                else { throw VaultError(.tokenTrouble, "no intent") }
                _ = try await vault.inner.generate(id: keyID, label: "somebody's")
            }
        }
    }

    @Test("A failure that could not be recorded is recorded by the timer, as soon as it can be")
    func recordedLater() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            vault.fail(.sign)
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            await engine.tick()
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .executing)
            vault.mend(.sign)
            await engine.tick()
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == .failed)
            #expect(ceremony.end?.reason == "interrupted")
        }
    }

    @Test(
        "A halt between intent and key: nothing is made; between key and outcome: it is destroyed",
        arguments: [("after-intent-1", "generate", 0), ("after-intent-3", "commit", 1)])
    func halted(_ place: String, _ phase: String, _ generated: Int) async throws {
        try await expectFailure(
            reason: "halted", phase: phase, generated: generated, at: place
        ) { workshop, engine, _ in
            let act = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            try await engine.submit(act)
        }
    }

    @Test("A halt that has not reached the log yet stops the outcome too")
    func haltedInMemory() async throws {
        try await expectFailure(
            reason: "halted", phase: "commit", generated: 1, at: "after-intent-3"
        ) { workshop, engine, _ in
            let act = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            // As far as the file and the flag, not as far as the log.
            try workshop.haltFile.add(
                .act(document: act.document, sshsig: act.sshsig, since: workshop.clock.now))
            engine.published.update { $0.isHaltedByFile = true }
        }
    }

    @Test(
        "A key that came after the deadline is destroyed",
        arguments: [900, 901])
    func tooLate(_ seconds: Int) async throws {
        try await expectFailure(reason: "deadline", phase: "commit", generated: 1) {
            workshop, _, vault in
            vault.after(.generate) { () throws(VaultError) in workshop.clock.advance(by: seconds) }
        }
    }

    @Test("A deadline that the timer saw first counts, and the key is destroyed all the same")
    func timerFirst() async throws {
        try await expectFailure(
            reason: "deadline", phase: nil, generated: 1, left: 1, at: "after-intent-3"
        ) { workshop, engine, _ in
            workshop.clock.advance(by: 900)
            await engine.tick()
            #expect(engine.state.live.isEmpty)
        }
    }

    @Test("An execution that is over before it reached the token makes no key")
    func lateBeforeTheKey() async throws {
        try await expectFailure(
            reason: "deadline", phase: "generate", generated: 0, at: "after-intent-1"
        ) { workshop, _, _ in workshop.clock.advance(by: 1000) }
    }

    @Test("An outcome that could not be written loses its key")
    func outcomeNotWritten() async throws {
        let ledger = MemoryLedger()
        try await expectFailure(
            reason: "interrupted", phase: "commit", generated: 1, at: "after-intent-3",
            ledger: ledger
        ) { _, _, _ in ledger.script([.refuse]) }
    }

    @Test("An outcome that is recorded and not signed keeps its key")
    func outcomeNotSigned() async throws {
        try await Workshop.with { workshop in
            let vaults = Mutex<InterposedVault?>(nil)
            let (engine, vault) = try await workshop.openInterposed(boundary: { place in
                if place == "after-intent-3" { vaults.withLock { $0 }?.fail(.sign) }
            })
            vaults.withLock { $0 = vault }
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            #expect(await refusal { try await engine.submit(order) } == "recorded-not-signed")
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == .completed)
            #expect(try await workshop.objects().count == 2)
            #expect(vault.count(.destroy) == 0)
        }
    }

    // MARK: -

    private func expectApproved(
        _ workshop: Workshop, _ engine: Engine, _ statement: Statement, refusal code: String,
        objects: Int = 0
    ) async throws {
        let before = engine.state
        let order = try workshop.order(engine, statement.ceremony)
        #expect(await refusal { try await engine.submit(order) } == code)
        #expect(engine.state == before)
        #expect(engine.state.ceremony(named: statement.ceremony)?.state == .approved)
        #expect(try await workshop.objects().count == objects)
    }

    /// Runs a ceremony into the trouble that the test makes once it is approved, or at a boundary.
    private func expectFailure(
        reason: String, phase: String?, generated: Int, left: Int = 0, objects: Int = 0,
        pkcs11: PKCS11Failure? = nil, at place: String? = nil,
        ledger: MemoryLedger = MemoryLedger(),
        trouble: @escaping @Sendable (Workshop, Engine, InterposedVault) async throws -> Void
    ) async throws {
        try await Workshop.with(ledger: ledger) { workshop in
            let running = Mutex<(Engine, InterposedVault)?>(nil)
            let (engine, vault) = try await workshop.openInterposed(boundary: { here in
                guard here == place, let (engine, vault) = running.withLock({ $0 }) else { return }
                do { try await trouble(workshop, engine, vault) } catch {
                    Issue.record("the trouble itself failed: \(error)")
                }
            })
            running.withLock { $0 = (engine, vault) }
            let statement = try await workshop.approved(engine)
            if place == nil { try await trouble(workshop, engine, vault) }
            let order = try workshop.order(engine, statement.ceremony)
            let code = await refusal { try await engine.submit(order) }
            #expect(code == "execution-failed")
            let end = try #require(engine.state.ceremony(named: statement.ceremony)?.end)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .failed)
            #expect(end.reason == reason)
            #expect(end.left.count == left)
            let failed = workshop.told.events.compactMap {
                if case .ceremonyFailed(let failed) = $0.body { failed } else { nil }
            }
            #expect(failed.count == 1)
            #expect(failed.first?.phase == phase)
            #expect(failed.first?.pkcs11 == pkcs11)
            #expect(vault.count(.generate) == generated)
            #expect(try await workshop.objects().count == objects)
            #expect(engine.state.allKeys.isEmpty)
            // The log stands: it replays, and the next start finds nothing to end.
            let again = try workshop.start(ledger: ledger.reopened())
            #expect(again.state == engine.state)
        }
    }
}
