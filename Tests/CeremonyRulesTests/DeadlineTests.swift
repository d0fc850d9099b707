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

    @Test("A drill is due after its days, counted from the founding and from the last drill")
    func drill() throws {
        var house = try House()
        let first = House.dawn + 30 * 86_400
        #expect(dates(house, .drill).map(\.date) == [first])
        house.now = first
        let statement = try house.statement(
            subject: "drill", parameters: ["class": "drill"])
        try house.decide(house.opening(statement).command)
        try house.approve("gina", "bob", statement: statement)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony))
        try house.attest("gina", "bob", record: record)
        #expect(dates(house, .drill).map(\.date) == [first + 30 * 86_400])
        #expect(dates(house, .rotation).isEmpty)
    }

    @Test("A lost token makes the keys on it due at once")
    func lostToken() throws {
        var house = try House()
        _ = try house.activated()
        house.pass(100)
        house.state.lostTokens[House.token.serial] = house.now
        let deadline = try #require(dates(house, .rotation).first)
        #expect(deadline.isDue(at: house.now))
        #expect(deadline.date == house.now)
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
    }
}
