// The one writer under many clients: nothing is lost, nothing happens twice, and what cannot be
// written or signed leaves nothing behind but its answer.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("The writer", .timeLimit(.minutes(5)))
struct WriterTests {
    @Test("Fifty rounds of eight clients: one start wins, no signature is lost, one threshold")
    func together() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            for round in 1...50 {
                let subject = "keeper-\(round)"
                // Eight clients start the same ceremony, by two people, each with a draft of their
                // own.
                let starts = try (0..<8).map { client in
                    try workshop.people(of: engine) { house in
                        house.opening(
                            try house.statement(
                                by: client.isMultiple(of: 2) ? "dave" : "alice", subject: subject,
                                token: workshop.token))
                    }
                }
                let started = await answers(of: engine, to: starts)
                #expect(started.count { $0 == nil } == 1)
                #expect(started.count { $0 == RefusalCode.busy.rawValue } == 7)
                let id = "\(subject)-1"
                let statement = try #require(engine.state.ceremony(named: id)?.statement)

                // Eight clients answer it: every witness, and some twice.
                let witnesses = Array(Set(statement.witnesses.map(\.name))).sorted()
                let clients = (0..<8).map { witnesses[$0 % witnesses.count] }
                let approvals = clients.map { name in
                    workshop.people(of: engine) { $0.approval(by: name, of: statement) }
                }
                let answered = await answers(of: engine, to: approvals)
                let ceremony = try #require(engine.state.ceremony(named: id))
                #expect(ceremony.state == .approved)
                let yes = ceremony.approvals.answers.values.count { $0.isYes }
                // All signatures that were taken are there; later ones were told that it had ended.
                let taken = Set(
                    zip(clients, answered).filter { $0.1 == nil }.map(\.0))
                #expect(taken == Set(ceremony.approvals.answers.keys))
                #expect(yes == taken.count && yes >= 3)
                try await engine.submit(
                    try workshop.act(.cancel, by: "dave", as: .operator, on: id, engine))
            }
            let events = workshop.told.events
            #expect(events.map(\.seq) == Array(2..<events.count + 2))
            for type in ["ceremony.opened", "ceremony.approved", "ceremony.expired"] {
                #expect(events.count { $0.body.type == type } == 50)
            }
            try await check(workshop, engine)
        }
    }

    @Test("An exact repeat answers with the same receipt and records nothing, in one batch too")
    func repeats() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let statement = try await workshop.opened(engine)
            let approval = workshop.people(of: engine) {
                $0.approval(by: "alice", of: statement)
            }
            let receipts = try await withThrowingTaskGroup(of: Recorded.self) { group in
                for _ in 0..<8 { group.addTask { try await engine.submit(approval) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(receipts.map(\.receipt)).count == 1)
            #expect(receipts.count { !$0.isRepeat } == 1)
            let size = engine.state.head.size
            #expect(try await engine.submit(approval).isRepeat)
            #expect(engine.state.head.size == size)
            #expect(engine.state.ceremony(named: statement.ceremony)?.approvals.count == 1)
        }
    }

    @Test("Commands beyond the bound are told to come again; halts and outcomes are not")
    func bound() async throws {
        let hold = Gate()
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.opened(engine)
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            let first = Task {
                try await engine.submit(
                    workshop.people(of: engine) { $0.approval(by: "alice", of: statement) })
            }
            await hold.arrival()
            // The writer waits for the token; nobody is taken off the queue.
            let writer = engine.writer
            let waiting = (0..<Writer.queueMax).map { _ in
                Task { try await writer.submit(.tick) }
            }
            while await writer.queueCount < Writer.queueMax { await Task.yield() }
            let late = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(await refusal { try await engine.submit(late) } == "overloaded")
            let halt = Task {
                try await engine.submit(try workshop.act(.halt, by: "gina", as: .keeper, engine))
            }
            while await writer.queueCount < Writer.queueMax + 1 { await Task.yield() }
            vault.mend(.sign)
            hold.open()
            #expect(try await first.value.receipt != nil)
            #expect(try await halt.value.receipt != nil)
            for each in waiting { _ = try await each.value }
            #expect(engine.state.isHalted)
        }
    }

    /// The refusal code of each submission, all released together; `nil` for those that were taken.
    private func answers(of engine: Engine, to documents: [Signed]) async -> [String?] {
        await withTaskGroup(of: (Int, String?).self) { group in
            for (index, document) in documents.enumerated() {
                group.addTask {
                    do throws(EngineError) {
                        try await engine.submit(document)
                        return (index, nil)
                    } catch {
                        return (index, error.code)
                    }
                }
            }
            return await group.reduce(into: [String?](repeating: nil, count: documents.count)) {
                $0[$1.0] = $1.1
            }
        }
    }

    /// The log that was written replays to the state that is shown, and its head is signed.
    private func check(_ workshop: Workshop, _ engine: Engine) async throws {
        #expect(engine.snapshot.checkpointSize == engine.state.head.size)
        await engine.close()
        let again = try workshop.start()
        #expect(again.state == engine.state)
        #expect(again.snapshot.checkpoint == engine.snapshot.checkpoint)
    }
}
