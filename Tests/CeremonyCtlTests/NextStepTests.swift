// What people are told to type next: it has to be what is taken from them, about the token, the
// ceremony and the halt that is meant, and it must not destroy what is only thought to be lost.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("the next step")
struct NextStepTests {
    /// The paper daemon's token under a name, as it stands.
    private static func token(_ name: String, isLog: Bool, isUnlocked: Bool) -> JSON {
        guard case .object(var fields) = PaperReplies.token else { return .null }
        fields["name"] = .string(name)
        fields["label"] = .string(name)
        fields["serial"] = .string("serial-of-\(name)")
        fields["log_token"] = .bool(isLog)
        fields["unlocked"] = .bool(isUnlocked)
        return .object(fields)
    }

    private static func lie(_ tokens: [JSON], isSealed: Bool) -> PaperDaemon.Lie {
        { method, reply in
            if method == "Tokens" { reply["tokens"] = .array(tokens) }
            guard isSealed, case .object(var head)? = reply["head"] else { return }
            head["sealed"] = .bool(true)
            reply["head"] = .object(head)
        }
    }

    @Test("unlock without a name takes no other token than the one log token that is locked")
    func unlock() throws {
        let daemon = try PaperDaemon(try House())
        defer { daemon.stop() }
        func tokens(house: Bool, annex: Bool) -> [JSON] {
            [
                Self.token("annex", isLog: false, isUnlocked: annex),
                Self.token("house", isLog: true, isUnlocked: house),
            ]
        }
        daemon.lies(Self.lie(tokens(house: false, annex: false), isSealed: true))
        let several = try daemon.run("unlock", "--pin-file", "/nonexistent")
        #expect(several.status == 64, "\(several.err)")
        for words in [
            "code: ambiguous-token", "ceremonyctl unlock annex", "ceremonyctl unlock house",
            "serial-of-annex",
        ] {
            #expect(several.err.contains(words), "\(several.err)")
        }
        // Which one the log waits for is said where nothing else can be done.
        #expect(try daemon.run("next", "--as", "dave").out.contains("ceremonyctl unlock house\n"))
        #expect(try daemon.run("status").out.contains("until `ceremonyctl unlock house`"))
        #expect(
            try daemon.run("due").out.contains(
                "SEALED: nothing can be recorded until: ceremonyctl unlock house"))
        // The last one that is locked is not the one whose PIN is typed by habit.
        daemon.lies(Self.lie(tokens(house: true, annex: false), isSealed: false))
        let other = try daemon.run("unlock", "--pin-file", "/nonexistent")
        #expect(other.status == 64 && other.err.contains("unlocked already"), "\(other.err)")
        daemon.lies(Self.lie(tokens(house: false, annex: true), isSealed: true))
        let only = try daemon.run("unlock", "--pin-file", "/nonexistent")
        #expect(only.err.contains("code: no-terminal"), "\(only.err)")
        daemon.lies(Self.lie(tokens(house: true, annex: true), isSealed: false))
        #expect(try daemon.run("unlock").out == "house unlocked\n")
    }

    @Test("a clock that is not acted on is due, and whoever can put it right is told how")
    func clock() throws {
        var policy = House.policy
        policy.drillDays = 3660
        var house = try House(policy: policy)
        house.now = .now
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("next", "--as", "dave").out == "Nothing is awaited of dave now.\n")
        daemon.lies { method, reply in
            guard case .object(var clock)? = reply["clock"] else { return }
            clock["standing"] = .string("stepped")
            clock["wants_date"] = .bool(true)
            clock["doubt"] = .string("It was set ahead by 400 s.")
            reply["clock"] = .object(clock)
        }
        let next = try daemon.run("next", "--as", "dave").out
        #expect(next.contains("ceremonyctl unlock --clock YYYY-MM-DD"), "\(next)")
        #expect(try daemon.run("next", "--as", "alice").out.contains("Nothing is awaited"))
        let due = try daemon.run("due")
        #expect(due.status == 75 && due.out.contains("clock: STEPPED: It was set"), "\(due.out)")
        #expect(!due.out.contains("Nothing is due"))
    }

    @Test("a token that was taken for lost has its key rotated; it is revoked only if it is gone")
    func lostToken() throws {
        var house = try House()
        house.now = .now
        let alpha = try house.activated()
        let beta = try house.activated("keeper-beta", key: 501)
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(alpha.fingerprint)", "cause": "loss"])
        try house.approve("alice", "bob", statement: statement)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let due = try daemon.run("due")
        #expect(due.status == 75)
        let lines = due.out.split(separator: "\n").map(String.init)
        let place = try #require(
            lines.firstIndex { $0.contains("\(statement.ceremony) revoked another key") })
        #expect(lines[place + 1].contains("start key-rotation keeper-beta --into TOKEN"))
        #expect(lines[place + 2].contains("only if the token is gone"))
        #expect(
            lines[place + 3].contains(
                "start key-revocation keeper-beta --set key=\(beta.fingerprint) --set cause=loss"))
        #expect(!due.out.contains("is lost."))
        let next = try daemon.run("next", "--as", "dave").out
        #expect(next.contains("start key-rotation keeper-beta"), "\(next)")
        #expect(!next.contains("key-revocation"))
    }

    @Test("a halt is to be cleared by whoever leaves enough keepers to approve it")
    func halt() throws {
        var house = try House()
        house.now = .now
        for name in ["alice", "bob", "carol"] { try house.order(.halt, by: name) }
        let halts = house.state.halts
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        daemon.lies { method, reply in
            guard case .object(var status)? = reply["status"] else { return }
            status["halts"] = .array(
                halts.map {
                    .fields([
                        "seq": .number($0.seq), "time": .string("\($0.time)"), "by": .text($0.by),
                        "reason": .string($0.reason),
                    ])
                })
            status["halt_count"] = .number(halts.count)
            reply["status"] = .object(status)
        }
        for (name, can) in [("dave", true), ("alice", true), ("frank", false), ("gina", false)] {
            let next = try daemon.run("next", "--as", name).out
            #expect(next.contains("ceremonyctl start halt-clear") == can, "\(next)")
            #expect(next.contains("To be started by alice or bob or carol or dave"), "\(next)")
        }
    }

    @Test("where several ceremonies could be meant each is named with its kind and subject")
    func ambiguous() throws {
        var house = try House()
        house.now = .now
        _ = try house.open()
        _ = try house.setRoster { $0.remove("frank") }
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let run = try daemon.run(
            "witness", "--as", "alice", "--draft", daemon.directory + "/draft")
        #expect(run.status == 64)
        for words in [
            "keeper-alpha-1 (new-keeper-key of keeper-alpha)",
            "house-roster-1 (set-roster of house-roster)",
        ] {
            #expect(run.err.split { $0.isWhitespace }.joined(separator: " ").contains(words))
        }
        // What a change comes to is shown in words, not as JSON alone.
        let shown = try daemon.run("show", "house-roster-1").out
        #expect(shown.contains("what changes with epoch 2:"), "\(shown)")
        #expect(shown.contains("    GOES    frank"), "\(shown)")
        #expect(!(try daemon.run("show", "keeper-alpha-1").out.contains("what changes")))
    }

    @Test("a rule that does not exist is told as an option, and what follows a threshold is said")
    func rules() throws {
        var house = try House()
        house.now = .now
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        func start(_ setting: String) throws -> ClientRun {
            try daemon.run(
                "start", "set-policy", "--set", setting, "--reason", "x", "--as", "dave", "--draft",
                daemon.directory + "/draft-" + setting)
        }
        let wrong = try start("nonsense=2")
        #expect(wrong.status == 64 && wrong.err.contains("--set nonsense=2 names no field"))
        #expect(wrong.err.contains("ceremonyctl policy") && !wrong.err.contains("plan"))
        let told = try start("kinds.new_keeper_key.threshold=1").err.split { $0.isWhitespace }
            .joined(separator: " ")
        for field in ["people", "attest"] {
            #expect(
                told.contains("kinds.new_keeper_key.\(field) follows its threshold to 1"), "\(told)"
            )
        }
    }

    @Test("the gist at the question is what the kind orders, in a dozen lines at most")
    func gist() throws {
        var house = try House()
        let record = try house.activated()
        let revocation = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: [
                "key": "\(record.fingerprint)", "cause": "compromise", "boundary": "3",
            ])
        func gist(_ statement: Statement, _ told: [String]? = nil) throws -> [String] {
            try KnownDocument(statement.bytes, intent: .approve, told: told).shown.gist
        }
        #expect(
            try gist(revocation)
                == [
                    "key-revocation of keeper-alpha, keeper-alpha-2, started by dave",
                    "key: \(record.fingerprint)", "cause: compromise", "boundary: 3",
                    "reason: the tests ask for it",
                ])
        let rotation = try gist(house.statement("key-rotation"))
        for line in ["old-key: \(record.fingerprint)", "overlap-days: 30"] {
            #expect(rotation.contains(line), "\(rotation)")
        }
        let roster = try house.setRoster { $0.remove("frank") }
        #expect(try gist(roster).contains { $0.hasPrefix("people from then on: alice, bob") })
        let long = try gist(roster, (0..<40).map { "line \($0)" })
        #expect(long.count == 12 && long.contains("and 31 lines more, shown above"), "\(long)")
        #expect(try gist(roster, ["GOES frank"]).contains("GOES frank"))
    }
}
