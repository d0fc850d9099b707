// Whom the log knows, and by which key; how many consents it takes when members go; and what is
// said of members whose key has left the roster.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Who may become a member, and who decides it")
struct MembershipPeopleTests {
    private func guarded() throws -> House {
        var house = try House(policy: House.membershipPolicy)
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "2", "approve": "1"])
        return house
    }

    /// zoe, on no roster, comes into an authority with her key, vouched for by frank and dave.
    private func vouched(
        _ house: inout House, key zoe: SoftwareKey, bringing new: Int,
        into authority: String = "guardians"
    ) throws {
        house.hold(zoe)
        let parameters = ["add": "zoe=\(zoe.fingerprint)"]
        let isNew = house.state.authority(authority) == nil
        let statement = try house.openMembership(
            isNew ? parameters.merging(["role": "group", "sign": "1"]) { $1 } : parameters,
            of: authority)
        #expect(statement.accepts.contains { $0.set == "vouch.zoe" })
        try house.approve("alice", "bob", "carol", statement: statement)
        if !isNew { try house.consent(key: 301, to: statement, as: "alice") }
        try house.bring(key: new, to: statement, as: "zoe", identity: zoe)
        try house.accept(statement, as: "frank", key: 6, set: "vouch.zoe")
        try house.accept(statement, as: "dave", key: 4, set: "vouch.zoe")
        try house.carryOut(statement.ceremony)
    }

    /// zoe is removed from the guardians.
    private func removed(_ house: inout House) throws {
        let out = try house.openMembership(["remove": "zoe"])
        try house.approve("alice", "bob", "carol", statement: out)
        try house.consent(key: 301, to: out, as: "alice")
        try house.carryOut(out.ceremony)
    }

    private func asked(_ house: House, _ parameters: [String: String]) throws -> Statement {
        var copy = house
        return try copy.openMembership(
            parameters.merging(["role": "group", "sign": "1"]) { $1 }, of: "third")
    }

    @Test("A key is known while its owner is a member with it, and not after they have gone")
    func known() throws {
        var house = try guarded()
        let (old, new) = (SoftwareKey(400), SoftwareKey(402))
        try vouched(&house, key: old, bringing: 401)
        #expect(try asked(house, ["add": "zoe"]).accepts.map(\.fingerprint) == [old.fingerprint])
        try removed(&house)
        expectRefusal(.badParameter) { _ = try asked(house, ["add": "zoe"]) }
        // Named all the same, it is vouched for again.
        let again = try asked(house, ["add": "zoe=\(old.fingerprint)"])
        #expect(again.accepts.contains { $0.set == "vouch.zoe" })
        try vouched(&house, key: new, bringing: 403, into: "zcouncil")
        #expect(try asked(house, ["add": "zoe"]).accepts.map(\.fingerprint) == [new.fingerprint])
        house.expectConsistent()
    }

    @Test("Who is known by two keys is named with one of them")
    func ambiguous() throws {
        var house = try guarded()
        let (one, two) = (SoftwareKey(400), SoftwareKey(402))
        try vouched(&house, key: one, bringing: 401)
        try vouched(&house, key: two, bringing: 403, into: "zcouncil")
        let refusal = expectRefusal(.badParameter, "I3") { _ = try asked(house, ["add": "zoe"]) }
        #expect(refusal?.detail.contains("\(one.fingerprint)") == true)
        #expect(refusal?.next?.contains("zoe=SHA256:") == true)
        let named = try asked(house, ["add": "zoe=\(two.fingerprint)"])
        #expect(named.accepts.map(\.fingerprint) == [two.fingerprint])
    }

    @Test("Who goes while another authority counts on knowing them ends that")
    func forgotten() throws {
        var house = try guarded()
        try vouched(&house, key: SoftwareKey(400), bringing: 401)
        let waiting = try house.openMembership(
            ["role": "group", "sign": "1", "add": "zoe"], of: "third")
        #expect(waiting.accepts.map(\.set) == ["members"])
        try removed(&house)
        #expect(house.standing(waiting.ceremony) == .failed)
        #expect(try house.ceremony(waiting.ceremony).end?.reason == "prestate-changed")
    }

    @Test("Who is on the roster is known by what the roster says, whatever authorities say")
    func enrolled() throws {
        var house = try guarded()
        let zoe = SoftwareKey(400)
        try vouched(&house, key: zoe, bringing: 401)
        var members = house.state.roster.members
        let other = SoftwareKey(410)
        var entry = try #require(members.first { $0.name == "gina" })
        entry.name = "zoe"
        entry.keys = [MemberKey(key: other.publicKey, tokenSerial: nil)]
        members.append(entry)
        house.state.roster = Roster(
            epoch: 2, members: members, policy: house.state.roster.policy)
        #expect(house.state.owner(of: zoe.fingerprint) == nil)
        expectRefusal(.wrongKey, "I3") { _ = try asked(house, ["add": "zoe=\(zoe.fingerprint)"]) }
        #expect(
            try asked(house, ["add": "zoe"]).accepts.map(\.fingerprint) == [other.fingerprint])
    }

    @Test("Who stays is enough to consent, however many go")
    func consents() throws {
        var house = try House(policy: House.membershipPolicy)
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303), ("frank", 304)],
            ["sign": "2", "approve": "3"])
        let out = try house.openMembership(["remove": "carol,frank", "approve": "1"])
        #expect(out.fields["consent"] == "2")
        try house.approve("alice", "bob", "carol", statement: out)
        try house.consent(key: 301, to: out, as: "alice")
        #expect(house.standing(out.ceremony) == .pending)
        // Those who go say no, and that ends nothing.
        try house.decide(try house.refusal(of: out, as: "carol", key: 303).command)
        try house.decide(try house.refusal(of: out, as: "frank", key: 304).command)
        try house.consent(key: 302, to: out, as: "bob")
        try house.carryOut(out.ceremony)
        let epoch = try #require(house.state.authority("guardians")?.current)
        #expect(epoch.members.map(\.name) == ["alice", "bob"])
        // Where all stay, the epoch's own number counts; who gets a new key stays.
        let renewal = try house.openMembership(["renew": "bob"])
        #expect(renewal.fields["consent"] == "1")
        house.expectConsistent()
    }

    @Test("The only member, whose key is lost, holds the authority up for nobody")
    func only() throws {
        var house = try House(policy: House.membershipPolicy)
        try house.makeAuthority([("alice", 301)], ["sign": "1", "approve": "1"])
        let change = try house.openMembership(["remove": "alice", "add": "bob"])
        #expect(change.fields["consent"] == "0")
        #expect(!change.accepts.contains { $0.set == "consent" })
        try house.approve("alice", "bob", "carol", statement: change)
        try house.bring(key: 302, to: change, as: "bob")
        try house.carryOut(change.ceremony)
        #expect(house.state.authority("guardians")?.current.members.map(\.name) == ["bob"])
    }

    @Test("A device has a name that no person has but its owner")
    func devices() throws {
        var house = try guarded()
        try vouched(&house, key: SoftwareKey(400), bringing: 401)
        func make(_ word: String) throws -> Statement {
            var copy = house
            return try copy.openMembership(
                ["role": "device", "sign": "1", "add": word], of: "devices")
        }
        let frank = SoftwareKey(6).fingerprint
        for word in ["bob=\(frank)", "zoe=\(frank)", "zoe=\(SoftwareKey(500).fingerprint)"] {
            expectRefusal(.wrongKey, "I3", "\(word)") { _ = try make(word) }
        }
        #expect(try make("frank=\(frank)").fields.all("invite").count == 1)
        #expect(try make("laptop=\(frank)").fields.all("invite").count == 1)
        #expect(try make("laptop=\(SoftwareKey(500).fingerprint)").fields.all("vouch").count == 1)
    }

    @Test("Silent members are given up before the execution is over")
    func patience() throws {
        var policy = House.membershipPolicy
        policy.kinds["membership"]?.execution = 60
        var house = try House(policy: policy)
        func patience(_ given: String?) throws -> String? {
            var parameters = ["role": "group", "sign": "1", "add": "frank"]
            parameters["patience"] = given
            var copy = house
            return try copy.openMembership(parameters).fields["patience"]
        }
        #expect(try patience(nil) == "30")
        #expect(try patience("59") == "59")
        // With nobody who stays, those who come are asked.
        expectRefusal(.unmeetable) { _ = try patience("0") }
        let refusal = expectRefusal(.badParameter) { _ = try patience("60") }
        #expect(refusal?.next?.contains("patience=30") == true)
        house = try House(policy: House.membershipPolicy)
        #expect(try patience(nil) == "120")
    }

    @Test("Whose key has left the roster is due in every authority until they go or get a new one")
    func unlisted() throws {
        var house = try guarded()
        house.pass(60)
        func due(_ house: House) -> [Deadline] {
            house.state.deadlines().filter { $0.matter == .memberUnlisted }
        }
        #expect(due(house).isEmpty)
        let change = try house.setRoster { members in members.removeAll { $0.name == "bob" } }
        try house.approve("alice", "carol", statement: change)
        let left = try #require(due(house).first)
        #expect(due(house).count == 1 && left.subject == "guardians")
        #expect(left.key == SoftwareKey(302).fingerprint && left.since == house.now)
        #expect(left.text.contains("bob is not on the roster any more"))
        let others = House.everybody.filter { $0.member.name != "bob" }
        let next = try House(others, policy: House.membershipPolicy, after: house)
        #expect(due(next).map(\.key) == [SoftwareKey(302).fingerprint])
        // A change that keeps him settles nothing; that he goes does.
        house.pass(60)
        var renewed = house
        let out = try house.openMembership(["remove": "bob", "approve": "1"])
        #expect(due(house).map(\.ceremony) == [out.ceremony])
        try house.approve("alice", "carol", "frank", statement: out)
        try house.consent(key: 301, to: out, as: "alice")
        try house.carryOut(out.ceremony)
        #expect(due(house).isEmpty)
        house.expectConsistent()
        // So does a new key, which people have given him knowing what they did.
        let renewal = try renewed.openMembership(["renew": "bob"])
        try renewed.approve("alice", "carol", "frank", statement: renewal)
        try renewed.consent(key: 301, to: renewal, as: "alice")
        try renewed.bring(key: 312, to: renewal, as: "bob", identity: SoftwareKey(2))
        #expect(due(renewed).count == 1)
        try renewed.carryOut(renewal.ceremony)
        #expect(due(renewed).isEmpty)
    }
}
