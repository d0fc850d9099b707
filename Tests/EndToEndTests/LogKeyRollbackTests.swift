// A state directory from before a change of the log key, brought back after it: the token's head is
// signed by a key that it does not know. The built programs refuse it as what it is, an older copy,
// and complete it from an export.

import CeremonyRecord
import Testing

@Suite("An older copy of a log whose key was changed")
struct LogKeyRollbackTests {
    @Test("It is refused with both heads and the way out, and goes on after the import")
    func olderCopy() throws {
        let room = try CeremonyRoom.copy()
        try room.house.makeToken("annex")
        (room.furtherTokens, room.furtherLogTokens) = (["annex"], ["annex"])
        try room.configure()
        let configuration = room.directory + "/ceremonyd.toml"
        let made = try room.ceremonyd(
            "log-key", "--config", configuration, "--origin", CeremonyRoom.origin, "--token",
            "annex", "--pin-file", room.house.home + "/pin")
        let vkey = try #require(
            made.out.lineList.first { $0.hasPrefix("vkey: ") }?.dropFirst(6).description)
        try room.open()
        try room.stop()
        let older = room.directory + "/older"
        #expect(try room.house.tool("cp", "-a", room.stateDirectory, older).status == 0)

        try room.open()
        try room.unlock("annex")
        let draft = try room.dave.draft(
            "start", "log-key-change", "house-log", "--set", "new-log-key=\(vkey)", "--reason",
            "the old token is worn")
        try room.approve(try room.dave.submits(draft, .open).field("ceremony").text)
        let told = try room.erin.does("status")
        let (old, new) = try keys(room)
        #expect(told.contains("every head needs 2 signatures now"), "\(told)")
        #expect(told.contains("\(old)  signs, on house, until 20"), "\(told)")
        #expect(told.contains("\(new)  signs, on annex\n"), "\(told)")
        try room.stop()

        // After its day the new key signs alone, and the token keeps such a head.
        room.clock = "+31d"
        try room.start()
        try room.unlock("annex")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        let status = try room.erin.does("status")
        #expect(status.contains("newest:     yes"), "\(status)")
        #expect(!status.contains("log keys:"), "\(status)")
        let newest = try room.log().count
        try room.stop()

        for command in [
            ["rm", "-rf", room.stateDirectory], ["cp", "-a", older, room.stateDirectory],
        ] {
            #expect(try room.house.tool(command).status == 0)
        }
        let seen = evidence + "/log/checkpoint"
        let started = try room.ceremonyd("run", "--config", configuration, "--seen", seen)
        #expect(started.status == 1 && started.err.contains("code: rolled-back"), "\(started.err)")
        try room.start()
        let ended = try room.person("heidi").run(
            "unlock", "annex", "--clock", try room.today, "--pin-file", room.house.home + "/pin")
        #expect(ended.status == 1, "\(ended.err)")
        let words = ended.err.split { $0.isWhitespace }.joined(separator: " ")
        for says in [
            "code: rolled-back", "a head of \(newest) events", "the database has 3 events",
            "The key \(new) on annex has signed it", "ceremonyd import --bundle DIR",
        ] {
            #expect(words.contains(says), "\(ended.err)")
        }
        #expect(try room.call("Status").field("head").field("sealed").isTrue)
        try room.stop()

        let imported = try room.ceremonyd(
            "import", "--config", configuration, "--bundle", evidence, "--json")
        #expect(imported.status == 0, "\(imported.err)")
        #expect(try JSON(imported.line).field("after").field("size").number == newest)
        room.seen = [seen]
        try room.start()
        try room.unlock("annex")
        #expect(try room.erin.does("status").contains("newest:     yes"))
        #expect(try room.log().count > newest)
        try room.stop()
    }

    /// What the keys of the log are called: the 8 digits of their ids.
    private func keys(_ room: CeremonyRoom) throws -> (old: String, new: String) {
        let keys = try room.call("Status").field("status").field("log_keys").field("keys").list
            .compactMap { NoteKey(vkey: $0.field("vkey").text) }
        try #require(keys.count == 2)
        return (keys[0].hexID, keys[1].hexID)
    }
}
