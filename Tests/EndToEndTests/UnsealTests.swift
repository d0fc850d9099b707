// The house token in the hands of its guardians, as they would do it: every share in a token of its
// own, every client a process, and the PIN really another one.

import CeremonyRecord
import Glibc
import Testing

@Suite("A token that guardians hold together")
struct UnsealTests {
    /// Guards of alice, bob and carol, two of whom open the house token.
    private func guarded(_ room: CeremonyRoom) throws -> String {
        let names = ["alice", "bob", "carol"]
        let id = try room.startMembership(
            "guards", "role=guardian", "sign=2", "approve=2", "guards=house", "so-pin=dave",
            "add=" + (try room.named(names)))
        try room.approve(id)
        for name in names { try room.person(name).brings(id) }
        let made = try room.executeMembership(id, answering: names)
        try #require(made.status == 0, "\(made.err)")
        return id
    }

    @Test("Two of three open it after a cold start; typed PINs and single shares do not")
    func coldStart() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try guarded(room)
        let before = try room.dave.run("status")
        #expect(before.out.contains("a new PIN waits"), "\(before.out)")
        let told = try room.unlock()
        #expect(told.contains("What you typed opens it no more"), "\(told)")
        #expect(try room.types().suffix(2) == ["unseal.tried", "step.done"])
        try room.stop()

        try room.start()
        let typed = try room.dave.run(
            "unlock", "house", "--clock", room.today, "--pin-file", room.house.home + "/pin")
        #expect(typed.status == 75 && typed.err.contains("guarded"), "\(typed.err)")
        let sealed = try room.dave.run("status")
        #expect(
            sealed.out.contains("ceremonyctl unseal house")
                && sealed.out.contains("none is here"), "\(sealed.out)")
        for name in ["alice", "bob", "carol"] {
            let ended = try room.person(name).unseals("--dry-run")
            #expect(ended.status == 0 && ended.out.contains("is there and whole"), "\(ended.err)")
        }
        let one = try room.alice.unseals("--clock", room.today)
        #expect(one.status == 0 && one.out.contains("house is locked"), "\(one.err)")
        let again = try room.alice.unseals("--clock", room.today)
        #expect(again.out.contains("house is locked"), "\(again.err)")
        #expect(try room.call("Status").field("head").field("sealed").isTrue)
        let stranger = try room.dave.unseals("--clock", room.today)
        #expect(stranger.status == 74 && stranger.err.contains("no-share"), "\(stranger.err)")
        let two = try room.carol.unseals("--clock", room.today)
        #expect(two.status == 0 && two.out.contains("house unlocked"), "\(two.err)")
        #expect(try !room.call("Status").field("head").field("sealed").isTrue)
        let tries = try #require(
            try room.events().last { $0.field("type").text == "unseal.tried" }
        )
        .field("body").field("tries").list
        #expect(
            tries.map { $0.field("result").text } == ["proved", "proved", "proved", "unlocked"])
        #expect(tries.last?.field("shares").list.map(\.text) == ["alice", "carol"])
        #expect(tries.last?.field("ceremony").text == id)
        try noShareIsLeft(room)

        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
    }

    /// What alice holds is in her token and in no memory of the daemon.
    private func noShareIsLeft(_ room: CeremonyRoom) throws {
        let path = room.directory + "/share"
        let read = try room.alice.tool(
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--login", "--pin",
            TestFile.text(room.alice.home + "/pin").trimmed, "--read-object", "--type", "data",
            "--application-label", "ceremonyd share", "--output-file", path)
        try #require(read.status == 0, "\(read.err)")
        let share = TestFile.bytes(path)
        #expect(share.count == 65 && share[0] == 1)
        let seen = try room.alice.tool(
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--list-objects", "--type", "data")
        #expect(!seen.out.contains("ceremonyd share"), "seen without a PIN")
        let daemon = try #require(room.daemon)
        // In pieces: what works on it in blocks might leave a part behind.
        let memory = try ProcessMemory(of: daemon.pid)
        for start in [1, 21, 41] {
            let found = try memory.search(for: Array(share[start..<start + 20]))
            #expect(found.isEmpty, "\(found)")
        }
    }

    @Test("After a change of guardians the old shares open it no more, and nothing is lost between")
    func rotation() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let first = try guarded(room)
        try room.unlock()
        let second = try room.startMembership(
            "guards", "remove=alice", "add=" + (try room.named(["dave"])))
        try room.approve(second)
        try room.dave.brings(second)
        for name in ["bob", "carol"] {
            try room.person(name).accepts(second, with: try room.broughtKey(name, to: first))
        }
        let made = try room.executeMembership(second, answering: ["bob", "carol", "dave"])
        #expect(made.status == 0, "\(made.err)")
        // The daemon dies: what it has chosen is in shares only.
        room.daemon?.signal(SIGKILL)
        _ = room.buryDaemon()
        try room.start()
        // alice and bob have the old ones: they open it, and the new PIN waits for its shares.
        _ = try room.alice.unseals("--clock", room.today)
        let old = try room.bob.unseals("--clock", room.today)
        #expect(old.out.contains("house unlocked"), "\(old.err)")
        #expect(old.err.contains("is still to be set"), "\(old.err)")
        // bob's new share came with the old one; another one is enough.
        let set = try room.dave.unseals()
        #expect(set.status == 0 && !set.err.contains("is still to be set"), "\(set.err)")
        #expect(try room.types().suffix(2) == ["unseal.tried", "step.done"])
        try room.stop()

        try room.start()
        let gone = try room.alice.unseals("--clock", room.today)
        #expect(gone.status != 0, "\(gone.out)")
        _ = try room.dave.unseals("--clock", room.today)
        let open = try room.carol.unseals("--clock", room.today)
        #expect(open.out.contains("house unlocked"), "\(open.err)")
        // carol's token keeps the share that counts, and not the one that is over.
        let kept = try room.carol.tool(
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--login", "--pin",
            TestFile.text(room.carol.home + "/pin").trimmed, "--list-objects", "--type", "data")
        #expect(kept.out.contains(second) && !kept.out.contains(first), "\(kept.out)")
    }

    @Test("A guardian who takes no share, or a no, keeps the PIN as it is")
    func notTaken() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let names = ["alice", "bob", "carol"]
        let id = try room.startMembership(
            "guards", "role=guardian", "sign=2", "approve=2", "guards=house", "so-pin=dave",
            "patience=30", "add=" + (try room.named(names)))
        try room.approve(id)
        for name in names { try room.person(name).brings(id) }
        let draft = try room.dave.draft("execute", id)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("members are asked") {
            try room.ceremony(id).field("asked").list.count == 3
        }
        let taken = try room.alice.answers(id)
        #expect(taken.status == 0, "\(taken.err)")
        let no = try room.bob.draft("decline", id, "--part", "--reason", "not today")
        let said = try room.bob.run("submit", no, try room.bob.signs(no))
        #expect(said.status == 0, "\(said.err)")
        #expect(running.finish().status != 0)
        #expect(try room.state(of: id) == "FAILED")
        try room.stop()
        try room.open()
    }
}

extension CeremonyRoom {
    /// People with the keys in their tokens, as `add` takes them.
    fileprivate func named(_ names: [String]) throws -> String {
        try names.map { "\($0)=\(try person($0).tokenIdentity)" }.joined(separator: ",")
    }
}

extension Person {
    /// Hands their share in.
    fileprivate func unseals(_ options: String...) throws -> Ended {
        try run(["unseal", "house", "--as", name] + options + withToken)
    }
}
