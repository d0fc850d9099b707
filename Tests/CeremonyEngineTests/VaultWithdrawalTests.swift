// A new key that is revoked before its vault is written: what was begun is finished, for a lone
// revocation in a vault's log is worse than a key that the house has already revoked; what was not
// begun is left, and the log says so.

import CeremonyRecord
import CeremonyRules
import Provara
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A vault whose new key is revoked before it is written", .timeLimit(.minutes(5)))
struct VaultWithdrawalTests {
    /// Two keepers revoke the key that came out of a ceremony.
    private func revoke(_ ceremony: String, _ house: VaultHouse, _ engine: Engine) async throws {
        let made = try #require(engine.state.ceremony(named: ceremony)?.record)
        let dave = house.workshop.people(of: engine) { $0.signatory("dave") }
        let statement = try await engine.draft(
            Draft(
                kind: KeyRevocation.name, subject: made.subject,
                parameters: ["key": "\(made.fingerprint)", "cause": "compromise"], initiator: dave,
                reason: "somebody has seen the PIN", drafted: engine.time, nonce: engine.nonce()),
            into: nil)
        try await engine.submit(house.workshop.people(of: engine) { $0.opening(statement) })
        for name in ["gina", "alice"] {
            try await house.workshop.approve(statement, name, engine)
        }
        #expect(engine.state.key(made.fingerprint)?.status(at: engine.time) == .revoked)
    }

    /// The process dies there; the next one cannot go on, because something holds the vault, until
    /// the key is revoked.
    private func die(
        at point: String, _ statement: (VaultHouse) async throws -> Statement,
        _ then: (VaultHouse, Engine, Statement) async throws -> Void
    ) async throws {
        let ledger = MemoryLedger()
        let death = Death(at: point)
        try await VaultHouse.with(ledger: ledger, at: death.pass) { house in
            let statement = try await statement(house)
            death.arm()
            let execute = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            Task { try await engine.submit(execute) }
            await death.arrival()
            let held = try VaultLock(house.folder.path)
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            try await revoke(statement.ceremony, house, again)
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            _ = consume held
            try await again.perform(.committed)
            #expect(again.state.unfinished.isEmpty)
            #expect(again.trouble(of: statement.ceremony) == nil)
            try await then(house, again, statement)
        }
    }

    @Test("A vault in which nothing stands is left byte for byte, and its key goes with the next")
    func untouched() async throws {
        try await die(at: "write-events/events.ndjson") { house in
            try await house.approved()
        } _: { house, engine, statement in
            let untouched = try ProvaraFolder()
            #expect(try house.folder.files() == untouched.files())
            guard case .stepDone(let done)? = house.workshop.told.events.last?.body else {
                Issue.record("the last event is no step.done")
                return
            }
            #expect(done.result == Afterwards.leftUndone)
            let next = VaultHouse(
                workshop: house.workshop, folder: house.folder, engine: engine)
            let again = try await next.draft()
            #expect(again.ceremony == "alpha-root-3")
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.isLeftUndone)
        }
    }

    @Test(
        "A vault that is half written is finished",
        arguments: [
            "appended-events/events.ndjson", "write-identity/keys.json", "write-manifest.json",
            "write-manifest.sig",
        ])
    func begun(point: String) async throws {
        try await die(at: point) { house in
            try await house.approved()
        } _: { house, engine, statement in
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            try house.expectRotated(by: ceremony)
            #expect(!ceremony.isLeftUndone)
            #expect(try house.folder.beside().isEmpty)
        }
    }

    @Test("A new vault that has no name yet never gets one")
    func newVault() async throws {
        try await die(at: "replace-vault") { house in
            try await house.approve(try await house.resetDraft(), accepting: "gina")
        } _: { house, engine, statement in
            #expect(try house.folder.beside().isEmpty)
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.isLeftUndone)
        }
    }

    @Test("A new vault that has its name is done")
    func bornVault() async throws {
        try await die(at: "written") { house in
            try await house.approve(try await house.resetDraft(), accepting: "gina")
        } _: { house, engine, statement in
            #expect(try house.folder.beside() == ["beta"])
            #expect(try Vault.read(at: house.folder.place(of: "beta")).isInOrder)
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(!ceremony.isLeftUndone)
        }
    }
}
