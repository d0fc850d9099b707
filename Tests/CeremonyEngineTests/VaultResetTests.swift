// A vault that begins anew in the place of one without an authority: the new one names the old
// one's root, and is there as a whole or not at all.

import CeremonyRecord
import CeremonyRules
import Foundation
import Provara
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A vault begins anew", .timeLimit(.minutes(10)))
struct VaultResetTests {
    private static let old = "vault_single_key"

    private func expectFounded(
        _ house: VaultHouse, by ceremony: Ceremony, _ what: Comment? = nil
    ) throws {
        let vault = try Vault.read(at: house.folder.place(of: "beta"))
        let before = try Vault.read(at: house.folder.path)
        #expect(vault.isInOrder, what)
        #expect(vault.genesis?.predecessor?.root == before.root, what)
        #expect(vault.genesis?.uid == "begun-anew", what)
        let record = try #require(ceremony.record, what)
        let key = KeyID(publicKey: record.publicKey.point)
        #expect(vault.genesis?.rootKey == key, what)
        #expect(vault.signature == .fresh(by: key), what)
    }

    @Test("The new vault verifies and names the old one's root, and the old one is as it was")
    func founds() async throws {
        try await VaultHouse.with(Self.old) { house in
            let before = try house.folder.files()
            let statement = try await house.resetDraft()
            #expect(statement.fields["surviving"] != nil)
            #expect(statement.accepts.map(\.name) == ["gina"])
            try await house.approve(statement, accepting: "gina")
            try await house.engine.submit(
                try house.workshop.order(house.engine, statement.ceremony))
            let ceremony = try #require(house.engine.state.ceremony(named: statement.ceremony))
            try expectFounded(house, by: ceremony)
            #expect(house.engine.state.unfinished.map(\.id) == [])
            #expect(try house.folder.files().filter { $0.key.hasPrefix("alpha/") } == before)
            #expect(try house.folder.beside() == ["beta"])
        }
    }

    @Test("Nothing is ordered by nobody, in a place where something is, or under the old name")
    func refused() async throws {
        try await VaultHouse.with(Self.old) { house in
            #expect(
                await refusal { try await house.resetDraft(["ordered-by": "nobody"]) }
                    == "not-on-roster")
            #expect(
                await refusal { try await house.resetDraft(["new-vault": "alpha"]) }
                    == "bad-parameter")
            let uid = try #require(try Vault.read(at: house.folder.path).genesis?.uid)
            #expect(
                await refusal { try await house.resetDraft(["new-uid": uid]) } == "bad-parameter")
            let place = house.folder.place(of: "beta")
            try FileManager.default.createDirectory(
                atPath: place + "/something", withIntermediateDirectories: true)
            #expect(await refusal { try await house.resetDraft() } == "vault-unfit")
        }
    }

    @Test("At every crash point there is no new vault, or the whole one after the unlock")
    func everyPoint() async throws {
        let points = Mutex<[String]>([])
        try await VaultHouse.with(
            Self.old, at: { place in points.withLock { $0.append(place) } }
        ) { house in
            let statement = try await house.approve(
                try await house.resetDraft(), accepting: "gina")
            points.withLock { $0 = [] }
            try await house.engine.submit(
                try house.workshop.order(house.engine, statement.ceremony))
        }
        let all = points.withLock { $0 }
        #expect(Set(all).count == all.count, "\(all)")
        #expect(all.filter { $0.hasPrefix("write-") }.count >= 9, "\(all)")
        for point in all { try await die(at: point) }
    }

    private func die(at point: String) async throws {
        let what: Comment = "dies at \(point)"
        let ledger = MemoryLedger()
        let death = Death(at: point)
        try await VaultHouse.with(Self.old, ledger: ledger, at: death.pass) { house in
            let before = try house.folder.files()
            let statement = try await house.approve(
                try await house.resetDraft(), accepting: "gina")
            death.arm()
            let order = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            Task { try await engine.submit(order) }
            await death.arrival()
            let again = try await house.restarted(ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony), what)
            switch ceremony.state {
            case .completed:
                try expectFounded(house, by: ceremony, what)
                #expect(again.state.unfinished.map(\.id) == [], what)
                #expect(try house.folder.beside() == ["beta"], what)
            case .approved, .failed:
                #expect(try house.folder.files() == before, what)
                #expect(try house.folder.beside() == [], what)
            default: Issue.record("\(point) leaves it \(ceremony.state)")
            }
        }
    }
}
