// A successor founded and run on a real token, from the log before it; and what keeps a daemon from
// starting on one whose old part is missing or changed.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Founding and running a successor log", .timeLimit(.minutes(5)))
struct SuccessionTests {
    typealias Founding = CeremonyEngine.Founding

    /// The log key's token is lost; another one takes its place.
    @Test("It is founded from the old log, replays both, and rotates the carried key on its token")
    func whole() async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let old = MemoryLedger()
            let workshop = try await Workshop(store: store, ledger: old)
            var engine = try await workshop.open()
            let record = try await workshop.completed(engine)
            for name in ["alice", "bob"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.attestation(by: name, of: record) })
            }
            await engine.close()
            let end = engine.state
            let kept = [
                EarlierLog(
                    events: old.lines.flatMap { $0 + [0x0a] },
                    checkpoint: try #require(engine.snapshot.checkpoint))
            ]

            let name = "example.org/house-2/rehearsal"
            let annex = try workshop.freshVault("annex")
            let key = try await Workshop.makeLogKey(in: annex, origin: name)
            let ledger = MemoryLedger()
            let genesis = try successor(of: end, named: name, key, workshop)
            let signatures = workshop.people(of: engine) {
                Workshop.signatures(under: genesis, by: $0)
            }
            try await annex.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            #expect(
                await refusal {
                    try await Founding.found(
                        genesis: genesis.bytes, signatures: signatures, in: ledger,
                        logVault: annex, clock: workshop.clock)
                } == "incomplete-genesis")
            var cut = kept
            cut[0].events.removeLast()
            #expect(
                await refusal {
                    try await Founding.found(
                        genesis: genesis.bytes, signatures: signatures, after: cut, in: ledger,
                        logVault: annex, clock: workshop.clock)
                } == "broken-chain")
            #expect(ledger.lines.isEmpty)
            let founded = try await Founding.found(
                genesis: genesis.bytes, signatures: signatures, after: kept, in: ledger,
                logVault: annex, clock: workshop.clock)
            await annex.lock()
            #expect(
                founded.state.key(record.fingerprint)?.status(at: workshop.clock.now) == .active)

            // The house token holds the old key still; its log key is of no use any more.
            let vaults = [try workshop.freshVault("annex"), try workshop.freshVault()]
            #expect(throws: Refusal.self) {
                try workshop.start(ledger: ledger, vaults: vaults, logTokens: ["annex"])
            }
            #expect(throws: Refusal.self) {
                try workshop.start(
                    ledger: ledger, after: cut, vaults: vaults, logTokens: ["annex"])
            }
            engine = try workshop.start(
                ledger: ledger.reopened(), after: kept, vaults: vaults, logTokens: ["annex"])
            #expect(engine.history.parts.map(\.state) == [end])
            try await engine.unlock("annex", pin: try Workshop.pin())
            try await engine.unlock("house", pin: try Workshop.pin())
            let (statement, opening) = try workshop.people(of: engine) { house in
                let statement = try house.statement(
                    "key-rotation", subject: "keeper-alpha", token: workshop.token)
                return (statement, house.opening(statement))
            }
            #expect(statement.ceremony == "keeper-alpha-2")
            try await engine.submit(opening)
            for name in ["alice", "bob", "carol"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.approval(by: name, of: statement) })
            }
            try await engine.submit(try workshop.order(engine, statement.ceremony))
            let next = try #require(engine.state.ceremony(named: statement.ceremony)?.record)
            #expect(next.oldKey == record.fingerprint)
            for name in ["alice", "bob"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.attestation(by: name, of: next) })
            }
            #expect(engine.state.key(record.fingerprint)?.status(at: engine.time) == .retiring)
            await engine.close()
        }
    }

    private func successor(
        of end: State, named name: String, _ key: LogKey, _ workshop: Workshop
    ) throws -> Genesis {
        Genesis(
            log: name, mode: .rehearsal,
            continues: Continues(
                origin: end.log.origin, size: end.head.size, root: end.head.root),
            logKeys: [key], created: workshop.clock.now, nonce: String(repeating: "1", count: 32),
            policy: end.roster.policy.json, members: end.roster.members)
    }
}
