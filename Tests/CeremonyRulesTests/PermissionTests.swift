// Who may do what: every act in every role by everybody, held against DESIGN's table; and that a
// role is never taken on somebody's word.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Who may do what")
struct PermissionTests {
    /// Everyone of the house, and the roles in which they truly are for a ceremony started by
    /// alice.
    static let truly: [String: Set<ActRole>] = [
        "alice": [.keeper, .initiator],
        "bob": [.keeper, .witness],
        "carol": [.keeper, .witness],
        "dave": [.operator],
        "erin": [.auditor],
        "frank": [.keeper, .witness],
        "gina": [.keeper],
        "robot": [.operator, .witness],
    ]
    /// DESIGN section 3, the table of acts.
    static let allowed: [ActName: Set<ActRole>] = [
        .execute: [.operator, .initiator, .witness],
        .cancel: [.operator, .initiator, .witness],
        .decline: [.witness, .participant],
        .halt: [.keeper],
        .note: [.operator, .keeper, .witness, .auditor, .participant],
    ]

    @Test(
        "Every act, in every role, by everybody",
        arguments: [ActName.execute, .cancel, .decline, .halt, .note], ActRole.allCases)
    func table(name: ActName, role: ActRole) throws {
        var house = try House()
        let statement = try house.open(by: "alice")
        if name == .execute {
            try house.approve("bob", "carol", "frank", statement: statement)
        }
        let isBound = [.execute, .cancel, .decline].contains(name)
        for (person, roles) in Self.truly {
            var act = try house.act(.note, by: person, as: .participant)
            act.act = name
            act.role = role
            if isBound {
                act.ceremony = statement.ceremony
                act.document = statement.digest
                let state = try #require(house.standing(statement.ceremony))
                act.from = state.rawValue
                act.to =
                    switch name {
                    case .execute: CeremonyState.executing.rawValue
                    case .cancel: CeremonyState.failed.rawValue
                    default: state.rawValue
                    }
            }
            let signed = house.signed(act)
            let command: Command =
                name == .execute
                ? .execute(
                    document: signed.document, sshsig: signed.sshsig,
                    intent: try house.intent(of: statement.ceremony)) : signed.command
            // Anybody enrolled may write a note; alice is a witness of the house, not of this one.
            let has =
                roles.contains(role)
                || (name == .note
                    && (role == .participant || person == "alice" && role == .witness))
            let may =
                has && Self.allowed[name, default: []].contains(role)
                && !(name == .execute && person == "robot")
            if may {
                var copy = house
                try copy.decide(command)
                #expect(copy.state != house.state)
            } else {
                house.expectRefusal(
                    .wrongRole, "FR70", "\(person) as \(role.rawValue) to \(name.rawValue)",
                    of: command)
            }
        }
    }

    @Test("Nobody acts who is not on the roster")
    func outsider() throws {
        var house = try House()
        let statement = try house.open()
        for name in [ActName.cancel, .decline, .halt, .note] {
            var act = try house.act(.note, by: "erin")
            act.act = name
            act.ceremony = statement.ceremony
            act.actor = house.signatory("mallory")
            house.expectRefusal(.notOnRoster, "CT-12", of: house.signed(act).command)
        }
    }

    @Test("Operators and keepers start; systems, auditors and strangers do not")
    func start() throws {
        for person in House.everybody {
            var house = try House()
            let name = person.member.name
            if ["alice", "bob", "carol", "dave", "frank", "gina"].contains(name) {
                try house.open(by: name)
                #expect(house.state.live == ["keeper-alpha-1"])
            } else {
                expectRefusal(.wrongRole, "FR70") { try house.open(by: name) }
            }
        }
        var house = try House()
        expectRefusal(.notOnRoster) { try house.open(by: "mallory") }
    }

    @Test("An act is its actor's own: name, key and signature are one person's")
    func impersonation() throws {
        var house = try House()
        var act = try house.act(.halt, by: "alice")
        let byBob = Signed(act, by: house.person("bob").keys[0], for: .act)
        house.expectRefusal(.wrongDocument, of: byBob.command)
        act.actor.fingerprint = house.person("bob").keys[0].fingerprint
        house.expectRefusal(
            .wrongDocument, of: Signed(act, by: house.person("bob").keys[0], for: .act).command)
        act = try house.act(.halt, by: "frank")
        house.expectRefusal(
            .wrongDocument, of: Signed(act, by: house.person("frank").keys[1], for: .act).command)
        act = try house.act(.halt, by: "frank", key: 1)
        try house.decide(house.signed(act).command)
        #expect(house.state.halts.map(\.by) == ["frank"])
    }

    @Test("The old one's initiator may supersede it; anybody who may start, while none approved")
    func supersede() throws {
        var house = try House()
        let statement = try house.open(by: "dave")
        var other = house
        try other.open(by: "gina", supersedes: statement.ceremony)
        #expect(other.standing(statement.ceremony) == .failed)
        try house.approve("alice", statement: statement)
        expectRefusal(.wrongRole, "FR70") {
            try house.open(by: "gina", supersedes: statement.ceremony)
        }
        try house.open(by: "dave", supersedes: statement.ceremony)
        #expect(house.standing(statement.ceremony) == .failed)
        expectRefusal(.ended, "FP-4") {
            try house.open(by: "dave", supersedes: statement.ceremony)
        }
        expectRefusal(.unknownCeremony) {
            try house.open(by: "dave", subject: "other", supersedes: "nobody-7")
        }
    }
    @Test("What is superseded is of the same subject or stands in the new one's way")
    func supersedeRelated() throws {
        var house = try House()
        let first = try house.open(subject: "keeper-alpha")
        // Neither its subject nor its token: the two could be under way together.
        expectRefusal(.badParameter, "CM-5") {
            try house.open(
                subject: "keeper-beta", token: House.otherToken, supersedes: first.ceremony)
        }
        #expect(house.state.live == [first.ceremony])
        var sameSubject = house
        try sameSubject.open(
            subject: "keeper-alpha", token: House.otherToken, supersedes: first.ceremony)
        #expect(sameSubject.state.live == ["keeper-alpha-2"])
        var sameToken = house
        try sameToken.open(subject: "keeper-beta", supersedes: first.ceremony)
        #expect(sameToken.state.live == ["keeper-beta-1"])
        // It takes the place of one; another that is in the way still is.
        try house.open(subject: "keeper-beta", token: House.otherToken)
        expectRefusal(.busy, "CM-5") {
            try house.open(
                subject: "keeper-alpha", token: House.otherToken, supersedes: first.ceremony)
        }
    }
}
