// Authorities with real tokens: every member has a token and a client of their own, the daemon sees
// none of them, and nothing but the commit changes who may sign.

import CeremonyRecord
import Testing

@Suite("An authority changes when its ceremony commits, and at no other moment")
struct MembershipTests {
    @Test("Three guardians become five, one of whom the log did not know, and sign together")
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
        let verified = try room.erin.does(
            "verify", evidence, "--genesis", room.genesis, "--rehearsal")
        #expect(verified.contains("guardians: guardian, epoch 2"), "\(verified)")
        // The evidence says how acceptances and epochs are checked by hand, and it holds.
        let followed = try room.followsReadme(evidence)
        #expect(followed.status == 0 && followed.err.isEmpty, "\(followed.err)")
        for name in ["alice", "bob", "carol", "dave", "mallory"] {
            #expect(
                followed.out.contains("Good \"ceremonyd-member-v1\" signature for \(name) "),
                "\(name): \(followed.out)")
        }
        try signTogether(room, evidence)
    }

    /// Three of the five sign a file, each adding a part; OpenSSH agrees with every part.
    private func signTogether(_ room: CeremonyRoom, _ evidence: String) throws {
        let file = room.directory + "/release.txt"
        // Larger than any document is read whole.
        try TestFile.write(
            file, String(repeating: "what the guardians stand behind\n", count: 40_000))
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
            let again = try person.run(
                ["authority", "sign", "guardians", file, "--as", name, "--confirm", digest]
                    + person.withToken)
            #expect(again.status == 1, "\(again.err)")
            #expect(again.err.contains("\(name) has signed this file"), "\(again.err)")
        }
        let offline = try room.erin.run(
            "authority", "verify", "guardians", file, "--evidence", evidence, "--rehearsal",
            "--genesis", room.genesis, "--current")
        #expect(
            offline.status == 0 && offline.out.contains("alice, dave and mallory"), "\(offline.err)"
        )
        let size = try room.events().count
        #expect(offline.out.contains("the evidence here has \(size) events"), "\(offline.out)")
        #expect(offline.out.contains("by then epoch 2 was in force\n"), "\(offline.out)")
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

    @Test("A device is added and removed, a group made and shrunk, each cut at its commit")
    func addedAndRemoved() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let first = try room.startMembership(
            "alice-devices", "role=device", "sign=1",
            "add=laptop=\(try room.alice.tokenIdentity)")
        try room.approve(first)
        try room.alice.brings(first)
        try #require(
            try room.executeMembership(first, answering: ["alice"], as: "laptop").status == 0)
        // Her other device is bob's token here: whose key it is, the log knows.
        let second = try room.startMembership(
            "alice-devices", "add=phone=\(try room.bob.tokenIdentity)")
        try room.approve(second)
        try room.bob.brings(second)
        let laptop = try room.broughtKey("alice", to: first)
        try room.alice.accepts(second, with: laptop, as: "laptop")
        try #require(
            try room.executeMembership(second, answering: ["bob"], as: "phone").status == 0)
        let third = try room.startMembership("alice-devices", "remove=phone")
        try room.approve(third)
        try room.alice.accepts(third, with: laptop, as: "laptop")
        let cut = try room.executeMembership(third, answering: [])
        #expect(cut.status == 0, "\(cut.err)")
        let shown = try JSON(room.erin.does("authority", "show", "alice-devices", "--json"))
        #expect(shown.field("members").list.map { $0.field("name").text } == ["laptop"])

        let group = try room.startMembership(
            "council", "role=group", "sign=1", "approve=1",
            "add="
                + (try ["alice", "bob", "carol"].map {
                    "\($0)=\(try room.person($0).tokenIdentity)"
                }.joined(separator: ",")))
        try room.approve(group)
        for name in ["alice", "bob", "carol"] { try room.person(name).brings(group) }
        try #require(
            try room.executeMembership(group, answering: ["alice", "bob", "carol"]).status == 0)
        let shrunk = try room.startMembership("council", "remove=bob,carol", "approve=0")
        try room.approve(shrunk)
        try room.alice.accepts(shrunk, with: try room.broughtKey("alice", to: group))
        try #require(try room.executeMembership(shrunk, answering: []).status == 0)
        let file = room.directory + "/file"
        try TestFile.write(file, "x\n")
        let digest = try JSON(
            room.alice.does("authority", "sign", "council", file, "--draft", "--json")
        )
        .field("digest").text
        let gone = try room.bob.run(
            ["authority", "sign", "council", file, "--as", "bob", "--confirm", digest]
                + room.bob.withToken)
        #expect(gone.status == 77, "\(gone.err)")
        #expect(gone.err.contains("bob had in council up to epoch 1"), "\(gone.err)")
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
            "--delete-object", "--type", "privkey", "--label",
            try room.broughtLabel("bob", to: id))
        try #require(gone.status == 0, "\(gone.err)")
        let draft = try room.dave.draft("execute", id)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("both are asked") {
            try room.ceremony(id).field("asked").list.map(\.text) == ["alice", "bob"]
        }
        #expect(try room.alice.answers(id).status == 0)
        let bob = try room.bob.answers(id)
        #expect(bob.status == 74, "\(bob.err)")
        #expect(bob.err.contains("code: key-gone"), "\(bob.err)")
        #expect(bob.err.contains("ceremonyctl decline \(id) --part"), "\(bob.err)")
        // Alice, who has answered, is told so.
        let again = try room.alice.run(["answer", id] + room.alice.withToken)
        #expect(
            again.status == 1 && again.err.contains("alice is not asked any more"), "\(again.err)")
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

@Suite("A change of an authority that comes to nothing leaves the epoch before it in force")
struct MembershipEndingsTests {
    /// One kind serves all of them, with the role as data.
    private static let roles = ["group", "device", "guardian"]

    /// A room whose council is alice and bob, of whom one signs.
    private func council(_ role: String = "group") throws -> CeremonyRoom {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.startMembership(
            "council", "role=\(role)", "sign=1",
            "add=alice=\(try room.alice.tokenIdentity),bob=\(try room.bob.tokenIdentity)")
        try room.approve(id)
        try room.alice.brings(id)
        try room.bob.brings(id)
        let made = try room.executeMembership(id, answering: ["alice", "bob"])
        try #require(made.status == 0, "\(made.err)")
        return room
    }

    private func expectFirstEpoch(
        _ room: CeremonyRoom, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let shown = try JSON(room.erin.does("authority", "show", "council", "--json"))
        #expect(shown.field("epoch").number == 1, sourceLocation: sourceLocation)
        #expect(
            shown.field("members").list.map { $0.field("name").text } == ["alice", "bob"],
            sourceLocation: sourceLocation)
    }

    /// carol is to come, and has brought her key.
    private func coming(_ room: CeremonyRoom) throws -> String {
        let id = try room.startMembership("council", "add=carol=\(try room.carol.tokenIdentity)")
        try room.carol.brings(id)
        return id
    }

    @Test(
        "Declined, cancelled, superseded: the new key counts for nothing and is tidied up",
        arguments: roles)
    func endings(role: String) throws {
        let room = try council(role)
        let declined = try room.startMembership(
            "council",
            "add=carol=\(try room.carol.tokenIdentity),dave=\(try room.dave.tokenIdentity)")
        try room.carol.brings(declined)
        let no = try room.dave.draft(
            "decline", declined, "--part", "--reason", "not me", "--key",
            "\(try room.dave.tokenIdentity)")
        try #require(try room.dave.run("submit", no, try room.dave.signs(no)).status == 0)
        #expect(try room.state(of: declined) == "FAILED")
        try expectFirstEpoch(room)
        // An answer on a dead ceremony is refused, and its turn into a yes as well.
        let late = try room.dave.run("accept", declined, "--as", "dave", "--draft", "/tmp/x")
        #expect(late.status == 81, "\(late.err)")

        let cancelled = try coming(room)
        try room.dave.submits(
            try room.dave.draft("cancel", cancelled, "--reason", "not today"), .act)
        #expect(try room.state(of: cancelled) == "FAILED")
        let old = try coming(room)
        let path = room.dave.path("draft")
        try room.dave.does(
            "start", "membership", "council", "--reason", "another one", "--supersede", old,
            "--set", "sign=2", "--as", "dave", "--draft", path)
        let new = try room.dave.submits(path, .open).field("ceremony").text
        #expect(try room.ceremony(old).field("end").field("reason").text == "superseded")
        #expect(try room.state(of: new) == "PENDING")
        try expectFirstEpoch(room)

        let left = try room.call("Status").field("status").field("left_keys").list
        #expect(left.map { $0.field("ceremony").text } == [declined, cancelled, old])
        let shown = try room.erin.does("status")
        #expect(shown.contains("ceremonyctl tidy \(old)"), "\(shown)")
        // Somebody else's key that has the same id in her token, and the same label.
        let other = room.carol.path("other.pem")
        let label = try room.broughtLabel("carol", to: declined)
        func objects(_ type: String) throws -> [String] {
            try room.carol.tool(
                "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--login", "--pin",
                room.carol.pin, "--list-objects", "--type", type
            ).out.lineList
        }
        let listed = try objects("pubkey")
        let place = try #require(listed.firstIndex { $0.hasSuffix(" " + label) })
        let keyID = try #require(
            listed[place...].first { $0.contains("ID:") }?.split(separator: " ").last)
        for command in [
            ["openssl", "genpkey", "-algorithm", "ed25519", "-out", other],
            [
                "softhsm2-util", "--import", other, "--token", "carol", "--label", label, "--id",
                String(keyID), "--force", "--pin", room.carol.pin,
            ],
        ] {
            let done = try room.carol.tool(command)
            try #require(done.status == 0, "\(done.err)")
        }
        func privateKeys() throws -> Int {
            try objects("privkey").count { $0.hasSuffix(" " + label) }
        }
        #expect(try privateKeys() == 2)
        for id in [declined, cancelled, old] {
            let key = try room.broughtKey("carol", to: id)
            let ended = try room.carol.tidies(id)
            #expect(ended.status == 0, "\(ended.err)")
            let tokens = try room.carol.does("tokens", "--json", "--module", CeremonyRoom.softHSM)
            #expect(!tokens.contains("\(key)"))
        }
        // Theirs is there as it was: no id and no label makes a key the one that was brought.
        #expect(try privateKeys() == 1)
        #expect(try room.call("Status").field("status").field("left_keys").list.isEmpty)
        #expect(
            try room.types().suffix(3) == [
                "object.destroyed", "object.destroyed", "object.destroyed",
            ])
        let again = try room.carol.tidies(old)
        #expect(again.status == 66, "\(again.err)")
    }

    @Test(
        "Expired while nobody was there, and killed at the commit: nothing has changed",
        arguments: roles)
    func expiredAndKilled(role: String) throws {
        let room = try council(role)
        let id = try coming(room)
        try room.stop()
        room.clock = "+2h"
        try room.open()
        #expect(try room.state(of: id) == "EXPIRED")
        try expectFirstEpoch(room)

        let killed = try coming(room)
        try room.approve(killed)
        try room.alice.accepts(killed, with: try room.broughtKey("alice", to: "council-1"))
        #expect(try room.state(of: killed) == "APPROVED")
        let draft = try room.dave.draft("execute", killed)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("carol is asked") {
            try room.ceremony(killed).field("asked").list.map(\.text) == ["carol"]
        }
        room.daemon?.signal(9)
        _ = room.buryDaemon()
        #expect(running.finish().status != 0)
        try room.open()
        #expect(try room.ceremony(killed).field("end").field("reason").text == "interrupted")
        try expectFirstEpoch(room)
        #expect(
            try room.call("Status").field("status").field("left_keys").list.map {
                $0.field("ceremony").text
            } == [id, killed])
        // With a new ceremony and a new key it goes on.
        let last = try coming(room)
        try room.approve(last)
        try room.alice.accepts(last, with: try room.broughtKey("alice", to: "council-1"))
        let done = try room.executeMembership(last, answering: ["carol"])
        #expect(done.status == 0, "\(done.err)")
        let shown = try JSON(room.erin.does("authority", "show", "council", "--json"))
        #expect(shown.field("epoch").number == 2)
    }

    @Test("A daemon that is stopped while members are waited for waits for nobody")
    func stoppedWhileAsking() throws {
        let room = try council()
        let id = try coming(room)
        try room.approve(id)
        try room.alice.accepts(id, with: try room.broughtKey("alice", to: "council-1"))
        let draft = try room.dave.draft("execute", id)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("carol is asked") {
            try room.ceremony(id).field("asked").list.map(\.text) == ["carol"]
        }
        try room.stop()
        let ended = running.finish()
        #expect(ended.status == 81 && ended.err.contains("interrupted"), "\(ended.err)")
        #expect(!room.daemonLog.contains("does not answer"), "\(room.daemonLog)")
        try room.open()
        #expect(try room.ceremony(id).field("end").field("reason").text == "interrupted")
        try expectFirstEpoch(room)
    }

    @Test("A commit ends every other change of the authority at once, also one that is carried out")
    func commitEndsOthers() throws {
        let room = try council()
        let waiting = try coming(room)
        try room.approve(waiting)
        try room.alice.accepts(waiting, with: try room.broughtKey("alice", to: "council-1"))
        let draft = try room.dave.draft("execute", waiting)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("carol is asked") {
            try room.ceremony(waiting).field("asked").list.map(\.text) == ["carol"]
        }
        // A removal waits for nobody.
        let removal = try room.startMembership("council", "remove=bob")
        try room.approve(removal)
        try room.alice.accepts(removal, with: try room.broughtKey("alice", to: "council-1"))
        let done = try room.executeMembership(removal, answering: [])
        #expect(done.status == 0, "\(done.err)")
        let overtaken = running.finish()
        #expect(overtaken.status != 0 && overtaken.err.contains("prestate-changed"))
        #expect(try room.state(of: waiting) == "FAILED")
        let late = try room.carol.run("answer", waiting, "--as", "carol", "--show")
        #expect(late.status == 81, "\(late.err)")
        let shown = try JSON(room.erin.does("authority", "show", "council", "--json"))
        #expect(shown.field("epoch").number == 2)
        #expect(shown.field("members").list.map { $0.field("name").text } == ["alice"])
    }

    @Test("Answers to another ceremony, by somebody else, or given twice are refused and recorded")
    func answers() throws {
        let room = try council()
        let id = try room.startMembership(
            "council",
            "add=carol=\(try room.carol.tokenIdentity),dave=\(try room.dave.tokenIdentity)")
        let other = try room.startMembership(
            "others", "role=group", "sign=1", "add=carol=\(try room.carol.tokenIdentity)")
        let (file, possession) = try room.carol.acceptanceDraft(id)
        let text = TestFile.text(file)
        // Another ceremony's, whoever signs it.
        let moved = room.carol.path("moved")
        try TestFile.write(moved, text.replacing("ceremony: \(id)", with: "ceremony: \(other)"))
        let misdirected = try room.carol.run(
            "submit", moved, try room.carol.signs(moved), "--possession", possession, "--json")
        #expect(misdirected.status == 1, "\(misdirected.err)")
        #expect(misdirected.out.contains("wrong-document"), "\(misdirected.out)")
        let before = try room.types().count
        let taken = try room.carol.run(
            "submit", file, try room.carol.signs(file), "--possession", possession)
        #expect(taken.status == 0, "\(taken.err)")
        let repeated = try room.carol.run(
            "submit", file, "\(file).carol.sig", "--possession", possession, "--json")
        #expect(repeated.status == 0 && repeated.out.contains("\"repeat\":true"), "\(repeated.out)")
        #expect(try room.types().count == before + 1)
        // Dave presents the key that carol made.
        let stolen = room.dave.path("stolen")
        try TestFile.write(
            stolen,
            text.replacing(
                "participant: carol \(try room.carol.tokenIdentity)",
                with: "participant: dave \(try room.dave.tokenIdentity)"))
        let refused = try room.dave.run(
            "submit", stolen, try room.dave.signs(stolen), "--possession", possession, "--json")
        #expect(refused.status == 1 && refused.out.contains("key-taken"), "\(refused.out)")
    }
}
