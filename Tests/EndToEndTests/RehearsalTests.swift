// `ceremonyctl rehearse` as people use it: a house from nothing, real processes, and an outcome
// that the signed log bears out, also where somebody says no, a token is not there or the daemon
// dies.

import CeremonyRecord
import Glibc
import Testing

@Suite("A ceremony is rehearsed in a house that is thrown away")
struct RehearsalTests {
    @Test("A rotation makes its first key by ceremony, and every act shown is an event of the log")
    func rotation() throws {
        let other = try Rehearsal()
        let done = try other.run("key-rotation", "keeper-beta")
        #expect(done.status == 0, "\(done.out)\(done.err)")
        #expect(done.count("key-rotation needs a key") == 1, "\(done.out)")
        #expect(done.out.contains("keeper-beta-2 (key-rotation of keeper-beta): COMPLETED"))
        #expect(done.count("VERIFIED by `ceremonyctl verify`") == 1)
        // What was shown is what stands there, no more and no less.
        let types = try other.types()
        let shown = [
            "starts": "ceremony.opened", "witnesses": "ceremony.witnessed",
            "executes": "ceremony.completed", "attests": "ceremony.attested",
        ]
        for (act, type) in shown {
            let count = done.count(" \(act): ok") + done.count(" \(act) key-rotation: ok")
            let started = act == "starts" ? done.count("starts new-keeper-key: ok") : 0
            #expect(count + started == types.count { $0 == type }, "\(act): \(types)")
            #expect(count > 0, "\(act): \(done.out)")
        }
        // Each by a key of their own: no two people sign with one.
        let genesis = TestFile.text(other.kept + "/genesis").lineList
        let keys = genesis.filter { $0.hasPrefix("key: ") }.compactMap {
            $0.split(separator: " ").last
        }
        #expect(keys.count == 5 && Set(keys).count == 5, "\(genesis)")
        #expect(genesis.contains("log: rehearsal.invalid/ceremony/rehearsal"))
        #expect(try other.verify("--rehearsal").status == 0)
    }

    @Test("A rehearsal is never taken for the real thing")
    func neverProduction() throws {
        let rehearsal = try Rehearsal()
        #expect(try rehearsal.run("set-policy", "--people", "4").status == 0)
        let verified = try rehearsal.verify()
        #expect(verified.status == 1 && verified.err.contains("rehearsal"), "\(verified.err)")
    }

    @Test("Two who say no end it, and the log says that they did")
    func declined() throws {
        let rehearsal = try Rehearsal()
        let ended = try rehearsal.run(
            "new-keeper-key", "--declines", "alice", "--declines", "bob")
        #expect(ended.status == 81, "\(ended.out)\(ended.err)")
        #expect(
            ended.out.contains("keeper-alpha-1 (new-keeper-key of keeper-alpha): FAILED, declined"))
        #expect(ended.count("VERIFIED by") == 1 && ended.count("COMPLETED") == 0, "\(ended.out)")
        #expect(ended.count(" declines: ok") == 2 && ended.count("carol") == 1, "\(ended.out)")
        #expect(try rehearsal.types().count { $0 == "ceremony.declined" } == 2)
    }

    @Test("A token that is not there is made up for by whoever is left, and by nobody else")
    func tokenLost() throws {
        let spare = try Rehearsal()
        let made = try spare.run("new-keeper-key", "--loses", "alice")
        #expect(made.status == 0, "\(made.out)\(made.err)")
        #expect(made.out.contains("alice witnesses: ceremonyctl: No token"), "\(made.out)")
        #expect(made.out.contains("active, attested by bob, carol and erin"), "\(made.out)")

        let tight = try Rehearsal()
        let ended = try tight.run("new-keeper-key", "--loses", "alice", "--people", "4")
        #expect(ended.status == 81, "\(ended.out)\(ended.err)")
        #expect(ended.out.contains("dave cancels, because nobody is left who could go on: ok"))
        #expect(ended.out.contains("FAILED, cancelled"), "\(ended.out)")
    }

    @Test("A daemon that dies while members sign leaves no authority, and the log verifies")
    func crash() throws {
        let rehearsal = try Rehearsal()
        let ended = try rehearsal.run("membership", "--crash", "witness", "--crash", "answer")
        #expect(ended.status == 81, "\(ended.out)\(ended.err)")
        #expect(ended.count("the daemon is killed, and started again") == 2, "\(ended.out)")
        #expect(ended.count("dave unlocks the house token: ok") == 3, "\(ended.out)")
        #expect(ended.count(" accepts: ok") == 3, "\(ended.out)")
        #expect(ended.out.contains("guardians-1 (membership of guardians): FAILED, interrupted"))
        #expect(ended.out.contains("there is no authority guardians"), "\(ended.out)")
    }

    @Test("Whoever has to start it is found out: a halt is cleared by who raised it")
    func haltCleared() throws {
        let rehearsal = try Rehearsal()
        let ended = try rehearsal.begin(["halt-clear", "--json"]).finish()
        #expect(ended.status == 0, "\(ended.err)")
        let told = try JSON(ended.line)
        #expect(told.field("state").text == "COMPLETED", "\(ended.out)")
        #expect(told.field("verification").field("halted") == .bool(false), "\(ended.out)")
        let acts = told.field("acts").list
        let started = try #require(acts.first { $0.field("act").text == "starts halt-clear" })
        #expect(started.field("person").text == "alice", "\(ended.out)")
        #expect(
            Set(acts.filter { $0.field("act").text == "witnesses" }.map { $0.field("person").text })
                == ["bob", "dave"])
    }

    @Test("One that is interrupted leaves no process and no directory")
    func interrupted() throws {
        let rehearsal = try Rehearsal()
        let (running, place) = try rehearsal.beginUntil("dave starts", ["new-keeper-key"])
        #expect(try !rehearsal.processes(in: place).isEmpty)
        running.signal(SIGTERM)
        let ended = running.finish()
        #expect(ended.status == 1 && ended.err.contains("interrupted"), "\(ended.err)")
        #expect(!TestFile.exists(place))
        try eventually("everything has ended", within: 120) {
            try rehearsal.processes(in: place).isEmpty
        }

        // Nor does the daemon stay where the client could not say goodbye.
        let (killed, there) = try rehearsal.beginUntil("dave starts", ["new-keeper-key"])
        killed.signal(SIGKILL)
        _ = killed.wait()
        try eventually("the daemon has ended", within: 120) {
            try rehearsal.processes(in: there).isEmpty
        }
        _ = try rehearsal.tool("rm", "-rf", there)
    }

    @Test("Hands on, everybody has a terminal of their own, and nobody acts for them")
    func handsOn() throws {
        let rehearsal = try Rehearsal()
        let (running, place) = try rehearsal.beginUntil(
            "Ctrl-C here", ["new-keeper-key", "--hands-on"])
        func at(_ person: String, _ command: String) throws -> Ended {
            try rehearsal.tool("sh", "-c", ". \(place)/\(person)/enter\n\(command)")
        }
        for person in ["alice", "dave"] {
            let entered = try at(person, "ceremonyctl identity show && echo \"$PS1\"")
            let pin = TestFile.text("\(place)/\(person)/pin").trimmed
            #expect(entered.out.contains("You are \(person):"), "\(entered.err)")
            #expect(entered.out.contains("PIN of your rehearsal token is \(pin)."))
            #expect(entered.out.contains("\(person) (rehearsal) $"))
            let key = try #require(entered.out.lineList.first { $0.hasPrefix("ssh-ed25519 ") })
            #expect(
                TestFile.text(place + "/genesis").lineList.contains {
                    $0.hasPrefix("key: \(person) ") && $0.contains(key)
                })
        }
        #expect(try at("dave", "ceremonyctl next").out.contains("Nothing is awaited of dave now."))
        #expect(try at("dave", "ceremonyctl list").out.trimmed.hasSuffix("ceremonyctl next"))
        // dave does what he was told, without a terminal here, and it is his.
        let told = try rehearsal.said(running)
        let start = try #require(told.first { $0.contains("ceremonyctl start new-keeper-key") })
        let signed = try at(
            "dave",
            """
            \(start) --draft d --as dave && ceremonyctl sign d --open --confirm d --pin-file pin &&
            ceremonyctl submit d d.dave.sig
            """)
        #expect(signed.status == 0, "\(signed.err)")
        #expect(try at("alice", "ceremonyctl next").out.contains("witness keeper-alpha-1"))
        running.signal(SIGINT)
        let ended = running.finish()
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ended.out.contains("keeper-alpha-1 (new-keeper-key of keeper-alpha): PENDING"))
        #expect(!TestFile.exists(place))
    }

    @Test("What cannot be rehearsed is refused before anything is made, with the way to do it")
    func refused() throws {
        let rehearsal = try Rehearsal()
        let cases: [(arguments: [String], status: Int32, says: String)] = [
            (["provara-rotation"], 64, "Provara vault"), (["clock-correction"], 64, "faketime"),
            (["no-such-kind"], 66, "ceremonyctl kinds"),
            (["set-policy", "--people", "3"], 64, "4 to 10"),
            (["set-policy", "--declines", "zoe"], 64, "alice, bob, carol, dave and erin"),
            (["set-policy", "--crash", "sneeze"], 64, "witness, accept"),
            (["set-policy", "--module", "/nowhere.so"], 66, "softhsm2"),
            (["set-policy", "--socket", "/tmp/x"], 64, "--socket"),
            (["set-policy", "--keep", rehearsal.directory + "/a b"], 64, "letters"),
            (["halt-clear", "--set", "halts=1"], 1, "alice could not start it"),
        ]
        for (arguments, status, says) in cases {
            let kept =
                arguments.contains("--keep") || status == 1 ? [] : ["--keep", rehearsal.kept]
            let ended = try rehearsal.begin(arguments + kept).finish()
            #expect(
                ended.status == status && ended.err.contains(says), "\(arguments): \(ended.err)")
            #expect(!ended.out.contains("VERIFIED"))
            #expect(!TestFile.exists(rehearsal.kept), "\(arguments)")
        }
    }

    @Test("Several parts of one person, and a second token after a crash, are told by the daemon")
    func severalParts() throws {
        let renewed = try Rehearsal()
        let members = try renewed.run("membership", "--set", "renew=all")
        #expect(members.status == 0, "\(members.out)\(members.err)")
        #expect(members.out.contains("at epoch 2: alice, bob and carol"), "\(members.out)")
        #expect(members.count("This changes an authority") == 1, "\(members.out)")

        let rekeyed = try Rehearsal()
        let log = try rekeyed.run("log-key-change", "--crash", "witness")
        #expect(log.status == 0, "\(log.out)\(log.err)")
        #expect(log.count("dave unlocks the annex token: ok") == 2, "\(log.out)")
        #expect(try rekeyed.types().contains("log.rekeyed"))
    }
}

extension Rehearsal {
    /// Begins one, and waits until it has said something; gives back where it takes place.
    func beginUntil(_ words: String, _ arguments: [String]) throws -> (Program, String) {
        let running = try begin(arguments)
        try eventually(words, within: 120) {
            let told = try said(running)
            try #require(running.isRunning, "\(told)")
            return told.contains { $0.contains(words) }
        }
        let first = try #require(try said(running).first)
        return (running, String(first.split(separator: " ").last ?? ""))
    }

    /// What it has said up to now.
    func said(_ running: Program) throws -> [String] { TestFile.text(running.outPath).lineList }

    /// The processes that have to do with a directory.
    func processes(in place: String) throws -> [String] {
        let name = place.split(separator: "/").last ?? ""
        return try tool("sh", "-c", "grep -al '[/]\(name)/' /proc/[0-9]*/cmdline").out.lineList
    }
}
