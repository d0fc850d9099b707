// Events that belong together stand together (FP-4): what one event demands comes next, exactly so,
// once, and a log in which it is missing, changed or moved does not replay.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Events that belong together")
struct DemandTests {
    /// Decisions of more than one event, with the house before them.
    static func decisions() throws -> [(name: String, before: House, decision: Decision)] {
        var cases: [(name: String, before: House, decision: Decision)] = []
        func add(_ name: String, _ house: House, _ command: Command) throws {
            cases.append((name, house, try decide(house.state, command, now: house.now)))
        }
        var house = try House()
        let statement = try house.open()
        try house.approve("alice", "bob", statement: statement)
        try add("approved", house, house.approval(by: "carol", of: statement).command)

        house = try House()
        try house.open()
        for name in ["alice", "bob"] { try house.order(.decline, by: name, on: "keeper-alpha-1") }
        let decline = house.signed(try house.act(.decline, by: "carol", on: "keeper-alpha-1"))
        try add("declined", house, decline.command)

        for state in [CeremonyState.pending, .approved] {
            house = try TransitionTests.house(in: state)
            let next = try house.statement(supersedes: "keeper-alpha-1")
            try add("superseded", house, house.opening(next).command)
        }

        house = try House()
        let record = try house.completed()
        var disowned = house
        try house.attest("alice", record: record)
        try add("activated", house, house.attestation(by: "bob", of: record).command)
        for name in ["alice", "bob"] {
            try disowned.order(.decline, by: name, on: "keeper-alpha-1")
        }
        let last = disowned.signed(try disowned.act(.decline, by: "carol", on: "keeper-alpha-1"))
        try add("lapsed", disowned, last.command)
        return cases
    }

    @Test("Nothing else may come between, not even what may always come")
    func between() throws {
        for (name, before, decision) in try Self.decisions() {
            #expect(decision.events.count == 2, "\(name)")
            var house = before
            try house.append(decision.events[0].body)
            #expect(house.state.demands.count == 1, "\(name)")
            let halt = house.signed(try house.act(.halt, by: "gina"))
            for command in [
                .start(version: "1", commit: "a", modules: []), .invariant("chain"), halt.command,
            ] as [Command] {
                house.expectRefusal(.illegalEvent, "FP-4", "\(name)", of: command)
            }
            house.expectIllegal(.illegalEvent, decision.events[0].body, "\(name)")
            #expect(throws: Defect.self) { try Replay.state(of: house.lines) }
            try house.append(decision.events[1].body)
            #expect(house.state == decision.state, "\(name)")
            house.expectConsistent()
        }
    }

    @Test("What is demanded is legal once, only there, and exactly so")
    func exactly() throws {
        for (name, before, decision) in try Self.decisions() {
            let demanded = decision.events[1].body
            #expect(throws: Refusal.self, "\(name) before its cause") {
                var house = before
                try house.append(demanded)
            }
            var house = before
            try house.append(decision.events[0].body)
            for changed in Self.changes(of: demanded) {
                house.expectIllegal(.illegalEvent, changed, "\(name)")
            }
            try house.append(demanded)
            #expect(throws: Refusal.self, "\(name) twice") { try house.append(demanded) }
        }
    }

    /// The same event with one thing changed.
    static func changes(of body: EventBody) -> [EventBody] {
        switch body {
        case .ceremonyApproved(var approved):
            approved.ceremony = "keeper-beta-1"
            return [.ceremonyApproved(approved)]
        case .ceremonyFailed(var failed):
            failed.detail = "and more"
            let changed = failed
            failed.detail = nil
            failed.reason = "cancelled"
            return [.ceremonyFailed(changed), .ceremonyFailed(failed)]
        case .ceremonyExpired(var expired):
            expired.by = nil
            let changed = expired
            expired.reason = "timeout"
            return [.ceremonyExpired(changed), .ceremonyExpired(expired)]
        case .keyActivated(var activated):
            activated.subject = "keeper-beta"
            return [.keyActivated(activated)]
        case .keyLapsed(var lapsed):
            lapsed.reason = "attest-by"
            return [.keyLapsed(lapsed)]
        default: return []
        }
    }

    @Test("The roster of the founding stands at seq 1 and nowhere else")
    func roster() throws {
        let house = try House()
        let event = try Event(line: house.lines[1])
        guard case .rosterSet(var set) = event.body else {
            Issue.record("\(event.body)")
            return
        }
        house.expectIllegal(.illegalEvent, event.body)
        var state = try State.founded(by: try Event(line: house.lines[0]), line: house.lines[0])
        let halt = Event(
            origin: event.origin, seq: 1, time: event.time, prev: event.prev,
            body: .haltRaised(HaltRaised(signed: nil, invariant: "chain", effective: nil)))
        expectRefusal(.illegalEvent) { try state.evolve(halt, line: halt.line) }
        set.members.removeLast()
        let other = Event(
            origin: event.origin, seq: 1, time: event.time, prev: event.prev, body: .rosterSet(set))
        expectRefusal(.illegalEvent) { try state.evolve(other, line: other.line) }
        set.epoch = 2
        house.expectIllegal(.illegalEvent, .rosterSet(set))
    }

    @Test("Events of kinds that are not there yet are illegal everywhere")
    func unknownHere() throws {
        let house = try House()
        let key = house.person("alice").keys[0].fingerprint
        for body: EventBody in [
            .keyRetired(KeyRetired(fingerprint: key, subject: "s", reason: "r", effective: nil)),
            .keyRevoked(
                KeyRevoked(
                    ceremony: "s-1", fingerprint: key, subject: "s", reason: "r", boundary: nil,
                    boundaryTime: nil)),
            .haltCleared(HaltCleared(ceremony: "s-1", halts: [1])),
            .clockCorrected(
                ClockCorrected(ceremony: "s-1", was: house.now, now: house.now)),
            .stepDone(StepDone(ceremony: "s-1", step: "publish", result: .object([:]))),
            .logRekeyed(LogRekeyed(ceremony: "s-1", vkey: "v", bothUntil: house.now)),
            .timeAnchored(TimeAnchored(kind: "k", treeSize: 1, sha256: .zero)),
            .checkpointCosigned(CheckpointCosigned(kind: "k", treeSize: 1, sha256: .zero)),
            .keyActivated(
                KeyActivated(ceremony: "s-1", fingerprint: key, subject: "s", retires: nil)),
        ] {
            house.expectIllegal(.illegalEvent, body)
        }
    }

    @Test("An answer must count as the log counts")
    func counts() throws {
        var house = try House()
        let statement = try house.open()
        try house.approve("alice", statement: statement)
        let decision = try decide(
            house.state, house.approval(by: "bob", of: statement).command, now: house.now)
        guard case .ceremonyWitnessed(let truth) = decision.events[0].body else { return }
        for change in [
            { $0.count = 1 }, { $0.count = 3 }, { $0.threshold = 2 }, { $0.witness = "carol" },
            { $0.from = .approved }, { $0.to = .approved },
        ] as [(inout CeremonyWitnessed) -> Void] {
            var answer = truth
            change(&answer)
            house.expectIllegal(.illegalEvent, .ceremonyWitnessed(answer))
        }
        var second = try House()
        let record = try second.completed()
        let attested = try decide(
            second.state, second.attestation(by: "bob", of: record).command, now: second.now)
        guard case .ceremonyAttested(let said) = attested.events[0].body else { return }
        for change in [
            { $0.count = 2 }, { $0.threshold = 3 }, { $0.witness = "carol" },
            { $0.from = .approved }, { $0.to = .approved },
        ] as [(inout CeremonyAttested) -> Void] {
            var answer = said
            change(&answer)
            second.expectIllegal(.illegalEvent, .ceremonyAttested(answer))
        }
    }

    @Test("A declining, a note, an opening and an order are those of their documents")
    func documents() throws {
        var house = try House()
        let statement = try house.open()
        let other = try house.open(subject: "keeper-beta", token: House.otherToken)
        let act = try house.act(.decline, by: "bob", on: statement.ceremony)
        let signed = SignedDocument(
            lines: act.lines, key: act.actor.fingerprint, sshsig: house.signed(act).sshsig)
        func declined(_ change: (inout CeremonyDeclined) -> Void) -> EventBody {
            var body = CeremonyDeclined(
                ceremony: statement.ceremony, from: .pending, to: .pending, participant: "bob",
                signed: signed)
            change(&body)
            return .ceremonyDeclined(body)
        }
        house.expectIllegal(.wrongDocument, declined { $0.ceremony = other.ceremony })
        house.expectIllegal(.wrongDocument, declined { $0.participant = "carol" })
        house.expectIllegal(.wrongDocument, declined { $0.from = .approved })
        house.expectIllegal(.wrongDocument, declined { $0.to = .failed })
        let noted = try house.act(.note, by: "erin", on: statement.ceremony)
        let note = SignedDocument(
            lines: noted.lines, key: noted.actor.fingerprint, sshsig: house.signed(noted).sshsig)
        house.expectIllegal(
            .wrongDocument, .exceptionNoted(ExceptionNoted(ceremony: nil, signed: note)))
        house.expectIllegal(
            .wrongDocument, .exceptionNoted(ExceptionNoted(ceremony: other.ceremony, signed: note)))
        let cancel = try house.act(.cancel, by: "dave", on: statement.ceremony)
        let order = SignedDocument(
            lines: cancel.lines, key: cancel.actor.fingerprint, sshsig: house.signed(cancel).sshsig)
        func failed(_ change: (inout CeremonyFailed) -> Void) -> EventBody {
            var body = CeremonyFailed(
                ceremony: statement.ceremony, from: .pending, to: .failed, reason: "cancelled",
                phase: nil, detail: cancel.justification, pkcs11: nil, left: nil, signed: order,
                by: nil, effective: nil)
            change(&body)
            return .ceremonyFailed(body)
        }
        house.expectIllegal(.wrongDocument, failed { $0.ceremony = other.ceremony })
        house.expectIllegal(.illegalEvent, failed { $0.signed = nil })
        house.expectIllegal(.illegalEvent, failed { $0.detail = nil })
        house.expectIllegal(.illegalEvent, failed { $0.by = other.ceremony })
        house.expectIllegal(.illegalEvent, failed { $0.left = ["something"] })
        house.expectIllegal(.illegalEvent, failed { $0.phase = "generate" })
        house.expectIllegal(.illegalEvent, failed { $0.effective = house.now })
        try house.append(failed { _ in })
        let draft = try house.statement(subject: "keeper-delta", token: House.token)
        let opening = house.opening(draft)
        func opened(_ change: (inout CeremonyOpened) -> Void) -> EventBody {
            var body = CeremonyOpened(
                ceremony: draft.ceremony, from: nil, to: .pending,
                signed: SignedDocument(
                    lines: draft.lines, key: draft.initiator.fingerprint, sshsig: opening.sshsig),
                supersedes: nil)
            change(&body)
            return .ceremonyOpened(body)
        }
        house.expectIllegal(.wrongDocument, opened { $0.ceremony = "keeper-delta-2" })
        house.expectIllegal(.wrongDocument, opened { $0.supersedes = other.ceremony })
        house.expectIllegal(.wrongDocument, opened { $0.from = .pending })
        house.expectIllegal(.wrongDocument, opened { $0.to = .approved })
        try house.append(opened { _ in })
    }

    @Test("A withdrawal of an approved ceremony is its document's")
    func withdrawal() throws {
        var house = try House()
        let statement = try house.approved()
        let cancel = try house.act(.cancel, by: "dave", on: statement.ceremony)
        let order = SignedDocument(
            lines: cancel.lines, key: cancel.actor.fingerprint, sshsig: house.signed(cancel).sshsig)
        func expired(_ change: (inout CeremonyExpired) -> Void) -> EventBody {
            var body = CeremonyExpired(
                ceremony: statement.ceremony, from: .approved, to: .expired, reason: "cancelled",
                signed: order, by: nil, effective: nil)
            change(&body)
            return .ceremonyExpired(body)
        }
        house.expectIllegal(.illegalEvent, expired { $0.signed = nil })
        house.expectIllegal(.illegalEvent, expired { $0.by = "keeper-alpha-2" })
        house.expectIllegal(.illegalEvent, expired { $0.effective = house.now })
        house.expectIllegal(.illegalEvent, expired { $0.reason = "whim" })
        try house.append(expired { _ in })
    }

    @Test("A record is declined by an act on that record, and on COMPLETED")
    func decliningRecords() throws {
        var house = try House()
        let record = try house.completed()
        let act = try house.act(.decline, by: "bob", on: record.ceremony)
        #expect(act.document == record.digest)
        for change in [
            { $0.document = nil }, { $0.document = record.statement }, { $0.from = "PENDING" },
            { $0.to = "FAILED" }, { $0.from = nil }, { $0.to = nil },
        ] as [(inout Act) -> Void] {
            var other = act
            change(&other)
            house.expectRefusal(.wrongDocument, of: house.signed(other).command)
        }
        try house.decide(house.signed(act).command)
    }

    @Test(
        "A statement is declined while it is PENDING or APPROVED", arguments: CeremonyState.allCases
    )
    func decliningLate(state: CeremonyState) throws {
        var house = try TransitionTests.house(in: state)
        var act = try house.act(.decline, by: "robot", on: "keeper-alpha-1")
        act.document = try house.ceremony("keeper-alpha-1").digest
        act.from = CeremonyState.pending.rawValue
        act.to = CeremonyState.pending.rawValue
        let command = house.signed(act).command
        switch state {
        case .pending, .approved: try house.decide(command)
        case .executing, .failed: house.expectRefusal(.ended, "FP-4", of: command)
        case .expired: house.expectRefusal(.expired, "VAL-2", of: command)
        case .completed: house.expectRefusal(.wrongDocument, of: command)
        }
    }

    @Test("An order to execute one ceremony executes no other")
    func otherOrder() throws {
        var house = try House()
        let statement = try house.approved()
        let other = try house.open(subject: "keeper-beta", token: House.otherToken)
        try house.approve("alice", "bob", "carol", statement: other)
        let act = try house.act(.execute, by: "dave", on: statement.ceremony)
        house.expectIllegal(
            .wrongDocument,
            .ceremonyExecuting(
                CeremonyExecuting(
                    ceremony: other.ceremony, from: .approved, to: .executing,
                    signed: SignedDocument(
                        lines: act.lines, key: act.actor.fingerprint,
                        sshsig: house.signed(act).sshsig),
                    intent: try house.intent(of: other.ceremony))))
    }

    @Test("What ends as FAILED while PENDING does not end as EXPIRED, and what has ended does not")
    func otherEnd() throws {
        var house = try House()
        let statement = try house.open()
        let cancel = try house.act(.cancel, by: "dave", on: statement.ceremony)
        func expired(_ from: CeremonyState, _ reason: String) -> EventBody {
            .ceremonyExpired(
                CeremonyExpired(
                    ceremony: statement.ceremony, from: from, to: .expired, reason: reason,
                    signed: SignedDocument(
                        lines: cancel.lines, key: cancel.actor.fingerprint,
                        sshsig: house.signed(cancel).sshsig), by: nil, effective: nil))
        }
        house.expectIllegal(.illegalEvent, expired(.pending, "cancelled"))
        try house.decide(house.signed(cancel).command)
        house.expectIllegal(.ended, expired(.failed, "timeout"))
        house.expectIllegal(.ended, expired(.approved, "cancelled"))
    }

    @Test("Acts say where they lead from and to, and nothing else")
    func steps() throws {
        var house = try House()
        let statement = try house.open()
        for name in [ActName.cancel, .decline] {
            let act = try house.act(name, by: "bob", on: statement.ceremony)
            for from in [nil, "APPROVED", "EXECUTING", "COMPLETED"] {
                var changed = act
                changed.from = from
                house.expectRefusal(.wrongDocument, of: house.signed(changed).command)
            }
            for to in [nil, "APPROVED", "EXECUTING", "COMPLETED"] {
                var changed = act
                changed.to = to
                house.expectRefusal(.wrongDocument, of: house.signed(changed).command)
            }
            var changed = act
            changed.document = Digest(of: [])
            house.expectRefusal(.wrongDocument, of: house.signed(changed).command)
            changed.document = nil
            house.expectRefusal(.wrongDocument, of: house.signed(changed).command)
            changed = act
            changed.ceremony = nil
            changed.role = .participant
            #expect(throws: Refusal.self) { try house.decide(house.signed(changed).command) }
        }
        var note = try house.act(.note, by: "erin")
        note.from = "PENDING"
        house.expectRefusal(.wrongDocument, of: house.signed(note).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        let order = try house.act(.execute, by: "dave", on: statement.ceremony)
        let intent = try house.intent(of: statement.ceremony)
        for change in [
            { $0.from = "PENDING" }, { $0.to = "COMPLETED" }, { $0.from = nil }, { $0.to = nil },
            { $0.document = nil }, { $0.document = Digest(of: []) }, { $0.act = .cancel },
        ] as [(inout Act) -> Void] {
            var act = order
            change(&act)
            let signed = house.signed(act)
            house.expectRefusal(
                .wrongDocument,
                of: .execute(document: signed.document, sshsig: signed.sshsig, intent: intent))
        }
        let signed = house.signed(order)
        house.expectRefusal(.wrongDocument, of: signed.command)
        let asApproval = Signed(order, by: house.person("dave").keys[0], for: .approve)
        house.expectRefusal(
            .wrongDocument,
            of: .execute(document: asApproval.document, sshsig: asApproval.sshsig, intent: intent))
        house.expectRefusal(.wrongNamespace, "NFR18", of: asApproval.command)
    }

    @Test("Documents of another log or mode are none of this one")
    func otherLog() throws {
        var house = try House()
        for change in [
            { $0.log = "example.org/other/rehearsal" },
            {
                $0.log = "example.org/house"
                $0.mode = .production
            },
        ]
            as [(inout Statement) -> Void]
        {
            var statement = try house.statement()
            change(&statement)
            house.expectRefusal(.wrongDocument, of: house.opening(statement).command)
        }
        for change in [
            { $0.log = "example.org/other/rehearsal" },
            {
                $0.log = "example.org/house"
                $0.mode = .production
            },
        ]
            as [(inout Act) -> Void]
        {
            var act = try house.act(.halt, by: "alice")
            change(&act)
            house.expectRefusal(.wrongDocument, of: house.signed(act).command)
        }
        house.expectRefusal(
            .wrongNamespace, "NFR18",
            of: Signed(house.genesis, by: house.person("alice").keys[0], for: .genesis).command)
    }

    @Test("A nonce is good once: a statement's for the log, an act's for its actor")
    func nonces() throws {
        var house = try House()
        var statement = try house.open()
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        let used = statement.nonce
        statement = try house.statement()
        statement.nonce = used
        house.expectRefusal(.nonceUsed, of: house.opening(statement).command)
        statement.nonce = house.genesis.nonce
        house.expectRefusal(.nonceUsed, of: house.opening(statement).command)
        let note = try house.act(.note, by: "erin")
        try house.decide(house.signed(note).command)
        var other = try house.act(.note, by: "alice")
        other.nonce = note.nonce
        try house.decide(house.signed(other).command)
        other.justification = "another thing"
        house.expectRefusal(.nonceUsed, of: house.signed(other).command)
        house.expectConsistent()
    }
}
