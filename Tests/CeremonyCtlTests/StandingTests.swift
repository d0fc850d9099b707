// What a person is told before they are asked for anything: the same code and exit status as the
// daemon would end with, for every state and standing.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import CeremonyWire
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("standing")
struct StandingTests {
    private func check(
        _ house: House, _ wish: Wish, by name: String, later: Int = 0
    ) throws -> ClientError? {
        let ceremony = try #require(house.state.ceremony(named: "keeper-alpha-1"))
        let report = try CeremonyReport(PaperReplies.ceremony(ceremony, house))
        let standing = Standing(
            report: report, person: house.person(name).member, now: house.now + later)
        do {
            try standing.check(wish)
            return nil
        } catch {
            return error
        }
    }

    private func expect(
        _ house: House, _ wish: Wish, by name: String, later: Int = 0, _ code: String?,
        _ status: CeremonyTerminal.ExitStatus = .done, _ place: SourceLocation = #_sourceLocation
    ) throws {
        let error = try check(house, wish, by: name, later: later)
        #expect(error?.code == code, sourceLocation: place)
        #expect(error?.status ?? .done == status, sourceLocation: place)
        // The daemon's table of codes is the one place; the client must not invent another ending.
        if let error {
            #expect(
                RefusalTableProbe.exit(error.code) == error.status.rawValue, sourceLocation: place)
        }
    }

    @Test("while approvals are awaited")
    func pending() throws {
        var house = try House()
        let statement = try house.open()
        try expect(house, .witness, by: "alice", nil)
        try expect(house, .decline, by: "alice", nil)
        try expect(house, .cancel, by: "dave", nil)
        try expect(house, .witness, by: "dave", "initiator-excluded", .notPermitted)
        try expect(house, .witness, by: "erin", "not-listed", .notPermitted)
        try expect(house, .cancel, by: "erin", "wrong-role", .notPermitted)
        try expect(house, .execute, by: "dave", "not-yet", .notYet)
        try expect(house, .attest, by: "alice", "not-yet", .notYet)
        try expect(house, .witness, by: "alice", later: 3600, "expired", .endedOtherwise)
        try expect(house, .cancel, by: "dave", later: 3600, "expired", .endedOtherwise)
        try house.approve("alice", statement: statement)
        try expect(house, .witness, by: "alice", "already-answered", .refused)
        try expect(house, .decline, by: "alice", "already-answered", .refused)
    }

    @Test("the holder of the subject does not witness")
    func holder() throws {
        var house = try House()
        try house.open(holder: "bob")
        try expect(house, .witness, by: "bob", "holder-excluded", .notPermitted)
    }

    @Test("while it is approved, executed, completed and attested")
    func later() throws {
        var house = try House()
        _ = try house.approved()
        try expect(house, .execute, by: "dave", nil)
        try expect(house, .execute, by: "alice", nil)
        try expect(house, .execute, by: "erin", "wrong-role", .notPermitted)
        try expect(house, .execute, by: "dave", later: 3600, "expired", .endedOtherwise)
        try expect(house, .witness, by: "frank", nil)
        try house.execute("keeper-alpha-1")
        try expect(house, .execute, by: "dave", "ended", .endedOtherwise)
        try expect(house, .cancel, by: "dave", "ended", .endedOtherwise)
        try expect(house, .attest, by: "alice", "not-yet", .notYet)
        let completed = try house.complete("keeper-alpha-1")
        let record = try #require(completed)
        try expect(house, .attest, by: "alice", nil)
        try expect(house, .decline, by: "alice", nil)
        try expect(house, .attest, by: "dave", "initiator-excluded", .notPermitted)
        try expect(house, .attest, by: "alice", later: 7 * 86_400, "ended", .endedOtherwise)
        try house.attest("alice", "bob", record: record)
        try expect(house, .attest, by: "alice", "already-answered", .refused)
        try expect(house, .attest, by: "carol", nil)
        try expect(house, .decline, by: "carol", "ended", .endedOtherwise)
        try expect(house, .witness, by: "frank", "ended", .endedOtherwise)
        // A key that is valid has not lapsed, however late somebody attests.
        let ceremony = try #require(house.state.ceremony(named: "keeper-alpha-1"))
        let standing = Standing(
            report: try CeremonyReport(PaperReplies.ceremony(ceremony, house)),
            person: house.person("carol").member, now: house.now + 7 * 86_400)
        let error = #expect(throws: ClientError.self) { try standing.check(.attest) }
        #expect(error?.next == "It is valid, and needs no more attestations.")
    }

    @Test("whoever left the roster, or lost the key that is listed, is not waited for any more")
    func gone() throws {
        var house = try House()
        let record = try house.completed()
        try house.attest("alice", record: record)
        let change = try house.setRoster { members in
            members.remove("alice")
            members.remove("robot")
            members.edit("carol") { $0.keys = [MemberKey(30)] }
        }
        try house.approve("bob", "gina", statement: change)
        try house.accept(change, as: "carol", key: 30)
        let ceremony = try #require(house.state.ceremony(named: "keeper-alpha-1"))
        let report = try CeremonyReport(PaperReplies.ceremony(ceremony, house))
        #expect(report.attestations.open == ["bob", "frank"])
        let next = try #require(report.next)
        #expect(next.contains("attestation by bob and frank:"))
        try expect(house, .attest, by: "carol", "not-listed", .notPermitted)
        try expect(house, .attest, by: "bob", nil)
        let rows = report.text(at: house.now).filter { $0.contains("cannot answer") }
        #expect(rows.count == 2)
        #expect(rows.contains { $0.contains("robot") && $0.hasSuffix("no longer on the roster") })
        #expect(rows.contains { $0.contains("carol") && $0.contains("the statement lists") })
        // What somebody said before they left stands.
        #expect(report.text(at: house.now).contains { $0.contains("alice  keeper  attested") })
        // Nobody is refused with the name of somebody who cannot help.
        let refusal = #expect(throws: Refusal.self) {
            try house.decide(house.attestation(by: "dave", of: record).command)
        }
        #expect(refusal?.code == .initiatorExcluded)
        #expect(refusal?.next == "Others must witness it: bob, frank.")
    }

    @Test("the role is the strongest that the person has")
    func role() throws {
        var house = try House()
        try house.open(by: "gina")
        let ceremony = try #require(house.state.ceremony(named: "keeper-alpha-1"))
        let report = try CeremonyReport(PaperReplies.ceremony(ceremony, house))
        func role(_ name: String) throws -> ActRole {
            try Standing(report: report, person: house.person(name).member, now: house.now)
                .role(for: .cancel)
        }
        #expect(try role("dave") == .operator)
        #expect(try role("gina") == .initiator)
        #expect(try role("alice") == .witness)
        #expect(NoteVerb.role(of: house.person("alice").member) == .keeper)
        #expect(NoteVerb.role(of: house.person("erin").member) == .auditor)
    }

    @Test("spans, tables and lists read well")
    func phrases() {
        #expect(Phrase.span(59) == "59 s")
        #expect(Phrase.span(3599) == "59 min")
        #expect(Phrase.span(3660) == "1 h 1 min")
        #expect(Phrase.span(90_000) == "1 d 1 h")
        #expect(Phrase.list([]) == "nobody")
        #expect(Phrase.list(["a", "b", "c"]) == "a, b and c")
        #expect(Phrase.table([["a", "b", ""], ["long", "c", "d"]]) == ["a     b", "long  c  d"])
        #expect(Phrase.table([["a\u{1b}[2J", "b"]]) == ["a\\u{1b}[2J  b"])
    }
}

/// The exit status that the interface's own text gives a code.
enum RefusalTableProbe {
    static func exit(_ code: String) -> Int32 { Int32(RefusalTable.exit(for: code)) }
}
