// Which key of a vault may be replaced under which subject, by which policy, and what the statement
// says of it: by the rules alone, with a vault that nobody has.

import CeremonyRecord
import Provara
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A vault's key and its subject")
struct VaultSubjectTests {
    private static func house() throws -> House {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return try House(policy: policy)
    }

    /// A subject of another class that once had a key.
    private static func spent(_ subjectClass: String, _ house: inout House) throws -> String {
        let subject = "old-\(subjectClass)"
        let statement = try house.statement(subject: subject, parameters: ["class": subjectClass])
        try house.decide(house.opening(statement).command)
        let witnesses = statement.threshold == 2 ? ["alice", "bob"] : ["alice", "bob", "carol"]
        for name in witnesses { try house.approve(name, statement: statement) }
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony, key: 900))
        try house.attest("alice", "bob", record: record)
        let end = try house.open(
            "key-revocation", subject: subject,
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("alice", "bob", statement: end)
        return subject
    }

    @Test("A subject of another class lends a vault's key neither its threshold nor its dates")
    func classes() throws {
        for name in ["drill", "keeper"] {
            var house = try Self.house()
            let subject = try Self.spent(name, &house)
            expectRefusal(.badParameter, "CT-12") {
                _ = try house.vaultRotation(subject: subject)
            }
        }
        for name in ["operational", "provara-root"] {
            var house = try Self.house()
            let subject = try Self.spent(name, &house)
            let statement = try house.vaultRotation(subject: subject)
            #expect(statement.subjectClass == name && statement.threshold == 3)
        }
    }

    @Test("What is in effect at once is not drafted under a policy that has it attested first")
    func attestations() throws {
        var house = try Self.house()
        let statement = try house.vaultRotation()
        let draft = Draft(
            kind: statement.kind, subject: statement.subject,
            parameters: ProvaraRotation.parameters(of: statement), initiator: statement.initiator,
            reason: statement.reason, drafted: statement.drafted, nonce: statement.nonce)
        var state = house.state
        #expect(try state.statement(for: draft) == statement)
        var policy = state.roster.policy
        policy.kinds["provara_rotation"]?.attest = 1
        state.roster = Roster(epoch: 1, members: state.roster.members, policy: policy)
        expectRefusal(.badPolicy) { _ = try state.statement(for: draft) }
    }

    @Test("A subject's keys are of one vault")
    func vaults() throws {
        var house = try Self.house()
        let statement = try house.vaultRotation()
        try house.carryOut(statement)
        let record = try #require(try house.complete(statement.ceremony, key: 600))
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        let end = try house.open(
            "key-revocation", subject: "alpha-root",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("alice", "bob", statement: end)
        // A key that another vault was born with: the log knows nothing of it yet.
        let (root, quorum) = (SoftwareKey(710), SoftwareKey(711))
        expectRefusal(.badParameter, "FR69") {
            _ = try house.vaultRotation(of: root, by: quorum, ["vault-uid": "02OTHER"])
        }
        _ = try house.vaultRotation(
            of: root, by: quorum, subject: "beta-root", ["vault-uid": "02OTHER"])
        _ = try house.vaultRotation(of: SoftwareKey(600))
    }

    @Test(
        "A key that neither birth nor log give a role is replaced by one with the roles that are said"
    )
    func noRoles() throws {
        var house = try Self.house()
        let none = ["revoke-roles": "none"]
        expectRefusal(.badParameter) { _ = try house.vaultRotation(none) }
        for roles in ["none", ""] {
            expectRefusal(.badParameter) {
                _ = try house.vaultRotation(none.merging(["roles": roles]) { $1 })
            }
        }
        let statement = try house.vaultRotation(none.merging(["roles": "agent"]) { $1 })
        #expect(try Statement(lines: statement.lines) == statement)
        #expect(statement.subjectClass == "operational")
        try house.carryOut(statement)
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        house.expectConsistent()
    }

    @Test("The new key is not the negative of one that is asked to sign for it")
    func twin() throws {
        let house = try Self.house()
        for known in [House.vaultRootKey, House.vaultQuorumKey] {
            var copy = house
            let statement = try copy.vaultRotation()
            try copy.carryOut(statement)
            let twin = try #require(known.twin)
            let outcome = try #require(try copy.outcome(of: statement.ceremony, by: twin))
            copy.expectRefusal(
                .outcomeDiffers, "FR69",
                of: .complete(ceremony: statement.ceremony, outcome: outcome))
        }
    }

    @Test("What is written is dated now, or right after the last event where that is dated ahead")
    func moment() throws {
        let house = try Self.house()
        func time(_ shift: Int) throws -> VaultTime {
            try #require(House.vaultMoment(house.now + shift))
        }
        func expect(_ isTaken: Bool, at moment: Int, after next: Int, _ micro: Int = 0) throws {
            var copy = house
            let next = try time(next)
            let statement = try copy.vaultRotation(["vault-next": "\(next)"])
            #expect(statement.fields["vault-next"] == "\(next)")
            let moment = try #require(try time(moment).adding(microseconds: micro))
            guard !isTaken else { return try copy.carryOut(statement, dated: moment) }
            expectRefusal(.outcomeDiffers, "FR69", "\(moment) after \(next)") {
                try copy.carryOut(statement, dated: moment)
            }
        }
        try expect(true, at: 0, after: -5000)
        try expect(true, at: 5, after: -5000)
        try expect(false, at: 6, after: -5000)
        try expect(true, at: -900, after: -5000)
        try expect(false, at: -901, after: -5000)
        // Not before an event of the vault.
        try expect(true, at: -5, after: -5)
        try expect(false, at: -6, after: -5)
        try expect(true, at: -900, after: -900)
        try expect(false, at: -901, after: -901)
        // An event that is dated years ahead is followed, and not by more than that.
        let years = 70 * 366 * 86_400
        try expect(true, at: years, after: years)
        try expect(false, at: years, after: years, 1)
        try expect(false, at: 0, after: years)
        var copy = house
        expectRefusal(.badParameter) { _ = try copy.vaultRotation(["vault-next": "tomorrow"]) }
    }

    @Test("A peer on the roster has a key of their own there, and a key its holder's name")
    func peers() throws {
        var house = try Self.house()
        let (dave, stranger) = (house.person("dave"), House.outsider.keys[0].fingerprint)
        for peers in ["gina=\(dave.keys[0].fingerprint)", "gina=\(stranger)"] {
            expectRefusal(.badParameter, "CT-12") {
                _ = try house.vaultRotation(["peers": peers])
            }
        }
        expectRefusal(.badParameter, "CT-12") {
            _ = try house.vaultRotation(["peers": "mallory=\(dave.keys[0].fingerprint)"])
        }
        let second = house.person("frank").keys[1].fingerprint
        let statement = try house.vaultRotation(
            ["peers": "gina,frank=\(second),mallory=\(stranger)"])
        #expect(statement.fields.all("peer").count == 3)
    }
}
