// Who an authority is made of: how an epoch comes, and that nothing but its commit brings it.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("An authority is what its commits say")
struct MembershipTests {
    private func house() throws -> House { try House(policy: House.membershipPolicy) }

    /// alice, bob and carol, of whom two sign and one must consent.
    private func guarded() throws -> House {
        var house = try house()
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "2", "approve": "2"])
        return house
    }

    private func names(_ house: House, _ authority: String = "guardians") -> [String] {
        house.state.authority(authority)?.current.members.map(\.name) ?? []
    }

    @Test("Three become an authority of which two sign, and then five of whom three do")
    func threeToFive() throws {
        var house = try guarded()
        let first = try #require(house.state.authority("guardians"))
        #expect(first.role == .guardian && first.current.number == 1 && first.current.sign == 2)
        #expect(names(house) == ["alice", "bob", "carol"])
        let statement = try house.openMembership(["add": "frank,gina", "sign": "3"])
        #expect(
            statement.accepts.map(\.set) == ["consent", "consent", "consent", "members", "members"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.bring(key: 304, to: statement, as: "frank")
        try house.consent(key: 303, to: statement, as: "carol")
        #expect(house.standing(statement.ceremony) == .pending)
        try house.bring(key: 305, to: statement, as: "gina")
        #expect(house.standing(statement.ceremony) == .approved)
        #expect(names(house) == ["alice", "bob", "carol"])
        try house.carryOut(statement.ceremony)
        let now = try #require(house.state.authority("guardians"))
        #expect(now.current.number == 2 && now.current.sign == 3 && now.epochs.count == 2)
        #expect(names(house) == ["alice", "bob", "carol", "frank", "gina"])
        #expect(now.epoch(atSize: now.current.begun.seq)?.number == 1)
        #expect(now.epoch(atSize: now.current.begun.seq + 1)?.number == 2)
        house.expectConsistent()
    }

    @Test("As many acceptances as there are invited is all of them, also where a key is renewed")
    func allOfThem() throws {
        var house = try guarded()
        let statement = try house.openMembership(
            ["add": "frank", "renew": "alice", "accept": "2"])
        #expect(statement.fields["acceptances"] == "all")
        expectRefusal(.badParameter) {
            var copy = try guarded()
            try copy.openMembership(["add": "frank", "renew": "alice", "accept": "1"])
        }
    }

    @Test("Who goes is not needed, keeps no key in the new epoch, and is cut at the commit")
    func removal() throws {
        var house = try guarded()
        let statement = try house.openMembership(["remove": "bob", "approve": "1"])
        #expect(statement.fields.all("leave").count == 1)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        // Bob says no, and that ends nothing.
        try house.decide(try house.refusal(of: statement, as: "bob", key: 302).command)
        try house.consent(key: 303, to: statement, as: "carol")
        try house.carryOut(statement.ceremony)
        let epoch = try #require(house.state.authority("guardians")?.current)
        #expect(epoch.members.map(\.name) == ["alice", "carol"])
        #expect(epoch.member(holding: SoftwareKey(302).fingerprint) == nil)
        house.expectConsistent()
    }

    @Test("A membership that could not sign, or that somebody could hold up alone, is refused")
    func bounds() throws {
        var house = try guarded()
        let refused: [([String: String], RefusalCode)] = [
            (["remove": "alice,bob"], .unmeetable), (["remove": "alice,bob,carol"], .unmeetable),
            (["remove": "bob"], .unmeetable), (["sign": "4"], .unmeetable),
            (["approve": "3"], .unmeetable), (["sign": "0"], .badParameter),
            (["sign": "2"], .badParameter), (["add": "alice"], .badParameter),
            (["add": "frank,frank"], .badParameter), (["remove": "frank"], .badParameter),
            (["remove": "bob", "renew": "bob"], .badParameter),
            (["role": "group", "add": "frank"], .badParameter),
            (["role": "king", "add": "frank"], .badParameter),
            (["add": "frank,gina", "accept": "3"], .badParameter),
            (["add": "frank", "renew": "bob", "accept": "1"], .badParameter),
            (["add": "mallory"], .badParameter),
            (["add": "frank", "patience": "601"], .badParameter),
            (["add": "frank=\(SoftwareKey(1).fingerprint)"], .wrongKey),
            (["add": "frank=\(SoftwareKey(400).fingerprint)"], .wrongKey),
            (["add": "zoe=\(SoftwareKey(1).fingerprint)"], .wrongKey),
        ]
        for (parameters, code) in refused {
            expectRefusal(code, nil, "\(parameters)") {
                try house.openMembership(parameters)
            }
        }
        expectRefusal(.badParameter) { try house.openMembership(["add": "frank"], of: "others") }
        expectRefusal(.badParameter) {
            try house.openMembership(["role": "group", "add": "frank"], of: "others")
        }
        expectRefusal(.badParameter) { try house.open(subject: "guardians") }
    }

    @Test("A subject that has keys can be no authority")
    func subjectsWithKeys() throws {
        var house = try house()
        _ = try house.activated()
        expectRefusal(.keyExists) {
            try house.openMembership(
                ["role": "guardian", "add": "alice", "sign": "1"], of: "keeper-alpha")
        }
    }

    @Test("Where so many are enough, the members are those who accepted")
    func atLeast() throws {
        var house = try house()
        let statement = try house.openMembership([
            "role": "group", "add": "alice,bob,carol,frank", "sign": "2", "accept": "3",
        ])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.bring(key: 301, to: statement, as: "alice")
        try house.bring(key: 304, to: statement, as: "frank")
        try house.decide(try house.refusal(of: statement, as: "bob", key: 2).command)
        #expect(house.standing(statement.ceremony) == .pending)
        try house.bring(key: 303, to: statement, as: "carol")
        try house.carryOut(statement.ceremony)
        #expect(names(house) == ["alice", "carol", "frank"])
        house.expectConsistent()
    }

    @Test("Too many refusals end it, and the epoch before it stays in force")
    func declined() throws {
        var house = try guarded()
        let before = house.state.authority("guardians")
        let statement = try house.openMembership(["add": "frank,gina"])
        try house.bring(key: 304, to: statement, as: "frank")
        try house.decide(try house.refusal(of: statement, as: "gina", key: 8).command)
        #expect(house.standing(statement.ceremony) == .failed)
        #expect(try house.ceremony(statement.ceremony).end?.reason == "declined")
        #expect(house.state.authority("guardians") == before)
        // The key that frank brought stays his in this log, and comes into no other.
        let again = try house.openMembership(["add": "frank"])
        expectRefusal(.keyTaken) { try house.bring(key: 304, to: again, as: "frank") }
        #expect(again.prestate == statement.prestate)
        try house.bring(key: 314, to: again, as: "frank")
    }

    @Test("An answer is to this ceremony, by this person, with this key, and stands")
    func answers() throws {
        var house = try guarded()
        let other = try house.openMembership(
            ["role": "group", "add": "frank", "sign": "1"], of: "council")
        let statement = try house.openMembership(["add": "frank,gina"])
        let (frank, gina, key) = (SoftwareKey(6), SoftwareKey(8), SoftwareKey(304))
        let good = house.bringing(key, to: statement, as: "frank", identity: frank)
        // Another ceremony's, with another statement, another operation, another person's.
        house.expectRefusal(
            .wrongDocument,
            of: house.handing(
                {
                    var wrong = good
                    wrong.ceremony = other.ceremony
                    return wrong
                }(), identity: frank, possession: key))
        let changes: [(inout Acceptance) -> Void] = [
            { $0.statement = other.digest }, { $0.subject = "council" }, { $0.kind = "set-roster" },
            { $0.participant.name = "gina" }, { $0.newKey = nil }, { $0.token = nil },
            { $0.keyID = nil },
        ]
        for change in changes {
            var wrong = good
            change(&wrong)
            house.expectRefusal(
                .wrongDocument, of: house.handing(wrong, identity: frank, possession: key))
        }
        // Nobody has shown that they have the key; somebody else has.
        house.expectRefusal(
            .wrongDocument,
            of: .submit(document: good.bytes, sshsig: frank.sshsig(over: good.bytes, for: .accept)))
        house.expectRefusal(
            .badSignature, of: house.handing(good, identity: frank, possession: SoftwareKey(305)))
        house.expectRefusal(
            .notListed, of: house.handing(good, identity: SoftwareKey(1), possession: key))
        // Gina presents the key that frank made, and frank her own one.
        try house.decide(house.handing(good, identity: frank, possession: key))
        house.expectRefusal(
            .keyTaken,
            of: house.handing(
                house.bringing(key, to: statement, as: "gina", identity: gina), identity: gina,
                possession: key))
        house.expectRefusal(
            .keyTaken,
            of: house.handing(
                house.bringing(gina, to: statement, as: "gina", identity: gina), identity: gina,
                possession: gina))
        // What was taken once is answered as before; another answer comes too late.
        #expect(try house.decide(house.handing(good, identity: frank, possession: key)).isRepeat)
        let second = SoftwareKey(306)
        house.expectRefusal(
            .alreadyAnswered,
            of: house.handing(
                house.bringing(second, to: statement, as: "frank", identity: frank),
                identity: frank, possession: second))
        house.expectRefusal(
            .alreadyAnswered, of: try house.refusal(of: statement, as: "frank", key: 6).command)
        // Consent is by a member's key in the authority, not by who they are.
        let consent = house.acceptance(
            of: statement, as: "alice", key: SoftwareKey(1), set: "consent")
        house.expectRefusal(
            .notListed, of: Signed(consent, by: SoftwareKey(1), for: .accept).command)
        house.expectConsistent()
    }

    @Test("A key on a FIDO token is no member's, and production takes no software token for one")
    func wrongTokens() throws {
        var house = try guarded()
        let statement = try house.openMembership(["add": "frank"])
        let (frank, key) = (SoftwareKey(6), SoftwareKey(304))
        var acceptance = house.bringing(key, to: statement, as: "frank", identity: frank)
        acceptance.newKey = SSHPublicKey(
            blob: SSHWire.string(Array("sk-ssh-ed25519@openssh.com".utf8))
                + SSHWire.string(key.publicKey.point) + SSHWire.string(Array("ssh:".utf8)))
        #expect(acceptance.newKey != nil)
        house.expectRefusal(
            .wrongDocument, of: house.handing(acceptance, identity: frank, possession: key))

        let hardware = TokenReference(
            label: "frank", manufacturer: "Yubico", model: "YubiKey", serial: "1234")
        var production = try House(policy: House.membershipPolicy, mode: .production) { founding in
            founding.genesis.logKeys = founding.genesis.logKeys.map {
                LogKey(vkey: $0.vkey, uri: hardware.uri)
            }
        }
        let first = try production.openMembership(["role": "group", "add": "frank", "sign": "1"])
        acceptance = production.bringing(key, to: first, as: "frank", identity: frank)
        production.expectRefusal(
            .softwareToken, of: production.handing(acceptance, identity: frank, possession: key))
        acceptance.token = hardware.uri
        try production.decide(
            production.handing(acceptance, identity: frank, possession: key))
    }

    @Test("Where only one person could vouch, nobody whom the log does not know is invited")
    func vouching() throws {
        let people = [
            House.Person("dave", .keeper, [.operator, .witness], keys: [4]),
            House.Person("robot", .system, [.witness], keys: [9]),
            House.Person("robot2", .system, [.witness], keys: [10]),
        ]
        var policy = Policy(kinds: [
            "membership": Policy.Entry(threshold: 2, people: 1, attest: 0)
        ])
        policy.initiatorCounts = true
        var house = try House(people, policy: policy)
        let stranger = SoftwareKey(400).fingerprint
        expectRefusal(.unmeetable) {
            try house.openMembership([
                "role": "group", "sign": "1", "add": "zoe=\(stranger)",
            ])
        }
    }

    @Test("A dead ceremony takes no answer")
    func dead() throws {
        var house = try guarded()
        let statement = try house.openMembership(["add": "frank"])
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        expectRefusal(.ended) { try house.bring(key: 304, to: statement, as: "frank") }
        let late = try house.openMembership(["add": "frank"])
        house.pass(3600)
        expectRefusal(.expired) { try house.bring(key: 304, to: late, as: "frank") }
    }

    @Test("Two people vouch for whom the log does not know, and once they did it does")
    func newcomers() throws {
        var house = try guarded()
        let zoe = SoftwareKey(400)
        let statement = try house.openMembership(["add": "zoe=\(zoe.fingerprint)"])
        #expect(statement.accepts.contains { $0.set == "vouch.zoe" && $0.name == "alice" })
        #expect(!statement.accepts.contains { $0.set == "vouch.zoe" && $0.name == "robot" })
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.consent(key: 302, to: statement, as: "bob")
        try house.bring(key: 401, to: statement, as: "zoe", identity: zoe)
        #expect(house.standing(statement.ceremony) == .pending)
        try house.accept(statement, as: "frank", key: 6, set: "vouch.zoe")
        // A person counts once, whatever keys they hold.
        expectRefusal(.notListed) {
            try house.accept(statement, as: "frank", key: 7, set: "vouch.zoe")
        }
        try house.accept(statement, as: "dave", key: 4, set: "vouch.zoe")
        #expect(house.standing(statement.ceremony) == .approved)
        try house.carryOut(statement.ceremony)
        #expect(names(house) == ["alice", "bob", "carol", "zoe"])
        let again = try house.openMembership(
            ["role": "group", "add": "zoe", "sign": "1"], of: "council")
        #expect(again.accepts.map(\.set) == ["members"])
        #expect(again.accepts.map(\.fingerprint) == [zoe.fingerprint])
        house.expectConsistent()
    }

    @Test("A person may have several devices, each with a key of its own to answer with")
    func devices() throws {
        var house = try house()
        let statement = try house.openMembership(
            [
                "role": "device", "sign": "1",
                "add": "laptop=\(SoftwareKey(6).fingerprint),phone=\(SoftwareKey(7).fingerprint)",
            ], of: "frank-devices")
        #expect(statement.fields.all("invite").allSatisfy { $0.contains(" frank ") })
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.bring(key: 331, to: statement, as: "frank", identity: SoftwareKey(6))
        try house.bring(key: 332, to: statement, as: "frank", identity: SoftwareKey(7))
        try house.carryOut(statement.ceremony)
        #expect(names(house, "frank-devices") == ["laptop", "phone"])
        expectRefusal(.badParameter) {
            try house.openMembership(
                ["add": "tablet=\(SoftwareKey(6).fingerprint)"], of: "frank-devices")
        }
        house.expectConsistent()
    }

    @Test("All keys of a set are renewed, and no old one is left")
    func renewal() throws {
        var house = try guarded()
        let statement = try house.openMembership(["renew": "all"])
        try house.approve("alice", "bob", "carol", statement: statement)
        for (name, old, new) in [("alice", 301, 311), ("bob", 302, 312), ("carol", 303, 313)] {
            if name != "bob" { try house.consent(key: old, to: statement, as: name) }
            try house.bring(key: new, to: statement, as: name)
        }
        try house.carryOut(statement.ceremony)
        let epoch = try #require(house.state.authority("guardians")?.current)
        #expect(
            epoch.members.map(\.key.fingerprint)
                == [311, 312, 313].map { SoftwareKey($0).fingerprint })
        house.expectConsistent()
    }

    @Test("A commit ends every other change of the authority in the same transaction")
    func commitEndsOthers() throws {
        var house = try guarded()
        let adding = try house.openMembership(["add": "frank"])
        expectRefusal(.busy) { try house.openMembership(["add": "gina"]) }
        // Whoever is to go at once does not wait for that.
        let removing = try house.openMembership(["remove": "bob", "sign": "1", "approve": "1"])
        try house.approve("alice", "bob", "carol", statement: removing)
        try house.consent(key: 301, to: removing, as: "alice")
        try house.consent(key: 303, to: removing, as: "carol")
        try house.execute(removing.ceremony)
        let outcome = try #require(try house.outcome(of: removing.ceremony))
        let decision = try house.decide(.complete(ceremony: removing.ceremony, outcome: outcome))
        #expect(
            decision.events.map(\.body.type) == ["ceremony.completed", "ceremony.failed"])
        #expect(house.standing(adding.ceremony) == .failed)
        #expect(try house.ceremony(adding.ceremony).end?.reason == "prestate-changed")
    }

    @Test("An execution whose authority changed meanwhile commits nothing")
    func executingMeanwhile() throws {
        var house = try guarded()
        let adding = try house.openMembership(["add": "frank"])
        try house.approve("alice", "bob", "carol", statement: adding)
        try house.consent(key: 301, to: adding, as: "alice")
        try house.consent(key: 302, to: adding, as: "bob")
        try house.bring(key: 304, to: adding, as: "frank")
        let removing = try house.openMembership(["remove": "bob", "sign": "1", "approve": "1"])
        try house.approve("alice", "bob", "carol", statement: removing)
        try house.consent(key: 301, to: removing, as: "alice")
        try house.consent(key: 303, to: removing, as: "carol")
        try house.execute(adding.ceremony)
        let outcome = try #require(try house.outcome(of: adding.ceremony))
        try house.carryOut(removing.ceremony)
        #expect(house.standing(adding.ceremony) == .executing)
        house.expectRefusal(
            .prestateChanged, of: .complete(ceremony: adding.ceremony, outcome: outcome))
        try house.decide(.fail(ceremony: adding.ceremony, Failure(reason: "prestate-changed")))
        #expect(names(house) == ["alice", "carol"])
    }

    @Test("The outcome is the membership that was agreed, signed by every new key or naming it")
    func outcomes() throws {
        var house = try guarded()
        let statement = try house.openMembership(["add": "frank,gina"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.consent(key: 302, to: statement, as: "bob")
        try house.bring(key: 304, to: statement, as: "frank")
        try house.bring(key: 305, to: statement, as: "gina")
        try house.execute(statement.ceremony)
        let id = statement.ceremony
        let good = try MembershipOutcome(try #require(try house.outcome(of: id)))
        #expect(good.signed.map(\.name) == ["frank", "gina"] && good.unreachable.isEmpty)
        let changes: [(inout MembershipOutcome) -> Void] = [
            { $0.document.removeLast(2) }, { $0.signed.removeLast() }, { $0.signed.reverse() },
            { $0.unreachable = ["gina"] }, { $0.unreachable = ["alice"] }, { $0.signed = [] },
            { $0.signed[0] = $0.signed[1] }, { $0.signed.append($0.signed[0]) },
            { $0.signed[0] = .init(name: "frank", sshsig: $0.signed[1].sshsig) },
        ]
        for change in changes {
            var wrong = good
            change(&wrong)
            house.expectRefusal(.outcomeDiffers, of: .complete(ceremony: id, outcome: wrong.json))
        }
        var partly = good
        partly.signed.removeLast()
        partly.unreachable = ["gina"]
        var copy = house
        try copy.decide(.complete(ceremony: id, outcome: partly.json))
        try house.decide(.complete(ceremony: id, outcome: good.json))
        #expect(copy.state.authority("guardians")?.current.unreached == ["gina"])
        let epoch = try #require(house.state.authority("guardians")?.current)
        #expect(epoch.unreached.isEmpty)
        #expect(copy.state.authority("guardians")?.current.members == epoch.members)
    }

    @Test("What is announced is the epoch that was agreed")
    func intents() throws {
        var house = try guarded()
        let statement = try house.openMembership(["remove": "bob", "approve": "1"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.consent(key: 303, to: statement, as: "carol")
        let order = house.signed(try house.act(.execute, by: "dave", on: statement.ceremony))
        for intent: JSON? in [
            nil, .object([:]), .object(["epoch": .number(2), "record": .string("x")]),
        ] {
            house.expectRefusal(
                .outcomeDiffers,
                of: .execute(document: order.document, sshsig: order.sshsig, intent: intent))
        }
    }
}
