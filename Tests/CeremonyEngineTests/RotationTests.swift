// A rotation on real tokens: the old key is in one token of the daemon, the new one comes out in
// another, and both sign the record. What is not there, not unlocked or not the right key is
// noticed before anything is announced; what fails later leaves no new key and the old one as it
// was.

import CeremonyRecord
import CeremonyRules
import Sodium
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A rotation between tokens", .timeLimit(.minutes(5)))
struct RotationTests {
    @Test("Both keys sign the record, each in its own token, and the overlap begins with it")
    func rotates() async throws {
        try await Annexed.with { annexed in
            let before = try await annexed.workshop.objects(on: "annex")
            #expect(before.count == 2)
            let statement = try await annexed.approved()
            #expect(statement.fields["old-key"] == "\(annexed.old.fingerprint)")
            try await annexed.execute(statement)
            let ceremony = try #require(annexed.engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == .completed)
            let outcome = try KeyOutcome(try #require(ceremony.outcome))
            #expect(outcome.record.oldKey == annexed.old.fingerprint)
            try SSHSIG(blob: outcome.possession).verify(
                message: outcome.record.bytes, namespace: .key, by: outcome.record.publicKey)
            try SSHSIG(blob: try #require(outcome.endorsement)).verify(
                message: outcome.record.bytes, namespace: .key, by: annexed.old.publicKey)
            #expect(try await annexed.workshop.objects(on: "annex") == before)
            #expect(try await annexed.workshop.objects(on: "house").count == 2)
            // Until it is attested the old key is the one; then both are valid.
            #expect(annexed.status(annexed.old) == .active)
            #expect(annexed.status(outcome.record) == .registered)
            try await annexed.attest(outcome.record)
            #expect(annexed.status(annexed.old) == .retiring)
            #expect(annexed.status(outcome.record) == .active)
        }
    }

    @Test("These are all the boundaries there are")
    func allBoundaries() async throws {
        let seen = Mutex<[String]>([])
        try await Annexed.with(boundary: { place in seen.withLock { $0.append(place) } }) {
            annexed in
            try await annexed.execute(try await annexed.approved())
            #expect(seen.withLock { $0 } == RotationTests.boundaries.map(\.0))
        }
    }

    @Test("An old token that is locked, or not there, is refused before anything is announced")
    func oldTokenAway() async throws {
        try await Annexed.with { annexed in
            let statement = try await annexed.approved()
            try await annexed.engine.lock("annex")
            try await annexed.expectRefused(statement, "token-locked")
            try await annexed.engine.unlock("annex", pin: try Workshop.pin())
            annexed.annex.fail(.inspect, .tokenMissing)
            try await annexed.expectRefused(statement, "token-missing")
            annexed.annex.mend(.inspect)
            try await annexed.execute(statement)
            #expect(
                annexed.engine.state.ceremony(named: statement.ceremony)?.state == .completed)
        }
    }

    @Test("An old key that is gone, or another key in its place, is refused as well")
    func oldKeyAway() async throws {
        try await Annexed.with { annexed in
            let statement = try await annexed.approved()
            annexed.annex.signWrongly(.newKey)
            try await annexed.expectRefused(statement, "token-trouble")
            annexed.annex.signWrongly(nil)
            #expect(try await annexed.annex.inner.destroy(id: annexed.old.keyID) == 0)
            try await annexed.expectRefused(statement, "token-trouble")
            _ = try await annexed.annex.inner.generate(id: annexed.old.keyID, label: "other")
            try await annexed.expectRefused(statement, "token-trouble", oldObjects: 2)
        }
    }

    /// What can be the matter with the old key's token when it is to endorse, and how that ends.
    private static let troubles: [(@Sendable (InterposedVault) -> Void, String)] = [
        ({ @Sendable vault in vault.fail(.sign) }, "token-error"),
        ({ @Sendable vault in vault.fail(.sign, .tokenMissing) }, "token-lost"),
        ({ @Sendable vault in vault.signWrongly(.newKey) }, "token-error"),
    ]

    @Test("Where the old key does not endorse, the new key is destroyed and the old one stays")
    func endorsementFails() async throws {
        for (trouble, reason) in RotationTests.troubles {
            let running = Mutex<InterposedVault?>(nil)
            try await Annexed.with(boundary: { place in
                // The record is signed by the new key; the old one's turn is next.
                if place == "after-intent-4", let annex = running.withLock({ $0 }) {
                    trouble(annex)
                }
            }) { annexed in
                running.withLock { $0 = annexed.annex }
                let statement = try await annexed.approved()
                let order = try annexed.workshop.order(annexed.engine, statement.ceremony)
                #expect(
                    await refusal { try await annexed.engine.submit(order) } == "execution-failed")
                let state = annexed.engine.state
                let ceremony = try #require(state.ceremony(named: statement.ceremony))
                #expect(ceremony.state == .failed)
                #expect(ceremony.end?.reason == reason)
                #expect(ceremony.end?.left == [])
                #expect(try await annexed.workshop.objects(on: "house").isEmpty)
                #expect(try await annexed.workshop.objects(on: "annex").count == 2)
                #expect(annexed.status(annexed.old) == .active)
                #expect(state.allKeys.count == 1)
            }
        }
    }

    /// The boundaries in order, and what the next start makes of a death there.
    static let boundaries: [(String, CeremonyState)] = [
        ("before-intent-0", .approved), ("before-intent-1", .approved),
        ("before-intent-2", .approved), ("after-intent-2", .failed), ("after-intent-3", .failed),
        ("after-intent-4", .failed), ("after-intent-5", .failed), ("done", .completed),
    ]

    @Test(
        "A death at any boundary leaves the old key as it was, and no new one without its record",
        arguments: boundaries)
    func crash(_ place: String, _ expected: CeremonyState) async throws {
        let death = Gate()
        let ledger = MemoryLedger()
        try await Annexed.with(
            ledger: ledger,
            boundary: { here in
                guard here == place else { return }
                await death.arrive()
                await neverReturn()
            }
        ) { annexed in
            let statement = try await annexed.approved()
            let order = try annexed.workshop.order(annexed.engine, statement.ceremony)
            Task { try await annexed.engine.submit(order) }
            await death.arrival()
            let again = try await annexed.workshop.open(
                ledger: ledger.reopened(), others: [try annexed.workshop.freshVault("annex")])
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == expected)
            #expect(
                again.state.key(annexed.old.fingerprint)?.status(at: annexed.workshop.clock.now)
                    == .active)
            #expect(again.state.allKeys.count == (expected == .completed ? 2 : 1))
            let made = try await annexed.workshop.objects(on: "house")
            if expected == .failed {
                #expect(ceremony.end?.reason == "interrupted")
                #expect(ceremony.end?.left.count == made.count)
            }
            #expect(made.isEmpty == (expected == .approved || place == "after-intent-2"))
            #expect(try await annexed.workshop.objects(on: "annex").count == 2)
        }
    }
}

/// A workshop whose daemon has two tokens; keeper-alpha's active key is in the second one.
private struct Annexed: Sendable {
    let workshop: Workshop
    let engine: Engine
    let annex: InterposedVault
    let old: KeyRecord

    static func with(
        ledger: MemoryLedger = MemoryLedger(),
        boundary: @escaping @Sendable (String) async -> Void = { _ in },
        _ body: (Annexed) async throws -> Void
    ) async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: ledger)
            let isReady = Mutex(false)
            let annex = InterposedVault(try workshop.freshVault("annex"))
            let engine = try await workshop.open(
                others: [annex],
                boundary: { place in
                    // The making of the first key is none of the test's business.
                    if isReady.withLock({ $0 }) { await boundary(place) }
                })
            try await engine.unlock("annex", pin: try Workshop.pin())
            let first = try await workshop.approved(
                engine, token: try await annex.inspect().reference)
            try await engine.submit(try workshop.order(engine, first.ceremony))
            let record = engine.state.ceremony(named: first.ceremony)?.record
            let annexed = Annexed(
                workshop: workshop, engine: engine, annex: annex, old: try #require(record))
            try await annexed.attest(annexed.old)
            isReady.withLock { $0 = true }
            try await body(annexed)
        }
    }

    /// A rotation into the house token that alice, bob and carol have approved.
    func approved() async throws -> Statement {
        let token = workshop.token
        let (statement, opening) = try workshop.people(of: engine) { house in
            let statement = try house.statement("key-rotation", token: token)
            return (statement, house.opening(statement))
        }
        try await engine.submit(opening)
        for name in ["alice", "bob", "carol"] {
            try await engine.submit(
                workshop.people(of: engine) { $0.approval(by: name, of: statement) })
        }
        return statement
    }

    func execute(_ statement: Statement) async throws {
        try await engine.submit(try workshop.order(engine, statement.ceremony))
    }

    func attest(_ record: KeyRecord) async throws {
        for name in ["alice", "bob"] {
            try await engine.submit(
                workshop.people(of: engine) { $0.attestation(by: name, of: record) })
        }
    }

    func status(_ record: KeyRecord) -> KeyStatus? {
        engine.state.key(record.fingerprint)?.status(at: workshop.clock.now)
    }

    /// Refused at the preflight: nothing is in the log, and nothing on the receiving token.
    func expectRefused(_ statement: Statement, _ code: String, oldObjects: Int? = nil) async throws
    {
        let before = engine.state
        let order = try workshop.order(engine, statement.ceremony)
        #expect(await refusal { try await engine.submit(order) } == code)
        #expect(engine.state == before)
        #expect(engine.state.ceremony(named: statement.ceremony)?.state == .approved)
        #expect(try await workshop.objects(on: "house").isEmpty)
        #expect(status(old) == .active)
        if let oldObjects {
            #expect(try await workshop.objects(on: "annex").count == oldObjects)
        }
    }
}
