// Authorities with real tokens: every member has a token and a client of their own, the daemon sees
// none of them, and nothing but the commit changes who may sign.

import CeremonyRecord
import Testing

@Suite("An authority changes when its ceremony commits, and at no other moment")
struct MembershipTests {
    @Test("Three guardians become five, one of whom the log did not know; one goes again")
    func guardians() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let first = try room.startMembership(
            "guardians", "role=guardian", "sign=2", "approve=2",
            "add="
                + (try ["alice", "bob", "carol"].map {
                    "\($0)=\(try room.person($0).tokenIdentity)"
                }.joined(separator: ",")))
        #expect(first == "guardians-1")
        try room.approve(first)
        for name in ["alice", "bob", "carol"] { try room.person(name).brings(first) }
        let made = try room.executeMembership(first, answering: ["alice", "bob", "carol"])
        #expect(made.status == 0, "\(made.err)")
        #expect(try room.types().suffix(2) == ["ceremony.executing", "ceremony.completed"])

        let stranger = try room.mallory.tokenIdentity
        let second = try room.startMembership(
            "guardians", "sign=3",
            "add=dave=\(try room.dave.tokenIdentity),mallory=\(stranger)")
        try room.approve(second)
        try room.dave.brings(second)
        try room.mallory.brings(second)
        for name in ["alice", "bob"] {
            try room.person(name).accepts(second, with: try room.broughtKey(name, to: first))
        }
        // Two people who have compared the stranger's key with her say so.
        let wrong = try room.alice.run(
            "accept", second, "--as", "alice", "--draft", room.alice.path("x"), "--key",
            "\(try #require(SSHPublicKey(line: room.alice.publicKey)).fingerprint)",
            "--fingerprint", "\(try room.dave.tokenIdentity)")
        #expect(wrong.status == 1 && wrong.err.contains("fingerprint-differs"), "\(wrong.err)")
        for name in ["erin", "frank"] {
            let person = room.person(name)
            let file = try person.draft(
                "accept", second, "--fingerprint", "\(stranger)")
            try person.submits(file, .accept)
        }
        #expect(try room.state(of: second) == "APPROVED")
        let grown = try room.executeMembership(second, answering: ["dave", "mallory"])
        #expect(grown.status == 0, "\(grown.err)")
        let record = try #require(try room.events().last).field("body").field("outcome")
        #expect(record.field("document").list.filter { $0.text.hasPrefix("member: ") }.count == 5)
        #expect(
            record.field("signatures").list.map { $0.field("name").text } == ["dave", "mallory"])
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
        try signTogether(room, evidence)
    }

    /// Three of the five sign a file, each adding a part; OpenSSH agrees with every part.
    private func signTogether(_ room: CeremonyRoom, _ evidence: String) throws {
        let file = room.directory + "/release.txt"
        try TestFile.write(file, "what the guardians stand behind\n")
        let digest = try JSON(
            room.alice.does("authority", "sign", "guardians", file, "--draft", "--json")
        )
        .field("digest").text
        for (name, status) in [("alice", 75), ("mallory", 75), ("dave", 0)] {
            let person = room.person(name)
            let ended = try person.run(
                ["authority", "sign", "guardians", file, "--as", name, "--confirm", digest]
                    + person.withToken)
            #expect(ended.status == status, "\(name): \(ended.err)")
            let verified = try room.erin.run("authority", "verify", "guardians", file)
            #expect(verified.status == (status == 0 ? 0 : 1), "\(verified.err)")
        }
        let offline = try room.erin.run(
            "authority", "verify", "guardians", file, "--evidence", evidence, "--rehearsal",
            "--genesis", room.genesis, "--current")
        #expect(
            offline.status == 0 && offline.out.contains("alice, dave and mallory"), "\(offline.err)"
        )
        let signers = room.directory + "/signers"
        try TestFile.write(signers, room.erin.does("authority", "signers", "guardians"))
        let parts = TestFile.text(file + ".guardians.multisig").blocks
        try TestFile.write(room.directory + "/document", parts[0].joined(separator: "\n") + "\n")
        for part in parts.dropFirst() {
            let name = part[0]
            try TestFile.write(
                room.directory + "/part.sig", part.dropFirst().joined(separator: "\n") + "\n")
            let checked = try room.erin.tool(
                "ssh-keygen", "-Y", "verify", "-f", signers, "-I", name, "-n",
                "ceremonyd-authority-v1", "-s", room.directory + "/part.sig",
                input: room.directory + "/document")
            #expect(checked.status == 0, "\(name): \(checked.err)")
        }
        try TestFile.write(file, "something else\n")
        let other = try room.erin.run("authority", "verify", "guardians", file)
        #expect(other.status == 1 && other.err.contains("multisignature-differs"), "\(other.err)")
    }

    @Test("A new key that is gone at the commit stops it, and the epoch before it stays")
    func keyIsGone() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.startMembership(
            "council", "role=group", "sign=1",
            "add=alice=\(try room.alice.tokenIdentity),bob=\(try room.bob.tokenIdentity)")
        try room.approve(id)
        try room.alice.brings(id)
        try room.bob.brings(id)
        let gone = try room.bob.tool(
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--login", "--pin", room.bob.pin,
            "--delete-object", "--type", "privkey", "--label", id)
        try #require(gone.status == 0, "\(gone.err)")
        let draft = try room.dave.draft("execute", id)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("both are asked") {
            try room.ceremony(id).field("asked").list.map(\.text) == ["alice", "bob"]
        }
        #expect(try room.alice.answers(id).status == 0)
        let bob = try room.bob.answers(id)
        #expect(bob.status == 74, "\(bob.err)")
        let no = try room.bob.draft(
            "decline", id, "--part", "--reason", "my key is gone", "--key",
            "\(try room.bob.tokenIdentity)")
        let told = try room.bob.run("submit", no, try room.bob.signs(no))
        #expect(told.status == 0, "\(told.err)")
        let ended = running.finish()
        #expect(ended.status != 0 && ended.err.contains("declined"), "\(ended.err)")
        #expect(try room.state(of: id) == "FAILED")
        // What is left in the tokens is listed, and taken away by whoever made it.
        let left = try room.call("Status").field("status").field("left_keys").list
        #expect(left.map { $0.field("name").text } == ["alice", "bob"])
    }
}
