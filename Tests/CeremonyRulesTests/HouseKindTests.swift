// Ceremonies about the house itself: the end of halts, and the way back from a wrong clock.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("The house is put in order by ceremony")
struct HouseKindTests {
    private func halted(_ names: String...) throws -> House {
        var house = try House()
        for name in names { try house.decide(house.signed(try house.act(.halt, by: name)).command) }
        return house
    }

    @Test("Two keepers clear a halt, and whoever raised it is not one of them")
    func clear() throws {
        var house = try halted("alice")
        let statement = try house.open("halt-clear", by: "alice", subject: "house-halt")
        #expect(statement.excluded == ["alice"])
        house.expectRefusal(
            .initiatorExcluded, "CT-12", of: house.approval(by: "alice", of: statement).command)
        try house.approve("bob", statement: statement)
        house.expectRefusal(
            .initiatorExcluded, of: house.approval(by: "alice", of: statement).command)
        #expect(house.state.isHalted)
        let decision = try house.decide(house.approval(by: "gina", of: statement).command)
        #expect(decision.events.last?.body.type == "halt.cleared")
        #expect(!house.state.isHalted)
        house.expectConsistent()
    }

    @Test("Whoever raised a halt does not approve its end that another started")
    func raiser() throws {
        var house = try halted("alice")
        let statement = try house.open("halt-clear", subject: "house-halt")
        #expect(statement.excluded == ["alice"])
        house.expectRefusal(
            .notListed, "CT-12", of: house.approval(by: "alice", of: statement).command)
    }

    @Test("A halt raised meanwhile is not cleared by approvals for the first")
    func second() throws {
        var house = try halted("alice")
        let statement = try house.open("halt-clear", subject: "house-halt")
        try house.approve("bob", statement: statement)
        try house.decide(house.signed(try house.act(.halt, by: "gina")).command)
        try house.approve("carol", statement: statement)
        #expect(house.standing(statement.ceremony) == .completed)
        #expect(house.state.halts.map(\.by) == ["gina"])
        #expect(house.state.isHalted)
    }

    @Test("Without a halt there is nothing to clear, and a list names halts that are in force")
    func lists() throws {
        var house = try House()
        expectRefusal(.badParameter) { try house.open("halt-clear", subject: "house-halt") }
        house = try halted("alice", "bob")
        let seqs = house.state.halts.map(\.seq)
        for list in ["", "x", "0", "\(seqs[1]),\(seqs[0])", "\(seqs[0]),\(seqs[0])"] {
            expectRefusal(.badParameter) {
                try house.open("halt-clear", subject: "house-halt", parameters: ["halts": list])
            }
        }
        let statement = try house.open(
            "halt-clear", subject: "house-halt", parameters: ["halts": "\(seqs[0])"])
        #expect(statement.fields.all("halt") == ["\(seqs[0])"])
        expectRefusal(.badParameter) { try house.open("halt-clear", subject: "keeper-alpha") }
    }

    @Test("Where too many keepers have halted, halts are cleared one after the other")
    func oneByOne() throws {
        var house = try House()
        let keepers = house.state.roster.members.filter { $0.kind == .keeper }.map(\.name)
        for name in keepers.dropLast() {
            try house.decide(house.signed(try house.act(.halt, by: name)).command)
        }
        expectRefusal(.unmeetable, "CT-11") {
            try house.open("halt-clear", by: keepers[0], subject: "house-halt")
        }
        let first = house.state.halts[0].seq
        let statement = try house.open(
            "halt-clear", by: keepers[0], subject: "house-halt", parameters: ["halts": "\(first)"])
        #expect(statement.excluded == [keepers[0]])
    }

    @Test("What the log has of a broken invariant, and of a clearing under way, can be asked")
    func questions() throws {
        var house = try House()
        try house.decide(.invariant("chain", since: house.now))
        let halt = house.state.halts[0]
        #expect(house.state.hasRaised("chain", since: halt.seq))
        #expect(!house.state.hasRaised("chain", since: halt.seq + 1))
        #expect(!house.state.hasRaised("log-key", since: halt.seq))
        #expect(!house.state.isBeingCleared(halt.seq))
        let statement = try house.open("halt-clear", subject: "house-halt")
        #expect(house.state.isBeingCleared(halt.seq))
        try house.approve("alice", "bob", statement: statement)
        #expect(!house.state.isBeingCleared(halt.seq))
        #expect(house.state.hasRaised("chain", since: halt.seq))
    }

    @Test("While halted, a revocation goes on and a new key does not")
    func goesOn() throws {
        var house = try House()
        let record = try house.activated()
        try house.decide(house.signed(try house.act(.halt, by: "alice")).command)
        expectRefusal(.halted) { try house.open(subject: "keeper-beta") }
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("gina", "bob", statement: statement)
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .revoked)
    }

    @Test("Two keepers set the log's time back, and what was dated by the wrong clock ends")
    func clock() throws {
        var house = try House()
        let right = house.now + 60
        house.pass(400 * 86_400)
        let pending = try house.open()
        house.now = right
        expectRefusal(.clockBehind) { try house.approve("alice", statement: pending) }
        let statement = try house.open(
            "clock-correction", subject: "house-clock", parameters: ["now": "\(right)"])
        #expect(statement.fields["was"] == "\(house.state.head.time)")
        try house.approve("gina", statement: statement)
        let decision = try house.decide(house.approval(by: "alice", of: statement).command)
        #expect(
            decision.events.map(\.body.type).suffix(2) == ["clock.corrected", "ceremony.failed"])
        #expect(house.state.head.time == right)
        #expect(house.standing(pending.ceremony) == .failed)
        try house.open(subject: "keeper-beta")
        house.expectConsistent()
    }

    @Test("What was counted by the wrong clock is counted anew after the correction")
    func spans() throws {
        var house = try House()
        let right = house.now + 60
        let refused = AccessRefused(
            uid: 1, gid: 1, pid: 1, method: "Submit", code: "not-on-roster", claimed: nil,
            ceremony: nil, digest: nil, count: 1)
        house.pass(400 * 86_400)
        try house.decide(.refused(refused))
        let early = try house.statement(subject: "keeper-beta")
        house.now = right
        let statement = try house.open(
            "clock-correction", subject: "house-clock", parameters: ["now": "\(right)"])
        try house.approve("gina", "alice", statement: statement)
        house.pass(60)
        try house.decide(.refused(refused))
        // A prefix of then is old after fifteen minutes, as any other.
        house.pass(901)
        var late = try house.statement(subject: "keeper-beta")
        late.treeSize = early.treeSize
        late.treeRoot = early.treeRoot
        house.expectRefusal(.stale, of: house.opening(late).command)
    }

    @Test("The log's time steps back by its ceremony and by nothing else")
    func clockAlone() throws {
        var house = try House()
        house.pass(1000)
        try house.open()
        expectRefusal(.timeBackwards) {
            try house.append(
                .clockCorrected(
                    ClockCorrected(
                        ceremony: "house-clock-1", was: house.now, now: house.now + -500)),
                at: house.now + -500)
        }
        for now in ["\(house.now)", "soon", "\(house.now + 1)"] {
            expectRefusal(.badParameter) {
                try house.open(
                    "clock-correction", subject: "house-clock", parameters: ["now": now])
            }
        }
    }
}
