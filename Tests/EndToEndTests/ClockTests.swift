// The daemon under another clock than the people's: started again ahead of the log, behind it, and
// right at last after it was wrong for a while.

import CeremonyRecord
import CeremonyWire
import Testing

@Suite("The clock")
struct ClockTests {
    @Test("A daemon that starts forty days later ends nothing before the date is confirmed")
    func gap() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.start("keeper-alpha")
        try room.stop()
        let before = try TestLog(room)
        room.daemonClock = "+40d"
        try room.start()
        let clock = try room.call("Status").field("clock")
        #expect(clock.field("standing").text == "gap")
        #expect(clock.field("wants_date").isTrue)
        #expect(try room.dave.does("status").contains("unlock --clock YYYY-MM-DD"))
        // The daemon enforces it, whatever a client asks or leaves out.
        #expect(try room.refusal("Unlock") == "clock-unconfirmed")
        #expect(try room.refusal("Unlock", ["clock": .string("2020-01-01")]) == "clock-mismatch")
        let dates = try room.refusalText("Unlock")
        #expect(dates.contains(try room.today))
        #expect(dates.contains(before.lastDate))
        try room.refuses(1, "clock-mismatch") {
            try room.dave.run(
                "unlock", "house", "--clock", before.lastDate, "--pin-file",
                room.house.home + "/pin", "--json")
        }
        #expect(try room.state(of: id) == "PENDING")
        #expect(try room.log() == before.lines)
        try room.unlock()
        #expect(
            try room.types(from: before.lines.count) == ["daemon.started", "ceremony.expired"])
        #expect(try room.call("Status").field("clock").field("standing").text == "right")
    }

    @Test("A clock that jumps under a running daemon ends nothing until its date is confirmed")
    func jump() throws {
        let room = try CeremonyRoom.copy()
        let file = room.directory + "/clock"
        room.daemonClockFile = file
        try TestFile.write(file, "+0d\n")
        try room.open()
        let id = try room.start("keeper-alpha")
        let before = try room.log()
        let earlier = try room.today
        try TestFile.write(file, "+40d\n")
        let clock = try room.call("Status").field("clock")
        #expect(clock.field("wants_date").isTrue)
        let standing = clock.field("standing").text
        #expect(try room.dave.does("status").contains("unlock --clock YYYY-MM-DD"))
        try room.refuses(75, "clock-\(standing)") {
            try room.alice.run(["witness", id, "--json"] + room.alice.withToken)
        }
        let statement = try room.ceremony(id).field("document").list.map(\.text)
        let approval = try room.erin.write(statement)
        try room.refuses(75, "clock-\(standing)") {
            try room.erin.submit(approval, .approve)
        }
        try room.refuses(1, "clock-mismatch") {
            try room.dave.run("unlock", "house", "--clock", earlier, "--json")
        }
        #expect(try room.log() == before)
        // The token is unlocked, so no PIN is asked for.
        try room.dave.does("unlock", "house", "--clock", try room.today)
        #expect(try room.types(from: before.count) == ["ceremony.expired"])
        #expect(try room.call("Status").field("clock").field("standing").text == "right")
    }

    @Test("A daemon that starts behind the log revives nothing, says why, and takes a no")
    func behind() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.start("keeper-alpha")
        try room.approve(id, by: ["erin", "frank"])
        try room.stop()
        let before = try TestLog(room)
        room.daemonClock = "-2h"
        try room.open()
        let statement = try room.ceremony(id).field("document").list.map(\.text)
        let file = try room.person("grace").write(statement)
        let approval = try room.person("grace").sign(file, .approve)
        try room.refuses(75, "clock-behind", says: "is behind the log") {
            try room.person("grace").run("submit", file, approval, "--json")
        }
        try room.refuses(75, "clock-behind", says: "is behind the log") {
            try room.dave.run(
                [
                    "start", "new-keeper-key", "keeper-beta", "--into", "house", "--reason", "x",
                    "--json",
                ] + room.dave.withToken)
        }
        let said = try room.dave.does("status")
        #expect(said.contains("BEHIND"))
        #expect(said.contains("clock-correction"))
        // Her clock is right, and the daemon's is not.
        try room.alice.submits(try room.alice.draft("decline", id, "--reason", "odd"), .act)
        try room.dave.submits(try room.dave.draft("cancel", id, "--reason", "odd"), .act)
        #expect(try room.state(of: id) == "FAILED")
        let times = Set(
            try room.events(from: before.lines.count).map { $0.field("time").text })
        #expect(times == [before.lastTime])
        try room.stop()
        room.daemonClock = nil
        try room.open()
        _ = try room.start("keeper-beta")
    }

    @Test("After two years too far ahead, two keepers set the log back and the house works again")
    func correction() throws {
        let room = try CeremonyRoom.copy()
        room.clock = "+730d"
        try room.open()
        let early = try room.complete("keeper-early")
        let pending = try room.start("keeper-alpha")
        try room.approve(pending)
        try room.stop()
        room.clock = nil
        try room.open()
        try room.refuses(75, "clock-behind") {
            try room.dave.run(
                ["start", "new-keeper-key", "keeper-beta", "--into", "house", "--reason", "x"]
                    + ["--json"] + room.dave.withToken)
        }
        try room.refuses(75, "clock-behind") {
            try room.dave.run(["execute", pending, "--json"] + room.dave.withToken)
        }
        let now = try room.call("Status").field("clock").field("reads").text
        let started = try room.alice.run(
            [
                "start", "clock-correction", "--set", "now=\(now)", "--reason", "it was ahead",
                "--as", "alice", "--draft", room.directory + "/correction",
            ])
        #expect(started.status == 0, "\(started.err)")
        #expect(started.err.contains("729 d") || started.err.contains("730 d"), "\(started.err)")
        let id = try room.alice.submits(room.directory + "/correction", .open).field("ceremony")
            .text
        #expect(id == "house-clock-1")
        for person in [room.bob, room.dave] {
            try person.submits(try person.draft("witness", id), .approve)
        }
        #expect(try room.state(of: id) == "COMPLETED")
        #expect(try room.state(of: pending) != "APPROVED")
        let corrected = try #require(
            try room.events().first { $0.field("type").text == "clock.corrected" })
        #expect(corrected.field("time").text == now)
        #expect(try room.call("Status").field("clock").field("standing").text == "right")
        _ = try room.complete("keeper-beta")
        #expect(try room.ceremony(early).field("key_status").text == "active")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.erin.does("verify", evidence, "--genesis", room.genesis, "--rehearsal")
        try room.stop()
        try room.open()
    }
}

/// The log as it was when the daemon stopped, read by a daemon that is started only for that.
private struct TestLog {
    let lines: [String]
    let lastTime: String

    init(_ room: CeremonyRoom) throws {
        try room.start()
        lines = try room.log()
        lastTime = try JSON(try #require(lines.last)).field("time").text
        try room.stop()
    }

    var lastDate: String { String(decoding: lastTime.utf8.prefix(10), as: UTF8.self) }
}

extension CeremonyRoom {
    fileprivate func refused(_ method: String, _ parameters: [String: JSON] = [:])
        -> [String: JSON]
    {
        do {
            _ = try call(method, parameters)
            return [:]
        } catch WireError.refused(let refusal) {
            return refusal.parameters
        } catch {
            return ["code": .string("\(error)")]
        }
    }

    fileprivate func refusal(_ method: String, _ parameters: [String: JSON] = [:]) throws -> String
    {
        refused(method, parameters)["code"]?.text ?? ""
    }

    fileprivate func refusalText(_ method: String) throws -> String {
        refused(method)["message"]?.text ?? ""
    }
}
