// The change of the key that signs the log's heads: which keys a head needs, and from where on.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("The log key is changed by ceremony")
struct LogKeyTests {
    private let next = SoftwareKey(1001)

    private func changed(_ parameters: [String: String] = [:]) throws -> House {
        var house = try House()
        let vkey = Founding.vkey(house.state.log.origin, of: next)
        let statement = try house.open(
            "log-key-change", subject: "house-log",
            parameters: ["new-log-key": vkey].merging(parameters) { $1 })
        try house.approve("alice", "bob", statement: statement)
        let decision = try house.decide(house.approval(by: "carol", of: statement).command)
        #expect(decision.events.last?.body.type == "log.rekeyed")
        return house
    }

    private func note(_ house: House, by keys: SoftwareKey...) throws -> SignedNote {
        let checkpoint = Checkpoint(
            origin: house.state.log.origin, head: house.state.head.tree.head)
        let lines = try keys.map { key in
            let name = try #require(
                NoteKey(name: house.state.log.origin, publicKey: key.publicKey.point))
            return NoteSignature(key.signature(over: checkpoint.text), by: name)
        }
        return try SignedNote(text: checkpoint.text, signatures: lines)
    }

    private func holds(_ note: SignedNote, _ house: House) -> Bool {
        (try? LogKeys.check(note, by: house.state.headKeys)) != nil
    }

    @Test("A head needs both keys for a while, and then the new one")
    func both() throws {
        var house = try changed()
        let until = house.now + 30 * 86_400
        #expect(house.state.headKeys.count == 2)
        #expect(holds(try note(house, by: house.logKey, next), house))
        #expect(!holds(try note(house, by: house.logKey), house))
        #expect(!holds(try note(house, by: next), house))
        house.now = until
        try house.open()
        #expect(house.state.headKeys.count == 1)
        #expect(holds(try note(house, by: next), house))
        #expect(!holds(try note(house, by: house.logKey), house))
        house.expectConsistent()
    }

    @Test("It is known from when on no head needs a key any more, also where changes overlap")
    func ends() throws {
        var house = try changed()
        let (first, until) = (house.now, house.now + 30 * 86_400)
        func end(_ key: SoftwareKey, _ time: Timestamp) throws -> Timestamp? {
            let key = NoteKey(name: house.state.log.origin, publicKey: key.publicKey.point)
            return house.state.needed(try #require(key), after: time)
        }
        #expect(try end(house.logKey, first) == until)
        #expect(try end(next, first) == nil)
        #expect(try end(house.logKey, until) == nil)
        // Another change whose day comes before that of the first one takes both away.
        let third = SoftwareKey(1002)
        let earlier = until + -86_400
        let statement = try house.open(
            "log-key-change", subject: "house-log",
            parameters: [
                "new-log-key": Founding.vkey(house.state.log.origin, of: third),
                "both-until": "\(earlier)",
            ])
        try house.approve("alice", "bob", "carol", statement: statement)
        #expect(try end(house.logKey, first) == earlier)
        #expect(try end(next, first) == earlier)
        #expect(try end(third, first) == nil)
        // One whose day comes after it takes them one by one.
        let later = until + 86_400
        let last = SoftwareKey(1003)
        let again = try house.open(
            "log-key-change", subject: "house-log",
            parameters: [
                "new-log-key": Founding.vkey(house.state.log.origin, of: last),
                "both-until": "\(later)",
            ])
        try house.approve("alice", "bob", "carol", statement: again)
        #expect(try end(next, first) == earlier)
        #expect(try end(third, first) == later)
        #expect(try end(third, until) == later)
        #expect(try end(last, first) == nil)
    }

    @Test(
        "Evidence says whose signatures its head was held to, and the end of the old one's is due")
    func told() throws {
        func said(_ house: House) throws -> String {
            let found = EvidenceVerifier.verify(
                try house.evidence(), against: EvidenceTests.trust(house))
            #expect(found.isVerified)
            return found.checks.first { $0.name == "checkpoint" }?.text ?? ""
        }
        func ends(_ house: House) -> [Deadline] {
            house.state.deadlines().filter {
                $0.matter == .overlapEnd && $0.subject == "house-log"
            }
        }
        let plain = try House()
        #expect(
            try said(plain).hasPrefix("The log key that the founders agreed on has signed this"))
        #expect(ends(plain).isEmpty)
        var house = try changed()
        house.furtherLogKeys = [next]
        let id = try #require(house.state.logKeys.newest).hexID
        #expect(try said(house).contains("put beside it (\(id)) have both signed this head"))
        let until = house.now + 30 * 86_400
        #expect(ends(house).map(\.date) == [until])
        let old = try #require(house.state.logKeys.founding.first).hexID
        #expect(ends(house).allSatisfy { $0.text.contains(old) && !$0.isDue(at: until + -1) })
        house.now = until
        try house.open()
        #expect(
            try said(house).hasPrefix(
                "The log key \(id), which log-key-change put in the place of the founders' key, has"
            ))
        #expect(ends(house).isEmpty)
    }

    @Test("A change that is over stays so when the clock is corrected to before its end")
    func corrected() throws {
        var house = try changed()
        let right = house.now + 60
        house.now = house.now + 30 * 86_400
        try house.open(subject: "keeper-beta")
        let (size, alone) = (house.state.head.size, try note(house, by: next))
        house.now = right
        let statement = try house.open(
            "clock-correction", subject: "house-clock", parameters: ["now": "\(right)"])
        try house.approve("gina", "alice", statement: statement)
        #expect(house.state.head.time < right + 86_400)
        #expect(house.state.headKeys.count == 1)
        #expect(holds(try note(house, by: next), house))
        #expect(!holds(try note(house, by: house.logKey), house))
        // What was signed on the way is held to the keys of then.
        try house.state.logKeys.check(alone, size: size, time: right + 30 * 86_400)
        #expect(house.state.logKeys.groups(size: size, time: right).count == 2)
        house.expectConsistent()
    }

    @Test("The time in which both sign is counted from the draft, however long the log was idle")
    func idle() throws {
        var house = try House()
        house.now = house.now + 200 * 86_400
        let statement = try house.open(
            "log-key-change", subject: "house-log",
            parameters: ["new-log-key": Founding.vkey(house.state.log.origin, of: next)])
        #expect(statement.fields["both-until"] == "\(house.now + 30 * 86_400)")
        try house.approve("alice", "bob", "carol", statement: statement)
        #expect(house.state.headKeys.count == 2)
        house.expectConsistent()
    }

    @Test("Heads from before the change are still those of the old key")
    func before() throws {
        let early = try note(try House(), by: try House().logKey)
        let house = try changed()
        let size = try Checkpoint(text: early.text).head.size
        try house.state.logKeys.check(early, size: size, time: House.dawn)
    }

    @Test("A wrong line of a key that has to sign spoils the head")
    func spoilt() throws {
        let house = try changed()
        let good = try note(house, by: house.logKey, next)
        var line = good.signatures[1]
        line = NoteSignature(
            good.signatures[0].bytes,
            by: try #require(
                NoteKey(name: house.state.log.origin, publicKey: next.publicKey.point)))
        let bad = try SignedNote(text: good.text, signatures: [good.signatures[0], line])
        #expect(!holds(bad, house))
    }

    @Test("The new key is one of this log's name, new to it, and within a year alone")
    func refused() throws {
        var house = try House()
        let origin = house.state.log.origin
        let good = Founding.vkey(origin, of: next)
        for (parameters, code) in [
            ([:], RefusalCode.badParameter),
            (["new-log-key": "x"], .badParameter),
            (["new-log-key": Founding.vkey("example.org/other", of: next)], .badParameter),
            (["new-log-key": Founding.vkey(origin, of: house.logKey)], .keyTaken),
            (["new-log-key": Founding.vkey(origin, of: SoftwareKey(1))], .keyTaken),
            (["new-log-key": good, "both-until": "soon"], .badParameter),
            (["new-log-key": good, "both-until": "\(house.state.head.time)"], .badParameter),
            (
                ["new-log-key": good, "both-until": "\(house.now + 367 * 86_400)"],
                .badParameter
            ),
        ] {
            expectRefusal(code) {
                try house.open("log-key-change", subject: "house-log", parameters: parameters)
            }
        }
        expectRefusal(.badParameter) {
            try house.open(
                "log-key-change", subject: "keeper-alpha", parameters: ["new-log-key": good])
        }
    }

    @Test("A key that has signed heads is never taken as anything else")
    func taken() throws {
        var house = try changed()
        let statement = try house.executing()
        expectRefusal(.keyTaken) { try house.complete(statement.ceremony, key: 1001) }
    }

    @Test("Of two changes under way the first ends the second")
    func twice() throws {
        var house = try House()
        let origin = house.state.log.origin
        let first = try house.open(
            "log-key-change", subject: "house-log",
            parameters: ["new-log-key": Founding.vkey(origin, of: next)])
        let second = try house.open(
            "log-key-change", by: "alice", subject: "house-log",
            parameters: ["new-log-key": Founding.vkey(origin, of: SoftwareKey(1002))])
        try house.approve("alice", "bob", "carol", statement: first)
        #expect(house.standing(first.ceremony) == .completed)
        #expect(house.standing(second.ceremony) == .failed)
    }
}
