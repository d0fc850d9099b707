// An older copy of the state directory, as people bring one back: the built programs refuse it,
// name both heads, and complete it from an export.

import CeremonyRecord
import Glibc
import Testing

@Suite("Older copies of the log")
struct RollbackTests {
    @Test("An older state directory is refused at start and at unlock, and import completes it")
    func olderCopy() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        try room.stop()
        let older = room.directory + "/older"
        #expect(try room.house.tool("cp", "-a", room.stateDirectory, older).status == 0)
        try room.open()
        _ = try room.complete("keeper-alpha")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        let newest = try room.log().count
        let status = try room.dave.does("status")
        #expect(status.contains("newest:     yes"), "\(status)")
        try room.stop()
        for command in [
            ["rm", "-rf", room.stateDirectory], ["cp", "-a", older, room.stateDirectory],
        ] {
            #expect(try room.house.tool(command).status == 0)
        }

        // At the start, by a checkpoint that somebody kept.
        let configuration = room.directory + "/ceremonyd.toml"
        let seen = evidence + "/log/checkpoint"
        let started = try room.ceremonyd("run", "--config", configuration, "--seen", seen)
        try expectRefused(started, "rolled-back", says: ["\(newest) events", "3 events", seen])
        #expect(!TestFile.exists(room.socket))
        #expect(
            try room.ceremonyd(
                "run", "--config", configuration, "--seen", room.directory + "/no-such"
            ).status == 66)
        try expectRefused(
            try room.ceremonyd("run", "--config", configuration, "--seen", evidence + "/FORMAT"),
            "bad-checkpoint", says: ["no checkpoint of \(CeremonyRoom.origin)"])

        // At unlock, by the head in the token; the log stays as it is.
        try room.start()
        // Whoever has seen the newer log sees it by themselves; frank has not.
        let frank = room.person("frank")
        #expect(try room.dave.run("status").status == 1)
        #expect(try frank.does("status").contains("newest:     not known"))
        try room.refuses(1, "rolled-back", says: "\(newest) events") {
            try frank.run(
                "unlock", "house", "--clock", try room.today, "--pin-file",
                room.house.home + "/pin", "--json")
        }
        #expect(try room.call("Status").field("head").field("sealed").isTrue)

        // Nothing is imported beside a daemon; afterwards it is the newest again.
        let order = ["import", "--config", configuration, "--bundle", evidence]
        #expect(try room.ceremonyd(order).status == 78)
        try room.stop()
        let imported = try room.ceremonyd(order + ["--json"])
        #expect(imported.status == 0, "\(imported.err)")
        let result = try JSON(imported.line)
        #expect(result.field("before").field("size").number == 3)
        #expect(result.field("imported").number > 0)
        room.seen = [seen]
        try room.open()
        #expect(try room.dave.does("status").contains("newest:     yes"))
        let report = try room.call("Status").field("status").field("rollback_guard")
        #expect(report.field("state").text == "kept")
        #expect(try room.call("Keys").field("keys").list.count == 1)
    }

    @Test("What does not continue the log is not imported, and the log is as it was")
    func refusedImport() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        _ = try room.start("keeper-alpha")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.stop()
        let other = try CeremonyRoom.copy()
        try other.configure()
        let order = [
            "import", "--config", other.directory + "/ceremonyd.toml", "--bundle", evidence,
        ]
        let checkpoint = TestFile.text(evidence + "/log/checkpoint")
        try TestFile.write(
            evidence + "/log/checkpoint",
            checkpoint.replacing(Array("\n4\n".utf8), with: [10, 53, 10]))
        try expectRefused(try other.ceremonyd(order), "bad-checkpoint", says: ["checkpoint"])
        try TestFile.write(evidence + "/FORMAT", "something else\n")
        try expectRefused(try other.ceremonyd(order), "bad-bundle", says: ["no evidence"])
        #expect(try other.ceremonyd(Array(order.dropLast()) + ["/no-such"]).status == 66)
        try other.open()
        #expect(try other.log().count == 3)
    }

    private func expectRefused(
        _ ended: Ended, _ code: String, says: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(ended.status == 1, "\(ended.err)", sourceLocation: sourceLocation)
        for words in says + ["code: \(code)", "next: "] {
            #expect(ended.err.contains(words), "\(ended.err)", sourceLocation: sourceLocation)
        }
    }
}
