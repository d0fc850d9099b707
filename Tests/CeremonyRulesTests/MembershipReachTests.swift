// A commit that would bring an epoch of which too few are known to have a key is none, and a device
// is no person.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("An epoch is of people who are known to have their keys")
struct MembershipReachTests {
    private func house() throws -> House { try House(policy: House.membershipPolicy) }

    /// A council of alice, bob and carol that is being carried out, with its outcome.
    private func executing(_ house: inout House, sign: Int) throws -> (String, MembershipOutcome) {
        let statement = try house.openMembership(
            ["role": "group", "add": "alice,bob,carol", "sign": "\(sign)"], of: "council")
        try house.approve("alice", "bob", "carol", statement: statement)
        for (name, key) in [("alice", 301), ("bob", 302), ("carol", 303)] {
            try house.bring(key: key, to: statement, as: name)
        }
        try house.execute(statement.ceremony)
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        return (statement.ceremony, try MembershipOutcome(outcome))
    }

    @Test("So many must have answered, or keep the key that they have, as are to sign")
    func enough() throws {
        var house = try house()
        let (id, good) = try executing(&house, sign: 2)
        var one = good
        one.signed.removeLast(2)
        one.unreachable = ["bob", "carol"]
        house.expectRefusal(.outcomeDiffers, of: .complete(ceremony: id, outcome: one.json))
        var two = good
        two.signed.removeLast()
        two.unreachable = ["carol"]
        try house.decide(.complete(ceremony: id, outcome: two.json))
        // Those two and carol, of whom nobody knows, are there; who stays counts as well.
        let adding = try house.openMembership(["add": "frank", "sign": "3"], of: "council")
        try house.approve("alice", "bob", "carol", statement: adding)
        for (name, key) in [("alice", 301), ("bob", 302)] {
            try house.consent(key: key, to: adding, as: name)
        }
        try house.bring(key: 304, to: adding, as: "frank")
        try house.execute(adding.ceremony)
        var outcome = try MembershipOutcome(
            try #require(try house.outcome(of: adding.ceremony)))
        outcome.signed = []
        outcome.unreachable = ["frank"]
        try house.decide(.complete(ceremony: adding.ceremony, outcome: outcome.json))
        #expect(house.state.authority("council")?.current.unreached == ["frank"])
        house.expectConsistent()
    }

    @Test("The kind itself fails where too few have answered, and says who has not")
    func fails() throws {
        var house = try house()
        let (id, _) = try executing(&house, sign: 2)
        let ceremony = try house.ceremony(id)
        let operation = try house.state.operation(of: ceremony.statement)
        func next(_ answering: [Int]) -> Work {
            let question = operation.questions(nil, of: ceremony)
            let answers = Dictionary(
                uniqueKeysWithValues: question.filter { asked in
                    answering.contains { SoftwareKey($0).publicKey == asked.key }
                }.map { asked in
                    let key = answering.map { SoftwareKey($0) }.first {
                        $0.publicKey == asked.key
                    }
                    return (
                        asked.key.fingerprint,
                        asked.messages.map { key?.signature(over: $0.bytes) ?? [] }
                    )
                })
            return operation.next(after: [.challenged(answers)], of: ceremony)
        }
        guard case .fail("gate-failed", let detail) = next([301]) else {
            Issue.record("one of two is enough")
            return
        }
        #expect(detail.contains("bob, carol did not answer within 120 seconds"), "\(detail)")
        guard case .commit = next([301, 303]) else {
            Issue.record("two of two are not enough")
            return
        }
    }

    @Test("Without patience nobody is asked, so enough must keep the key that they have")
    func noPatience() throws {
        var house = try house()
        expectRefusal(.unmeetable) {
            try house.openMembership(
                ["role": "group", "add": "alice,bob,carol", "sign": "1", "patience": "0"],
                of: "council")
        }
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "2", "approve": "2"])
        expectRefusal(.unmeetable) {
            try house.openMembership(["renew": "all", "patience": "0"])
        }
        expectRefusal(.unmeetable) {
            try house.openMembership(["add": "frank,gina", "sign": "4", "patience": "0"])
        }
        try house.openMembership(["add": "frank", "patience": "0"])
    }

    @Test("A device among people is refused, and so is one that was a device; a person is not")
    func devices() throws {
        var house = try house()
        let (laptop, tablet) = (SoftwareKey(400), SoftwareKey(401))
        let made = try house.openMembership(
            [
                "role": "device", "sign": "1",
                "add": "laptop=\(laptop.fingerprint),phone=\(SoftwareKey(7).fingerprint)",
            ], of: "frank-devices")
        try house.approve("alice", "bob", "carol", statement: made)
        try house.bring(key: 331, to: made, as: "laptop", identity: laptop)
        try house.bring(key: 332, to: made, as: "frank", identity: SoftwareKey(7))
        for (name, key) in [("frank", 6), ("dave", 4)] {
            try house.accept(made, as: name, key: key, set: "vouch.laptop")
        }
        try house.carryOut(made.ceremony)
        for role in ["guardian", "group", "block"] {
            expectRefusal(.wrongKey) {
                try house.openMembership(
                    ["role": role, "sign": "1", "add": "laptop=\(laptop.fingerprint)"],
                    of: "council")
            }
        }
        // Frank's second key is in his phone, and on the roster as his.
        let frank = try house.openMembership(
            ["role": "group", "sign": "1", "add": "frank=\(SoftwareKey(7).fingerprint)"],
            of: "others")
        #expect(frank.accepts.contains { $0.fingerprint == SoftwareKey(7).fingerprint })
        let removing = try house.openMembership(
            ["remove": "laptop", "approve": "0"], of: "frank-devices")
        try house.approve("alice", "bob", "carol", statement: removing)
        try house.consent(key: 332, to: removing, as: "phone")
        try house.carryOut(removing.ceremony)
        #expect(house.state.authority("frank-devices")?.current.members.count == 1)
        expectRefusal(.wrongKey) {
            try house.openMembership(
                ["role": "group", "sign": "1", "add": "laptop=\(laptop.fingerprint)"],
                of: "council")
        }
        // A stranger whom the log does not know as a device may come, vouched for.
        try house.openMembership(
            ["role": "group", "sign": "1", "add": "zoe=\(tablet.fingerprint)"], of: "council")
        house.expectConsistent()
    }

    @Test("A person in an authority of people may have a device of the same key")
    func personAndDevice() throws {
        var house = try house()
        let zoe = SoftwareKey(400)
        let group = try house.openMembership(
            ["role": "group", "sign": "1", "add": "zoe=\(zoe.fingerprint)"], of: "council")
        try house.approve("alice", "bob", "carol", statement: group)
        try house.bring(key: 331, to: group, as: "zoe", identity: zoe)
        for (name, key) in [("frank", 6), ("dave", 4)] {
            try house.accept(group, as: name, key: key, set: "vouch.zoe")
        }
        try house.carryOut(group.ceremony)
        let devices = try house.openMembership(
            ["role": "device", "sign": "1", "add": "laptop=\(zoe.fingerprint)"],
            of: "a-devices")
        try house.approve("alice", "bob", "carol", statement: devices)
        try house.bring(key: 332, to: devices, as: "zoe", identity: zoe)
        try house.carryOut(devices.ceremony)
        try house.openMembership(["role": "group", "sign": "1", "add": "zoe"], of: "others")
    }
}
