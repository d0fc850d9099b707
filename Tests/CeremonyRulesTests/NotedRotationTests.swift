// A note that is a reason to rotate a key: due from then on, until there is another key.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A note makes a rotation due")
struct NotedRotationTests {
    private func note(_ house: inout House, _ what: String = "rotate", of subject: String) throws {
        var act = try house.act(.note, by: "dave")
        act.evidence = [Evidence(what: what, digest: Digest(of: Array(subject.utf8)))]
        try house.decide(house.signed(act).command)
    }

    private func due(_ house: House, _ matter: Deadline.Matter = .rotationNoted) -> [Deadline] {
        house.state.deadlines().filter { $0.matter == matter }
    }

    @Test("From the note on the subject's key is due, and no other; the next key ends that")
    func noted() throws {
        var house = try House()
        let old = try house.activated()
        _ = try house.activated("keeper-beta", key: 501)
        house.pass(100)
        try note(&house, of: "keeper-alpha")
        let since = house.state.head.time
        let deadline = try #require(due(house).first)
        #expect(due(house).count == 1)
        #expect(deadline.key == old.fingerprint && deadline.since == since)
        #expect(deadline.isDue(at: since) && deadline.date == since)
        #expect(due(house, .rotation).map(\.subject) == ["keeper-beta"])
        // It stays due from the first note on, whatever is noted besides.
        house.pass(100)
        try note(&house, of: "keeper-alpha")
        try note(&house, "photograph", of: "keeper-beta")
        try note(&house, of: "keeper-gamma")
        #expect(due(house) == [deadline])
        let statement = try house.statement("key-rotation", subject: "keeper-alpha")
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony, key: 502))
        #expect(due(house).map(\.key) == [old.fingerprint])
        try house.attest("alice", "bob", record: record)
        #expect(due(house).isEmpty)
        #expect(due(house, .rotation).count == 2)
        // And the next note counts again.
        house.pass(100)
        try note(&house, of: "keeper-alpha")
        #expect(due(house).map(\.since) == [house.state.head.time])
        #expect(due(house).map(\.key) == [record.fingerprint])
        house.expectConsistent()
    }

    @Test("A key that has lapsed ends nothing: the old one is due from the first note on")
    func lapsed() throws {
        var house = try House()
        _ = try house.activated()
        house.pass(100)
        try note(&house, of: "keeper-alpha")
        let since = house.state.head.time
        let statement = try house.statement("key-rotation", subject: "keeper-alpha")
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        _ = try house.complete(statement.ceremony, key: 502)
        try note(&house, of: "keeper-alpha")
        house.pass(8 * 86_400)
        try house.decide(.tick)
        #expect(due(house).map(\.since) == [since])
    }

    @Test("A corrected clock moves it as it moves everything, and a successor log keeps it")
    func outlives() throws {
        var house = try House()
        let alpha = try house.activated()
        _ = try house.activated("keeper-beta", key: 501)
        house.pass(100)
        try note(&house, of: "keeper-alpha")
        let since = house.now
        try note(&house, of: "keeper-beta")
        let statement = try house.statement("key-rotation", subject: "keeper-beta")
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony, key: 502))
        try house.attest("alice", "bob", record: record)
        var new = try House(after: house)
        for log in [house, new] {
            #expect(due(log).map(\.key) == [alpha.fingerprint])
            #expect(due(log).map(\.since) == [since])
        }
        // In the new log a note counts for a key that came from the old one.
        try note(&new, of: "keeper-beta")
        #expect(due(new).map(\.key) == [alpha.fingerprint, record.fingerprint])
        var corrected = house.state
        let now = since + -10
        corrected.take(ClockCorrected(ceremony: "none", was: house.now, now: now), at: 500)
        #expect(corrected.key(alpha.fingerprint)?.rotationNoted?.time == now)
    }
}
