// The people change by ceremony: the old quorum decides, whoever comes accepts, and nothing that
// was agreed among other people goes on.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("People come and go by ceremony")
struct SetRosterTests {
    /// A house in which hana, with one key or with both, is enrolled.
    private func enrolled(keys: [Int] = [20]) throws -> House {
        var house = try House()
        let statement = try house.setRoster { $0.append(Self.hana(keys)) }
        for key in keys { try house.accept(statement, key: key) }
        try house.approve("alice", "bob", statement: statement)
        return house
    }

    private static func hana(_ keys: [Int]) -> Member {
        var member = House.newcomer.member
        member.keys = keys.map { MemberKey($0) }
        return member
    }

    // MARK: Coming

    @Test("Two keepers enroll somebody who accepts, and she then witnesses")
    func enroll() throws {
        var house = try House()
        let statement = try house.setRoster { $0.append(Self.hana([20])) }
        #expect(statement.ceremony == "house-roster-1")
        #expect(statement.threshold == 2)
        #expect(statement.fields["epoch"] == "2")
        #expect(
            statement.accepts
                == [
                    AcceptLine(
                        set: "roster", name: "hana", fingerprint: SoftwareKey(20).fingerprint)
                ])
        #expect(Set(statement.witnesses.map(\.name)) == ["alice", "bob", "carol", "frank", "gina"])
        try house.approve("alice", "gina", statement: statement)
        #expect(house.standing(statement.ceremony) == .pending)
        #expect(try house.ceremony(statement.ceremony).waiting == ["hana"])
        let decision = try house.accept(statement, key: 20)
        #expect(
            decision.events.map(\.body.type) == [
                "ceremony.accepted", "ceremony.approved", "ceremony.executing",
                "ceremony.completed", "roster.set",
            ])
        #expect(house.state.roster.epoch == 2)
        #expect(house.state.roster.member(named: "hana")?.roles == [.witness])
        #expect(house.state.roster.policy == House.policy)
        let next = try house.open()
        #expect(next.witnesses.contains { $0.name == "hana" })
        try house.approve("hana", "alice", "bob", statement: next)
        #expect(house.standing(next.ceremony) == .approved)
        house.expectConsistent()
    }

    @Test("The approvals complete it as well, where they come last")
    func approvalLast() throws {
        let house = try enrolled()
        #expect(try house.types().last == "roster.set")
        #expect(house.state.roster.member(named: "hana") != nil)
        house.expectConsistent()
    }

    @Test("A second key of somebody there is accepted by that key, and counts as the same person")
    func secondKey() throws {
        var house = try House()
        let statement = try house.setRoster { members in
            members.edit("alice") { $0.keys.append(MemberKey(30)) }
        }
        #expect(statement.accepts.map(\.name) == ["alice"])
        try house.approve("alice", "bob", statement: statement)
        #expect(house.standing(statement.ceremony) == .pending)
        // Her old key does not speak for the new one.
        house.expectRefusal(
            .notListed,
            of: Signed(
                house.acceptance(of: statement, as: "alice", key: SoftwareKey(1)),
                by: SoftwareKey(1), for: .accept
            ).command)
        try house.accept(statement, as: "alice", key: 30)
        #expect(house.state.roster.member(holding: SoftwareKey(30).fingerprint) != nil)
        let next = try house.open()
        try house.approve("alice", statement: next)
        house.expectRefusal(
            .alreadyAnswered,
            of: Signed(next, by: SoftwareKey(30), for: .approve).command)
    }

    @Test("Each of several new keys accepts for itself")
    func everyKey() throws {
        var house = try House()
        let statement = try house.setRoster { $0.append(Self.hana([20, 21])) }
        try house.approve("alice", "bob", statement: statement)
        try house.accept(statement, key: 21)
        #expect(house.standing(statement.ceremony) == .pending)
        try house.accept(statement, key: 20)
        #expect(house.standing(statement.ceremony) == .completed)
        house.expectConsistent()
    }

    @Test("A change that brings no key asks nobody to accept")
    func roles() throws {
        var house = try House()
        let statement = try house.setRoster { $0.edit("gina") { $0.roles = [.witness] } }
        #expect(statement.accepts.isEmpty)
        try house.approve("alice", "bob", statement: statement)
        #expect(house.state.roster.member(named: "gina")?.roles == [.witness])
    }

    // MARK: Going

    @Test("Somebody removed can neither witness nor attest nor act, and what they attested stands")
    func removed() throws {
        var house = try House()
        let record = try house.completed()
        try house.attest("alice", record: record)
        let statement = try house.setRoster {
            $0.remove("alice"); $0.remove("carol")
        }
        #expect(statement.excluded == ["alice", "carol"])
        try house.approve("bob", "gina", statement: statement)
        #expect(house.state.roster.member(named: "alice") == nil)
        house.expectRefusal(
            .notOnRoster, "CT-12", of: house.attestation(by: "carol", of: record).command)
        let next = try house.open(subject: "keeper-beta")
        #expect(!next.witnesses.contains { $0.name == "alice" })
        house.expectRefusal(
            .notOnRoster, "CT-12", of: house.approval(by: "alice", of: next).command)
        house.expectRefusal(
            .notOnRoster, of: house.signed(try house.act(.halt, by: "alice")).command)
        #expect(try house.ceremony(record.ceremony).attestations.answers["carol"] == nil)
        let asked = try house.ceremony(record.ceremony).attestations
        let gone = asked.names.filter { house.state.absence(of: $0, in: asked) != nil }
        #expect(gone == ["carol"])
        try house.attest("bob", record: record)
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .active)
        house.expectConsistent()
    }

    /// A house where two must attest, and the record of a key that waits for it.
    private func waiting() throws -> (House, KeyRecord) {
        var house = try House(
            policy: Policy(kinds: [
                "new_keeper_key": Policy.Entry(threshold: 2, attest: 2),
                "set_roster": Policy.Entry(threshold: 2, attest: 0),
            ]))
        let record = try house.completed()
        return (house, record)
    }

    @Test("A key that too few can attest any more lapses with the change")
    func outOfReach() throws {
        var (house, record) = try waiting()
        let statement = try house.setRoster { members in
            for name in ["alice", "carol", "robot"] { members.remove(name) }
            members.edit("frank") { $0.keys = [MemberKey(31)] }
        }
        try house.approve("bob", "gina", statement: statement)
        let decision = try house.accept(statement, as: "frank", key: 31)
        #expect(decision.events.map(\.body.type).suffix(2) == ["roster.set", "key.lapsed"])
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .lapsed)
        house.expectConsistent()
    }

    @Test("Whoever was removed is not waited for when others decline")
    func declinedAfterRemoval() throws {
        var (house, record) = try waiting()
        let statement = try house.setRoster { members in
            for name in ["alice", "carol", "robot"] { members.remove(name) }
        }
        try house.approve("bob", "gina", statement: statement)
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .registered)
        let decision = try house.order(.decline, by: "bob", on: record.ceremony)
        #expect(decision.events.map(\.body.type) == ["ceremony.declined", "key.lapsed"])
    }

    @Test("Keys that the change takes away do not approve it")
    func lostKeys() throws {
        var house = try House()
        let statement = try house.setRoster { members in
            members.edit("carol") { $0.keys = [MemberKey(30)] }
            members.edit("frank") { $0.keys.removeFirst() }
        }
        #expect(statement.excluded == ["carol"])
        let frank = statement.witnesses.filter { $0.name == "frank" }
        #expect(frank.map(\.fingerprint) == [SoftwareKey(7).fingerprint])
        house.expectRefusal(.notListed, of: house.approval(by: "carol", of: statement).command)
        house.expectRefusal(.notListed, of: house.approval(by: "frank", of: statement).command)
        try house.decide(house.approval(by: "frank", key: 1, of: statement).command)
        try house.accept(statement, as: "carol", key: 30)
        try house.approve("alice", statement: statement)
        #expect(house.state.roster.member(holding: SoftwareKey(3).fingerprint) == nil)
        #expect(house.state.roster.member(holding: SoftwareKey(30).fingerprint) != nil)
    }

    @Test("A house of three keepers replaces a lost key, and one of two is told that it cannot")
    func lostToken() throws {
        let policy = Policy(kinds: ["set_roster": Policy.Entry(threshold: 2, attest: 0)])
        let names = ["alice", "bob", "carol", "dave"]
        let people = House.everybody.filter { names.contains($0.member.name) }
        var three = try House(people, policy: policy)
        #expect(three.state.roster.outlook().map(\.hasSpare) == [true])
        let statement = try three.setRoster { members in
            members.edit("carol") { $0.keys = [MemberKey(30)] }
        }
        try three.approve("alice", "bob", statement: statement)
        try three.accept(statement, as: "carol", key: 30)
        #expect(three.standing(statement.ceremony) == .completed)
        var two = try House(people.filter { $0.member.name != "bob" }, policy: policy)
        #expect(two.state.roster.outlook().map(\.indispensable) == [["alice", "carol", "dave"]])
        expectRefusal(.unmeetable, "CT-12") {
            try two.setRoster { members in
                members.edit("carol") { $0.keys = [MemberKey(30)] }
            }
        }
    }

    // MARK: Whose key it is

    @Test("A key that stands in the log as another's, or as anything else, enrolls nobody")
    func taken() throws {
        var house = try House()
        let record = try house.activated()
        let others = [SoftwareKey(1), SoftwareKey(500), house.logKey]
        #expect(record.publicKey == SoftwareKey(500).publicKey)
        for key in others {
            expectRefusal(.keyTaken, "FR69") {
                try house.setRoster { members in
                    members.remove("alice")
                    var hana = House.newcomer.member
                    hana.keys = [MemberKey(key: key.publicKey, tokenSerial: nil)]
                    members.append(hana)
                }
            }
        }
    }

    @Test("The old key of somebody removed comes back as theirs and as nobody else's")
    func comingBack() throws {
        var house = try House()
        let gone = try house.setRoster { $0.remove("alice") }
        try house.approve("bob", "gina", statement: gone)
        expectRefusal(.keyTaken) {
            try house.setRoster { $0.append(Self.hana([1])) }
        }
        var alice = House.everybody[0].member
        alice.roles = []
        let back = try house.setRoster { $0.append(alice) }
        #expect(back.accepts.map(\.name) == ["alice"])
        try house.approve("bob", "gina", statement: back)
        try house.accept(back, as: "alice", key: 1)
        #expect(house.state.roster.member(named: "alice")?.roles == [])
        house.expectConsistent()
    }

    @Test("A key that has accepted for somebody is theirs, even where the ceremony came to nothing")
    func claimed() throws {
        var house = try House()
        let statement = try house.setRoster { $0.append(Self.hana([20])) }
        try house.accept(statement, key: 20)
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        expectRefusal(.keyTaken) {
            try house.setRoster { members in
                members.edit("bob") { $0.keys.append(MemberKey(20)) }
            }
        }
        try house.setRoster { $0.append(Self.hana([20])) }
    }

    @Test("A key that has meanwhile accepted for another cannot accept")
    func claimedMeanwhile() throws {
        var house = try House()
        let first = try house.setRoster { $0.append(Self.hana([20])) }
        let second = try house.setRoster { members in
            members.edit("bob") { $0.keys.append(MemberKey(20)) }
        }
        try house.accept(first, key: 20)
        expectRefusal(.keyTaken) { try house.accept(second, as: "bob", key: 20) }
    }

    @Test("A key that joined the roster is taken for what ceremonies make")
    func made() throws {
        var house = try enrolled()
        let statement = try house.executing()
        let outcome = try #require(try house.outcome(of: statement.ceremony, key: 20))
        house.expectRefusal(
            .keyTaken, of: .complete(ceremony: statement.ceremony, outcome: outcome))
    }

    // MARK: What cannot be

    @Test("A change tells people, keys and tokens apart, and changes something")
    func senseless() throws {
        var house = try House()
        let wrong: [@Sendable (inout [Member]) -> Void] = [
            { _ in },
            { $0.edit("bob") { $0.keys.append($0.keys[0]) } },
            { $0.edit("bob") { $0.keys.append($0.keys[0]) } },
            {
                $0.append(Self.hana([20])); $0.edit("bob") { $0.keys.append(MemberKey(20)) }
            },
            { members in
                members.edit("bob") { $0.keys[0].tokenSerial = "serial-of-alice" }
            },
        ]
        for edit in wrong { expectRefusal(.badParameter) { try house.setRoster(edit) } }
        expectRefusal(.unmeetable) {
            try house.setRoster { members in
                members = members.filter { ["alice", "bob", "dave"].contains($0.name) }
            }
        }
    }

    @Test("A change is an object in its one form, with every member and no policy")
    func unreadable() throws {
        var house = try House()
        let good = house.change { $0.remove("erin") }
        let members = good.dropLast()
        let wrong = [
            "", "{}", "[]", "null", good + " ", "\(members),\"more\":1}",
            "\(members),\"policy\":\(House.policy.json.canonicalText)}",
            "{\"members\":[]}", RosterChange(policy: House.policy.json).text,
            RosterChange(members: house.state.roster.members.reversed()).text,
        ]
        for change in wrong {
            expectRefusal(.badParameter) {
                try house.open(
                    "set-roster", subject: "house-roster", parameters: ["change": change])
            }
        }
        expectRefusal(.badParameter) { try house.open("set-roster", subject: "house-roster") }
        expectRefusal(.badParameter) {
            try house.open("set-roster", subject: "keeper-alpha", parameters: ["change": good])
        }
        try house.open("set-roster", subject: "house-roster", parameters: ["change": good])
    }

    @Test("Subjects get another holder, who is on the new roster")
    func holders() throws {
        var house = try House()
        _ = try house.activated()
        for (subject, holder) in [
            ("keeper-beta", "alice"), ("keeper-alpha", "mallory"), ("keeper-alpha", "erin"),
        ] {
            expectRefusal(.badParameter) {
                try house.setRoster(holders: [Holder(subject: subject, holder: holder)]) {
                    $0.remove("erin")
                }
            }
        }
        let statement = try house.setRoster(
            holders: [Holder(subject: "keeper-alpha", holder: "alice")])
        try house.approve("alice", "bob", statement: statement)
        #expect(house.state.roster.holders == ["keeper-alpha": "alice"])
        let rotation = try house.statement("key-rotation")
        #expect(rotation.holder == "alice")
        #expect(rotation.excluded == ["alice"])
        expectRefusal(.badParameter) {
            try house.setRoster(holders: [Holder(subject: "keeper-alpha", holder: "alice")])
        }
        house.expectConsistent()
    }

    @Test("Keepers decide about people, and nobody else")
    func keepers() throws {
        var house = try House()
        let statement = try house.setRoster { $0.remove("erin") }
        house.expectRefusal(.notListed, of: house.approval(by: "robot", of: statement).command)
        expectRefusal(.wrongRole) { try house.setRoster(by: "erin") { $0.remove("erin") } }
    }

    // MARK: What else is under way

    @Test("A change of the roster ends at once whatever was agreed among other people")
    func prestate() throws {
        var house = try House()
        let pending = try house.open(subject: "keeper-beta", token: House.otherToken)
        let approved = try house.approved()
        let rival = try house.setRoster { $0.remove("gina") }
        let statement = try house.setRoster { $0.remove("erin") }
        try house.approve("alice", statement: statement)
        let decision = try house.decide(house.approval(by: "bob", of: statement).command)
        #expect(
            decision.events.map(\.body.type) == [
                "ceremony.witnessed", "ceremony.approved", "ceremony.executing",
                "ceremony.completed", "roster.set", "ceremony.failed", "ceremony.expired",
                "ceremony.failed",
            ])
        for id in [pending, approved, rival].map(\.ceremony) {
            #expect(try house.ceremony(id).end?.reason == "prestate-changed")
        }
        house.expectConsistent()
    }

    @Test("An execution under way cannot commit any more, and ends when it reports")
    func executing() throws {
        var house = try House()
        let running = try house.executing()
        let outcome = try #require(try house.outcome(of: running.ceremony))
        let statement = try house.setRoster { $0.remove("erin") }
        try house.approve("alice", "bob", statement: statement)
        #expect(house.standing(running.ceremony) == .executing)
        house.expectRefusal(
            .prestateChanged, of: .complete(ceremony: running.ceremony, outcome: outcome))
        try house.decide(
            .fail(ceremony: running.ceremony, Failure(reason: "prestate-changed")))
        #expect(house.standing(running.ceremony) == .failed)
        house.expectConsistent()
    }

    @Test("While halted, taking away goes on and nothing else does")
    func halted() throws {
        var house = try House()
        try house.order(.halt, by: "carol")
        let more: [@Sendable (inout [Member]) -> Void] = [
            { $0.append(Self.hana([20])) },
            { $0.edit("alice") { $0.keys.append(MemberKey(30)) } },
            { $0.edit("gina") { $0.roles = [.witness] } },
            { $0.edit("gina") { $0.kind = .external } },
            { $0.edit("gina") { $0.display = "Another" } },
            { $0.edit("gina") { $0.keys[0].tokenSerial = nil } },
        ]
        for edit in more { expectRefusal(.halted) { try house.setRoster(edit) } }
        let statement = try house.setRoster { members in
            members.remove("erin")
            members.edit("frank") { $0.keys.removeLast() }
            members.edit("bob") { $0.roles = [] }
        }
        try house.approve("alice", "gina", statement: statement)
        #expect(house.state.roster.epoch == 2)
        #expect(house.state.isHalted)
        expectRefusal(.halted) { try house.setPolicy { $0.attestDays = 8 } }
        house.expectConsistent()
    }

    @Test(
        "While halted, a removal that could never be met is refused for that and not for the halt")
    func haltedUnmeetable() throws {
        var house = try House()
        try house.order(.halt, by: "carol")
        let few = ["alice", "bob", "dave"]
        expectRefusal(.unmeetable, "CT-12") {
            try house.setRoster { $0.removeAll { !few.contains($0.name) } }
        }
        expectRefusal(.badParameter) { try house.setRoster() }
        // What brings somebody as well waits for the halt, whatever else is the matter with it.
        expectRefusal(.halted, "CT-11") {
            try house.setRoster { members in
                members.removeAll { !few.contains($0.name) }
                members.append(Self.hana([20]))
            }
        }
        expectRefusal(.halted, "CT-11") {
            try house.open(
                "set-roster", subject: "house-roster", parameters: ["change": "nonsense"])
        }
    }

    @Test("A holder goes on under a halt no more than a new key does")
    func haltedHolder() throws {
        var house = try House()
        _ = try house.activated()
        try house.order(.halt, by: "carol")
        expectRefusal(.halted) {
            try house.setRoster(holders: [Holder(subject: "keeper-alpha", holder: "alice")])
        }
    }

    @Test("The roster is set by its ceremony and by nothing else")
    func alone() throws {
        let house = try House()
        for ceremony in [nil, "house-roster-1"] {
            house.expectIllegal(
                .illegalEvent,
                .rosterSet(
                    RosterSet(
                        ceremony: ceremony, epoch: 2, policy: House.policy.json,
                        members: house.state.roster.members, holders: nil)))
        }
    }
}
