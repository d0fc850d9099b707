// Three guardians hand over to five others: eight people with a token each, clients of their own,
// and a daemon that is killed at every step. Until the commit the three are the guardians, and from
// then on the five; a stranger can tell which at any moment.

import CeremonyRecord
import Glibc
import Testing

@Suite("A set of guardians on eight tokens")
struct EightTokensTests {
    private static let old = ["alice", "bob", "carol"]
    private static let new = ["dave", "ivan", "judy", "karl", "mallory"]
    /// Those whom the log does not know.
    private static let strangers = ["ivan", "judy", "karl", "mallory"]

    @Test("Three of whom two sign become five others of whom three do, whenever the daemon dies")
    func handOver() throws {
        let room = try CeremonyRoom.copy()
        for name in ["ivan", "judy", "karl"] { try room.moveIn(name, hasToken: true) }
        try room.open()
        let first = try room.startMembership(
            "guardians", "role=guardian", "sign=2", "approve=2",
            "add="
                + (try Self.old.map { "\($0)=\(try room.person($0).tokenIdentity)" }
                    .joined(separator: ",")))
        try room.approve(first)
        for name in Self.old { try room.person(name).brings(first) }
        try #require(try room.executeMembership(first, answering: Self.old).status == 0)
        try signsAlone(room, "alice", "bob")

        // PENDING, partly approved, partly accepted, APPROVED: each outlives the daemon.
        let second = try startHandOver(room)
        try dies(room, leaving: second, "PENDING")
        try room.approve(second, by: ["erin", "frank"])
        try dies(room, leaving: second, "PENDING")
        try room.dave.brings(second)
        try dies(room, leaving: second, "PENDING")
        try room.approve(second, by: ["grace"])
        for name in Self.new.dropFirst() { try room.person(name).brings(second) }
        try vouches(room, second)
        try consents(room, second, first)
        try dies(room, leaving: second, "APPROVED")
        // EXECUTING, and after some of the answers: it is over, and the three are the guardians.
        try diesExecuting(room, second, after: [])
        let third = try startHandOver(room)
        try agree(room, third, first)
        try diesExecuting(room, third, after: ["dave", "ivan", "karl"])
        // Right after the commit: it is done.
        let last = try startHandOver(room)
        try agree(room, last, first)
        let done = try room.executeMembership(last, answering: Self.new)
        #expect(done.status == 0, "\(done.err)")
        room.daemon?.signal(SIGKILL)
        _ = room.buryDaemon()
        try room.open()
        try expectMembers(room, epoch: 2, Self.new)
        let file = room.directory + "/release"
        for (name, status) in [("karl", 75), ("dave", 75), ("mallory", 0)] {
            #expect(try signs(room, name, file).status == status)
        }
        let gone = try signs(room, "alice", file)
        #expect(gone.status == 77, "\(gone.err)")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
        let offline = try room.erin.run(
            "authority", "verify", "guardians", file, "--evidence", evidence, "--rehearsal",
            "--genesis", room.genesis, "--current")
        #expect(offline.status == 0, "\(offline.err)")
    }

    private func startHandOver(_ room: CeremonyRoom) throws -> String {
        try room.startMembership(
            "guardians", "sign=3", "approve=2", "remove=" + Self.old.joined(separator: ","),
            "add="
                + (try Self.new.map { "\($0)=\(try room.person($0).tokenIdentity)" }
                    .joined(separator: ",")))
    }

    /// Everybody agrees.
    private func agree(_ room: CeremonyRoom, _ id: String, _ first: String) throws {
        try room.approve(id)
        for name in Self.new { try room.person(name).brings(id) }
        try vouches(room, id)
        try consents(room, id, first)
        #expect(try room.state(of: id) == "APPROVED")
    }

    /// Members of the epoch in force consent, where the statement asks them.
    private func consents(_ room: CeremonyRoom, _ id: String, _ first: String) throws {
        for name in ["alice", "bob"] where try room.state(of: id) == "PENDING" {
            try room.person(name).accepts(id, with: try room.broughtKey(name, to: first))
        }
    }

    /// Two people who have compared the strangers' keys with them say so, one after the other in
    /// the order in which they are asked.
    private func vouches(_ room: CeremonyRoom, _ id: String) throws {
        for stranger in Self.strangers {
            for name in ["erin", "frank"] {
                let person = room.person(name)
                let path = person.path("vouch")
                let drafted = try person.run(
                    "accept", id, "--as", name, "--draft", path, "--fingerprint",
                    "\(try room.person(stranger).tokenIdentity)")
                try #require(drafted.status == 0, "\(drafted.err)")
                try person.submits(path, .accept)
            }
        }
    }

    /// The daemon dies and is started again: the ceremony is where it was, and the three are the
    /// guardians.
    private func dies(_ room: CeremonyRoom, leaving id: String, _ state: String) throws {
        room.daemon?.signal(SIGKILL)
        _ = room.buryDaemon()
        try room.open()
        #expect(try room.state(of: id) == state)
        try expectMembers(room, epoch: 1, Self.old)
    }

    private func diesExecuting(_ room: CeremonyRoom, _ id: String, after names: [String]) throws {
        let draft = try room.dave.draft("execute", id)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("all five are asked") {
            try room.ceremony(id).field("asked").list.count == 5
        }
        for name in names { #expect(try room.person(name).answers(id).status == 0) }
        room.daemon?.signal(SIGKILL)
        _ = room.buryDaemon()
        #expect(running.finish().status != 0)
        try room.open()
        #expect(try room.ceremony(id).field("end").field("reason").text == "interrupted")
        try expectMembers(room, epoch: 1, Self.old)
        try signsAlone(room, "bob", "carol")
        let left = try room.call("Status").field("status").field("left_keys").list
        #expect(left.count { $0.field("ceremony").text == id } == 5)
    }

    private func expectMembers(
        _ room: CeremonyRoom, epoch: Int, _ names: [String],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let shown = try JSON(room.erin.does("authority", "show", "guardians", "--json"))
        #expect(shown.field("epoch").number == epoch, sourceLocation: location)
        #expect(
            shown.field("members").list.map { $0.field("name").text } == names,
            sourceLocation: location)
    }

    /// Two of the three sign a file, and it counts by the epoch in force.
    private func signsAlone(_ room: CeremonyRoom, _ one: String, _ other: String) throws {
        let file = room.directory + "/by-\(one)-\(other)-\(UInt64.random(in: 0 ... .max))"
        #expect(try signs(room, one, file).status == 75)
        #expect(try signs(room, other, file).status == 0)
        let verified = try room.erin.run("authority", "verify", "guardians", file, "--current")
        #expect(verified.status == 0, "\(verified.err)")
    }

    private func signs(_ room: CeremonyRoom, _ name: String, _ file: String) throws -> Ended {
        if !TestFile.exists(file) { try TestFile.write(file, "what they stand behind\n") }
        let person = room.person(name)
        let drafted = try person.run("authority", "sign", "guardians", file, "--draft", "--json")
        let digest = drafted.status == 0 ? try JSON(drafted.line).field("digest").text : ""
        return try person.run(
            ["authority", "sign", "guardians", file, "--as", name, "--confirm", digest]
                + person.withToken)
    }
}
