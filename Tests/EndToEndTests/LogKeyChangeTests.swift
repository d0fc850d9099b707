// The log key is changed by the built programs: made in a second token, agreed to, used beside the
// old one for its time and then alone, with the machine's clock moved past that day. Evidence from
// before, from between and from after verifies.

import CeremonyRecord
import Testing

@Suite("A log key is changed, end to end")
struct LogKeyChangeTests {
    @Test("Both sign for their time, the new one alone afterwards, and every bundle verifies")
    func whole() throws {
        let room = try CeremonyRoom.copy()
        try room.house.makeToken("annex")
        (room.furtherTokens, room.furtherLogTokens) = (["annex"], ["annex"])
        try room.configure()
        let made = try room.ceremonyd(
            "log-key", "--config", room.directory + "/ceremonyd.toml", "--origin",
            CeremonyRoom.origin, "--token", "annex", "--pin-file", room.house.home + "/pin")
        #expect(made.status == 0, "\(made.err)")
        #expect(made.err.contains("log-key-change"), "\(made.err)")
        let vkey = try #require(
            made.out.lineList.first { $0.hasPrefix("vkey: ") }?.dropFirst(6).description)

        try room.open()
        try room.erin.does("export", room.directory + "/before")
        let draft = try room.dave.draft(
            "start", "log-key-change", "house-log", "--set", "new-log-key=\(vkey)", "--reason",
            "the old token is worn")
        let id = try room.dave.submits(draft, .open).field("ceremony").text
        #expect(id == "house-log-1")
        try room.approve(id, by: ["erin", "frank"])
        // The token of the new key is locked: the deciding approval is not taken.
        let statement = try room.grace(id)
        let refused = try room.person("grace").submit(statement, .approve)
        #expect(refused.status == 75 && refused.out.contains("token-locked"), "\(refused.out)")
        #expect(try room.state(of: id) == "PENDING")
        try room.unlock("annex")
        try room.person("grace").submits(statement, .approve)
        #expect(try room.state(of: id) == "COMPLETED")
        #expect(try room.types().last == "log.rekeyed")
        try room.erin.does("export", room.directory + "/between")

        // While both sign one token does not open the log, and it is said which one is awaited.
        try room.stop()
        try room.start()
        let told = try room.unlock("house").split { $0.isWhitespace }.joined(separator: " ")
        #expect(told.contains("Unlock also: annex"), "\(told)")
        #expect(try room.erin.does("status").contains("unlock also annex"))
        // Without a name it is the one that is still locked.
        try room.dave.does(
            "unlock", "--clock", try room.today, "--pin-file", room.house.home + "/pin")
        #expect(!(try room.erin.does("status").contains("SEALED")))
        try room.stop()

        // After the day: the old token is not asked for.
        room.clock = "+31d"
        try room.start()
        try room.unlock("annex")
        #expect(!(try room.erin.does("status").contains("SEALED")))
        try room.erin.does("export", room.directory + "/after")
        for bundle in ["before", "between", "after"] {
            let ended = try room.erin.run(
                "verify", room.directory + "/" + bundle, "--rehearsal", "--genesis", room.genesis)
            #expect(ended.status == 0, "\(bundle): \(ended.err)")
        }
        let kept = room.directory + "/before/log/checkpoint"
        let seen = try room.erin.run(
            "verify", room.directory + "/after", "--rehearsal", "--genesis", room.genesis,
            "--seen", kept)
        #expect(seen.status == 0, "\(seen.err)")
        let keys = TestFile.text(room.directory + "/after/trust-copies/log.vkey").lineList
        #expect(keys.count == 2 && keys.last == vkey)
        #expect(TestFile.text(room.directory + "/between/log/checkpoint").lineList.count == 5)
        #expect(TestFile.text(room.directory + "/after/log/checkpoint").lineList.count == 4)
        // Somebody who slept through all of it, and somebody who comes new.
        for name in ["frank", "heidi"] {
            let ended = try room.person(name).run("status")
            #expect(ended.status == 0, "\(ended.err)")
        }
        try room.stop()
    }
}

extension CeremonyRoom {
    /// A ceremony's statement as grace writes it down.
    fileprivate func grace(_ id: String) throws -> String {
        try person("grace").write(try ceremony(id).field("document").list.map(\.text))
    }
}
