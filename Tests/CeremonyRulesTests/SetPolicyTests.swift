// The rules change by ceremony under the rules in force, and never to what the house could not live
// with.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Rules change by ceremony")
struct SetPolicyTests {
    @Test("Three witnesses set the policy, and the next statement carries it")
    func set() throws {
        var house = try House()
        let statement = try house.setPolicy { $0.kinds["new_keeper_key"]?.threshold = 2 }
        #expect(statement.ceremony == "house-policy-1")
        #expect(statement.threshold == 3)
        #expect(statement.accepts.isEmpty)
        let members = house.state.roster.members
        try house.approve("alice", "bob", statement: statement)
        #expect(house.state.roster.epoch == 1)
        let decision = try house.decide(house.approval(by: "robot", of: statement).command)
        guard case .rosterSet(let set)? = decision.events.last?.body else {
            Issue.record("no roster.set")
            return
        }
        #expect(set.epoch == 2)
        #expect(set.members == members)
        #expect(set.holders == nil)
        let next = try house.statement()
        #expect(next.threshold == 2)
        #expect(next.policy == house.state.roster.policy.digest)
        house.expectConsistent()
    }

    @Test("What is under way keeps the thresholds that were signed, by ending")
    func underWay() throws {
        var house = try House()
        let pending = try house.open()
        let statement = try house.setPolicy { $0.kinds["new_keeper_key"]?.threshold = 2 }
        try house.approve("alice", "bob", "carol", statement: statement)
        #expect(try house.ceremony(pending.ceremony).end?.reason == "prestate-changed")
        house.expectConsistent()
    }

    @Test("Holders stay whose they are")
    func holders() throws {
        var house = try House()
        let owned = try house.open(holder: "gina")
        try house.approve("alice", "bob", "carol", statement: owned)
        try house.execute(owned.ceremony)
        try house.complete(owned.ceremony)
        let statement = try house.setPolicy { $0.attestDays = 8 }
        try house.approve("alice", "bob", "carol", statement: statement)
        #expect(house.state.roster.holders == ["keeper-alpha": "gina"])
    }

    @Test("A policy that is senseless, below its floors or cannot be met is refused")
    func refused() throws {
        var house = try House()
        let wrong: [(RefusalCode, @Sendable (inout Policy) -> Void)] = [
            (.badParameter, { _ in }), (.badPolicy, { $0.attestDays = 0 }),
            (.unknownKind, { $0.kinds["tea"] = Policy.Entry(threshold: 1, attest: 0) }),
            (.unmeetable, { $0.kinds["set_roster"]?.threshold = 6 }),
            (.unmeetable, { $0.kinds["new_keeper_key"]?.attest = 6 }),
        ]
        for (code, edit) in wrong { expectRefusal(code) { try house.setPolicy(edit) } }
        for change in [
            house.change { $0.remove("erin") }, "{}", "{\"policy\":{}}",
            RosterChange(
                members: house.state.roster.members, policy: House.policy.json
            ).text,
            RosterChange(
                holders: [Holder(subject: "keeper-alpha", holder: "bob")],
                policy: House.policy.json
            ).text,
        ] {
            do {
                try house.open(
                    "set-policy", subject: "house-policy", parameters: ["change": change])
                Issue.record("not refused: \(change)")
            } catch {
                #expect([.badParameter, .badPolicy].contains(error.code), "\(error)")
            }
        }
    }

    @Test(
        "Production keeps every kind without which it would be stuck",
        arguments: Kinds.all.map { $0.name })
    func floors(name: String) throws {
        let kind = try Kinds.named(name)
        var policy = Policy.standard
        policy.kinds[Policy.fieldName(name)] = nil
        try policy.checkFloors(mode: .rehearsal)
        if kind.hasSteps {
            try policy.checkFloors(mode: .production)
        } else {
            expectRefusal(.belowFloor) { try policy.checkFloors(mode: .production) }
        }
    }
}
