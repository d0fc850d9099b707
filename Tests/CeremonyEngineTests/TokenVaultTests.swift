// The vault on a real module that misbehaves where a test says so: what the gate demands of a new
// key, and what a module's errors become for custodians and for the log.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import PKCS11
import TestSupport
import Testing

@Suite("A token as a vault", .timeLimit(.minutes(5)))
struct TokenVaultTests {
    /// Everything that the gate reads back of the private key, by name and CKA number.
    static let demanded = [
        ("local", "0x163"), ("sensitive", "0x103"), ("always-sensitive", "0x165"),
        ("never-extractable", "0x164"), ("extractable", "0x162"), ("private", "0x2"),
        ("sign", "0x108"), ("id", "0x102"), ("label", "0x3"),
    ]

    @Test(
        "A key of which the module does not say what is demanded is destroyed", arguments: demanded)
    func gate(_ name: String, _ number: String) async throws {
        try await withFaults { workshop, vault in
            try workshop.store.setFaults("C_GetAttributeValue * attribute \(number) unavailable")
            do {
                _ = try await vault.generate(id: Array(1...16), label: "test-1")
                Issue.record("a key passed of which \(name) is not known")
            } catch let error as VaultError {
                #expect(error.isGate)
                #expect(error.detail.contains(name) || name == "id" || name == "label")
            }
            try workshop.store.setFaults()
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test("Without a fault the same key passes, with what was read back in the words of the record")
    func passes() async throws {
        try await withFaults { workshop, vault in
            let key = try await vault.generate(id: Array(1...16), label: "test-1")
            #expect(key.attributes == KeyMaking.attributes)
            #expect(key.point.count == 32)
            #expect(try await workshop.objects().map(\.id) == [Array(1...16), Array(1...16)])
            #expect(try await vault.destroy(id: Array(1...16)) == 0)
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test(
        "A module's answers become words that a custodian can act on",
        arguments: [
            ("C_Login 1 rv 0xa0", EngineError.Code.wrongPIN),
            ("C_Login 1 rv 0xa4", .pinTries),
            ("C_Login 1 rv 0x30", .tokenTrouble),
            ("C_OpenSession 1 rv 0xe0", .tokenMissing),
            ("C_Login 1 rv 0x32", .tokenMissing),
            ("C_GetTokenInfo * flags 0x20000", .pinTries),
        ])
    func words(_ fault: String, _ code: EngineError.Code) async throws {
        try await withFaults { workshop, vault in
            await vault.lock()
            try workshop.store.setFaults(fault)
            await #expect(throws: VaultError.self) {
                do {
                    try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
                } catch let error as VaultError {
                    #expect(error.code == code)
                    throw error
                }
            }
            // One try, never repeated.
            #expect(try workshop.store.calls(of: "C_Login").count <= 2)
        }
    }

    @Test("A token that fails to make the key is named in the log by call and answer")
    func failedCall() async throws {
        try await Workshop.with { workshop in
            let vault = try workshop.faultyVault()
            let engine = try workshop.start(vault: vault)
            try await engine.unlock("house", pin: try Workshop.pin())
            let statement = try await workshop.approved(engine)
            try workshop.store.setFaults("C_GenerateKeyPair * rv 0x31")
            let order = try workshop.order(engine, statement.ceremony)
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            guard case .ceremonyFailed(let failed)? = workshop.told.events.last?.body else {
                Issue.record("the last event is not the failure")
                return
            }
            #expect(failed.reason == "token-error")
            #expect(failed.phase == "generate")
            #expect(
                failed.pkcs11
                    == PKCS11Failure(function: "C_GenerateKeyPair", code: "CKR_DEVICE_MEMORY"))
            #expect(failed.left == nil)
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test("A key that was made although the module answered with an error is not left behind")
    func madeAllTheSame() async throws {
        try await Workshop.with { workshop in
            let vault = try workshop.faultyVault()
            let engine = try workshop.start(vault: vault)
            try await engine.unlock("house", pin: try Workshop.pin())
            let statement = try await workshop.approved(engine)
            try workshop.store.setFaults("C_GenerateKeyPair * after 0x30")
            let order = try workshop.order(engine, statement.ceremony)
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .failed)
            #expect(engine.state.ceremony(named: statement.ceremony)?.end?.left == [])
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test("A login that went away behind our back is seen, and an unlock brings it back")
    func loggedOut() async throws {
        try await Workshop.with { workshop in
            let vault = try workshop.faultyVault()
            let engine = try workshop.start(vault: vault)
            try await engine.unlock("house", pin: try Workshop.pin())
            try workshop.store.setFaults("C_FindObjectsInit 1 logout")
            // What is not seen without a login is not what is not there.
            #expect(await trouble { try await vault.inventory() } == .tokenLocked)
            #expect(try await vault.inspect().isUnlocked == false)
            try workshop.store.setFaults()
            await engine.checkTokens()
            #expect(engine.snapshot.isSealed)
            try await engine.unlock("house", pin: try Workshop.pin())
            _ = try await workshop.completed(engine)
        }
    }

    @Test("A login that was lost while nobody looked does not pass for one at the next unlock")
    func loggedOutUnseen() async throws {
        try await Workshop.with { workshop in
            let vault = try workshop.faultyVault()
            let engine = try workshop.start(vault: vault)
            try await engine.unlock("house", pin: try Workshop.pin())
            try workshop.store.setFaults("C_GetTokenInfo 1 logout")
            #expect(try await vault.inspect().isUnlocked)
            try workshop.store.setFaults()
            try await engine.unlock("house", pin: try Workshop.pin())
            _ = try await workshop.completed(engine)
        }
    }

    @Test("Destroying goes on after an object that cannot be destroyed")
    func destroysTheRest() async throws {
        try await withFaults { workshop, vault in
            _ = try await vault.generate(id: Array(1...16), label: "test-1")
            try workshop.store.setFaults("C_DestroyObject 1 rv 0x6")
            #expect(try await vault.destroy(id: Array(1...16)) == 1)
            #expect(try await vault.destroy(id: Array(1...16)) == 0)
        }
    }

    @Test("A second object with the new key's id fails the gate, and nothing is left of them all")
    func duplicate() async throws {
        try await Workshop.with { workshop in
            let vault = try workshop.faultyVault()
            let engine = try workshop.start(vault: vault)
            try await engine.unlock("house", pin: try Workshop.pin())
            let statement = try await workshop.approved(engine)
            try workshop.store.setFaults("C_GenerateKeyPair 1 duplicate")
            let order = try workshop.order(engine, statement.ceremony)
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            let end = try #require(engine.state.ceremony(named: statement.ceremony)?.end)
            #expect(end.reason == "gate-failed")
            #expect(end.left == [])
            #expect(try await workshop.objects().isEmpty)
        }
    }

    @Test("A token that is pulled out is missing, the log is sealed, and it is found again")
    func pulledOut() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            try workshop.store.hideTokens()
            await engine.checkTokens()
            try workshop.store.showTokens()
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(engine.snapshot.isSealed)
            do {
                #expect(await refusal { try await engine.submit(approval) } == "sealed")
            }
            let again = try await workshop.open()
            #expect(try await again.submit(approval).receipt != nil)
        }
    }

    private func trouble(_ body: () async throws -> some Any) async -> EngineError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? VaultError)?.code
        }
    }

    private func withFaults(_ body: (Workshop, TokenVault) async throws -> Void) async throws {
        try await Workshop.with { workshop in
            let vault = try workshop.faultyVault()
            try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            try workshop.store.forgetCalls()
            try await body(workshop, vault)
        }
    }
}
