// Halt first, everywhere (CT-11): every command and every event, while the log is halted; and the
// halts themselves, raised by keepers, by the daemon, and by a file that held them.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Halt")
struct HaltTests {
    static let failure = Command.fail(
        ceremony: "keeper-gamma-1", Failure(reason: "halted", left: ["nothing"]))

    /// A halted house with a ceremony in every live state and a record to attest.
    static func house() throws -> (house: House, signed: [String: Signed], outcome: JSON) {
        var house = try House()
        let record = try house.completed("keeper-delta")
        let pending = try house.open(subject: "keeper-alpha", token: House.otherToken)
        try house.approve("alice", statement: pending)
        let executing = try house.executing("keeper-gamma")
        let outcome = try #require(try house.outcome(of: executing.ceremony, key: 501))
        var signed: [String: Signed] = [:]
        signed["approval"] = house.approval(by: "bob", of: pending)
        signed["repeat"] = house.approval(by: "alice", of: pending)
        signed["attestation"] = house.attestation(by: "alice", of: record)
        signed["decline of a record"] = house.signed(
            try house.act(.decline, by: "bob", on: record.ceremony))
        signed["decline"] = house.signed(
            try house.act(.decline, by: "bob", on: pending.ceremony))
        signed["cancel"] = house.signed(try house.act(.cancel, by: "dave", on: pending.ceremony))
        signed["note"] = house.signed(try house.act(.note, by: "erin"))
        signed["halt"] = house.signed(try house.act(.halt, by: "bob"))
        var order = try house.act(.execute, by: "dave", on: executing.ceremony)
        order.from = CeremonyState.approved.rawValue
        signed["order"] = house.signed(order)
        var other = house
        signed["opening"] = other.opening(
            try other.statement(
                subject: "keeper-zeta",
                token: TokenReference(
                    label: "third", manufacturer: "Acme", model: "One", serial: "3")))
        try house.order(.halt, by: "alice")
        return (house, signed, outcome)
    }

    @Test("What is not listed is refused, before anything else is looked at")
    func refused() throws {
        let (house, signed, outcome) = try Self.house()
        for what in ["opening", "approval", "repeat", "attestation", "order"] {
            let document = try #require(signed[what])
            house.expectRefusal(.halted, "CT-11", "\(what)", of: document.command)
            house.expectRefusal(
                .halted, "CT-11", "\(what)",
                of: .execute(document: document.document, sshsig: document.sshsig, intent: nil))
        }
        let nonsense = Array("nonsense".utf8)
        house.expectRefusal(.halted, "CT-11", of: .submit(document: nonsense, sshsig: []))
        house.expectRefusal(
            .halted, "CT-11", of: .execute(document: nonsense, sshsig: [], intent: nil))
        house.expectRefusal(
            .halted, "CT-11", of: .complete(ceremony: "keeper-gamma-1", outcome: outcome))
        expectRefusal(.halted, "CT-11") {
            _ = try house.state.preflight(document: nonsense, sshsig: [], now: house.now)
        }
        expectRefusal(.halted, "CT-11") {
            var house = house
            _ = try house.statement()
        }
    }

    @Test("What is listed goes on")
    func goesOn() throws {
        let (house, signed, _) = try Self.house()
        for what in ["decline of a record", "decline", "cancel", "note", "halt"] {
            var copy = house
            #expect(try !copy.decide(#require(signed[what]).command).events.isEmpty, "\(what)")
            copy.expectConsistent()
        }
        var copy = house
        try copy.decide(Self.failure)
        #expect(copy.standing("keeper-gamma-1") == .failed)
        try copy.decide(.start(version: "1", commit: "a", modules: []))
        try copy.decide(.invariant("halt-file"))
        #expect(copy.state.halts.map(\.by) == ["alice", nil])
        #expect(copy.state.halts.map(\.reason) == ["the tests ask for it", "halt-file"])
        copy.pass(90_000 * 8)
        let types = try copy.decide(.tick).events.map(\.body.type)
        #expect(types == ["ceremony.expired", "key.lapsed"])
        #expect(copy.state.isHalted)
        copy.expectConsistent()
        var executing = house
        executing.pass(900)
        #expect(try executing.decide(.tick).events.map(\.body.type) == ["ceremony.failed"])
    }

    @Test("No event that is not listed is legal, whoever wrote it")
    func events() throws {
        let (house, signed, outcome) = try Self.house()
        var free = house
        free.state = try Self.unhalted(house)
        for what in ["opening", "approval", "attestation"] {
            let decision = try decide(free.state, #require(signed[what]).command, now: free.now)
            house.expectIllegal(.halted, try #require(decision.events.first).body)
        }
        house.expectIllegal(
            .halted,
            .ceremonyCompleted(
                CeremonyCompleted(
                    ceremony: "keeper-gamma-1", from: .executing, to: .completed, outcome: outcome)
            ))
    }

    /// The fold over everything but the halt.
    static func unhalted(_ house: House) throws -> State {
        try Replay.state(of: house.lines.dropLast())
    }

    @Test("A halt that comes before the outcome prevents it, and the execution fails as halted")
    func beforeOutcome() throws {
        var house = try House()
        let statement = try house.executing()
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        house.expectRefusal(
            .illegalEvent, "FP-4",
            of: .fail(ceremony: statement.ceremony, Failure(reason: "halted")))
        try house.order(.halt, by: "gina")
        house.expectRefusal(
            .halted, "CT-11", of: .complete(ceremony: statement.ceremony, outcome: outcome))
        try house.decide(.fail(ceremony: statement.ceremony, Failure(reason: "halted")))
        #expect(house.standing(statement.ceremony) == .failed)
        #expect(house.state.allKeys.isEmpty)
        house.expectConsistent()
    }

    @Test("A halt that the file held counts from when it was taken")
    func held() throws {
        var house = try House()
        let halt = house.signed(try house.act(.halt, by: "alice"))
        let since = house.now + 3600
        house.pass(100_000)
        house.expectRefusal(.stale, of: halt.command)
        let command = Command.heldHalt(
            document: halt.document, sshsig: halt.sshsig, since: since)
        let decision = try house.decide(command)
        #expect(house.state.halts.map(\.time) == [since])
        #expect(try house.decide(command).receipt == decision.receipt)
        #expect(house.state.halts.count == 1)
        let note = house.signed(try house.act(.note, by: "erin"))
        house.expectRefusal(
            .wrongDocument,
            of: .heldHalt(document: note.document, sshsig: note.sshsig, since: since))
        house.expectConsistent()
    }

    @Test("A held halt that was too old when it was taken is none")
    func heldTooLong() throws {
        var house = try House()
        let halt = house.signed(try house.act(.halt, by: "alice"))
        let since = house.now + 3601
        house.pass(100_000)
        house.expectRefusal(
            .stale, of: .heldHalt(document: halt.document, sshsig: halt.sshsig, since: since))
    }

    @Test("A halt has one cause and holds at the latest when it is written down")
    func causes() throws {
        var house = try House()
        let act = try house.act(.halt, by: "alice")
        let signed = SignedDocument(
            lines: act.lines, key: act.actor.fingerprint, sshsig: house.signed(act).sshsig)
        for time in [house.now, house.now + 1] {
            house.expectIllegal(
                .illegalEvent,
                .haltRaised(HaltRaised(signed: signed, invariant: nil, effective: time)))
            house.expectIllegal(
                .illegalEvent,
                .haltRaised(HaltRaised(signed: nil, invariant: "chain", effective: time)))
        }
        house.expectIllegal(
            .illegalEvent, .haltRaised(HaltRaised(signed: nil, invariant: nil, effective: nil)))
        house.expectIllegal(
            .illegalEvent,
            .haltRaised(HaltRaised(signed: signed, invariant: "chain", effective: nil)))
        var stated = act
        stated.from = CeremonyState.pending.rawValue
        house.expectRefusal(.wrongDocument, of: house.signed(stated).command)
    }

    @Test("Nothing clears a halt but its ceremony")
    func cleared() throws {
        var house = try House()
        try house.order(.halt, by: "alice")
        house.expectIllegal(
            .halted, .haltCleared(HaltCleared(ceremony: "house-halt-1", halts: [2])))
        #expect(house.state.isHalted)
    }

    @Test("Who has to start the clearing is said, where whoever else did would leave too few")
    func starters() throws {
        func text(_ house: House) -> String {
            house.state.deadlines().first { $0.matter == .halt }?.text ?? ""
        }
        var house = try House()
        let keepers = house.state.roster.members.filter { $0.kind == .keeper }.map(\.name)
        let starters = house.state.roster.members.filter(\.mayStart).map(\.name)
        try #require(keepers.count > 3)
        try house.order(.halt, by: keepers[0])
        #expect(HaltClear.starters(clearing: [keepers[0]], in: house.state.roster) == starters)
        #expect(!text(house).contains("To be started by"))
        // Two are left who have raised none: they approve, and somebody else starts it.
        for name in keepers[1..<(keepers.count - 2)] { try house.order(.halt, by: name) }
        let able = HaltClear.starters(
            clearing: Set(keepers.dropLast(2)), in: house.state.roster)
        #expect(able == starters.filter { !keepers.suffix(2).contains($0) })
        #expect(text(house).contains("To be started by \(able.joined(separator: " or "))"))
        for name in starters {
            var refused: String?
            do {
                _ = try house.statement("halt-clear", by: name, subject: "house-halt", token: nil)
            } catch {
                refused = "\(error)"
            }
            #expect((refused == nil) == able.contains(name), "\(name): \(refused ?? "")")
        }
        try house.order(.halt, by: keepers[keepers.count - 1])
        #expect(HaltClear.starters(clearing: Set(keepers[0...]), in: house.state.roster).isEmpty)
        #expect(text(house).contains("one after the other"))
    }

    @Test("Halted with a clock that is behind, the halt is named first, and that it can be cleared")
    func behindAndHalted() throws {
        var house = try House()
        let doubt = house.state.refusal(of: .right, at: house.now + -3600)
        #expect(doubt?.next?.contains("halt-clear and clock-correction go on") == true)
        #expect(doubt?.next?.contains("first clear the halt") == false)
        try house.order(.halt, by: "alice")
        let halted = house.state.refusal(of: .right, at: house.now + -3600)
        #expect(
            halted?.next?.contains("first clear the halt (ceremonyctl start halt-clear") == true)
    }
}
