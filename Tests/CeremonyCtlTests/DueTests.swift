// `due`: worked out from the log and not from the daemon's word, and an exit status that a timer
// can rely on.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Synchronization
import TestSupport
import Testing

@Suite("due")
struct DueTests {
    /// A log in which nothing is due for ten years unless a test makes it so.
    private static var quiet: Policy {
        var policy = House.policy
        policy.drillDays = 3660
        policy.rotationDays = ["keeper": 3660]
        return policy
    }

    @Test("nothing due ends with 0, and what is coming is listed with its command")
    func nothing() throws {
        var house = try House(policy: Self.quiet)
        _ = try house.activated()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let run = try daemon.run("due")
        #expect(run.status == 0, "\(run.err)")
        #expect(run.out.hasPrefix("Nothing is due.\n"), "\(run.out)")
        #expect(
            run.out.contains(
                "ceremonyctl start key-rotation keeper-alpha --into \(House.token.serial)"),
            "\(run.out)")
        #expect(run.out.contains("--set class=drill"))
        let json = try JSON(
            Array(try daemon.run("due", "--json").out.trimmed.utf8), .message(bytes: 65_536))
        guard case .object(let fields) = json else { return }
        #expect(fields["due"] == .array([]))
        #expect(fields["halted"] == .bool(false))
    }

    @Test("a drill that is due ends with 75, whatever the daemon says of it, sealed or not")
    func drill() throws {
        let daemon = try PaperDaemon(try House())
        defer { daemon.stop() }
        daemon.house.withLock { $0.now = max(.now, $0.now) + 40 * 86_400 }
        daemon.lies { method, reply in
            if method == "Deadlines" {
                reply["deadlines"] = .array([])
                reply["due"] = .number(0)
            }
            guard case .object(var head)? = reply["head"] else { return }
            head["sealed"] = .bool(true)
            reply["head"] = .object(head)
        }
        let run = try daemon.run("due")
        #expect(run.status == 75, "\(run.out) \(run.err)")
        #expect(!run.err.contains("code:"))
        #expect(run.out.contains("SEALED"))
        #expect(run.out.contains("DUE\n"))
        #expect(run.out.contains("A drill is held every 30 days"))
        #expect(run.out.contains("clock and this machine's differ"))
        let json = try daemon.run("due", "--json")
        #expect(json.status == 75)
        #expect(json.out.split(separator: "\n").count == 1)
    }

    @Test("a daemon whose clock is said to be early hides nothing")
    func earlyClock() throws {
        var policy = Self.quiet
        policy.drillDays = 1
        let daemon = try PaperDaemon(try House(policy: policy))
        defer { daemon.stop() }
        try #require(Timestamp.now > House.dawn + 86_400)
        daemon.house.withLock { $0.now = House.dawn }
        #expect(try daemon.run("due").status == 75)
    }

    @Test("a halt is due, from the log and from the halt file alone")
    func halted() throws {
        var house = try House(policy: Self.quiet)
        house.now = .now
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        daemon.lies { _, reply in
            guard case .object(var head)? = reply["head"] else { return }
            head["halted"] = .bool(true)
            reply["head"] = .object(head)
        }
        let held = try daemon.run("due")
        #expect(held.status == 75)
        #expect(held.out.contains("HALTED: the daemon says so"))
        daemon.lies { _, _ in }
        #expect(try daemon.run("due").status == 0)
        try daemon.house.withLock { house throws in _ = try house.order(.halt, by: "alice") }
        let run = try daemon.run("due")
        #expect(run.status == 75)
        #expect(run.out.contains("The house is halted, by alice"), "\(run.out)")
        #expect(run.out.contains("ceremonyctl start halt-clear house-halt"))
        #expect(!run.out.contains("HALTED: the daemon says so"))
    }

    @Test("a log that does not hold, and no daemon, end as what they are")
    func troubles() throws {
        let daemon = try PaperDaemon(try House())
        #expect(try daemon.run("status").status == 0)
        daemon.lies { method, reply in
            guard method == "Log", case .array(let lines)? = reply["lines"], lines.count > 1 else {
                return
            }
            reply["lines"] = .array(lines.dropLast() + [lines[0]])
        }
        #expect(try daemon.run("due").err.contains("code: log-damaged"))
        #expect(try daemon.run("due").status == 1)
        let client = ClientProcess(directory: daemon.directory)
        #expect(try client.run(["due", "--socket", daemon.directory + "/none"]).status == 69)
        daemon.stop()
    }

    @Test("status shows what is due and the next date, and next shows it to those who may start it")
    func shown() throws {
        var policy = House.policy
        policy.drillDays = 1
        var house = try House(policy: policy)
        house.now = max(.now, house.now + 2 * 86_400)
        _ = try house.activated()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let status = try daemon.run("status")
        #expect(status.status == 0, "\(status.err)")
        #expect(status.out.contains("DUE:        A drill is held"), "\(status.out)")
        #expect(status.out.contains("next date:"))
        #expect(status.out.contains("The key of keeper-alpha is rotated every 365 days"))
        for (name, count) in [("dave", 1), ("alice", 1), ("erin", 0)] {
            let next = try daemon.run("next", "--as", name)
            #expect(next.status == 0, "\(next.err)")
            #expect(
                next.out.split(separator: "\n").count {
                    $0.contains("start new-keeper-key NAME --set class=drill")
                } == count, "\(name): \(next.out)")
        }
    }

    @Test("next shows what is due on every page, and leaves a list that has no end")
    func pages() throws {
        var policy = House.policy
        policy.drillDays = 1
        var house = try House(policy: policy)
        house.now = max(.now, house.now + 2 * 86_400)
        try house.order(.halt, by: "carol")
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        // One page holds the drill, the next the halt.
        let asked = Mutex(0)
        daemon.lies { method, reply in
            guard method == "Deadlines", case .array(let all)? = reply["deadlines"] else { return }
            let page = asked.withLock {
                $0 += 1; return $0 - 1
            }
            reply["deadlines"] = .array(Array(all.dropFirst(page).prefix(1)))
            reply["next"] = page + 1 < all.count ? .number(page + 1) : nil
        }
        let next = try daemon.run("next", "--as", "alice")
        #expect(next.status == 0, "\(next.err)")
        #expect(next.out.contains("start halt-clear house-halt"), "\(next.out)")
        #expect(asked.withLock { $0 } == 2)
        daemon.lies { method, reply in
            guard method == "Deadlines" else { return }
            reply["deadlines"] = .array([])
            reply["next"] = .number(7)
        }
        let endless = try daemon.run("next", "--as", "alice")
        #expect(endless.status == 69, "\(endless.out)")
        #expect(endless.err.contains("code: protocol"), "\(endless.err)")
    }
}
