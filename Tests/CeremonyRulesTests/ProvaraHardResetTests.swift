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

    private static let policy: Policy = {
        var policy = House.policy
        for kind in ["provara_hard_reset", "provara_rotation"] {
            policy.kinds[kind] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        }
        return policy
    }()

    private static func drafted(_ house: inout House, by name: String = "gina")
        throws(Refusal) -> Statement
    {
        try house.statement(
            "provara-hard-reset", subject: "beta-root",
            parameters: facts.merging([
                "vault": "alpha", "new-vault": "beta", "new-uid": "begun-anew",
                "ordered-by": name,
            ]) { $1 })
    }

    private static func executing(_ house: inout House, at time: VaultTime? = nil)
        throws(Refusal) -> Statement
    {
        let statement = try drafted(&house)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.accept(statement, as: "gina", key: 8, set: "authority")
        house.vaultSeen = (time ?? House.vaultMoment(house.now)).map {
            VaultSeen(facts: facts, moment: $0)
        }
        try house.execute(statement.ceremony)
        return statement
    }

    /// Another root, for which the new key stands.
    private static func signedRoot(_ root: MerkleRoot, _ record: KeyRecord, at time: Timestamp)
        throws -> [String: JSON]
    {
        let key = try #require(VaultPublicKey(record.publicKey.point))
        let moment = try #require(House.vaultMoment(time)?.adding(microseconds: 1))
        let signed = ManifestSignature(root: root, signer: key.id, signedAt: moment)
        let signature = SoftwareKey(600).signature(over: signed.bytesToSign)
        return [
            "root": .string("\(root)"), "manifest": .string(Base64.encode(signature)),
        ]
    }

    @Test("Whoever orders it neither starts it nor approves it")
    func orderer() throws {
        var house = try House(policy: Self.policy)
        let statement = try Self.drafted(&house, by: "alice")
        #expect(statement.excluded.contains("alice"))
        #expect(!statement.witnesses.map(\.name).contains("alice"))
        expectRefusal(.wrongRole, "FR70") { _ = try Self.drafted(&house, by: "dave") }
    }

    @Test("What counts in a vault that is left need not be replaced there any more")
    func left() throws {
        var house = try House(policy: Self.policy)
        let rotation = try house.vaultRotation()
        try house.carryOut(rotation)
        let record = try #require(try house.complete(rotation.ceremony, key: 601))
        try house.decide(.done(ceremony: rotation.ceremony, step: "publish"))
        let revocation = try house.open(
            "key-revocation", subject: "alpha-root",
            parameters: ["key": "\(record.fingerprint)", "cause": "compromise"])
        try house.approve("gina", "alice", statement: revocation)
        #expect(house.state.deadlines().contains { $0.matter == .keyRevoked })
        let statement = try Self.executing(&house)
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        #expect(!house.state.deadlines().contains { $0.matter == .keyRevoked })
    }

    @Test("A new vault is born when the execution begins, and at no other time")
    func moment() throws {
        let house = try House(policy: Self.policy)
        for (shift, isTaken) in [(0, true), (5, true), (6, false), (-900, true), (-901, false)] {
            var copy = house
            let moment = try #require(House.vaultMoment(house.now + shift))
            if isTaken {
                _ = try Self.executing(&copy, at: moment)
            } else {
                expectRefusal(.outcomeDiffers, "FR69") {
                    _ = try Self.executing(&copy, at: moment)
                }
            }
        }
    }

    @Test("The outcome holds the new key's word for its vault's birth and files, and nothing more")
    func outcome() throws {
        var house = try House(policy: Self.policy)
        let statement = try Self.executing(&house)
        let outcome = try #require(try house.outcome(of: statement.ceremony, key: 600))
        let whole = try KeyOutcome(outcome)
        guard case .object(let also) = try #require(whole.also),
            case .array(let events) = try #require(also["events"]),
            case .array(let files) = try #require(also["files"])
        else { return }
        let wrongs: [[String: JSON]] = [
            ["events": .array([events[1], events[0]])], ["events": .array([events[0]])],
            ["events": .array([events[0], events[0]])],
            ["events": .array([events[1], events[1]])],
            ["events": .array(events + [events[0]])], ["manifest": events[0]],
            ["payloads": .array([])],
            // Files or a root that do not follow, however well they are signed for.
            ["root": .string("\(MerkleRoot(leaves: [[1]]))")],
            ["files": .array(Array(files.dropLast()))],
            ["files": .array(Array(files.dropFirst()))],
            ["files": .array(files.reversed())],
            try Self.signedRoot(MerkleRoot(leaves: [[1]]), whole.record, at: house.now),
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
        #expect(!house.state.deadlines().contains { $0.matter == .keyRevoked })
        expectRefusal(.keyExists, "FR69") { _ = try Self.drafted(&house) }
        house.expectConsistent()
    }
}
