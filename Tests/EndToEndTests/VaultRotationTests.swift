// A real vault's keys rotated by ceremony, with the built programs, keys in SoftHSM tokens, and the
// package from PyPI as the judge after every step.

import CeremonyRecord
import Testing

@Suite("The keys of a Provara vault are rotated")
struct VaultRotationTests {
    @Test(
        "Root by quorum, quorum by the new root: the real verifier passes, peers confirm, gates open"
    )
    func twice() throws {
        let vault = try VaultRoom()
        let room = vault.room
        try vault.expectVerified(rotations: 0)
        // No ceremony was about it yet: a name that is mistyped would look the same.
        #expect(try vault.gate("L3").status == 66)
        #expect(try vault.gate("L3", "--never-rotated").status == 0)
        let peer = room.directory + "/peer"
        try #require(try room.house.tool("cp", "-a", vault.vault, peer).status == 0)
        let stranger = try #require(SSHPublicKey(line: room.mallory.publicKey)).fingerprint
        let id = try vault.starts([
            "--revoke", VaultRoom.root, "--with-authority", VaultRoom.quorum, "--roles",
            "root,attestation", "--peers", "heidi,mallory=\(stranger)",
        ])
        #expect(id == "alpha-root-1")
        try expectClosed(vault, "under way")
        try room.approve(id)
        try room.execute(id)
        let root = try room.keyMade(by: id)
        try vault.expectVerified(rotations: 1)
        #expect(try room.ceremony(id).field("key_status").text == "active")
        #expect(try room.types().suffix(3) == ["ceremony.completed", "key.activated", "step.done"])

        // The window stays shut until both peers have confirmed, one of them on no roster.
        try expectClosed(vault, "not confirmed yet by: heidi and mallory")
        let told = try room.erin.does("next")
        #expect(told.contains("heidi: confirm that you follow \(id)"), "\(told)")
        #expect(told.contains("ceremonyctl confirm \(id)"))
        try confirms(room, room.person("heidi"), id)
        try expectClosed(vault, "not confirmed yet by: mallory")
        let unready = try room.mallory.run(
            "confirm", id, "--vault", peer, "--as", "mallory", "--draft", peer + ".act")
        #expect(unready.status == 1 && unready.err.contains("apply-rotation"), "\(unready.err)")
        let applied = try room.mallory.does(
            "provara", "apply-rotation", peer, "--from", vault.vault)
        #expect(applied.contains("2 events") && applied.contains("manifest.sig is stale"))
        try vault.expectVerified(peer, rotations: 1)
        let again = try room.mallory.does("provara", "apply-rotation", peer, "--from", vault.vault)
        #expect(again.contains("Nothing was to be done"))
        try confirms(room, room.mallory, id, "--vault", peer)
        try expectOpen(vault)
        let twice = try room.mallory.run("confirm", id, "--json")
        #expect(twice.status == 1 && twice.out.contains("already-answered"), "\(twice.out)")

        // The new key works in the vault, and is the next authority.
        try vault.append(with: root, by: "actor_1")
        try vault.expectVerified(rotations: 1)
        let quorum = try vault.rotates([
            "--revoke", VaultRoom.quorum, "--with-authority", VaultRoom.id(of: root), "--roles",
            "quorum,attestation",
        ])
        #expect(quorum.record.ceremony == "alpha-quorum-1")
        try vault.expectVerified(rotations: 2)
        try expectOpen(vault)
        try vault.append(with: quorum, by: "actor_0")
        try vault.expectVerified(rotations: 2)
        // The keys are known by their subjects from now on, and by what revoked them.
        let third = try vault.rotates([
            "--revoke", VaultRoom.id(of: root), "--with-authority", VaultRoom.id(of: quorum),
        ])
        #expect(third.record.ceremony == "alpha-root-2")
        try vault.expectVerified(rotations: 3)
        #expect(try room.key(root.fingerprint).field("key").field("status").text == "retired")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
    }

    @Test("The authority's holder signs in a token of their own what their client made itself")
    func answer() throws {
        let vault = try VaultRoom(quorumHeldBy: "alice")
        let (room, alice) = (vault.room, vault.room.alice)
        let order = [
            "--revoke", VaultRoom.root, "--with-authority", VaultRoom.quorum, "--authority-by",
            "alice", "--roles", "root,attestation",
        ]
        let before = try vault.fingerprint()
        try room.refuses(75, "not-yet") { try alice.run("answer", "--json") }

        // Whoever has accepted may still say no when asked: the vault is as before, and the new key
        // is gone.
        let declined = try vault.starts(order)
        try accept(room, declined)
        try room.approve(declined)
        let refused = try execute(room, declined)
        let no = try alice.draft("decline", declined, "--part", "--reason", "not this one")
        try alice.submits(no, .act)
        #expect(refused.finish().status == 81)
        let ended = try room.ceremony(declined)
        #expect(ended.field("state").text == "FAILED")
        #expect(ended.field("end").field("reason").text == "declined")
        #expect(ended.field("end").field("left").list.isEmpty)
        #expect(try vault.fingerprint() == before)
        try expectOpen(vault)

        let id = try vault.starts(order)
        try accept(room, id)
        try room.approve(id)
        let execution = try execute(room, id)
        #expect(try room.erin.does("show", id).contains("signature by alice: "))
        #expect(try room.erin.does("status").contains("ceremonyctl answer \(id)"))
        #expect(try alice.does("next", "--as", "alice").contains("ceremonyctl answer \(id)"))
        let shown = try JSON(try alice.does("answer", "--show", "--json").trimmed)
        let messages = shown.field("messages").list
        #expect(messages.map { $0.field("title").text } == ["KEY_REVOCATION", "KEY_PROMOTION"])
        for message in messages {
            #expect(message.field("text").text.contains("\"actor_key_id\":\"\(VaultRoom.quorum)\""))
        }
        let digests = messages.map { $0.field("digest").text }
        let yes = digests.flatMap { ["--confirm", $0] }
        // In another order it is another document; somebody else has no such key.
        try room.refuses(1, "confirm-mismatch") {
            try alice.run(
                ["answer", id, "--json", "--confirm", digests[1], "--confirm", digests[0]]
                    + alice.withToken)
        }
        let other = try room.bob.run(["answer", id, "--json"] + yes + room.bob.withToken)
        #expect(other.status == 74 || other.status == 77, "\(other.err)")
        let answered = try alice.run(["answer", id] + yes + alice.withToken)
        try #require(answered.status == 0, "\(answered.err)")
        #expect(answered.err.contains("The receiving token cannot be seen from here"))
        #expect(answered.err.contains("payload.revoked_key_id: \(VaultRoom.root)"))
        let executed = execution.finish()
        #expect(executed.status == 0, "\(executed.err)")
        #expect(executed.err.contains("waiting for alice: ceremonyctl answer \(id)"))
        try vault.expectVerified(rotations: 1)
        let root = try room.keyMade(by: id)
        try vault.append(with: root, by: "actor_0")
        try vault.expectVerified(rotations: 1)
        try room.refuses(81, "ended") { try alice.run("answer", id, "--json") }
    }

    @Test("A vault without an authority begins anew beside the old one, which stays as it is")
    func reset() throws {
        let vault = try VaultRoom()
        let room = vault.room
        let before = try vault.fingerprint()
        let path = room.dave.path("draft")
        let drafted = try room.dave.run(
            "start", "provara-hard-reset", "beta-root", "--into", "house", "--set", "vault=alpha",
            "--set", "new-vault=beta", "--set", "new-uid=beta.vault", "--set", "ordered-by=alice",
            "--set", "peers=heidi", "--reason", "every authority is lost", "--as", "dave",
            "--draft", path)
        try #require(drafted.status == 0, "\(drafted.err)")
        #expect(drafted.err.contains("still have authority: \(VaultRoom.quorum),\(VaultRoom.root)"))
        let id = try room.dave.submits(path, .open).field("ceremony").text
        try accept(room, id)
        try room.approve(id)
        try room.execute(id)
        #expect(try vault.fingerprint() == before)
        try vault.expectVerified(vault.successor, rotations: 0)
        try vault.expectVerified(vault.successor, "--follow-predecessors", rotations: 0)
        #expect(try room.erin.run("provara", "gate", "beta", "L3").status == 1)
        try confirms(room, room.person("heidi"), id, "--vault", vault.successor)
        #expect(try room.erin.run("provara", "gate", "beta", "L3").status == 0)
        let due = try room.erin.run("due").out
        let key = VaultRoom.id(of: try room.keyMade(by: id))
        #expect(due.contains("provara rotate beta --revoke \(key)"), "\(due)")
    }

    // MARK: Steps

    /// dave's order, under way until somebody has signed.
    private func execute(_ room: CeremonyRoom, _ id: String) throws -> Program {
        let draft = try room.dave.draft("execute", id)
        let running = try room.dave.begin(["submit", draft, try room.dave.sign(draft, .act)])
        try eventually("alice is asked") {
            try #require(running.isRunning, "the execution ended: \(running.finish().err)")
            return try room.ceremony(id).field("asked").list.map(\.text) == ["alice"]
        }
        return running
    }

    private func accept(_ room: CeremonyRoom, _ id: String) throws {
        let draft = try room.alice.draft("accept", id)
        try room.alice.submits(draft, .accept)
    }

    private func confirms(
        _ room: CeremonyRoom, _ person: Person, _ id: String, _ options: String...
    ) throws {
        let path = person.path("confirmation")
        try person.does(["confirm", id] + options + ["--as", person.name, "--draft", path])
        #expect(TestFile.text(path).contains("evidence: merkle_root.txt sha256:"))
        try person.submits(path, .act)
    }

    private func expectOpen(_ vault: VaultRoom) throws {
        for tier in ["L0", "L1", "L2", "L3"] {
            let ended = try vault.gate(tier, "--l2")
            #expect(ended.status == 0, "\(ended.err)")
        }
    }

    private func expectClosed(_ vault: VaultRoom, _ why: String) throws {
        for tier in ["L0", "L1", "L2"] { #expect(try vault.gate(tier).status == 0) }
        for ended in [try vault.gate("L3"), try vault.gate("L2", "--l2")] {
            #expect(ended.status == 1)
            #expect(ended.err.contains(why), "\(ended.err)")
        }
    }
}
