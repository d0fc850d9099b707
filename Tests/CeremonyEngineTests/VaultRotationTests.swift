// A vault's key rotated with the authority's key in one token of the daemon and the new key in
// another, on a vault that the reference made. The process dies at every boundary and before every
// write; then the vault is as it was, or completely rotated.

import CeremonyRecord
import CeremonyRules
import Foundation
import Provara
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A vault's key is rotated on tokens", .timeLimit(.minutes(10)))
struct VaultRotationTests {
    /// Everything that the old key signed is trusted; the last two events are not, and the new key
    /// stands for both.
    static let orders: [[String: String]] = [
        [:],
        [
            "cause": "key_compromise", "boundary": VaultHouse.boundary,
            "reattest": VaultHouse.suspects.joined(separator: ","),
        ],
    ]

    @Test(
        "The vault verifies with the new key in it, and nothing of ours is left beside it",
        arguments: orders)
    func rotates(order: [String: String]) async throws {
        try await VaultHouse.with { house in
            let statement = try await house.approved(order)
            #expect(statement.fields["vault-uid"] != nil)
            try await house.engine.submit(
                try house.workshop.order(house.engine, statement.ceremony))
            let ceremony = try #require(house.engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == .completed)
            #expect(house.engine.state.unfinished.isEmpty)
            try house.expectRotated(by: ceremony)
            #expect(try house.folder.beside().isEmpty)
            #expect(house.workshop.told.events.last?.body.type == "step.done")
        }
    }

    @Test("A vault that changed after the approval is not written, and the approval stands")
    func changed() async throws {
        try await VaultHouse.with { house in
            let statement = try await house.approved()
            try house.folder.append("\n", to: "identity/keys.json")
            let before = try house.folder.files()
            let order = try house.workshop.order(house.engine, statement.ceremony)
            #expect(await refusal { try await house.engine.submit(order) } != nil)
            #expect(try house.folder.files() == before)
            #expect(
                house.engine.state.ceremony(named: statement.ceremony)?.state == .approved)
        }
    }

    @Test("Nothing is drafted or opened on a vault that breaks a rule, or is none")
    func unfit() async throws {
        try await VaultHouse.with { house in
            let statement = try await house.draft()
            let opening = house.workshop.people(of: house.engine) { $0.opening(statement) }
            try house.folder.append("garbage\n", to: "events/events.ndjson")
            #expect(await refusal { try await house.draft() } == "vault-unfit")
            #expect(await refusal { try await house.engine.submit(opening) } == "vault-unfit")
            #expect(await refusal { try await house.draft(["vault": "gamma"]) } == "unknown-vault")
            #expect(house.engine.state.ceremonyCount == 0)
        }
    }

    @Test("A key that goes does not sign for itself, whatever token it is in")
    func itself() async throws {
        try await VaultHouse.with { house in
            let parameters = ["authority": ProvaraFolder.root]
            #expect(await refusal { try await house.draft(parameters) } == "wrong-key")
            #expect(
                await refusal { try await house.draft(["authority": "bp1_0123456789abcdef"]) }
                    == "vault-unfit")
        }
    }

    @Test("An authority's holder is asked while it is carried out, and signs in their own client")
    func asked() async throws {
        try await VaultHouse.with { house in
            let statement = try await house.approved(["authority-by": "gina"], accepting: "gina")
            let order = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            let execution = Task { try await engine.submit(order) }
            let question = try await house.question(statement.ceremony)
            #expect(question.person == "gina")
            #expect(question.messages.count == 2)
            #expect(
                await refusal {
                    try engine.answer(
                        [[UInt8](repeating: 0, count: 64), [UInt8](repeating: 0, count: 64)],
                        by: question.key.fingerprint, for: statement.ceremony)
                } == "bad-signature")
            // Her client works the same bytes out by itself.
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            let own = try engine.state.operation(of: statement).questions(
                question.made, of: ceremony)
            #expect(own == [question])
            try engine.answer(
                question.messages.map { VaultHouse.sign($0.bytes) },
                by: question.key.fingerprint, for: statement.ceremony)
            _ = try await execution.value
            let after = try #require(engine.state.ceremony(named: statement.ceremony))
            try house.expectRotated(by: after)
        }
    }

    @Test("An authority's holder who says no ends it, and the new key is destroyed")
    func declined() async throws {
        try await VaultHouse.with { house in
            let before = try house.folder.files()
            let statement = try await house.approved(["authority-by": "gina"], accepting: "gina")
            let order = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            let execution = Task { try await engine.submit(order) }
            _ = try await house.question(statement.ceremony)
            let no = try house.workshop.people(of: engine) { people in
                var act = try people.act(.decline, by: "gina", on: statement.ceremony)
                act.role = .participant
                return people.signed(act)
            }
            try await engine.submit(no)
            #expect(await refusal { try await execution.value } == "execution-failed")
            let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
            #expect(ceremony.end?.reason == "declined")
            #expect(ceremony.end?.left.isEmpty == true)
            #expect(try house.folder.files() == before)
        }
    }

    @Test(
        "At every crash point the vault is as it was, or completely rotated after the unlock",
        arguments: orders)
    func everyPoint(order: [String: String]) async throws {
        let points = Mutex<[String]>([])
        try await VaultHouse.with(at: { place in points.withLock { $0.append(place) } }) { house in
            let statement = try await house.approved(order)
            points.withLock { $0 = [] }
            try await house.engine.submit(
                try house.workshop.order(house.engine, statement.ceremony))
        }
        let all = points.withLock { $0 }
        // A point with two meanings would be tried once only.
        #expect(Set(all).count == all.count, "\(all)")
        #expect(all.filter { $0.hasPrefix("write-") }.count == 5, "\(all)")
        // The new key's signatures are further steps.
        #expect(all.count >= (order.isEmpty ? 30 : 34), "\(all)")
        for point in all { try await die(at: point, order) }
    }

    private func die(at point: String, _ order: [String: String]) async throws {
        let what: Comment = "dies at \(point)"
        let ledger = MemoryLedger()
        let death = Death(at: point)
        try await VaultHouse.with(ledger: ledger, at: death.pass) { house in
            let before = try house.folder.files()
            let statement = try await house.approved(order)
            death.arm()
            let execute = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            Task { try await engine.submit(execute) }
            await death.arrival()

            let again = try await house.restarted(ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony), what)
            switch ceremony.state {
            case .completed:
                try house.expectRotated(by: ceremony, what)
                #expect(again.state.unfinished.map(\.id) == [], what)
            case .approved, .failed:
                #expect(try house.folder.files() == before, what)
                #expect(again.state.allKeys.isEmpty, what)
            default: Issue.record("\(point) leaves it \(ceremony.state)")
            }
            #expect(try house.folder.beside().isEmpty, what)
        }
    }

    @Test("A vault that something else wrote to after the commit is left alone, and that is told")
    func changedAfterwards() async throws {
        let ledger = MemoryLedger()
        let death = Death(at: "write-events/events.ndjson")
        try await VaultHouse.with(ledger: ledger, at: death.pass) { house in
            let statement = try await house.approved()
            death.arm()
            let execute = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            Task { try await engine.submit(execute) }
            await death.arrival()
            try house.folder.append("\n", to: "policies/safety_policy.json")
            try house.folder.append("{}\n", to: "identity/keys.json")
            let before = try house.folder.files().filter { $0.key.hasPrefix("alpha/") }
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            #expect(again.trouble(of: statement.ceremony) != nil)
            #expect(try house.folder.files().filter { $0.key.hasPrefix("alpha/") } == before)
        }
    }

    @Test(
        "What was put ready and is gone is worked out again from the vault as it was",
        arguments: orders)
    func lostStaging(order: [String: String]) async throws {
        let ledger = MemoryLedger()
        let death = Death(at: "write-events/events.ndjson")
        try await VaultHouse.with(ledger: ledger, at: death.pass) { house in
            let statement = try await house.approved(order)
            death.arm()
            let execute = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            Task { try await engine.submit(execute) }
            await death.arrival()
            for name in try house.folder.beside() {
                try FileManager.default.removeItem(at: house.folder.parent.appending(path: name))
            }
            let again = try await house.restarted(ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            try house.expectRotated(by: ceremony)
            #expect(again.state.unfinished.map(\.id) == [])
        }
    }
}
