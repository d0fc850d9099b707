// A vault that begins anew, by the rules alone: what the outcome must hold.

import CeremonyRecord
import Provara
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A vault begins anew")
struct ProvaraHardResetTests {
    private static let facts = [
        "vault-uid": "01JTEST", "vault-root": "\(House.vaultRoot)", "vault-events": "3",
        "vault-last": House.vaultLast, "vault-seal": "none", "seal-hash": "none",
        "vault-faults": "0", "surviving": "none", "vault-warnings": "none",
    ]

    private static func drafted(_ house: inout House) throws(Refusal) -> Statement {
        try house.statement(
            "provara-hard-reset", subject: "beta-root",
            parameters: facts.merging([
                "vault": "alpha", "new-vault": "beta", "new-uid": "begun-anew",
                "ordered-by": "gina",
            ]) { $1 })
    }

    private static func executing(_ house: inout House) throws -> Statement {
        let statement = try drafted(&house)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.accept(statement, as: "gina", key: 8, set: "authority")
        let moment = try #require(VaultTime("2026-02-18T12:00:00.000001+00:00"))
        house.vaultSeen = VaultSeen(facts: facts, moment: moment)
        try house.execute(statement.ceremony)
        return statement
    }

    @Test("The outcome holds the new key's word for its vault's birth and files, and nothing more")
    func outcome() throws {
        var policy = House.policy
        policy.kinds["provara_hard_reset"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        var house = try House(policy: policy)
        let statement = try Self.executing(&house)
        let outcome = try #require(try house.outcome(of: statement.ceremony, key: 600))
        let whole = try KeyOutcome(outcome)
        guard case .object(let also) = try #require(whole.also),
            case .array(let events) = try #require(also["events"])
        else { return }
        let wrongs: [[String: JSON]] = [
            ["events": .array([events[1], events[0]])], ["events": .array([events[0]])],
            ["events": .array([events[0], events[0]])],
            ["events": .array([events[1], events[1]])],
            ["events": .array(events + [events[0]])], ["manifest": events[0]],
            ["payloads": .array([])],
            ["payloads": .array([.string(Base64.encode(Array("{}".utf8)))])],
        ]
        for wrong in wrongs {
            var changed = whole
            changed.also = .object(also.merging(wrong) { $1 })
            house.expectRefusal(
                .outcomeDiffers, "FR69",
                of: .complete(ceremony: statement.ceremony, outcome: changed.json))
        }
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
        // A subject has one beginning.
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        expectRefusal(.keyExists, "FR69") { _ = try Self.drafted(&house) }
        house.expectConsistent()
    }
}
