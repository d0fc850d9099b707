// Codes by which people come to a ceremony: made by whoever started it with their own token, used
// by whoever gets them, each in a client of their own.

import CeremonyRecord
import Testing

@Suite("A code brings the person whom it names to their part, once, and nobody else")
struct InviteTests {
    @Test("From the code to the key in the invitee's token, at the daemon and by files")
    func accepted() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.startCouncil()
        let code = try room.dave.invites("alice", to: id)
        // Alice's client meets the log by the code.
        #expect(!TestFile.exists(room.alice.home + "/state/ceremonyctl"))
        let file = room.alice.path("acceptance")
        let drafted = try room.alice.run(["accept", code, "--draft", file] + room.alice.withToken)
        #expect(drafted.status == 0, "\(drafted.err)")
        #expect(drafted.err.contains("The code names it, and nothing else says so"))
        let taken = try room.alice.run(
            "submit", file, try room.alice.signs(file), "--possession", file + ".possession.sig")
        #expect(taken.status == 0, "\(taken.err)")
        // Once.
        try room.refuses(1, "invite-used", says: "alice accepted at ") {
            try room.alice.run(
                ["accept", code, "--json", "--draft", room.alice.path("again")]
                    + room.alice.withToken)
        }
        try room.refuses(1, "already-answered") {
            try room.dave.run("invite", id, "--for", "alice", "--json")
        }

        // Bob has no daemon, only what was carried to him.
        let bundle = room.bob.path("bundle")
        _ = try room.dave.invites("bob", to: id, "--bundle", bundle)
        let acceptance = room.bob.path("acceptance")
        let away = try room.bob.run(
            [
                "--socket", "/nowhere", "accept", TestFile.text(bundle + "/code"), "--statement",
                bundle + "/statement", "--draft", acceptance,
            ] + room.bob.withToken)
        #expect(away.status == 0, "\(away.err)")
        #expect(away.err.contains("Whether the log knows that key cannot be seen"))
        let invite = try Invite(bytes: TestFile.bytes(bundle + "/invite"))
        #expect(invite.invitee.fingerprint == (try room.bob.tokenIdentity))
        let checked = try room.bob.tool(
            "ssh-keygen", "-Y", "check-novalidate", "-n", "ceremonyd-invite-v1", "-s",
            bundle + "/invite.sig", input: bundle + "/invite")
        #expect(checked.status == 0, "\(checked.err)")
        let signature = try room.bob.signs(acceptance)
        let files = [acceptance, signature, "--possession", acceptance + ".possession.sig"]
        let handed = try room.erin.run(["submit"] + files)
        #expect(handed.status == 0, "\(handed.err)")
        #expect(
            try room.ceremony(id).field("acceptances").list[0].field("have").number == 2)
        // The same files once more change nothing: the log has his answer.
        let before = try room.log()
        let replay = try room.erin.run(["submit"] + files)
        #expect(replay.status == 0, "\(replay.err)")
        #expect(try room.log() == before)
    }

    @Test("A code for something else, by somebody else, too late or for another is refused")
    func refused() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.startCouncil()
        let code = try InviteCode(text: try room.dave.invites("alice", to: id))
        let bob = try InviteCode(text: try room.dave.invites("bob", to: id))
        func tries(_ person: Person, _ text: String, _ more: String...) throws -> Ended {
            try person.run(
                ["accept", text, "--json", "--draft", person.path("x")] + more + person.withToken)
        }
        // Bob's token, and alice's code: it is said whose it is.
        try room.refuses(1, "invite-other-person", says: "The code is for alice") {
            try room.bob.run(["accept", code.text, "--json"] + room.bob.withToken)
        }
        var typo = Array(code.text.utf8)
        typo[40] = typo[40] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        try room.refuses(65, "invite-damaged", says: "mistyped") {
            try tries(room.alice, String(decoding: typo, as: UTF8.self))
        }
        // Whole, and not what dave signed.
        for change in [
            { $0.expires = $0.expires + 60 }, { $0.invitee = bob.invite.invitee },
            { $0.initiator = "erin" },
        ] as [(inout Invite) -> Void] {
            try room.refuses(1, "invite-forged") {
                try tries(room.alice, try room.resigned(code, with: nil, change))
            }
        }
        // Signed by somebody else, who is on the roster too.
        try room.refuses(1, "invite-forged") {
            try tries(room.alice, try room.resigned(code, with: room.erin) { _ in })
        }
        // Signed by dave, and still wrong.
        let wrong: [(String, (inout Invite) -> Void)] = [
            ("invite-other-log", { $0.log = "other.example/ceremony/rehearsal" }),
            ("invite-other-log", { $0.genesis = Digest(of: [1]) }),
            ("invite-other-statement", { $0.statement = Digest(of: [1]) }),
            ("invite-other-person", { $0.invitee.name = "erin" }),
            ("invite-other-person", { $0.set = "council" }),
            ("invite-forged", { $0.expires = $0.expires + 86_400 }),
            ("invite-expired", { $0.expires = Timestamp(seconds: 1_000_000) }),
        ]
        for (refusal, change) in wrong {
            try room.refuses(1, refusal) {
                try tries(room.alice, try room.resigned(code, with: room.dave, change))
            }
        }
        // Somebody else's, with their own key or name, or without the key.
        try room.refuses(77, "not-listed") { try tries(room.bob, code.text) }
        try room.refuses(1, "invite-other-person") {
            try tries(room.alice, code.text, "--as", "bob")
        }
        // Another ceremony takes none of it.
        let other = try room.startMembership(
            "board", "role=group", "sign=1", "add=alice=\(try room.alice.tokenIdentity)")
        try room.refuses(1, "invite-other-statement") {
            try tries(room.alice, try room.resigned(code, with: room.dave) { $0.ceremony = other })
        }
        // Nobody but who started it makes one, and only for those whom it asks.
        try room.refuses(77, "not-listed") {
            try room.alice.run(["invite", id, "--for", "bob", "--json"] + room.alice.withToken)
        }
        try room.refuses(66, "not-listed", says: "asks nothing of erin") {
            try room.dave.run("invite", id, "--for", "erin", "--json")
        }
        // An ended ceremony: the code is dead with it.
        try room.dave.submits(try room.dave.draft("cancel", id, "--reason", "enough"), .act)
        try room.refuses(81, "ended") { try tries(room.alice, code.text) }
        try room.refuses(81, "ended") {
            try room.dave.run("invite", id, "--for", "alice", "--json")
        }
    }

    @Test("By files, a statement that is another one or that its initiator did not sign is refused")
    func carried() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.startCouncil()
        let bundle = room.bob.path("bundle")
        let code = try room.dave.invites("bob", to: id, "--bundle", bundle)
        func tries(_ statement: String, _ signature: String) throws -> Ended {
            try room.bob.run(
                [
                    "--socket", "/nowhere", "accept", code, "--statement", statement,
                    "--statement-signature", signature, "--json", "--draft", room.bob.path("x"),
                ] + room.bob.withToken)
        }
        let text = TestFile.text(bundle + "/statement")
        let other = room.bob.path("other")
        try TestFile.write(
            other, text.replacing("reason: change of council", with: "reason: another"))
        try room.refuses(1, "bad-signature") { try tries(other, bundle + "/statement.sig") }
        let signed = try room.dave.sign(other, .open)
        try room.refuses(1, "invite-other-statement") { try tries(other, signed) }
        let erins = try room.erin.sign(bundle + "/statement", .open)
        try room.refuses(1, "bad-signature") { try tries(bundle + "/statement", erins) }
        try room.refuses(65, "signature-file") { try tries(bundle + "/statement", other) }
        #expect(!TestFile.exists(room.bob.home + "/state/ceremonyctl"))
    }
}

extension Person {
    /// dave's code for somebody, made with his key by files.
    func invites(_ name: String, to id: String, _ options: String...) throws -> String {
        let file = path("invite")
        try does("invite", id, "--for", name, "--draft", file)
        let ended = try run(
            ["invite", id, "--for", name, "--document", file, "--signature", sign(file, .invite)]
                + options)
        try #require(ended.status == 0, "\(ended.err)")
        #expect(try InviteCode(text: ended.out).text == ended.line)
        return ended.line
    }
}

extension CeremonyRoom {
    /// dave asks alice and bob to make up a group.
    func startCouncil() throws -> String {
        try startMembership(
            "council", "role=group", "sign=1",
            "add=alice=\(try alice.tokenIdentity),bob=\(try bob.tokenIdentity)")
    }

    /// A code with something else in it: signed again by somebody, or under the old signature.
    func resigned(
        _ code: InviteCode, with signer: Person?, _ change: (inout Invite) -> Void
    ) throws -> String {
        var invite = code.invite
        change(&invite)
        guard let signer else {
            let key = try #require(SSHPublicKey(line: dave.publicKey))
            return InviteCode(invite, signedBy: try code.sshsig(by: key)).text
        }
        let file = signer.path("invite")
        try TestFile.write(file, invite.bytes)
        let armored = TestFile.bytes(try signer.sign(file, .invite))
        return InviteCode(invite, signedBy: try SSHSIG(armored: armored)).text
    }
}
