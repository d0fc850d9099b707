// Replacing a ceremony by another: which one it can be, who may, what is said about what is lost,
// and what stays to be seen of it.

import CeremonyRecord
import Testing

@Suite("Superseding a ceremony")
struct SupersedeTests {
    @Test(
        "The client finds what is replaced and says what is lost; both sides tell of it afterwards")
    func replaced() throws {
        try withRoom { room in
            let old = try room.start("keeper-alpha")
            try room.approve(old, by: ["erin", "frank"])
            let path = room.dave.path("draft")
            let drafted = try room.dave.run(
                "start", "new-keeper-key", "keeper-alpha", "--into", "house", "--supersede",
                "--reason", "the first one named the wrong bag", "--as", "dave", "--draft", path)
            #expect(drafted.status == 0, "\(drafted.err)")
            for words in [
                "This replaces keeper-alpha-1, a new-keeper-key of keeper-alpha that dave started",
                "PENDING. 2 approvals of it will be lost: erin and frank.",
            ] {
                #expect(drafted.err.contains(words), "\(drafted.err)")
            }
            #expect(TestFile.text(path).lineList.contains("supersedes: keeper-alpha-1"))
            let opened = try room.erin.run("submit", path, try room.dave.sign(path, .open))
            #expect(opened.status == 0, "\(opened.err)")
            #expect(
                opened.err.contains("keeper-alpha-1 has ended: it is superseded by keeper-alpha-2"))
            #expect(try room.state(of: old) == "FAILED")
            #expect(try room.ceremony(old).field("end").field("reason").text == "superseded")
            #expect(try room.erin.does("show", old).contains("replaced by: keeper-alpha-2"))
            #expect(
                try room.erin.does("show", "keeper-alpha-2").contains("replaces:   keeper-alpha-1"))
            #expect(
                try room.erin.does("log").contains("keeper-alpha-1: superseded by keeper-alpha-2"))
            try room.refuses(81, "ended", says: "is FAILED (superseded)") {
                try room.person("grace").run(
                    "witness", old, "--as", "grace", "--draft", "x", "--json")
            }
            // What was approved does not count for the new one.
            let new = try room.ceremony("keeper-alpha-2")
            #expect(new.field("approvals").field("have").number == 0)
            try room.approve("keeper-alpha-2")
            #expect(try room.state(of: "keeper-alpha-2") == "APPROVED")
        }
    }

    @Test("What is approved by somebody only its initiator replaces, and nobody what is unrelated")
    func refused() throws {
        let room = try CeremonyRoom.copy()
        try room.addSpare()
        try room.open()
        func start(_ person: Person, _ arguments: [String]) throws -> Ended {
            try person.run(
                ["start", "new-keeper-key"] + arguments
                    + ["--reason", "x", "--as", person.name, "--draft", person.path("x"), "--json"])
        }
        try room.refuses(66, "unknown-ceremony", says: "could replace") {
            try start(room.alice, ["keeper-alpha", "--into", "house", "--supersede"])
        }
        let old = try room.start("keeper-alpha")
        // Another draft of alice's, from when nobody had approved.
        let early = try room.alice.draft(
            "start", "new-keeper-key", "keeper-alpha", "--into", "house", "--supersede", old,
            "--reason", "mine instead")
        try room.approve(old, by: ["erin"])
        try room.refuses(77, "wrong-role", says: "only dave may supersede it") {
            try start(room.alice, ["keeper-alpha", "--into", "house", "--supersede"])
        }
        try room.refuses(77, "wrong-role", says: "only dave may supersede it") {
            try room.alice.submit(early, .open)
        }
        // keeper-alpha-1 has nothing that a ceremony for keeper-beta in the other token needs.
        try room.refuses(64, "bad-parameter", says: "so it is not this one that replaces it") {
            try start(room.dave, ["keeper-beta", "--into", "spare", "--supersede", old])
        }
        #expect(
            try start(room.dave, ["keeper-beta", "--into", "house", "--supersede"]).status == 0)
        let beta = try room.start("keeper-beta", "--into", "spare")
        let both =
            "\(old) (new-keeper-key of keeper-alpha), \(beta) (new-keeper-key of keeper-beta)"
        try room.refuses(64, "ambiguous-ceremony", says: both) {
            try start(room.dave, ["keeper-alpha", "--into", "spare", "--supersede"])
        }
        try room.approve(old)
        try room.execute(old)
        try room.refuses(81, "ended", says: "is COMPLETED") {
            try start(room.dave, ["keeper-gamma", "--into", "house", "--supersede", old])
        }
    }
}
