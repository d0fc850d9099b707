// The edges of every span of time, to the second: expiry, drafts, acts, executions, attestations,
// prefixes, and a clock that is behind (VAL-2).

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Time")
struct TimeTests {
    @Test("A ceremony takes answers until one second before it expires, and none from then on")
    func expiry() throws {
        var house = try House()
        let statement = try house.approved()
        let order = house.signed(try house.act(.execute, by: "dave", on: statement.ceremony))
        let cancel = house.signed(try house.act(.cancel, by: "dave", on: statement.ceremony))
        let decline = house.signed(try house.act(.decline, by: "robot", on: statement.ceremony))
        let approval = house.approval(by: "frank", of: statement)
        let execute = Command.execute(
            document: order.document, sshsig: order.sshsig,
            intent: try house.intent(of: statement.ceremony))
        #expect(statement.expires == statement.drafted + 3600)
        for command in [approval.command, decline.command, cancel.command, execute] {
            var early = house
            early.now = statement.expires + -1
            #expect(try early.decide(.tick).events.isEmpty)
            #expect(try !early.decide(command).events.isEmpty)
            early.expectConsistent()
            var late = house
            late.now = statement.expires
            late.expectRefusal(.expired, "VAL-2", of: command)
            try late.decide(.tick)
            late.expectRefusal(.expired, "VAL-2", of: command)
        }
        expectRefusal(.expired) {
            _ = try house.state.preflight(
                document: order.document, sshsig: order.sshsig, now: statement.expires)
        }
        let ceremony = try house.state.preflight(
            document: order.document, sshsig: order.sshsig, now: statement.expires + -1)
        #expect(ceremony.id == statement.ceremony)
    }

    @Test("A timeout is written when it is due, and says since when where it is late")
    func timeout() throws {
        for state in [CeremonyState.pending, .approved] {
            for late in [0, 1, 50_000] {
                var house = try TransitionTests.house(in: state)
                let expires = try house.ceremony("keeper-alpha-1").statement.expires
                #expect(house.state.nextDue == expires)
                house.now = expires + -1
                #expect(try house.decide(.tick).events.isEmpty)
                house.now = expires + late
                let event = try #require(try house.decide(.tick).events.first)
                guard case .ceremonyExpired(let body) = event.body else {
                    Issue.record("\(event.body)")
                    continue
                }
                #expect(body.effective == (late == 0 ? nil : expires))
                #expect(house.state.nextDue == nil)
                #expect(house.standing("keeper-alpha-1") == .expired)
                house.expectConsistent()
            }
        }
    }

    @Test(
        "A timeout is nothing that can be claimed: not early, not with another time or a signature")
    func claimedTimeout() throws {
        var house = try House()
        let statement = try house.open()
        let act = try house.act(.cancel, by: "dave", on: statement.ceremony)
        let signed = SignedDocument(
            lines: act.lines, key: act.actor.fingerprint, sshsig: house.signed(act).sshsig)
        func expired(_ effective: Timestamp?, _ signed: SignedDocument? = nil, by: String? = nil)
            -> EventBody
        {
            .ceremonyExpired(
                CeremonyExpired(
                    ceremony: statement.ceremony, from: .pending, to: .expired, reason: "timeout",
                    signed: signed, by: by, effective: effective))
        }
        let end = statement.expires
        house.expectIllegal(.illegalEvent, expired(nil), time: end + -1)
        house.expectIllegal(.illegalEvent, expired(end), time: end)
        house.expectIllegal(.illegalEvent, expired(nil), time: end + 1)
        house.expectIllegal(.illegalEvent, expired(end + -1), time: end + 1)
        house.expectIllegal(.illegalEvent, expired(nil, signed), time: end)
        house.expectIllegal(.illegalEvent, expired(nil, by: "keeper-alpha-2"), time: end)
        try house.append(expired(nil), at: end)
    }

    @Test("A draft holds for fifteen minutes, and none comes from the future")
    func drafts() throws {
        for (age, isTaken) in [(0, true), (900, true), (901, false), (-1, false)] {
            var house = try House()
            let statement = try house.statement(drafted: house.now + -age)
            let command = house.opening(statement).command
            if isTaken {
                try house.decide(command)
            } else {
                house.expectRefusal(.stale, of: command)
            }
        }
    }

    @Test("A draft that is over before it is opened opens nothing, however young it is")
    func overBeforeOpened() throws {
        for (age, isTaken) in [(0, true), (59, true), (60, false), (900, false)] {
            var house = try House(
                policy: Policy(kinds: [
                    "new_keeper_key": Policy.Entry(threshold: 3, attest: 2, lifetime: 60)
                ]))
            let statement = try house.statement()
            house.pass(age)
            let command = house.opening(statement).command
            if isTaken {
                try house.decide(command)
            } else {
                house.expectRefusal(.expired, "VAL-2", of: command)
            }
        }
    }

    @Test("An act holds for an hour, or five minutes ahead; one on a ceremony until that expires")
    func acts() throws {
        var house = try House(
            policy: Policy(kinds: [
                "new_keeper_key": Policy.Entry(threshold: 3, attest: 2, lifetime: 80_000)
            ]))
        let statement = try house.open()
        for name in [ActName.note, .halt] {
            let signed = house.signed(try house.act(name, by: "alice"))
            for (age, isTaken) in [(0, true), (3600, true), (3601, false)] {
                var copy = house
                copy.pass(age)
                if isTaken {
                    try copy.decide(signed.command)
                } else {
                    copy.expectRefusal(.stale, of: signed.command)
                }
            }
        }
        for name in [ActName.cancel, .decline, .note, .halt] {
            for (lead, isTaken) in [(300, true), (301, false)] {
                var copy = house
                var act = try copy.act(
                    name, by: "alice",
                    on: [.cancel, .decline].contains(name) ? statement.ceremony : nil)
                act.at = copy.now + lead
                // The clock that is wrong may be this log's, and nobody is hurt by a no.
                if isTaken || name != .note {
                    try copy.decide(copy.signed(act).command)
                } else {
                    copy.expectRefusal(.stale, of: copy.signed(act).command)
                }
            }
        }
        for name in [ActName.cancel, .decline] {
            let signed = house.signed(try house.act(name, by: "alice", on: statement.ceremony))
            var copy = house
            copy.pass(79_999)
            try copy.decide(signed.command)
        }
        // A note on a ceremony is no act that holds as long as the ceremony.
        let note = house.signed(try house.act(.note, by: "alice", on: statement.ceremony))
        var copy = house
        copy.pass(3601)
        copy.expectRefusal(.stale, of: note.command)
    }

    @Test("An execution is over at its deadline")
    func execution() throws {
        var house = try House()
        let statement = try house.executing()
        let deadline = house.now + 900
        #expect(house.state.nextDue == deadline)
        #expect(try house.ceremony(statement.ceremony).executionDeadline == deadline)
        house.now = deadline + -1
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        let complete = Command.complete(ceremony: statement.ceremony, outcome: outcome)
        var early = house
        #expect(try early.decide(.tick).events.isEmpty)
        try early.decide(complete)
        early.expectConsistent()
        house.now = deadline
        house.expectRefusal(.expired, "VAL-2", of: complete)
        for (late, effective) in [(0, nil), (10, deadline)] as [(Int, Timestamp?)] {
            var copy = house
            copy.pass(late)
            let event = try #require(try copy.decide(.tick).events.first)
            guard case .ceremonyFailed(let body) = event.body else {
                Issue.record("\(event.body)")
                continue
            }
            #expect(body.reason == "deadline")
            #expect(body.effective == effective)
            #expect(body.left?.count == 1)
            #expect(body.left?.first?.hasPrefix("key-id 5a5a") == true)
            copy.expectConsistent()
        }
    }

    @Test("A deadline is nothing that can be claimed")
    func claimedDeadline() throws {
        var house = try House()
        let statement = try house.executing()
        let deadline = try #require(try house.ceremony(statement.ceremony).executionDeadline)
        let act = try house.act(.cancel, by: "dave", on: statement.ceremony)
        let signed = SignedDocument(
            lines: act.lines, key: act.actor.fingerprint, sshsig: house.signed(act).sshsig)
        func failed(
            _ reason: String, effective: Timestamp? = nil, _ signed: SignedDocument? = nil,
            by: String? = nil
        ) -> EventBody {
            .ceremonyFailed(
                CeremonyFailed(
                    ceremony: statement.ceremony, from: .executing, to: .failed, reason: reason,
                    phase: nil, detail: nil, pkcs11: nil, left: nil, signed: signed, by: by,
                    effective: effective))
        }
        house.expectIllegal(.illegalEvent, failed("deadline"), time: deadline + -1)
        house.expectIllegal(.illegalEvent, failed("deadline"), time: deadline + 1)
        house.expectIllegal(
            .illegalEvent, failed("deadline", effective: deadline), time: deadline)
        for reason in ["deadline", "token-error", "interrupted"] {
            house.expectIllegal(.illegalEvent, failed(reason, signed), time: deadline)
            house.expectIllegal(
                .illegalEvent, failed(reason, by: "keeper-alpha-1"), time: deadline)
        }
        house.expectIllegal(
            .illegalEvent, failed("token-error", effective: house.now), time: house.now + 5)
        try house.order(.halt, by: "alice")
        house.expectIllegal(.illegalEvent, failed("halted", signed))
        house.expectIllegal(.illegalEvent, failed("halted", effective: house.now))
        house.expectIllegal(.illegalEvent, failed("halted", by: "keeper-alpha-1"))
        try house.append(failed("halted"))
    }

    @Test("A key that is not attested in time lapses, and is never valid")
    func lapse() throws {
        var house = try House()
        let record = try house.completed()
        try house.attest("alice", record: record)
        let deadline = house.now + 7 * 86_400
        #expect(house.state.nextDue == deadline)
        let attestation = house.attestation(by: "bob", of: record)
        house.now = deadline + -1
        var early = house
        #expect(try early.decide(.tick).events.isEmpty)
        try early.decide(attestation.command)
        #expect(early.state.key(record.fingerprint)?.status(at: early.now) == .active)
        #expect(early.state.nextDue == nil)
        early.now = deadline
        #expect(try early.decide(.tick).events.isEmpty)
        early.expectRefusal(.ended, of: early.attestation(by: "carol", of: record).command)
        house.now = deadline
        house.expectRefusal(.ended, of: attestation.command)
        for (late, effective) in [(0, nil), (99, deadline)] as [(Int, Timestamp?)] {
            var copy = house
            copy.pass(late)
            let event = try #require(try copy.decide(.tick).events.first)
            guard case .keyLapsed(let body) = event.body else {
                Issue.record("\(event.body)")
                continue
            }
            #expect(body.effective == effective)
            #expect(copy.state.key(record.fingerprint)?.status(at: copy.now) == .lapsed)
            #expect(copy.state.key(record.fingerprint)?.lapsed?.time == deadline)
            #expect(copy.state.unattested.isEmpty)
            copy.expectRefusal(.ended, of: attestation.command)
            copy.expectConsistent()
        }
        let lapsed = EventBody.keyLapsed(
            KeyLapsed(
                fingerprint: record.fingerprint, subject: record.subject, reason: "attest-by",
                effective: nil))
        house.expectIllegal(.illegalEvent, lapsed, time: deadline + 1)
        early.expectIllegal(.illegalEvent, lapsed)
        house.expectIllegal(
            .illegalEvent,
            .keyLapsed(
                KeyLapsed(
                    fingerprint: house.logKey.fingerprint, subject: record.subject,
                    reason: "attest-by", effective: nil)))
        try house.append(lapsed, at: deadline)
    }

    @Test("A clock up to five seconds behind takes the log's time; further behind it stops work")
    func behind() throws {
        var house = try House()
        let statement = try house.open()
        let decline = house.signed(try house.act(.decline, by: "bob", on: statement.ceremony))
        let cancel = house.signed(try house.act(.cancel, by: "dave", on: statement.ceremony))
        let halt = house.signed(try house.act(.halt, by: "alice"))
        let note = house.signed(try house.act(.note, by: "alice"))
        let approval = house.approval(by: "alice", of: statement)
        let start = Command.start(version: "1", commit: "a", modules: [])
        let head = house.state.head.time
        house.now = head + -5
        let decision = try decide(house.state, approval.command, now: house.now)
        #expect(decision.events.map(\.time) == [head])
        house.now = head + -6
        house.expectRefusal(.clockBehind, of: approval.command)
        house.expectRefusal(.clockBehind, of: note.command)
        for command in [
            decline.command, cancel.command, halt.command, start,
            .heldHalt(document: halt.document, sshsig: halt.sshsig, since: head),
        ] {
            #expect(try decide(house.state, command, now: house.now).events[0].time == head)
        }
        #expect(try decide(house.state, .tick, now: house.now).events.isEmpty)
    }

    @Test(
        "By a clock that was set, or that nobody watched, only what hurts nobody is decided",
        arguments: [
            (ClockStanding.stepped(by: 301), RefusalCode.clockStepped),
            (.stepped(by: -301), .clockStepped), (.gap(since: House.dawn), .clockGap),
        ])
    func doubtful(clock: ClockStanding, code: RefusalCode) throws {
        var house = try House()
        let statement = try house.approved()
        let order = house.signed(try house.act(.execute, by: "dave", on: statement.ceremony))
        let intent = try house.intent(of: statement.ceremony)
        let cancel = house.signed(try house.act(.cancel, by: "dave", on: statement.ceremony))
        let halt = house.signed(try house.act(.halt, by: "alice"))
        let note = house.signed(try house.act(.note, by: "alice"))
        let head = house.state.head.time
        // Long after its end, by that clock.
        let now = statement.expires + 86_400
        for command in [
            house.approval(by: "frank", of: statement).command, note.command,
            .execute(document: order.document, sshsig: order.sshsig, intent: intent),
        ] {
            let refusal = expectRefusal(code) {
                _ = try decide(house.state, command, now: now, clock: clock)
            }
            #expect(refusal?.next?.contains("unlock --clock") == true)
        }
        expectRefusal(code) {
            _ = try house.state.preflight(
                document: order.document, sshsig: order.sshsig, now: now, clock: clock)
        }
        #expect(try decide(house.state, .tick, now: now, clock: clock).events.isEmpty)
        for command in [
            cancel.command, halt.command, .start(version: "1", commit: "a", modules: []),
        ] {
            let decision = try decide(house.state, command, now: now, clock: clock)
            #expect(decision.events.allSatisfy { $0.time == head })
        }
        // Seen from the log, the same clock is behind, whatever else is known of it.
        expectRefusal(.clockBehind) {
            _ = try decide(house.state, note.command, now: head + -6, clock: clock)
        }
        // By a clock that is right, the ceremony has ended.
        #expect(
            try decide(house.state, .tick, now: now).events.map(\.body.type)
                == ["ceremony.expired"])
    }

    @Test("With a clock that was set no outcome is committed")
    func doubtfulOutcome() throws {
        var house = try House()
        let statement = try house.executing()
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        let command = Command.complete(ceremony: statement.ceremony, outcome: outcome)
        expectRefusal(.clockStepped) {
            _ = try decide(house.state, command, now: house.now, clock: .stepped(by: 400))
        }
        try house.decide(command)
    }

    @Test("With the clock behind nothing is executed and no outcome is committed")
    func behindExecution() throws {
        var house = try House()
        let statement = try house.approved()
        let order = house.signed(try house.act(.execute, by: "dave", on: statement.ceremony))
        let command = Command.execute(
            document: order.document, sshsig: order.sshsig,
            intent: try house.intent(of: statement.ceremony))
        house.pass(-6)
        house.expectRefusal(.clockBehind, of: command)
        expectRefusal(.clockBehind) {
            _ = try house.state.preflight(
                document: order.document, sshsig: order.sshsig, now: house.now)
        }
        house.pass(1)
        _ = try house.state.preflight(
            document: order.document, sshsig: order.sshsig, now: house.now)
        try house.decide(command)
        let outcome = try #require(try house.outcome(of: statement.ceremony, generated: house.now))
        house.pass(-1)
        house.expectRefusal(
            .clockBehind, of: .complete(ceremony: statement.ceremony, outcome: outcome))
        house.pass(1)
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
        house.expectConsistent()
    }

    @Test("With the clock behind nothing expires, however long ago that would have been")
    func behindTick() throws {
        var house = try House()
        let statement = try house.open()
        house.now = statement.expires + 10
        try house.decide(.start(version: "1", commit: "a", modules: []))
        house.now = statement.expires + 4
        #expect(try house.decide(.tick).events.isEmpty)
        house.now = statement.expires + 5
        #expect(try house.decide(.tick).events.map(\.body.type) == ["ceremony.expired"])
    }

    @Test("A document names a log that this one was at most two days ago")
    func prefix() throws {
        var house = try House()
        let old = try house.act(.note, by: "alice")
        house.pass(1000)
        try house.decide(.start(version: "1", commit: "a", modules: []))
        house.pass(172_800)
        try house.decide(.start(version: "1", commit: "a", modules: []))
        var act = old
        act.at = house.now
        var kept = house
        try kept.decide(kept.signed(act).command)
        act.treeSize += 1
        house.expectRefusal(.unknownPrefix, of: house.signed(act).command)
        act.treeSize = 99
        house.expectRefusal(.unknownPrefix, of: house.signed(act).command)
        act = old
        act.treeRoot = .zero
        house.expectRefusal(.unknownPrefix, of: house.signed(act).command)
        house.pass(1)
        try house.decide(.start(version: "1", commit: "a", modules: []))
        act = old
        act.at = house.now
        house.expectRefusal(.unknownPrefix, of: house.signed(act).command)
        house.expectConsistent()
    }

    @Test("A statement names the log as it was at most fifteen minutes ago")
    func prefixOfStatement() throws {
        for (age, isTaken) in [(900, true), (901, false)] {
            var house = try House()
            let (size, root) = (house.state.head.size, house.state.head.root)
            try house.decide(.start(version: "1", commit: "a", modules: []))
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

    @Test("A refusal of a record names the log since its ceremony, however long ago that was")
    func prefixOfAnAnswer() throws {
        var house = try House()
        let record = try house.completed()
        let decline = house.signed(try house.act(.decline, by: "alice", on: record.ceremony))
        let note = house.signed(try house.act(.note, by: "alice"))
        for _ in 0..<5 {
            house.pass(86_400)
            try house.decide(.start(version: "1", commit: "a", modules: []))
        }
        try house.decide(decline.command)
        house.now = house.now + 7 * 86_400
        try house.decide(.tick)
        try house.decide(.start(version: "1", commit: "a", modules: []))
        house.expectRefusal(.unknownPrefix, of: note.command)
        house.expectConsistent()
    }

    @Test("Refused access is written down once a minute")
    func refusals() throws {
        var house = try House()
        func refused(_ count: Int) -> Command {
            .refused(
                AccessRefused(
                    uid: 1000, gid: 1000, pid: 4, method: "Submit", code: "not-on-roster",
                    claimed: nil, ceremony: nil, digest: nil, count: count))
        }
        house.expectRefusal(.illegalEvent, of: refused(0))
        try house.decide(refused(1))
        house.pass(59)
        house.expectRefusal(.illegalEvent, of: refused(7))
        house.pass(1)
        try house.decide(refused(7))
        house.expectConsistent()
    }

    @Test("The fence rises by one with every start")
    func fence() throws {
        var house = try House()
        #expect(house.state.fence == 0)
        for fence in 1...3 {
            try house.decide(.start(version: "1", commit: "a", modules: []))
            #expect(house.state.fence == fence)
            for wrong in [fence, fence + 2] {
                house.expectIllegal(
                    .illegalEvent,
                    .daemonStarted(
                        DaemonStarted(version: "1", commit: "a", modules: [], fence: wrong)))
            }
        }
    }
}
