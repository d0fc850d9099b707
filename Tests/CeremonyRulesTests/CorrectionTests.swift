// What becomes of everything with a date when the log's time is set back: spans that the wrong
// clock began begin now, ends only move earlier, and what has ended stays ended.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A corrected clock")
struct CorrectionTests {
    private static let day = 86_400
    private static let ahead = 400 * day

    /// Two keepers say what time it is.
    @discardableResult
    private func correct(_ house: inout House, to now: Timestamp) throws -> Decision {
        house.now = now
        let statement = try house.open(
            "clock-correction", subject: "house-clock", parameters: ["now": "\(now)"])
        try house.approve("gina", statement: statement)
        return try house.decide(house.approval(by: "alice", of: statement).command)
    }

    private func standing(_ house: House, _ key: Fingerprint, seq: Int) throws -> KeyStatus? {
        let events = try house.lines.map { try Event(line: $0) }
        let place = try #require(LogPosition(seq: seq, in: events))
        return house.state.standing(of: key, at: place)?.status
    }

    @Test("An overlap that the wrong clock began begins now, and is as long as it was")
    func overlap() throws {
        var house = try House()
        let old = try house.activated()
        house.pass(60)
        let right = house.now
        house.pass(Self.ahead)
        let new = try house.rotated(key: 501)
        let activated = house.lines.count - 1
        try correct(&house, to: right)
        let entry = try #require(house.state.key(old.fingerprint))
        #expect(entry.until == right + 30 * Self.day)
        #expect(entry.status(at: right) == .retiring)
        #expect(house.state.key(new.fingerprint)?.activated?.time == right)
        #expect(house.state.deadlines().contains { $0.date == right + 30 * Self.day })
        // By what is known today it was right then, not a year later.
        #expect(try standing(house, old.fingerprint, seq: activated) == .retiring)
        house.now = right + 30 * Self.day
        #expect(try house.decide(.tick).events.map(\.body.type) == ["key.retired"])
        house.expectConsistent()
    }

    @Test("A key that was written down as retired stays retired, from now on at the latest")
    func retired() throws {
        var house = try House()
        let old = try house.activated()
        house.pass(60)
        _ = try house.rotated(key: 501)
        house.pass(60)
        let right = house.now
        let before = house.lines.count - 1
        house.pass(Self.ahead)
        try house.decide(.tick)
        try correct(&house, to: right)
        let entry = try #require(house.state.key(old.fingerprint))
        #expect(entry.status(at: right) == .retired)
        #expect(entry.until == right)
        #expect(try standing(house, old.fingerprint, seq: house.lines.count - 1) == .retired)
        #expect(try standing(house, old.fingerprint, seq: before) == .retiring)
        let place = LogPosition(seq: house.lines.count - 1, time: right)
        let signers = try #require(house.state.keyFiles(at: place)["allowed_signers"])
        let last = AllowedSigner(
            "keeper-alpha", old.publicKey, from: try #require(entry.activated).time, until: right)
        let line = try #require(last.line)
        #expect(String(decoding: signers, as: UTF8.self).contains(line))
        #expect(try house.decide(.tick).events.isEmpty)
        house.expectConsistent()
    }

    @Test("An end in the future that nobody wrote down stays where it was")
    func unwritten() throws {
        var house = try House()
        let old = try house.activated()
        house.pass(60)
        _ = try house.rotated(key: 501)
        let until = try #require(house.state.key(old.fingerprint)?.until)
        house.pass(60)
        let right = house.now
        house.pass(Self.ahead)
        try house.open(subject: "keeper-beta")
        try correct(&house, to: right)
        #expect(house.state.key(old.fingerprint)?.until == until)
        #expect(house.state.key(old.fingerprint)?.status(at: right) == .retiring)
    }

    @Test("A key that waits for attestations waits as many days from now, and no longer")
    func attestations() throws {
        var house = try House()
        let right = house.now + 60
        house.pass(Self.ahead)
        let record = try house.completed()
        try correct(&house, to: right)
        let deadline = right + 7 * Self.day
        #expect(house.state.nextDue == deadline)
        var attested = house
        try attested.attest("alice", "bob", record: record)
        #expect(attested.state.key(record.fingerprint)?.status(at: right) == .active)
        house.now = deadline
        #expect(try house.decide(.tick).events.map(\.body.type) == ["key.lapsed"])
        house.expectConsistent()
    }

    @Test("A key that lapsed by the wrong clock has lapsed, from now on at the latest")
    func lapsed() throws {
        var house = try House()
        let record = try house.completed()
        house.pass(60)
        let right = house.now
        house.pass(Self.ahead)
        try house.decide(.tick)
        try correct(&house, to: right)
        let place = LogPosition(seq: house.lines.count - 1, time: right)
        let standing = house.state.standing(of: record.fingerprint, at: place)
        #expect(standing?.status == .lapsed)
        #expect(standing?.since.time == right)
    }

    @Test("What was being carried out can not be committed any more, and ends by its deadline")
    func executing() throws {
        var house = try House()
        let right = house.now + 60
        house.pass(Self.ahead)
        let statement = try house.executing()
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        try correct(&house, to: right)
        #expect(house.standing(statement.ceremony) == .executing)
        house.expectRefusal(
            .prestateChanged, of: .complete(ceremony: statement.ceremony, outcome: outcome))
        var told = house
        try told.decide(
            .fail(ceremony: statement.ceremony, Failure(reason: "prestate-changed", left: [])))
        #expect(told.standing(statement.ceremony) == .failed)
        told.expectConsistent()
        #expect(house.state.nextDue == right + 900)
        house.now = right + 900
        #expect(try house.decide(.tick).events.map(\.body.type) == ["ceremony.failed"])
        house.expectConsistent()
    }

    @Test("What was executed after a correction is committed as ever")
    func afterwards() throws {
        var house = try House()
        let right = house.now + 60
        house.pass(Self.ahead)
        try house.open(subject: "keeper-beta")
        try correct(&house, to: right)
        _ = try house.activated()
        house.expectConsistent()
    }

    @Test("Losses and departures are due now, not when the wrong clock said")
    func dues() throws {
        var house = try House()
        let token = TokenReference(
            label: "frank", manufacturer: "SoftHSM project", model: "SoftHSM v2",
            serial: "serial-of-frank")
        let opened = try house.open(token: token, holder: "frank")
        try house.approve("alice", "bob", "carol", statement: opened)
        try house.execute(opened.ceremony)
        let record = try #require(try house.complete(opened.ceremony))
        try house.attest("alice", "bob", record: record)
        let right = house.now + 60
        house.pass(Self.ahead)
        let statement = try house.setRoster { $0.remove("frank") }
        try house.approve("gina", "bob", statement: statement)
        try correct(&house, to: right)
        let entry = try #require(house.state.key(record.fingerprint))
        #expect(entry.departure?.name == "frank" && entry.departure?.moment.time == right)
        #expect(entry.lost?.moment.time == right)
        let due = house.state.deadlines().filter { $0.matter == .tokenLost }
        #expect(due.map(\.key) == [record.fingerprint] && due.map(\.date) == [right])
    }

    @Test("A key that was revoked by the wrong clock is revoked from now on at the latest")
    func revoked() throws {
        var house = try House()
        let record = try house.activated()
        let right = house.now + 60
        house.pass(Self.ahead)
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss", "boundary": "5"])
        try house.approve("gina", "bob", statement: statement)
        try correct(&house, to: right)
        let revocation = try #require(house.state.key(record.fingerprint)?.revocation)
        #expect(revocation.moment.time == right)
        #expect(revocation.cause == "loss" && revocation.boundary == 5)
        house.expectConsistent()
    }

    @Test("A statement names no log from before the correction for longer than any other")
    func prefixes() throws {
        for (age, isTaken) in [(900, true), (901, false)] {
            var house = try House()
            let right = house.now + 60
            house.pass(Self.ahead)
            try house.open(subject: "keeper-beta")
            let (size, root) = (house.state.head.size, house.state.head.root)
            try correct(&house, to: right)
            house.pass(age)
            var statement = try house.statement()
            statement.treeSize = size
            statement.treeRoot = root
            let command = house.opening(statement).command
            if isTaken {
                try house.decide(command)
            } else {
                house.expectRefusal(.stale, of: command)
            }
        }
    }

    @Test("Set back twice, everything is bounded by both, and spans keep their length")
    func twice() throws {
        var house = try House()
        let old = try house.activated()
        house.pass(60)
        let first = house.now
        house.pass(Self.ahead)
        let new = try house.rotated(key: 501)
        try correct(&house, to: first)
        // Wrong again: what is made now is dated by the second wrong clock.
        let second = first + -30
        house.pass(Self.ahead)
        let waiting = try house.completed("keeper-beta", key: 502)
        try correct(&house, to: second)
        let entry = try #require(house.state.key(old.fingerprint))
        #expect(entry.overlap?.begun.time == second)
        #expect(entry.until == second + 30 * Self.day)
        #expect(entry.status(at: second) == .retiring)
        #expect(house.state.key(new.fingerprint)?.activated?.time == second)
        #expect(
            house.state.ceremony(named: waiting.ceremony)?.attestDeadline
                == second + 7 * Self.day)
        // By what is known today, no place before either correction was later than that.
        let events = try house.lines.map { try Event(line: $0) }
        for seq in events.indices {
            let place = try #require(LogPosition(seq: seq, in: events))
            #expect(house.state.time(at: place) <= second || seq == 0)
        }
        house.now = second + 30 * Self.day
        let due = try house.decide(.tick).events.map(\.body.type)
        #expect(due == ["key.lapsed", "key.retired"])
        house.expectConsistent()
    }

    @Test("What a corrected log hands over to its successor has the corrected dates")
    func handedOver() throws {
        var house = try House()
        let old = try house.activated()
        house.pass(60)
        let right = house.now
        house.pass(Self.ahead)
        let new = try house.rotated(key: 501)
        try correct(&house, to: right)
        house.pass(60)
        var next = try House(after: house)
        #expect(next.now < right + Self.day)
        #expect(next.state.key(new.fingerprint)?.activated?.time == right)
        let until = right + 30 * Self.day
        #expect(next.state.key(old.fingerprint)?.until == until)
        next.now = until
        #expect(try next.decide(.tick).events.map(\.body.type) == ["key.retired"])
        // The successor can be set back as well, behind the end of the overlap that came over.
        let again = next.state.log.document.created + 60
        next.pass(Self.ahead)
        try next.open(subject: "keeper-beta")
        try correct(&next, to: again)
        #expect(next.state.key(old.fingerprint)?.status(at: again) == .retired)
        #expect(next.state.key(old.fingerprint)?.until == again)
    }

    @Test("Two log keys sign together for as many days from now as they were to")
    func logKeys() throws {
        var house = try House()
        let right = house.now + 60
        house.pass(Self.ahead)
        let next = SoftwareKey(1001)
        try house.open(subject: "keeper-beta")
        let vkey = Founding.vkey(house.state.log.origin, of: next)
        let statement = try house.open(
            "log-key-change", subject: "house-log", parameters: ["new-log-key": vkey])
        try house.approve("alice", "bob", "carol", statement: statement)
        let (size, time) = (house.state.head.size, house.state.head.time)
        try correct(&house, to: right)
        #expect(house.state.headKeys.count == 2)
        #expect(house.state.nextHeadKeys(at: right + 30 * Self.day + -1).count == 2)
        #expect(house.state.nextHeadKeys(at: right + 30 * Self.day).count == 1)
        // Heads of then are held to the dates of then.
        #expect(house.state.logKeys.groups(size: size, time: time).count == 2)
    }

    @Test("No log is set back behind its founding, nor to what the daemon's clock does not say")
    func bounds() throws {
        var house = try House()
        let founded = house.state.log.document.created
        let right = house.now + 5 * Self.day
        house.pass(Self.ahead)
        try house.open(subject: "keeper-beta")
        house.now = right
        func statement(_ now: Timestamp) throws -> Statement {
            try house.statement(
                "clock-correction", subject: "house-clock", token: nil,
                parameters: ["now": "\(now)"])
        }
        expectRefusal(.badParameter) { _ = try statement(founded + -1) }
        for (now, isTaken) in [
            (founded, false), (right + -Self.day + -1, false), (right + -Self.day, true),
            (right, true), (right + 300, true), (right + 301, false),
        ] {
            var copy = house
            let command = copy.opening(try statement(now)).command
            if isTaken {
                try copy.decide(command)
            } else {
                copy.expectRefusal(.badParameter, of: command)
            }
        }
    }

    @Test("Halted and behind the log, the halt is cleared first, then the clock is set right")
    func both() throws {
        var house = try House()
        let right = house.now + 60
        house.pass(Self.ahead)
        try house.decide(house.signed(try house.act(.halt, by: "alice")).command)
        house.now = right
        expectRefusal(.halted) { try correct(&house, to: right) }
        let clearing = try house.open("halt-clear", subject: "house-halt")
        try house.approve("gina", "bob", statement: clearing)
        #expect(!house.state.isHalted)
        try correct(&house, to: right)
        #expect(house.state.head.time == right)
        house.expectConsistent()
    }

    @Test("Nobody clears a halt alone, in a rehearsal neither")
    func floor() throws {
        var policy = House.policy
        policy.kinds["halt_clear"]?.threshold = 1
        policy.kinds["halt_clear"]?.people = 1
        for mode in [LogMode.rehearsal, .production] {
            expectRefusal(.belowFloor, "CT-12") { try policy.checkFloors(mode: mode) }
        }
    }
}
