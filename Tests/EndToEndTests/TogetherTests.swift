// Eight client processes let go at the same moment: many witnesses, many starts, many orders. None
// is lost, one of many wins where only one can, and an exact repeat answers as before.

import CeremonyRecord
import Glibc
import Testing

@Suite("Acts at the same moment")
struct TogetherTests {
    @Test("Of eight starts one wins, seven witnesses all count, one of eight orders executes")
    func rounds() throws {
        try withRoom { room in
            let crowd = try Crowd(room)
            for round in 1...6 {
                let id = try starts(crowd, "keeper-\(round)")
                try witnesses(crowd, id)
                try orders(crowd, id)
                try attestations(crowd, id)
            }
            let evidence = room.directory + "/evidence"
            try room.erin.does("export", evidence)
            try room.verify(evidence)
        }
    }

    @Test("Of five starts for one subject exactly one wins, and the others are told which")
    func fiveStarts() throws {
        try withRoom { room in
            let crowd = try Crowd(room)
            let people = ["alice", "bob", "dave", "alice", "bob"].map { room.person($0) }
            let drafts = people.map { $0.path("draft") }
            // Nothing is taken by drafting: all five may.
            let drafted = try crowd.release(
                zip(people, drafts).map { person, path in
                    (
                        person,
                        [
                            "start", "new-keeper-key", "keeper-alpha", "--into", "house",
                            "--reason", "five at once", "--as", person.name, "--draft", path,
                        ]
                    )
                })
            #expect(drafted.map(\.status) == [0, 0, 0, 0, 0], "\(drafted.map(\.err))")
            let started = try crowd.release(
                try zip(people, drafts).map { person, path in
                    (person, ["submit", path, try person.sign(path, .open), "--json"])
                })
            #expect(started.filter { $0.status == 0 }.count == 1)
            let ceremony = try room.ceremony("keeper-alpha-1")
            let winner = try #require(started.firstIndex { $0.status == 0 })
            #expect(ceremony.field("initiator").text == people[winner].name)
            for (number, one) in started.enumerated() where number != winner {
                try expectTold(one, of: ceremony)
            }
            #expect(try room.types().filter { $0 == "ceremony.opened" }.count == 1)
            #expect(try room.call("List").field("ceremonies").list.count == 1)
            // Who comes later is told before anything is drafted or a PIN asked for.
            try expectTold(
                try room.dave.run(
                    [
                        "start", "new-keeper-key", "keeper-alpha", "--into", "house", "--reason",
                        "a sixth", "--json",
                    ] + room.dave.withToken), of: ceremony)
        }
    }

    /// Who won, under which identifier, until when, and what to do now.
    private func expectTold(_ ended: Ended, of ceremony: JSON) throws {
        #expect(ended.status == 1, "\(ended.err)")
        let error = try JSON(ended.line).field("error")
        #expect(error.field("code").text == "busy")
        for words in [
            "keeper-alpha-1 is under way", "started by \(ceremony.field("initiator").text)",
            "until \(ceremony.field("expires").text)",
        ] {
            #expect(error.field("detail").text.contains(words), "\(ended.out)")
        }
        #expect(error.field("next").text.contains("--supersede keeper-alpha-1"))
    }

    @Test("What others do between drafting and handing in does not make an honest act fail")
    func between() throws {
        try withRoom { room in
            let (dave, heidi) = (room.dave, room.person("heidi"))
            let id = try room.start("keeper-alpha")
            let statement = try heidi.statement(of: id)
            let yes = try heidi.sign(statement, .approve)
            let note = try heidi.draft("note", "written early", "--ceremony", id)
            let no = try room.alice.draft("decline", id, "--reason", "not convinced")
            let order = try dave.write(try room.executeOrder(id, by: dave))

            try room.approve(id)
            try room.bob.submits(try room.bob.draft("note", "something else"), .act)
            try heidi.does("submit", statement, yes)
            try room.alice.submits(no, .act)
            try dave.submits(order, .act)
            try heidi.submits(note, .act)
            let record = try heidi.record(of: id)
            let attested = try heidi.sign(record, .attest)
            try room.attest(id)
            try heidi.does("submit", record, attested)
            #expect(try room.ceremony(id).field("key_status").text == "active")
            #expect(try room.ceremony(id).field("attestations").field("have").number == 4)
        }
    }

    private func starts(_ crowd: Crowd, _ subject: String) throws -> String {
        let room = crowd.room
        let before = try room.log().count
        let drafts = try (0..<8).map { number in
            try crowd.signed(
                ["alice", "bob", "dave"][number % 3], .open,
                try crowd.draft(subject, by: ["alice", "bob", "dave"][number % 3]))
        }
        let ended = try crowd.release(drafts)
        #expect(ended.filter { $0.status == 0 }.count == 1)
        for one in ended where one.status != 0 {
            #expect(one.status == 1)
            #expect(try JSON(one.line).field("error").field("code").text == "busy", "\(one.err)")
        }
        let opened = try room.types(from: before).filter { $0 == "ceremony.opened" }
        #expect(opened.count == 1)
        // Each draft once more: the one that won is answered as before, the others are refused
        // again.
        let again = try crowd.release(drafts)
        #expect(again.map(\.status) == ended.map(\.status))
        #expect(try room.types(from: before).filter { $0 == "ceremony.opened" }.count == 1)
        return subject + "-1"
    }

    private func witnesses(_ crowd: Crowd, _ id: String) throws {
        let room = crowd.room
        let (before, statement) = (
            try room.log().count,
            try room.ceremony(id).field("document").list.map(\.text)
        )
        let starter = try room.ceremony(id).field("initiator").text
        let able = CeremonyRoom.witnesses.filter { $0 != starter }
        var signed = try able.map { try crowd.signed($0, .approve, statement) }
        // The places left are exact repeats of what others hand in at the same moment.
        while signed.count < 8 { signed.append(signed[signed.count - able.count]) }
        let ended = try crowd.release(signed)
        #expect(ended.map(\.status) == [Int32](repeating: 0, count: 8))
        let types = try room.types(from: before)
        #expect(types.filter { $0 == "ceremony.witnessed" }.count == able.count)
        #expect(types.filter { $0 == "ceremony.approved" }.count == 1)
        #expect(try room.ceremony(id).field("approvals").field("have").number == able.count)
        // The threshold was crossed right behind the third answer, in the same transaction.
        let third = try #require(types.firstIndex(of: "ceremony.approved"))
        #expect(types[..<third].filter { $0 == "ceremony.witnessed" }.count == 3)
        let seqs = try ended.map { try JSON($0.line).field("seq").number }
        #expect(Set(seqs).count == able.count)
        let repeats = try ended.filter { try JSON($0.line).field("repeat").isTrue }
        #expect(repeats.count == 8 - able.count)
    }

    private func orders(_ crowd: Crowd, _ id: String) throws {
        let room = crowd.room
        let before = try room.log().count
        // Six orders, one of them handed in three times.
        var orders = try (0..<6).map { _ in
            try crowd.signed("dave", .act, try room.executeOrder(id, by: room.dave))
        }
        orders += [orders[0], orders[0]]
        let ended = try crowd.release(orders)
        #expect(ended.allSatisfy { [0, 81].contains($0.status) }, "\(ended.map(\.err))")
        let done = zip(orders, ended).filter { $1.status == 0 }.map(\.0.document)
        #expect(Set(done).count == 1)
        #expect(done.count == (done.first == orders[0].document ? 3 : 1))
        let types = try room.types(from: before).filter { $0.hasPrefix("ceremony.") }
        #expect(types == ["ceremony.executing", "ceremony.completed"])
    }

    private func attestations(_ crowd: Crowd, _ id: String) throws {
        let room = crowd.room
        let (before, record) = (
            try room.log().count,
            try room.ceremony(id).field("record").list.map(\.text)
        )
        let starter = try room.ceremony(id).field("initiator").text
        let able = CeremonyRoom.witnesses.filter { $0 != starter }
        let signed = try able.map { try crowd.signed($0, .attest, record) }
        let ended = try crowd.release(signed)
        #expect(ended.allSatisfy { $0.status == 0 }, "\(ended.map(\.err))")
        let types = try room.types(from: before)
        #expect(types.filter { $0 == "ceremony.attested" }.count == able.count)
        #expect(types.filter { $0 == "key.activated" }.count == 1)
    }
}

/// Clients that wait behind one door.
private struct Crowd {
    /// Somebody with a document and a signature to hand in.
    struct Signed {
        let person: Person
        let document: String
        let signature: String
    }

    let room: CeremonyRoom
    private let door: String
    private let descriptor: Int32

    init(_ room: CeremonyRoom) throws {
        self.room = room
        door = room.directory + "/door"
        let made = unsafe mkfifo(door, 0o600) == 0
        try #require(made)
        descriptor = unsafe open(door, O_RDWR | O_CLOEXEC)
        // Everybody gets to know the log first.
        for name in CeremonyRoom.witnesses + ["dave"] { try room.person(name).does("status") }
    }

    func signed(_ name: String, _ namespace: SignatureNamespace, _ document: [String]) throws
        -> Signed
    {
        let person = room.person(name)
        let file = try person.write(document)
        return Signed(
            person: person, document: file, signature: try person.sign(file, namespace))
    }

    func draft(_ subject: String, by name: String) throws -> [String] {
        let key = try #require(SSHPublicKey(line: room.person(name).publicKey))
        return try room.call(
            "Draft",
            [
                "kind": .string("new-keeper-key"), "subject": .string(subject),
                "into": .string("house"), "initiator": .string(name),
                "key": .string("\(key.fingerprint)"), "reason": .string("a race"),
            ]
        ).field("document").list.map(\.text)
    }

    /// Has each document handed in by a client of its own, at once.
    func release(_ signed: [Signed]) throws -> [Ended] {
        try release(signed.map { ($0.person, ["submit", $0.document, $0.signature, "--json"]) })
    }

    /// Starts a client for each, lets all of them go at once, and waits for their ends.
    func release(_ clients: [(person: Person, arguments: [String])]) throws -> [Ended] {
        let programs = try clients.map { client in
            try Program(
                [
                    "sh", "-c", "read _ <\"$0\"; exec \"$@\"", door,
                    Program.products + "/ceremonyctl", "--socket", room.socket,
                ] + client.arguments, environment: client.person.environment,
                scratch: client.person.home)
        }
        let lines = [UInt8](repeating: 0x0a, count: programs.count)
        let written = unsafe write(descriptor, lines, lines.count)
        try #require(written == lines.count)
        return programs.map { $0.finish() }
    }
}
