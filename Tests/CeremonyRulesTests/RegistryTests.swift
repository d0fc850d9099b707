// Questions to the registry: how a key stood at any place in the log, whether it was allowed to
// sign there, and who stands for it. The fold up to that place is what the answers are held
// against.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("The registry answers")
struct RegistryTests {
    /// keeper-alpha has a key that was rotated and has retired, and a successor; keeper-beta's key
    /// was revoked; keeper-gamma's was disowned; keeper-delta's waits in vain.
    private struct Story {
        var house: House
        let old: KeyRecord
        let new: KeyRecord
        let revoked: KeyRecord
        let disowned: KeyRecord
        let waiting: KeyRecord
        let until: Timestamp

        init() throws {
            house = try House()
            old = try house.activated()
            house.pass(100)
            revoked = try house.activated("keeper-beta", key: 502)
            house.pass(100)
            new = try house.rotated(key: 501)
            until = try #require(house.state.key(old.fingerprint)?.until)
            house.pass(100)
            disowned = try house.completed("keeper-gamma", key: 503)
            for name in ["alice", "bob", "carol"] {
                try house.order(.decline, by: name, on: disowned.ceremony)
            }
            house.pass(20 * 86_400)
            let statement = try house.open(
                "key-revocation", subject: "keeper-beta",
                parameters: ["key": "\(revoked.fingerprint)", "cause": "compromise"])
            try house.approve("gina", "alice", statement: statement)
            waiting = try house.completed("keeper-delta", key: 504)
            house.now = until + 7
            try house.decide(.tick)
        }

        var keys: [KeyRecord] { [old, new, revoked, disowned, waiting] }
        var events: [Event] { get throws { try house.lines.map { try Event(line: $0) } } }
    }

    @Test("What it says of the past is what the log said then")
    func past() throws {
        let story = try Story()
        let events = try story.events
        var replay = Replay()
        for event in events {
            try replay.take(event.line)
            let then = try #require(replay.state)
            let place = try #require(LogPosition(seq: event.seq, in: events))
            for key in story.keys {
                let standing = story.house.state.standing(of: key.fingerprint, at: place)
                let entry = then.key(key.fingerprint)
                #expect(standing?.status == entry?.status(at: event.time), "event \(event.seq)")
                #expect(standing == then.standing(of: key.fingerprint, at: place))
                #expect(standing.map { $0.since.seq <= event.seq } ?? true)
            }
        }
        let seen = Set(
            events.indices.flatMap { seq in
                story.keys.compactMap {
                    story.house.state.standing(
                        of: $0.fingerprint, at: LogPosition(seq: seq, time: events[seq].time)
                    )?.status
                }
            })
        #expect(seen == Set(KeyStatus.allCases))
    }

    @Test("An end by the calendar holds in its second, though nobody has written it down")
    func calendar() throws {
        let story = try Story()
        let (state, events) = (story.house.state, try story.events)
        func standing(_ key: KeyRecord, _ time: Timestamp) throws -> KeyStanding? {
            let place = try #require(LogPosition(time: time, in: events))
            return state.standing(of: key.fingerprint, at: place)
        }
        let before = try #require(try standing(story.old, story.until + -1))
        #expect(before.status == .retiring)
        #expect(before.until == story.until)
        let after = try #require(try standing(story.old, story.until))
        #expect(after.status == .retired)
        #expect(after.since.time == story.until)
        #expect(after.reason.contains("not yet written down"))
        let recorded = try #require(try standing(story.old, story.house.now))
        #expect(recorded.since.time == story.until)
        #expect(events[recorded.since.seq].body.type == "key.retired")
        let deadline = try #require(
            story.house.state.ceremony(named: story.waiting.ceremony)?.attestDeadline)
        #expect(try standing(story.waiting, deadline + -1)?.status == .registered)
        #expect(try standing(story.waiting, deadline)?.status == .lapsed)
        #expect(try standing(story.waiting, deadline)?.since.time == deadline)
    }

    @Test("In the overlap both keys are valid, and the newest signs")
    func overlap() throws {
        let story = try Story()
        let (state, events) = (story.house.state, try story.events)
        func verdict(_ key: KeyRecord, _ time: Timestamp) throws -> SigningRight.Verdict? {
            let place = try #require(LogPosition(time: time, in: events))
            return state.signingRight(of: key.fingerprint, at: place)?.verdict
        }
        let begun = try #require(state.key(story.old.fingerprint)?.overlap?.begun)
        #expect(events[begun.seq].body.type == "key.activated")
        #expect(try verdict(story.old, begun.time + -1) == .signs)
        #expect(try verdict(story.new, begun.time + -1) == .refused)
        #expect(try verdict(story.old, begun.time) == .accepted)
        #expect(try verdict(story.new, begun.time) == .signs)
        #expect(try verdict(story.old, story.until + -1) == .accepted)
        #expect(try verdict(story.old, story.until) == .refused)
        #expect(try verdict(story.new, story.until) == .signs)
        let place = LogPosition(seq: begun.seq, time: begun.time)
        #expect(
            state.signingKey(of: "keeper-alpha", at: place)?.publicKey.fingerprint
                == story.new.fingerprint)
        #expect(state.signingKey(of: "keeper-gamma", at: place) == nil)
        #expect(state.signingRight(of: SoftwareKey(1).fingerprint, at: place) == nil)
    }

    @Test("A boundary of a revocation parts what is trusted from what is contested")
    func boundary() throws {
        // Positions and seconds from the activation on; a note follows every hundred seconds.
        for (cause, boundary, time, trusted) in [
            ("compromise", 1, nil, [true, true, false, false]),
            ("loss", 1, nil, [true, true, false, false]),
            ("compromise", nil, 200, [true, true, true, false]),
            ("compromise", nil, 199, [true, true, false, false]),
            ("compromise", 2, 50, [true, false, false, false]),
            ("compromise", 0, 500, [true, false, false, false]),
            ("compromise", nil, nil, [false, false, false, false]),
            ("loss", nil, nil, [true, true, true, true]),
        ] as [(String, Int?, Int?, [Bool])] {
            var house = try House()
            let record = try house.activated()
            let active = try #require(house.state.key(record.fingerprint)?.activated)
            for _ in 1...3 {
                house.pass(100)
                try house.order(.note, by: "erin", as: .auditor)
            }
            var parameters = ["key": "\(record.fingerprint)", "cause": cause]
            if let boundary { parameters["boundary"] = "\(active.seq + boundary)" }
            if let time { parameters["boundary-time"] = "\(active.time + time)" }
            house.pass(300)
            try house.order(.note, by: "erin", as: .auditor)
            let statement = try house.open(
                "key-revocation", subject: "keeper-alpha", parameters: parameters)
            try house.approve("gina", "alice", statement: statement)
            let events = try house.lines.map { try Event(line: $0) }
            for (step, isTrusted) in trusted.enumerated() {
                let place = try #require(LogPosition(seq: active.seq + step, in: events))
                let right = try #require(
                    house.state.signingRight(of: record.fingerprint, at: place))
                #expect(right.standing?.status == .active)
                #expect(right.verdict == (isTrusted ? .signs : .contested), "\(cause) \(step)")
                #expect(right.isAllowed == isTrusted)
                #expect(right.revokedLater != nil)
                #expect(right.reasons.contains { $0.contains("revoked later") })
            }
            let end = try #require(LogPosition(seq: events.count - 1, in: events))
            let now = try #require(house.state.signingRight(of: record.fingerprint, at: end))
            #expect(now.verdict == .refused)
            #expect(now.standing?.status == .revoked)
        }
    }

    @Test("A boundary in time lies anywhere up to the draft, also long after the last event")
    func boundaryAfterTheLastEvent() throws {
        var house = try House()
        let record = try house.activated()
        let last = house.state.head.time
        func parameters(_ seconds: Int) -> [String: String] {
            [
                "key": "\(record.fingerprint)", "cause": "compromise",
                "boundary-time": "\(last + seconds)",
            ]
        }
        // Noticed a week later; three days of it are still trusted.
        house.pass(7 * 86_400)
        for seconds in [7 * 86_400 + 1, 8 * 86_400] {
            expectRefusal(.badParameter) {
                try house.open(
                    "key-revocation", subject: "keeper-alpha", parameters: parameters(seconds))
            }
        }
        var latest = house
        try latest.open(
            "key-revocation", subject: "keeper-alpha", parameters: parameters(7 * 86_400))
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha", parameters: parameters(3 * 86_400))
        #expect(statement.fields["boundary-time"] == "\(last + 3 * 86_400)")
        try house.approve("gina", "alice", statement: statement)
        let events = try house.lines.map { try Event(line: $0) }
        for (seconds, verdict) in [
            (0, .signs), (3 * 86_400, .signs), (3 * 86_400 + 1, .contested),
            (7 * 86_400 - 1, .contested), (7 * 86_400, .refused),
        ] as [(Int, SigningRight.Verdict)] {
            let place = try #require(LogPosition(time: last + seconds, in: events))
            let right = try #require(house.state.signingRight(of: record.fingerprint, at: place))
            #expect(right.verdict == verdict, "after \(seconds) s")
        }
        house.expectConsistent()
    }

    @Test("Nobody opens a revocation that trusts a key beyond its own draft")
    func boundaryBeyondTheDraft() throws {
        var house = try House()
        let record = try house.activated()
        house.pass(100)
        var statement = try house.statement(
            "key-revocation", subject: "keeper-alpha", token: nil,
            parameters: [
                "key": "\(record.fingerprint)", "cause": "loss", "boundary-time": "\(house.now)",
            ])
        statement.fields = Fields(
            statement.fields.list.map { field in
                field.name == "boundary-time"
                    ? Field(name: field.name, value: "\(house.now + 1)") : field
            })
        house.pass(200)
        house.expectRefusal(.badParameter, of: house.opening(statement).command)
    }

    @Test("A place is an event, or a time with every event dated up to it")
    func places() throws {
        let story = try Story()
        let events = try story.events
        #expect(LogPosition(seq: events.count, in: events) == nil)
        #expect(LogPosition(seq: -1, in: events) == nil)
        #expect(LogPosition(time: events[0].time + -1, in: events) == nil)
        let founding = try #require(LogPosition(time: events[0].time, in: events))
        #expect(events[founding.seq].time == events[0].time)
        #expect(founding.seq + 1 == events.count || events[founding.seq + 1].time > events[0].time)
        #expect(LogPosition(time: story.house.now + 99, in: events)?.seq == events.count - 1)
    }

    @Test("Consumers get every key that is or was valid, and no revoked one but as revoked")
    func files() throws {
        let story = try Story()
        let state = story.house.state
        let files = state.keyFiles(
            at: LogPosition(seq: state.head.size - 1, time: story.house.now))
        func lines(_ name: String) -> [String] {
            String(decoding: files[name] ?? [], as: UTF8.self).split(separator: "\n")
                .map(String.init).filter { !$0.hasPrefix("#") }
        }
        func compact(_ time: Timestamp?) -> String {
            "\(time ?? House.dawn)".filter { !"-:T".contains($0) }
        }
        let (old, new) = (
            try #require(state.key(story.old.fingerprint)),
            try #require(state.key(story.new.fingerprint))
        )
        #expect(
            lines("allowed_signers") == [
                "keeper-alpha valid-after=\"\(compact(old.activated?.time))\","
                    + "valid-before=\"\(compact(story.until + -1))\" \(old.publicKey.line)",
                "keeper-alpha valid-after=\"\(compact(new.activated?.time))\" "
                    + new.publicKey.line,
            ])
        #expect(lines("revoked_keys") == [story.revoked.publicKey.line])
        let pems = files.keys.filter { $0.hasPrefix("pem/") }
        #expect(
            Set(pems)
                == Set([old, new].map { "pem/\(Hex.encode($0.publicKey.fingerprint.bytes)).pem" }))
        for entry in [old, new] {
            let path = "pem/\(Hex.encode(entry.publicKey.fingerprint.bytes)).pem"
            #expect(files[path] == Array(entry.publicKey.pem.utf8))
        }
        let index = try JSON(
            Array(try #require(files["keys.json"]).dropLast()), .message(bytes: 100_000))
        guard case .object(let fields) = index, case .array(let keys)? = fields["keys"] else {
            Issue.record("no index")
            return
        }
        #expect(keys.count == 5)
    }

    @Test("A key's chain holds every signature about it, and each one verifies")
    func chain() throws {
        let story = try Story()
        let (state, events) = (story.house.state, try story.events)
        func chain(_ key: KeyRecord) throws -> AuthorisationChain {
            try #require(
                AuthorisationChain(
                    of: key.fingerprint, in: state, events: events,
                    at: LogPosition(seq: events.count - 1, time: story.house.now)))
        }
        let old = try chain(story.old)
        #expect(old.chapters.map(\.effect) == [.made, .replaced])
        #expect(old.chapters.map(\.kind) == ["new-keeper-key", "key-rotation"])
        #expect(
            old.chapters[0].links.map(\.part) == [
                .initiator, .witness, .witness, .witness, .executor, .newKey, .attester, .attester,
            ])
        #expect(
            old.chapters[1].links.map(\.part) == [
                .initiator, .witness, .witness, .witness, .executor, .newKey, .oldKey, .attester,
                .attester,
            ])
        #expect(old.chapters[1].links[6].key == story.old.fingerprint)
        #expect(try chain(story.new).chapters.map(\.effect) == [.made])
        let revoked = try chain(story.revoked)
        #expect(revoked.chapters.map(\.effect) == [.made, .revoked])
        #expect(revoked.chapters[1].links.map(\.part) == [.initiator, .witness, .witness])
        let disowned = try chain(story.disowned)
        #expect(
            disowned.chapters[0].links.suffix(3).map(\.part) == [.decliner, .decliner, .decliner])
        #expect(
            disowned.chapters[0].links.suffix(3).map(\.role) == ["witness", "witness", "witness"])
        for key in story.keys {
            for link in try chain(key).chapters.flatMap(\.links) {
                let signature = try SSHSIG(blob: link.sshsig)
                #expect(signature.key.fingerprint == link.key)
                try signature.verify(
                    message: link.document, namespace: link.namespace, by: signature.key)
                #expect(!link.justification.isEmpty)
                #expect(events[link.moment.seq].time == link.moment.time)
            }
        }
        let end = LogPosition(seq: events.count - 1, time: story.house.now)
        #expect(
            AuthorisationChain(
                of: SoftwareKey(1).fingerprint, in: state, events: events, at: end) == nil)
    }

    @Test("A key's chain at a place is the chain that the log gave there")
    func chainThen() throws {
        let story = try Story()
        let events = try story.events
        var replay = Replay()
        for event in events {
            try replay.take(event.line)
            let then = try #require(replay.state)
            let place = LogPosition(seq: event.seq, time: event.time)
            for key in story.keys.map(\.fingerprint) {
                let chain = AuthorisationChain(
                    of: key, in: story.house.state, events: events, at: place)
                let told = AuthorisationChain(
                    of: key, in: then, events: Array(events.prefix(event.seq + 1)), at: place)
                #expect(chain?.chapters ?? [] == told?.chapters ?? [], "\(place)")
            }
        }
    }
}

extension House {
    /// A rotation of a subject's key, executed and attested.
    mutating func rotated(_ subject: String = "keeper-alpha", key number: Int) throws -> KeyRecord {
        let statement = try statement("key-rotation", subject: subject)
        try decide(opening(statement).command)
        try approve("alice", "bob", "carol", statement: statement)
        try execute(statement.ceremony)
        let record = try #require(try complete(statement.ceremony, key: number))
        pass(10)
        try attest("alice", "bob", record: record)
        return record
    }
}
