// The end of halts as people see it: two keepers, never one, never who raised it, never for a halt
// that they were not asked about; the halt file as second channel; and a daemon that halts itself.

import CeremonyRecord
import Glibc
import Testing

@Suite("Clearing a halt")
struct HaltClearTests {
    @Test(
        "Whoever raised it starts the clearing, two other keepers approve it, and the log goes on")
    func cleared() throws {
        try withRoom { room in
            try room.alice.halts("a camera failed")
            #expect(try room.bob.does("status").contains("by alice: a camera failed"))
            // Of three keepers, two of whom have to approve it, only the one who raised it can.
            for (person, count) in [(room.alice, 1), (room.bob, 0), (room.dave, 0)] {
                let asked = try person.does("next", "--as", person.name).lineList
                #expect(asked.count { $0.contains("start halt-clear") } == count, "\(asked)")
                #expect(asked.contains { $0.contains("To be started by alice:") }, "\(asked)")
            }
            let draft = try room.alice.draft(
                "start", "halt-clear", "--reason", "the camera works again")
            let id = try room.alice.submits(draft, .open).field("ceremony").text
            #expect(id == "house-halt-1")
            // Not who raised it, whatever they started; and no single other one.
            try room.refuses(77, "initiator-excluded") {
                try room.alice.run(["witness", id, "--json"] + room.alice.withToken)
            }
            let first = try room.bob.approves(id)
            #expect(first.err.contains("by alice: a camera failed"), "\(first.err)")
            try room.refuses(80, "halted") {
                try room.dave.run(
                    ["start", "new-keeper-key", "keeper-alpha", "--into", "house"]
                        + ["--reason", "x", "--json"] + room.dave.withToken)
            }
            // The same person with the other key counts no second time.
            let again = try room.bob.write(
                try room.ceremony(id).field("document").list.map(\.text))
            try room.refuses(1, "already-answered") { try room.bob.submit(again, .approve) }
            try room.refuses(1, "already-answered") {
                try room.bob.run(["witness", id, "--json"] + room.bob.withToken)
            }
            // Somebody from outside is no keeper.
            try room.refuses(77, "not-listed") { try room.erin.submit(again, .approve) }
            #expect(try room.call("Status").field("head").field("halted").isTrue)

            let last = try room.dave.approves(id)
            #expect(last.err.contains("The log goes on"), "\(last.err)")
            #expect(try room.types().suffix(2) == ["ceremony.completed", "halt.cleared"])
            #expect(!TestFile.exists(room.stateDirectory + "/halt"))
            #expect(try !room.call("Status").field("head").field("halted").isTrue)
            _ = try room.start("keeper-alpha")

            // It stays so, and the evidence shows it all.
            try room.stop()
            try room.open()
            #expect(try room.haltsInForce().isEmpty)
            let evidence = room.directory + "/evidence"
            try room.erin.does("export", evidence)
            let verified = try room.erin.does(
                "verify", evidence, "--genesis", room.genesis, "--rehearsal")
            #expect(!verified.contains("HALTED"))
        }
    }

    @Test("Where two of three keepers have halted, each halt is cleared by the other two")
    func oneByOne() throws {
        try withRoom { room in
            try room.alice.halts("a camera failed")
            try room.bob.halts("the room was left")
            // All of them at once would leave dave alone, and so would alice's start for bob's.
            let seqs = try room.haltsInForce()
            for options in [[], ["--set", "halts=\(seqs[1])"]] {
                try room.refuses(1, "unmeetable") {
                    try room.alice.run(
                        ["start", "halt-clear", "--reason", "all is well", "--json"] + options
                            + room.alice.withToken)
                }
            }
            let id = try room.bob.startsClearing("--set", "halts=\(seqs[1])")
            let statement = try room.bob.write(
                try room.ceremony(id).field("document").list.map(\.text))
            try room.refuses(77, "initiator-excluded") { try room.bob.submit(statement, .approve) }
            try room.dave.approves(id)
            let last = try room.alice.approves(id)
            #expect(last.err.contains("does not clear"), "\(last.err)")
            #expect(try room.haltsInForce() == [seqs[0]])
            let second = try room.alice.startsClearing()
            try room.dave.approves(second)
            try room.bob.approves(second)
            #expect(try room.haltsInForce().isEmpty)
        }
    }

    @Test("A halt raised meanwhile is not cleared by approvals for the first")
    func meanwhile() throws {
        try withRoom { room in
            try room.alice.halts("a camera failed")
            let id = try room.alice.startsClearing()
            try room.bob.approves(id)
            try room.bob.halts("the room was left")
            let last = try room.dave.approves(id)
            #expect(last.err.contains("does not clear"), "\(last.err)")
            #expect(last.err.contains("stays halted"), "\(last.err)")
            #expect(last.err.contains("by bob: the room was left"), "\(last.err)")
            #expect(try room.state(of: id) == "COMPLETED")
            #expect(try room.haltsInForce().count == 1)
            let held = TestFile.text(room.stateDirectory + "/halt").lineList.filter { $0 != "" }
            #expect(held.count == 1)
            try room.refuses(80, "halted") {
                try room.dave.run(
                    ["start", "new-keeper-key", "keeper-alpha", "--into", "house"]
                        + ["--reason", "x", "--json"] + room.dave.withToken)
            }
            // A restart neither lifts the one nor brings the other back.
            try room.stop()
            try room.open()
            #expect(try room.haltsInForce().count == 1)
            let second = try room.bob.startsClearing()
            try room.alice.approves(second)
            try room.dave.approves(second)
            #expect(try room.haltsInForce().isEmpty)
            _ = try room.start("keeper-alpha")
        }
    }

    @Test("A kill between the event and the file brings no cleared halt back")
    func kill() throws {
        try withRoom { room in
            try room.alice.halts("a camera failed")
            let file = room.stateDirectory + "/halt"
            let held = TestFile.bytes(file)
            let id = try room.alice.startsClearing()
            try room.bob.approves(id)
            try room.dave.approves(id)
            room.daemon?.signal(SIGKILL)
            _ = room.buryDaemon()
            try TestFile.write(file, held)
            try room.open()
            #expect(!TestFile.exists(file))
            #expect(try room.haltsInForce().isEmpty)
            #expect(try room.types().filter { $0 == "halt.raised" }.count == 1)
        }
    }

    @Test("A halt file made by hand halts a running daemon, and taking it away clears nothing")
    func byHand() throws {
        let room = try CeremonyRoom.copy()
        room.furtherConfiguration = "[poll]\ndeadlines_seconds = 1\n"
        try room.open()
        let file = room.stateDirectory + "/halt"
        try TestFile.write(file, "stop everything\n")
        try eventually("the daemon sees it") { try room.types().last == "halt.raised" }
        let told = try room.dave.does("status")
        #expect(told.contains("by the daemon: halt-file"), "\(told)")
        #expect(told.contains("could not be read"), "\(told)")
        _ = try room.house.tool("rm", file)
        try room.stop()
        try room.open()
        #expect(try room.haltsInForce().count == 1)
        let id = try room.alice.startsClearing()
        try room.bob.approves(id)
        try room.dave.approves(id)
        #expect(try room.haltsInForce().isEmpty)
    }

    @Test("Stored lines changed under the running daemon are shown to nobody, and it halts itself")
    func chain() throws {
        let room = try CeremonyRoom.copy()
        room.furtherConfiguration = "[poll]\ndeadlines_seconds = 1\n"
        try room.open()
        let id = try room.start("keeper-alpha")
        let seq = try room.log().count - 1
        let changed = try room.python(
            """
            from sqlite3 import connect
            from sys import argv
            db = connect(argv[1])
            query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in db.execute(query).fetchall():
                db.execute(f'DROP TRIGGER "{name}"')
            line = db.execute('SELECT line FROM event WHERE seq = ?', (int(argv[2]),)).fetchone()[0]
            line = line.replace(b'first key', b'third key')
            db.execute('UPDATE event SET line = ? WHERE seq = ?', (line, int(argv[2])))
            db.commit()
            """, room.stateDirectory + "/log.sqlite", "\(seq)")
        try #require(changed.status == 0, "\(changed.err)")
        let ended = try room.erin.run("log", "--json")
        #expect(ended.status == 1, "\(ended.err)")
        #expect(ended.out.contains("broken-chain"), "\(ended.out)")
        #expect(ended.err.contains("Event \(seq)"), "\(ended.err)")
        try eventually("the log says so") {
            try room.call("Status").field("status").field("halts").list.count == 1
        }
        let status = try room.call("Status").field("status").field("halts").list[0]
        #expect(status.field("reason").text == "chain")
        #expect(status.field("by").isNull)
        let told = try room.dave.run("status")
        #expect(told.out.contains("was changed from outside"), "\(told.out) \(told.err)")
        let approval = try room.person("frank").write(
            try room.ceremony(id).field("document").list.map(\.text))
        let refused = try room.person("frank").submit(approval, .approve)
        #expect(refused.status == 80, "\(refused.err)")
    }

    @Test("With the log token pulled out the file alone halts: all is refused, and halt goes on")
    func unplugged() throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.module = module.path
        room.furtherConfiguration = "[poll]\ntokens_seconds = 1\ndeadlines_seconds = 1\n"
        try room.open()
        let id = try room.start("keeper-alpha")
        let statement = try room.erin.write(
            try room.ceremony(id).field("document").list.map(\.text))
        let order = try room.dave.write(try room.executeOrder(id, by: room.dave))
        let notes = try ["heidi", "alice"].map {
            try room.person($0).draft("note", "a bag was torn")
        }
        let halts = try [room.alice, room.bob].map { try $0.draft("halt", "--reason", "smoke") }
        try module.set("C_GetSlotList * removed")
        try eventually("the log is sealed") {
            try room.call("Status").field("head").field("sealed").isTrue
        }
        try room.alice.submits(halts[0], .act)
        let size = try room.log().count
        for (who, file, namespace) in [
            ("erin", statement, SignatureNamespace.approve), ("dave", order, .act),
        ] {
            try room.refuses(80, "halted") { try room.person(who).submit(file, namespace) }
        }
        for (who, verb) in [
            ("alice", ["witness", id]), ("dave", ["execute", id]), ("alice", ["attest", id]),
            ("dave", ["start", "new-keeper-key", "x", "--into", "house", "--reason", "x"]),
        ] {
            let person = room.person(who)
            try room.refuses(80, "halted") { try person.run(verb + ["--json"] + person.withToken) }
        }
        // What would go on waits for the token; a further halt does not.
        try room.refuses(75, "sealed") { try room.person("heidi").submit(notes[0], .act) }
        try room.bob.submits(halts[1], .act)
        #expect(try room.log().count == size)
        try room.dave.does("status")
        // It is put back, and the log has both first of all.
        try module.set("")
        try room.unlock()
        #expect(try room.types(from: size).prefix(2) == ["halt.raised", "halt.raised"])
        try room.alice.submits(notes[1], .act)
        #expect(try room.haltsInForce().count == 2)
    }
}

/// Every verb of the client has its place in one of three lists.
@Suite("Verbs of the client while the log is halted")
struct HaltedVerbTests {
    /// Reading, and what touches no log.
    private static let reading: Set = [
        "status", "next", "tokens", "identity", "genesis", "kinds", "show", "list", "watch", "keys",
        "key", "roster", "policy", "due", "log", "export", "verify", "sign", "call", "help",
        "authority", "rehearse",
    ]
    /// Mutating, and goes on: by what it does, or for the kinds that go on.
    private static let goingOn: Set = [
        "unlock", "unseal", "lock", "decline", "cancel", "halt", "note",
    ]
    /// Refused, unless it is about a ceremony that goes on; of `provara` what starts one.
    private static let refused: Set = [
        "start", "witness", "execute", "attest", "submit", "accept", "recover", "answer", "confirm",
        "provara", "invite", "tidy",
    ]

    @Test("There is no verb of which nobody has said whether it goes on")
    func listed() throws {
        let room = try CeremonyRoom.copy()
        let dumped = try room.house.tool(
            Program.products + "/ceremonyctl", "--experimental-dump-help")
        let verbs = try JSON(dumped.out).field("command").field("subcommands").list.map {
            $0.field("commandName").text
        }
        let unknown = Set(verbs).subtracting(Self.reading).subtracting(Self.goingOn)
            .subtracting(Self.refused)
        #expect(verbs.count > 20 && unknown.isEmpty, "\(unknown)")
    }
}

extension Person {
    /// Halts the log with the key file.
    func halts(_ reason: String) throws {
        try submits(try draft("halt", "--reason", reason), .act)
    }

    /// Opens a clearing with the key file; gives back its identifier.
    func startsClearing(_ options: String...) throws -> String {
        let path = path("draft")
        try does(
            ["start", "halt-clear", "--reason", "it is settled", "--as", name, "--draft", path]
                + options)
        return try submits(path, .open).field("ceremony").text
    }

    /// Approves a ceremony with the token, as at the prompt.
    @discardableResult
    func approves(_ id: String) throws -> Ended {
        let yes = try statement(of: id)
        let ended = try run(["witness", id, "--confirm", yes] + withToken)
        try #require(ended.status == 0, "\(ended.err)")
        return ended
    }
}

extension CeremonyRoom {
    /// Where the halts in force stand in the log.
    fileprivate func haltsInForce() throws -> [Int] {
        try call("Status").field("status").field("halts").list.map { $0.field("seq").number }
    }
}
