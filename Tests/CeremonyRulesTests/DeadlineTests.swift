// What has a date, and who has to do something about it.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Everything with a date is known from the state")
struct DeadlineTests {
    private func dates(_ house: House, _ matter: Deadline.Matter) -> [Deadline] {
        house.state.deadlines().filter { $0.matter == matter }
    }

    @Test("A keeper's key is rotated after a year, and it is due from then on")
    func rotation() throws {
        var house = try House()
        #expect(dates(house, .rotation).isEmpty)
        _ = try house.activated()
        let date = house.now + 365 * 86_400
        let deadline = try #require(dates(house, .rotation).first)
        #expect(deadline.date == date)
        #expect(!deadline.isDue(at: date + -1))
        #expect(deadline.isDue(at: date))
    }

    @Test("A ceremony, a new key and an overlap each have their end")
    func ends() throws {
        var house = try House()
        let statement = try house.open()
        #expect(dates(house, .ceremony).map(\.date) == [statement.expires])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        #expect(dates(house, .execution).map(\.date) == [house.now + 900])
        let record = try #require(try house.complete(statement.ceremony))
        let waiting = try #require(dates(house, .attestation).first)
        #expect(waiting.date == house.now + 7 * 86_400)
        #expect(waiting.isDue(at: house.now))
        try house.attest("alice", "bob", record: record)
        #expect(dates(house, .attestation).isEmpty)
        let rotation = try house.statement("key-rotation")
        try house.decide(house.opening(rotation).command)
        try house.approve("alice", "bob", "carol", statement: rotation)
        try house.execute(rotation.ceremony)
        let next = try #require(try house.complete(rotation.ceremony, key: 501))
        try house.attest("alice", "bob", record: next)
        #expect(dates(house, .overlapEnd).map(\.key) == [record.fingerprint])
        #expect(dates(house, .rotation).map(\.key) == [next.fingerprint])
    }

    @Test("Two keepers hold a drill after its days, and each drill moves the next one on")
    func drill() throws {
        var house = try House()
        let days = 30 * 86_400
        var next = House.dawn + days
        for number in 0..<3 {
            #expect(dates(house, .drill).map(\.date) == [next])
            #expect(dates(house, .drill).map(\.subject) == [number == 0 ? nil : "drill"])
            house.now = next
            // The overlap of the drill before has ended just now.
            try house.decide(.tick)
            let statement =
                number == 0
                ? try house.statement(subject: "drill", parameters: ["class": "drill"])
                : try house.statement("key-rotation", subject: "drill")
            #expect(statement.threshold == 2 && statement.attestThreshold == 2)
            // The keepers, and no witness from outside or machine.
            #expect(
                Set(statement.witnesses.map(\.name))
                    == ["alice", "bob", "carol", "frank", "gina"])
            try house.decide(house.opening(statement).command)
            #expect(dates(house, .drill).map(\.ceremony) == [statement.ceremony])
            try house.approve("gina", "bob", statement: statement)
            try house.execute(statement.ceremony)
            let record = try #require(
                try house.complete(statement.ceremony, key: 500 + number))
            try house.attest("gina", "bob", record: record)
            #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .active)
            next = next + days
        }
        #expect(dates(house, .rotation).isEmpty)
    }

    @Test("A key revoked for loss makes the other keys of its token due at once, and no later one")
    func lostToken() throws {
        var house = try House()
        let alpha = try house.activated()
        let beta = try house.activated("keeper-beta", key: 501)
        house.pass(100)
        try revoke(alpha, for: "loss", in: &house)
        let deadline = try #require(dates(house, .tokenLost).first)
        #expect(deadline.key == beta.fingerprint)
        #expect(deadline.token == House.token.serial)
        #expect(deadline.date == house.now)
        #expect(deadline.isDue(at: house.now))
        #expect(dates(house, .rotation).isEmpty)
        // What the log knows, and no more: the token may be here and sign.
        #expect(
            deadline.text
                == "The key of keeper-beta is to be replaced: keeper-alpha-2 revoked another key in "
                + "the same token, serial \(House.token.serial), as lost.")
        // Whoever makes a key in it afterwards has the token.
        house.pass(100)
        _ = try house.activated(key: 502)
        #expect(dates(house, .tokenLost) == [deadline])
        #expect(dates(house, .rotation).map(\.subject) == ["keeper-alpha"])
    }

    @Test("A compromised key is no lost token")
    func compromise() throws {
        var house = try House()
        let alpha = try house.activated()
        _ = try house.activated("keeper-beta", key: 501)
        try revoke(alpha, for: "compromise", in: &house)
        #expect(dates(house, .tokenLost).isEmpty)
        #expect(dates(house, .rotation).map(\.subject) == ["keeper-beta"])
    }

    @Test("A key is due when its holder leaves, and when a token leaves with its last key there")
    func departure() throws {
        var house = try House()
        let held = try activated("keeper-alpha", holder: "erin", key: 500, in: &house)
        let carried = TokenReference(
            label: "gina", manufacturer: "SoftHSM project", model: "SoftHSM v2",
            serial: "serial-of-gina")
        let inToken = try activated("keeper-beta", token: carried, key: 501, in: &house)
        _ = try house.activated("keeper-gamma", key: 502)
        house.pass(100)
        #expect(dates(house, .rotation).count == 3)
        try leave("erin", "gina", in: &house)
        #expect(dates(house, .holderLeft).map(\.key) == [held.fingerprint])
        #expect(dates(house, .tokenLost).map(\.key) == [inToken.fingerprint])
        #expect(dates(house, .rotation).map(\.subject) == ["keeper-gamma"])
        #expect(
            dates(house, .tokenLost).allSatisfy {
                $0.text.contains(
                    "the roster lists no key in its token, serial serial-of-gina, any more")
            })
        for deadline in dates(house, .holderLeft) + dates(house, .tokenLost) {
            #expect(deadline.since == house.now && deadline.isDue(at: house.now))
        }
        // It stays due from the day on which they left.
        let left = house.now
        house.pass(1000)
        try house.order(.note, by: "dave")
        #expect(dates(house, .holderLeft).map(\.since) == [left])
    }

    @Test("What somebody who left has held is due until it is replaced, whoever holds it then")
    func replaced() throws {
        var house = try House()
        let held = try activated("keeper-alpha", holder: "erin", key: 500, in: &house)
        func due(_ house: House) -> [Fingerprint?] { dates(house, .holderLeft).map(\.key) }
        house.pass(100)
        let statement = try house.setRoster(
            holders: [Holder(subject: "keeper-alpha", holder: "frank")]
        ) { $0.remove("erin") }
        try house.approve("alice", "bob", statement: statement)
        #expect(due(house) == [held.fingerprint])
        #expect(dates(house, .holderLeft).first?.text.contains("erin, who held it") == true)

        var next = try House()
        let erin = try #require(next.state.roster.member(named: "erin"))
        _ = try activated("keeper-alpha", holder: "erin", key: 500, in: &next)
        try leave("erin", in: &next)
        next.pass(100)
        // She comes back, and leaves once more.
        let back = try next.setRoster { $0.append(erin) }
        try next.approve("alice", "bob", statement: back)
        try next.accept(back, as: "erin", key: 5)
        #expect(due(next) == [])
        next.pass(100)
        try leave("erin", in: &next)
        #expect(dates(next, .holderLeft).map(\.since) == [next.now])
        next.pass(100)
        // The key that takes its place was never hers, and no later change makes it so.
        let new = try next.rotated(key: 501)
        #expect(due(next) == [])
        try leave("frank", in: &next)
        #expect(due(next) == [])
        #expect(dates(next, .rotation).map(\.key) == [new.fingerprint])
    }

    @Test(
        "What a failed ceremony left is due; giving its token up makes the keys there due instead")
    func givenUp() throws {
        var house = try House()
        let alpha = try house.activated()
        let id = try house.interrupted("keeper-beta").ceremony
        let left = try #require(dates(house, .recovery).first)
        #expect(left.ceremony == id && left.isDue(at: house.now))
        #expect(dates(house, .tokenLost).isEmpty)
        house.pass(50)
        try house.recover(id, .unreachable)
        #expect(dates(house, .recovery).isEmpty)
        #expect(dates(house, .tokenLost).map(\.key) == [alpha.fingerprint])
        #expect(dates(house, .tokenLost).map(\.since) == [house.now])
        #expect(
            dates(house, .tokenLost).allSatisfy { $0.text.contains("given up as lost after \(id)") }
        )
        // It is found again; what was in it while nobody had it is due all the same.
        try house.recover(id, .destroyed)
        #expect(dates(house, .tokenLost).map(\.key) == [alpha.fingerprint])
    }

    @Test("A recovery that ends otherwise makes nothing due")
    func recovered() throws {
        var house = try House()
        _ = try house.activated()
        let id = try house.interrupted("keeper-beta").ceremony
        try house.recover(id, .destroyed)
        #expect(dates(house, .recovery).isEmpty && dates(house, .tokenLost).isEmpty)
    }

    @Test("What is touched is due although its class is never rotated, and not later than by age")
    func touched() throws {
        var policy = House.policy
        policy.rotationDays = [:]
        var house = try House(policy: policy)
        _ = try activated("keeper-alpha", holder: "erin", key: 500, in: &house)
        #expect(dates(house, .rotation).isEmpty)
        try leave("erin", in: &house)
        #expect(dates(house, .holderLeft).map(\.date) == [house.now])

        var old = try House()
        _ = try activated("keeper-alpha", holder: "erin", key: 500, in: &old)
        let year = try #require(dates(old, .rotation).first?.date)
        old.now = year + 5
        try leave("erin", in: &old)
        #expect(dates(old, .holderLeft).map(\.date) == [year])
    }

    @Test("A halted house is due to be cleared until it is")
    func halted() throws {
        var house = try House()
        #expect(dates(house, .halt).isEmpty)
        try house.order(.halt, by: "alice")
        let deadline = try #require(dates(house, .halt).first)
        #expect(deadline.isDue(at: house.now))
        #expect(deadline.ceremony == nil)
        let statement = try house.open("halt-clear", subject: "house-halt")
        #expect(dates(house, .halt).map(\.ceremony) == [statement.ceremony])
        try house.approve("bob", "carol", statement: statement)
        #expect(dates(house, .halt).isEmpty)
    }

    @Test("What is due stands first, and names the ceremony that is under way for it")
    func agenda() throws {
        var house = try House()
        _ = try house.activated()
        house.now = house.now + 365 * 86_400
        let statement = try house.statement("key-rotation")
        try house.decide(house.opening(statement).command)
        let agenda = house.state.agenda(at: house.now)
        #expect(agenda.map(\.matter) == [.drill, .rotation, .ceremony])
        #expect(agenda[1].ceremony == statement.ceremony)
        #expect(
            house.state.agenda(at: House.dawn).map { $0.isDue(at: House.dawn) } == [
                false, false, false,
            ])
    }

    @Test("What somebody has to do now stands before what merely ends sooner")
    func order() throws {
        var house = try House()
        _ = try house.completed()
        let other = try house.open(subject: "keeper-beta")
        let agenda = house.state.agenda(at: house.now)
        #expect(agenda.map(\.matter) == [.attestation, .ceremony, .drill])
        #expect(agenda[1].date == other.expires && agenda[0].date > other.expires)
    }

    @Test("A drill key whose rotation is not over by then is not offered for the next drill")
    func overlappingDrills() throws {
        var policy = House.policy
        policy.drillDays = 10
        var house = try House(policy: policy)
        for (number, kind) in ["new-keeper-key", "key-rotation"].enumerated() {
            #expect(dates(house, .drill).map(\.subject) == [number == 0 ? nil : "drill"])
            let statement = try house.statement(
                kind, subject: "drill", parameters: number == 0 ? ["class": "drill"] : [:])
            try house.decide(house.opening(statement).command)
            try house.approve("gina", "bob", statement: statement)
            try house.execute(statement.ceremony)
            let record = try #require(
                try house.complete(statement.ceremony, key: 500 + number))
            try house.attest("gina", "bob", record: record)
        }
        #expect(dates(house, .drill).map(\.subject) == [nil])
    }

    @Test("A drill key whose token is lost is not offered for the next drill")
    func lostDrill() throws {
        var house = try House()
        let statement = try house.statement(subject: "drill", parameters: ["class": "drill"])
        try house.decide(house.opening(statement).command)
        try house.approve("gina", "bob", statement: statement)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony))
        try house.attest("gina", "bob", record: record)
        #expect(dates(house, .drill).map(\.subject) == ["drill"])
        let other = try house.activated(key: 501)
        try revoke(other, for: "loss", in: &house)
        #expect(dates(house, .drill).map(\.subject) == [nil])
    }

    private func revoke(_ record: KeyRecord, for cause: String, in house: inout House) throws {
        let statement = try house.open(
            "key-revocation", subject: record.subject,
            parameters: ["key": "\(record.fingerprint)", "cause": cause])
        try house.approve("alice", "bob", statement: statement)
        #expect(house.state.key(record.fingerprint)?.revocation != nil)
    }

    private func activated(
        _ subject: String, holder: String? = nil, token: TokenReference = House.token, key: Int,
        in house: inout House
    ) throws -> KeyRecord {
        let statement = try house.open(subject: subject, token: token, holder: holder)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony, key: key))
        try house.attest("alice", "bob", record: record)
        return record
    }

    /// Two keepers take people off the roster.
    private func leave(_ names: String..., in house: inout House) throws {
        let statement = try house.setRoster { members in names.forEach { members.remove($0) } }
        try house.approve("alice", "bob", statement: statement)
    }

    @Test("One end that the fold refuses stops no other, and halts the house")
    func stuck() throws {
        var house = try House()
        let statement = try house.open()
        let other = try house.open(by: "alice", subject: "keeper-beta", token: House.otherToken)
        // As if the state had gone wrong: its end could not be written down.
        house.state.ceremonies["Not A Name"] = house.state.ceremonies[statement.ceremony]
        house.state.live.insert("Not A Name", at: 0)
        house.pass(4000)
        let decision = try decide(house.state, .tick, now: house.now)
        #expect(decision.stuck == ["Not A Name"])
        #expect(
            decision.events.map(\.body.type) == [
                "ceremony.expired", "ceremony.expired", "halt.raised",
            ])
        #expect(decision.state.isHalted)
        #expect(decision.state.ceremony(named: other.ceremony)?.state == .expired)
        // It is still stuck at the next tick, and one halt says so.
        let again = try decide(decision.state, .tick, now: house.now + 60)
        #expect(again.stuck == ["Not A Name"] && again.state.isHalted)
        #expect(again.events.isEmpty)
    }
}
