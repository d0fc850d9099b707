// Who may say no to a membership, and when: what somebody is asked for they may refuse, nothing
// else can stop it, and a no that stands in the log is never passed over.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A no to a membership")
struct MembershipRefusalTests {
    /// alice, bob and carol, of whom two sign and one must consent.
    private func guarded() throws -> House {
        var house = try House(policy: House.membershipPolicy)
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "2", "approve": "1"])
        return house
    }

    /// A change by which bob goes and frank comes, at its commit.
    private func exchanging() throws -> (House, Statement) {
        var house = try guarded()
        let statement = try house.openMembership(["remove": "bob", "add": "frank"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.bring(key: 304, to: statement, as: "frank")
        try house.execute(statement.ceremony)
        return (house, statement)
    }

    @Test("At the commit only who is asked for their new key can stop it")
    func asked() throws {
        var (house, statement) = try exchanging()
        let id = statement.ceremony
        for (name, key) in [("bob", 302), ("alice", 301), ("carol", 303)] {
            let refusal = house.expectRefusal(
                .notListed, of: try house.refusal(of: statement, as: name, key: key).command)
            #expect(refusal?.next?.contains("It asks frank.") == true)
        }
        #expect(try house.ceremony(id).refused == nil)
        let operation = try house.state.operation(of: statement)
        #expect(operation.asked(in: try house.ceremony(id)) == [SoftwareKey(6).fingerprint])
        try house.decide(try house.refusal(of: statement, as: "frank", key: 6).command)
        #expect(try house.ceremony(id).refused != nil)
        house.expectConsistent()
    }

    @Test("Who has vouched for somebody is not asked at the commit")
    func vouching() throws {
        var house = try guarded()
        let zoe = SoftwareKey(400)
        house.hold(zoe)
        let statement = try house.openMembership(["add": "zoe=\(zoe.fingerprint)"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.bring(key: 401, to: statement, as: "zoe", identity: zoe)
        try house.accept(statement, as: "frank", key: 6, set: "vouch.zoe")
        try house.accept(statement, as: "dave", key: 4, set: "vouch.zoe")
        try house.execute(statement.ceremony)
        house.expectRefusal(
            .notListed, of: try house.refusal(of: statement, as: "frank", key: 6).command)
    }

    @Test("Who has said no to their part before the commit does not come back to stop it")
    func twice() throws {
        var house = try House(policy: House.membershipPolicy)
        let statement = try house.openMembership([
            "role": "group", "add": "alice,bob,carol,frank", "sign": "2", "accept": "3",
        ])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.bring(key: 301, to: statement, as: "alice")
        try house.bring(key: 304, to: statement, as: "frank")
        try house.decide(try house.refusal(of: statement, as: "bob", key: 2).command)
        try house.bring(key: 303, to: statement, as: "carol")
        try house.execute(statement.ceremony)
        house.expectRefusal(
            .notListed, of: try house.refusal(of: statement, as: "bob", key: 2).command)
        try house.decide(try house.refusal(of: statement, as: "carol", key: 3).command)
        #expect(try house.ceremony(statement.ceremony).refused != nil)
    }

    @Test("After a recorded no nothing commits, by decision or by event, and it ends as declined")
    func final() throws {
        var house = try House()
        let (statement, outcome) = try house.refusedMembership()
        let id = statement.ceremony
        house.expectRefusal(.declined, of: .complete(ceremony: id, outcome: outcome))
        house.expectIllegal(
            .declined,
            .ceremonyCompleted(
                CeremonyCompleted(
                    ceremony: id, from: .executing, to: .completed, outcome: outcome)))
        try house.decide(.fail(ceremony: id, Failure(reason: "declined")))
        #expect(house.standing(id) == .failed)
        #expect(house.state.authority("guardians") == nil)
        house.expectConsistent()
    }

    @Test("Who has vouched for somebody can still say no to their own part, once")
    func own() throws {
        var house = try guarded()
        let zoe = SoftwareKey(400)
        house.hold(zoe)
        let statement = try house.openMembership(["add": "frank,zoe=\(zoe.fingerprint)"])
        try house.accept(statement, as: "frank", key: 6, set: "vouch.zoe")
        try house.decide(try house.refusal(of: statement, as: "frank", key: 6).command)
        let ceremony = try house.ceremony(statement.ceremony)
        #expect(ceremony.state == .failed && ceremony.end?.reason == "declined")
        let vouching = try #require(ceremony.acceptances.first { $0.name == "vouch.zoe" })
        #expect(vouching.count == 1)
        // Where nothing is open to them any more, the first answers stand.
        let again = try house.openMembership(["add": "zoe=\(zoe.fingerprint)"])
        try house.accept(again, as: "frank", key: 6, set: "vouch.zoe")
        house.expectRefusal(
            .alreadyAnswered, of: try house.refusal(of: again, as: "frank", key: 6).command)
        house.expectConsistent()
    }
}
