// A halted log: everything but the allowed acts ends with 80, by client and daemon, and neither a
// lock nor a restart lifts it.

import CeremonyRecord
import Testing

@Suite("A halted log")
struct HaltTests {
    @Test("While the log is halted, only the allowed acts go on; a restart does not lift it")
    func halted() throws {
        try withRoom { room in
            let acts = try PreparedActs(room)
            try room.refuses(77, "wrong-role", says: "erin is no keeper") {
                try room.erin.run("halt", "--reason", "x", "--as", "erin", "--draft", "x", "--json")
            }
            let halt = try room.alice.draft("halt", "--reason", "a camera failed")
            try room.alice.submits(halt, .act)
            #expect(try room.types().last == "halt.raised")
            #expect(TestFile.exists(room.stateDirectory + "/halt"))

            try expectHalted(room, acts)
            try room.stop()
            try room.open()
            try expectHalted(room, acts)

            // What goes on: saying no, writing down, another halt; reading and the evidence.
            try room.bob.submits(acts.decline, .act)
            try room.dave.submits(acts.cancel, .act)
            try room.person("heidi").submits(acts.note, .act)
            try room.bob.submits(try room.bob.draft("halt", "--reason", "me too"), .act)
            #expect(try room.state(of: acts.pending) == "FAILED")
            try room.dave.does("status")
            let evidence = room.directory + "/evidence"
            try room.erin.does("export", evidence)
            try room.erin.does("verify", evidence, "--genesis", room.genesis, "--rehearsal")
            try room.dave.does("lock")
            try room.unlock()
            #expect(try room.call("Status").field("head").field("halted").isTrue)
        }
    }

    @Test("A keeper halts a sealed log; what the halt file holds is recorded first at unlock")
    func sealed() throws {
        let room = try CeremonyRoom.copy()
        try room.start()
        let before = try room.log()
        let halt = try room.alice.draft("halt", "--reason", "smoke")
        try room.alice.submits(halt, .act)
        try room.bob.submits(try room.bob.draft("halt", "--reason", "and fire"), .act)
        #expect(try room.log() == before)
        // Both are told, although the log has neither: to whoever asks, and on standard error.
        let status = try room.erin.does("status")
        for told in ["by alice: smoke (beside the log", "by bob: and fire (beside the log"] {
            #expect(status.contains(told), "\(status)")
        }
        for told in ["smoke", "and fire"] { #expect(room.daemonLog.contains(told)) }
        try room.refuses(80, "halted") {
            try room.dave.run(
                [
                    "start", "new-keeper-key", "keeper-alpha", "--into", "house", "--reason", "x",
                    "--json",
                ] + room.dave.withToken)
        }
        try room.stop()
        try room.open()
        let types = try room.types(from: before.count)
        #expect(types == ["halt.raised", "halt.raised", "daemon.started"])
        #expect(!(try room.erin.does("status").contains("beside the log")))
    }

    @Test("A halted log takes from the client's own verbs what clears it, and nothing else")
    func cleared() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            try room.approve(id)
            let halt = try room.alice.draft("halt", "--reason", "a camera failed")
            try room.alice.submits(halt, .act)
            // Whoever raised it may start the clearing; the two other keepers approve it.
            let clear = try room.alice.draft(
                "start", "halt-clear", "house-halt", "--reason", "the camera works again")
            let clearing = try room.alice.submits(clear, .open).field("ceremony").text
            try room.refuses(77, "initiator-excluded") {
                try room.alice.run(["witness", clearing, "--json"] + room.alice.withToken)
            }
            try room.refuses(80, "halted", says: "halted") {
                try room.dave.run(["execute", id, "--json"] + room.dave.withToken)
            }
            #expect(try room.bob.does("next", "--as", "bob").contains("witness \(clearing)"))
            for person in [room.bob, room.dave] {
                let yes = try person.statement(of: clearing)
                try person.does(["witness", clearing, "--confirm", yes] + person.withToken)
            }
            #expect(try room.types().contains("halt.cleared"))
            #expect(try room.call("Status").field("status").field("halts").list.isEmpty)
        }
    }

    private func expectHalted(_ room: CeremonyRoom, _ acts: PreparedActs) throws {
        for (name, arguments) in [
            ("alice", ["witness", acts.pending]), ("alice", ["attest", acts.completed]),
            ("dave", ["execute", acts.pending]),
            ("dave", ["start", "new-keeper-key", "x", "--into", "house", "--reason", "x"]),
        ] {
            let person = room.person(name)
            try room.refuses(80, "halted", says: "halted") {
                try person.run(arguments + ["--json"] + person.withToken)
            }
        }
        for (name, file, signature) in acts.refused {
            try room.refuses(80, "halted", says: "halted") {
                try room.person(name).run("submit", file, signature, "--json")
            }
        }
    }
}

/// Acts that were drafted and signed before the log was halted.
private struct PreparedActs {
    let pending: String
    let completed: String
    /// Who, which document, which signature.
    let refused: [(String, String, String)]
    let decline: String
    let cancel: String
    let note: String

    init(_ room: CeremonyRoom) throws {
        completed = try room.start("keeper-done")
        try room.approve(completed)
        try room.execute(completed)
        let early = try room.alice.draft(
            "start", "new-keeper-key", "keeper-new", "--into", "house", "--reason", "another")
        pending = try room.start("keeper-alpha")
        let (alice, bob, dave) = (room.alice, room.bob, room.dave)
        let (statement, record) = (
            try alice.statement(of: pending), try alice.record(of: completed)
        )
        let order = try dave.write(try room.executeOrder(pending, by: dave))
        refused = [
            ("alice", statement, try alice.sign(statement, .approve)),
            ("alice", record, try alice.sign(record, .attest)),
            ("alice", early, try alice.sign(early, .open)),
            ("dave", order, try dave.sign(order, .act)),
        ]
        decline = try bob.draft("decline", pending, "--reason", "not today")
        cancel = try dave.draft("cancel", pending, "--reason", "not today")
        note = try room.person("heidi").draft("note", "a bag was torn")
    }
}
