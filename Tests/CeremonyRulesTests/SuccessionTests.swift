// A log that goes on from another: what it takes over, what it refuses to be founded on, and that
// both verify as one history.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A successor log")
struct SuccessionTests {
    /// A log with a key in every standing, a ceremony under way, and a halt.
    private func old() throws -> House {
        var house = try House()
        _ = try house.activated("keeper-alpha", key: 500)
        _ = try house.activated("keeper-beta", key: 501)
        house.now = house.now + 60
        try rotate("keeper-beta", &house, key: 502)
        _ = try house.activated("keeper-gamma", key: 503)
        try revoke("keeper-gamma", &house)
        _ = try house.completed("keeper-delta", key: 504)
        try house.open(subject: "keeper-echo")
        try house.order(.halt, by: "alice")
        return house
    }

    private func rotate(_ subject: String, _ house: inout House, key: Int) throws {
        let statement = try house.statement("key-rotation", subject: subject)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony, key: key))
        try house.attest("alice", "bob", record: record)
    }

    private func revoke(_ subject: String, _ house: inout House) throws {
        let key = try #require(house.state.subject(subject)?.keys.last)
        let statement = try house.open(
            "key-revocation", subject: subject,
            parameters: ["key": "\(key)", "cause": "loss", "boundary": "1"])
        try house.approve("alice", "bob", statement: statement)
    }

    private func entry(_ number: Int, _ house: House) throws -> KeyEntry {
        try #require(house.state.key(SoftwareKey(number).fingerprint))
    }

    @Test(
        "Keys come over with their times, subjects with their numbers; ceremonies and halts do not")
    func carried() throws {
        let old = try old()
        let new = try House(after: old)
        let origin = old.state.log.origin
        #expect(new.state.allKeys.count == 5)
        for (number, status) in [
            (500, KeyStatus.active), (501, .retiring), (502, .active), (503, .revoked),
            (504, .lapsed),
        ] {
            let before = try entry(number, old)
            let after = try entry(number, new)
            #expect(after.status(at: new.now) == status)
            #expect(after.origin == origin && before.origin == nil)
            #expect(after.registered.seq == 0 && after.registered.time == before.registered.time)
            #expect(after.activated?.time == before.activated?.time)
            #expect(after.until == before.until && after.token == before.token)
            #expect(
                new.state.recordedCeremony(named: after.ceremony)
                    == old.state.ceremony(named: before.ceremony))
        }
        #expect(try entry(504, new).lapsed == KeyEntry.Moment(seq: 0, time: new.now))
        let revocation = try entry(503, new).revocation
        #expect(revocation?.boundary == 1 && revocation?.origin == origin)
        #expect(new.state.retiring == old.state.retiring)
        #expect(new.state.subject("keeper-beta")?.keys == old.state.subject("keeper-beta")?.keys)
        #expect(new.state.subject("keeper-beta")?.ceremonies == 2)
        #expect(!new.state.isHalted && new.state.live.isEmpty && new.state.unattested.isEmpty)
        #expect(new.state.allCeremonies.isEmpty && new.state.head.size == 2)
        #expect(new.state.history.map(\.origin) == [new.state.log.origin, origin])
    }

    @Test("Who stands for a key of the earlier log stood there before any place in this one")
    func chain() throws {
        let old = try old()
        let new = try House(after: old)
        let events = try (old.lines + new.lines).map { try Event(line: $0) }
        let chain = try #require(
            AuthorisationChain(
                of: SoftwareKey(503).fingerprint, in: new.state, events: events,
                at: LogPosition(seq: 0, time: new.now)))
        #expect(chain.chapters.map(\.effect) == [.made, .revoked])
        #expect(chain.chapters.map(\.links.count) == [8, 3])
    }

    @Test("A carried key is rotated and revoked, and one after a revocation is made")
    func goesOn() throws {
        var new = try House(after: try old())
        try rotate("keeper-alpha", &new, key: 600)
        #expect(try entry(500, new).status(at: new.now) == .retiring)
        #expect(try entry(600, new).ceremony == "keeper-alpha-2")
        #expect(try entry(600, new).origin == nil)
        try revoke("keeper-alpha", &new)
        #expect(try entry(600, new).status(at: new.now) == .revoked)
        #expect(try entry(600, new).revocation?.origin == nil)
        let again = try new.open(subject: "keeper-gamma")
        #expect(again.ceremony == "keeper-gamma-3")
        #expect(again.fields["old-key"]?.hasSuffix(" revoked") == true)
        let before = try History(new.earlier).state
        #expect(try Replay.state(of: new.lines, after: before) == new.state)
    }

    @Test("An overlap that began in the old log ends in the new one")
    func overlap() throws {
        var new = try House(after: try old())
        let until = try #require(try entry(501, new).until)
        new.now = until + 10
        let decision = try new.decide(.tick)
        #expect(decision.events.map(\.body.type) == ["key.retired"])
        #expect(try entry(501, new).retired == KeyEntry.Moment(seq: 2, time: until))
    }

    @Test("No key of the old log is taken in another role, and people keep theirs")
    func taken() throws {
        var new = try House(after: try old())
        for number in [500, 503, 504, 1000, 1] {
            let statement = try new.executing("keeper-new\(number)")
            expectRefusal(.keyTaken) { try new.complete(statement.ceremony, key: number) }
            try new.decide(
                .fail(
                    ceremony: statement.ceremony, Failure(reason: "token-error", detail: "no")))
        }
        let renamed = House.everybody.map { person in
            person.member.name == "alice"
                ? House.Person("zoe", .keeper, [.witness], keys: [1]) : person
        }.sorted { $0.member.name < $1.member.name }
        for people in [
            renamed, House.everybody + [House.Person("zoe", .keeper, [.witness], keys: [500])],
            House.everybody + [House.Person("zoe", .keeper, [.witness], keys: [1000])],
        ] {
            expectRefusal(.keyTaken) { _ = try House(people, after: try old()) }
        }
        expectRefusal(.keyTaken) {
            _ = try House(after: try old()) { founding in
                founding.logKey = SoftwareKey(1000)
                founding.genesis.logKeys[0].vkey = Founding.vkey(
                    founding.genesis.log, of: founding.logKey)
            }
        }
    }

    @Test("Who is lost may be missing, and is known to have left")
    func people() throws {
        var old = try House()
        let statement = try old.open(subject: "keeper-alpha", holder: "gina")
        try old.approve("alice", "bob", "carol", statement: statement)
        try old.execute(statement.ceremony)
        let record = try #require(try old.complete(statement.ceremony))
        try old.attest("alice", "bob", record: record)
        let new = try House(
            House.everybody.filter { $0.member.name != "gina" }, after: old)
        #expect(new.state.roster.holders == ["keeper-alpha": "gina"])
        #expect(new.state.subject("keeper-alpha")?.holder == "gina")
        #expect(
            new.state.deadlines().contains {
                $0.matter == .holderLeft && $0.date == new.now && $0.text.contains("gina")
            })
    }

    @Test("A token that was lost, and found, makes only those keys due that were in it then")
    func lostToken() throws {
        var old = try House()
        _ = try old.activated("keeper-alpha", key: 500)
        _ = try old.activated("keeper-beta", key: 501)
        try revoke("keeper-alpha", &old)
        let lost = old.now
        old.now = old.now + 100
        _ = try old.activated("keeper-alpha", key: 502)
        var new = try House(after: old)
        _ = try new.activated("keeper-gamma", key: 503)
        for house in [old, new] {
            let due = house.state.deadlines().filter { $0.matter == .tokenLost }
            #expect(due.map(\.key) == [SoftwareKey(501).fingerprint])
            #expect(due.map(\.since) == [lost])
        }
    }

    @Test("It goes on from exactly the log that its founders named")
    func unsound() throws {
        let old = try old()
        func founded(
            _ code: RefusalCode, after predecessor: House?,
            _ change: (inout TestSupport.Founding) -> Void
        ) {
            let refusal = expectRefusal(code) { _ = try House(after: predecessor, change) }
            #expect(refusal?.next != nil, "\(code.rawValue) says no next step")
        }
        founded(.wrongDocument, after: old) { $0.genesis.continues = nil }
        founded(.wrongDocument, after: old) { $0.genesis.continues?.size -= 1 }
        founded(.wrongDocument, after: old) { $0.genesis.continues?.root = .zero }
        founded(.wrongDocument, after: old) {
            $0.genesis.continues?.origin = "example.org/other/rehearsal"
        }
        founded(.incompleteGenesis, after: nil) {
            $0.genesis.continues = Continues(
                origin: old.state.log.origin, size: old.state.head.size, root: old.state.head.root)
        }
        founded(.wrongDocument, after: old) { founding in
            founding.genesis.log = old.state.log.origin
            founding.genesis.logKeys[0].vkey = TestSupport.Founding.vkey(
                old.state.log.origin, of: founding.logKey)
        }
        founded(.timeBackwards, after: old) { founding in
            founding.time = old.state.head.time + -1
            founding.genesis.created = founding.time
        }
        var policy = House.policy
        policy.softwareTokens = ["SoftHSM project"]
        let refusal = expectRefusal(.wrongDocument) {
            _ = try House(policy: policy, mode: .production, after: old)
        }
        #expect(refusal?.next != nil)
    }
}
