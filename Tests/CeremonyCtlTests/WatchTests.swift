// Watching on a terminal: what is drawn follows from the signed log, whatever the daemon says of
// the ceremony; what is typed does nothing; and the terminal is as it was, whatever ends it.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("watching a ceremony on a whole screen")
struct WatchTests {
    private static let terminal = ["TERM": "xterm", "LANG": "C.UTF-8"]
    private static let enter = "\u{1b}[?1049h"
    private static let leave = "\u{1b}[?25h\u{1b}[?1049l"

    private func open() throws -> (PaperDaemon, Statement) {
        var house = try House()
        house.now = .now
        let statement = try house.open()
        return (try PaperDaemon(house), statement)
    }

    @Test("An approval is drawn when its event is signed, and not because the daemon says so")
    func committed() throws {
        let (daemon, statement) = try open()
        defer { daemon.stop() }
        daemon.lies { method, reply in
            // A daemon that reports the ceremony as done.
            guard method == "Show", case .object(var report)? = reply["ceremony"] else { return }
            report["state"] = .string("EXECUTING")
            report["asked"] = .array([.string("mallory")])
            reply["ceremony"] = .object(report)
        }
        let run = try daemon.start(["watch", "keeper-alpha-1"], Self.terminal)
        try run.expect(Self.enter)
        try run.expect("keeper-alpha-1: new-keeper-key of keeper-alpha: PENDING")
        try run.expect("approve  0 of ")
        try run.expect("alice       open")
        try daemon.house.withLock { try $0.approve("alice", statement: statement) }
        try run.expect("approve  1 of ")
        try run.expect("alice       approved")
        #expect(!run.text.contains("EXECUTING") && !run.text.contains("mallory"))
        try run.type("q")
        #expect(run.finish() == 75)
        try run.expect(Self.leave)
        #expect(run.text.contains("code: not-yet"))
        #expect(run.echoes)
    }

    @Test("A log that does not hold ends it, with the terminal as it was and the reason behind it")
    func damaged() throws {
        let (daemon, _) = try open()
        defer { daemon.stop() }
        let run = try daemon.start(["watch", "keeper-alpha-1"], Self.terminal)
        try run.expect("PENDING")
        daemon.lies { method, reply in
            if method == "Status" { Lie.spoil("signature", &reply) }
        }
        #expect(run.finish() == 1)
        try run.expect(Self.leave)
        try run.expect("code: checkpoint")
        #expect(run.echoes)
    }

    @Test("It is drawn again for another size, and no line is wider than the window")
    func resized() throws {
        let (daemon, _) = try open()
        defer { daemon.stop() }
        let run = try daemon.start(
            ["watch", "keeper-alpha-1"], Self.terminal.merging(["NO_COLOR": "1"]) { $1 })
        try run.expect("the daemon's clock: ")
        let before = run.screen.count
        run.resize(columns: 44, rows: 9)
        try run.expect("\u{1b}[H")
        try run.expect("q leaves, j: more below")
        let drawn = String(decoding: run.screen[before...], as: UTF8.self)
        let frame = try #require(drawn.components(between: "\u{1b}[H", and: "q leaves").last)
        let shown = Array(frame.utf8).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).map { line in
            // Behind the text of a row: the rest of the row is cleared, the cursor goes on.
            String(decoding: line, as: UTF8.self).unicodeScalars.prefix { $0.value != 0x1b }
        }
        #expect(shown.count == 9)
        #expect(shown.allSatisfy { $0.count <= 44 }, "\(frame)")
        // Without colours no colour is set; only the end puts them back.
        #expect(!run.text.contains("\u{1b}[1m") && !run.text.contains("\u{1b}[32m"))
        try run.type("jjj")
        try run.expect("open")
        try run.type("q")
        #expect(run.finish() == 75)
    }

    @Test(
        "Whatever signal ends it, the terminal has its first screen, its cursor and its echo",
        arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGSEGV, SIGABRT, SIGUSR1])
    func signals(number: Int32) throws {
        let (daemon, _) = try open()
        defer { daemon.stop() }
        let run = try daemon.start(["watch", "keeper-alpha-1"], Self.terminal)
        try run.expect("PENDING")
        try run.expect("q leaves")
        #expect(!run.echoes)
        kill(run.pid, number)
        let ended = run.finish() & 0x7f
        #expect(ended == (1000 + number) & 0x7f)
        try run.expect(Self.leave)
        #expect(run.echoes)
    }

    @Test("Nothing that is typed does anything to the ceremony, and ^Z does not leave it behind")
    func typed() throws {
        let (daemon, _) = try open()
        defer { daemon.stop() }
        let size = daemon.house.withLock { $0.state.head.size }
        let run = try daemon.start(["watch", "keeper-alpha-1"], Self.terminal)
        try run.expect("q leaves")
        try run.type("yYcxd\r\n\u{1b}[A\u{1b}[B\u{1a}\u{04}\u{15} b\u{7f}\t:wQ")
        #expect(run.finish() == 75)
        try run.expect(Self.leave)
        #expect(daemon.house.withLock { $0.state.head.size } == size)
    }

    @Test(
        "With --plain, on a dumb terminal and without one, it is lines with no control in them",
        arguments: [["TERM": "xterm"], ["TERM": "dumb"], [:]])
    func plain(environment: [String: String]) throws {
        let (daemon, _) = try open()
        defer { daemon.stop() }
        let isDumb = environment["TERM"] != "xterm"
        let run = try daemon.start(
            ["watch", "keeper-alpha-1"] + (isDumb ? [] : ["--plain"]), environment)
        try run.expect("cancel   ceremonyctl cancel keeper-alpha-1")
        try run.expect("alice       open")
        kill(run.pid, SIGTERM)
        _ = run.finish()
        #expect(!run.screen.contains(0x1b))
    }
}

@Suite("the picture of a ceremony")
struct CeremonyPictureTests {
    private func text(_ house: House, _ id: String) throws -> [String] {
        let ceremony = try #require(house.state.ceremony(named: id))
        return CeremonyPicture(of: ceremony, in: house.state, [], at: house.now).lines.map(\.text)
    }

    @Test("A change of members shows its thresholds, codes, epochs, and what a decline leaves")
    func membership() throws {
        var house = try House(policy: House.membershipPolicy)
        _ = try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "2", "approve": "2"])
        let statement = try house.openMembership(["add": "erin,frank", "sign": "3"])
        try house.approve("alice", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        let open = try text(house, statement.ceremony)
        for line in [
            "approve  1 of 3", "consent  1 of 2", "accept   0 of 2", "alice       approved",
            "erin        open      ceremonyctl invite guardians-2 --for erin",
            "1 is in force since ", "2 is pending and means nothing yet",
            "cancel   ceremonyctl cancel guardians-2 --reason TEXT",
        ] { #expect(open.contains { $0.contains(line) }, "\(line)\n\(open)") }

        try house.bring(key: 304, to: statement, as: "erin")
        _ = try house.order(.cancel, by: "dave", on: statement.ceremony)
        let ended = try text(house, statement.ceremony)
        for line in [
            "FAILED (cancelled)", "the key that erin made in the token erin, inert:",
            "erin takes it away: ceremonyctl tidy guardians-2",
            "valid    epoch 1 of guardians is in force; epoch 2 of this ceremony never was",
            "erin        accepted", "no answer: frank",
        ] { #expect(ended.contains { $0.contains(line) }, "\(line)\n\(ended)") }
        #expect(!ended.contains { $0.contains("ceremonyctl invite") })

        // A token that is lost has the key in it still, whatever was written down.
        let left = try #require(house.state.leftKeys.first)
        var act = try house.act(.tidy, by: "erin", on: statement.ceremony)
        act.evidence = [left.evidence(.unreachable)]
        try house.decide(house.signed(act).command)
        let lost = try text(house, statement.ceremony)
        #expect(lost.contains { $0.contains("in the lost token erin, inert:") }, "\(lost)")
        #expect(!lost.contains { $0.contains("undone") }, "\(lost)")
    }

    @Test("What was asked of nobody in time is called expired, and nothing has changed by it")
    func expired() throws {
        var house = try House()
        let statement = try house.open()
        house.now = statement.expires
        try house.append(
            .ceremonyExpired(
                CeremonyExpired(
                    ceremony: statement.ceremony, from: .pending, to: .expired, reason: "timeout",
                    signed: nil, by: nil, effective: nil)))
        let text = try text(house, statement.ceremony)
        #expect(text.contains { $0.contains("EXPIRED (timeout)") })
        #expect(text.contains { $0.contains("expired: alice") }, "\(text)")
        #expect(text.contains { $0.contains("nothing was made, and nothing has changed") })
    }

    @Test("Requests that were refused are told with their cause, and with who they said they were")
    func refused() throws {
        var house = try House()
        let statement = try house.open()
        let body = AccessRefused(
            uid: 1, gid: 1, pid: 1, method: "Submit", code: "wrong-document",
            claimed: "mallory", ceremony: statement.ceremony, digest: nil, count: 3)
        let event = house.event(.accessRefused(body))
        let ceremony = try #require(house.state.ceremony(named: statement.ceremony))
        let lines = CeremonyPicture(
            of: ceremony, in: house.state, [event], at: house.now,
            claims: CeremonyPicture.Claims(asked: ["alice"])
        ).lines.map(\.text)
        #expect(lines.contains { $0.contains("refused  3 requests") })
        #expect(
            lines.contains {
                $0.contains("wrong-document, by somebody who said they were mallory, 3 times")
            })
        #expect(lines.contains { $0.contains("the daemon says: it waits for alice to sign") })
    }
}
