// A compromised key of a real vault: what it signed after the trust boundary is contested, and the
// new key stands for some of it in the same ceremony. The package's own reducer is the judge.

import CeremonyRecord
import Testing

@Suite("A new key stands for contested events of a Provara vault")
struct VaultVouchingTests {
    @Test(
        "The real reducer believes what was attested again, the real verifier passes, and the next key may go on"
    )
    func compromise() throws {
        let vault = try VaultRoom()
        let room = vault.room
        let events = vault.events()
        try #require(events.count == 6)
        let peer = room.directory + "/peer"
        try #require(try room.house.tool("cp", "-a", vault.vault, peer).status == 0)
        let order = [
            "provara", "rotate", "alpha", "--into", "house", "--revoke", VaultRoom.root,
            "--with-authority", VaultRoom.quorum, "--cause", "key_compromise",
            "--trust-boundary", events[1], "--roles", "root,attestation", "--reason", "a theft",
            "--as", "dave",
        ]

        // Whoever starts it sees what the events say where the vault can be read, and else that
        // nobody has looked.
        let path = room.dave.path("blind")
        let chosen = ["--reattest", events[2], "--reattest", events[5]]
        let blind = try room.dave.run(order + chosen + ["--draft", path])
        try #require(blind.status == 0, "\(blind.err)")
        let flat = Self.flat(blind.err)
        #expect(flat.contains("What these events say was NOT seen by this client"), "\(blind.err)")
        try room.refuses(1, "vault-unfit", says: "is not contested") {
            try room.dave.run(order + ["--json", "--reattest", events[1], "--draft", path])
        }
        try room.refuses(1, "vault-unfit", says: "does not come after") {
            try room.dave.run(
                order + ["--json", "--reattest", events[5], "--reattest", events[2]]
                    + ["--draft", path])
        }
        try room.refuses(64, "bad-parameter", says: "each once") {
            try room.dave.run(
                order + ["--json", "--reattest", events[5], "--reattest", events[5]]
                    + ["--draft", path])
        }
        let draft = room.dave.path("draft")
        let started = try room.dave.run(
            order + chosen + ["--vault-copy", vault.vault, "--draft", draft])
        try #require(started.status == 0, "\(started.err)")
        try expectShown(started.err, events)
        let id = try room.dave.submits(draft, .open).field("ceremony").text

        // So does every witness, and one whose copy says something else signs nothing.
        let seen = try room.erin.run(
            "witness", id, "--as", "erin", "--vault-copy", peer, "--draft",
            room.erin.path("statement"))
        #expect(seen.status == 0, "\(seen.err)")
        try expectShown(seen.err, events)
        let forged = room.directory + "/forged"
        try #require(try room.house.tool("cp", "-a", peer, forged).status == 0)
        try #require(
            try room.house.tool(
                "sed", "-i", "s/observation 3 of 4/observation 9 of 4/",
                forged + "/events/events.ndjson"
            ).status == 0)
        try room.refuses(1, "vault-differs") {
            try room.erin.run(
                "witness", id, "--json", "--as", "erin", "--vault-copy", forged, "--draft",
                room.erin.path("statement"))
        }

        try room.approve(id)
        try room.execute(id)
        let root = try room.keyMade(by: id)
        try vault.expectVerified(rotations: 1)
        let new = VaultRoom.id(of: root)
        #expect(
            try vault.beliefs() == [
                "door/0:state = 21.5 by \(new) for \(events[2])",
                "door/3:state = \"caf\u{e9}/\u{2615}\" by \(new) for \(events[5])",
            ])
        try expectAttested(vault, [events[2], events[5]], of: Array(events[2...]))

        // A peer gets them with the rotation; the new key goes on.
        try room.mallory.does("provara", "apply-rotation", peer, "--from", vault.vault)
        try vault.expectVerified(peer, rotations: 1)
        #expect(vault.events(in: peer) == vault.events())
        #expect(vault.events().count == events.count + 4)
        try vault.append(with: root, by: "actor_1")
        try vault.expectVerified(rotations: 1)

        // What was left is attested by the key after that.
        let next = try vault.rotates([
            "--revoke", new, "--with-authority", VaultRoom.quorum, "--reattest", events[3],
        ])
        try vault.expectVerified(rotations: 2)
        #expect(
            try vault.beliefs().contains(
                "door/1:state = 1e-05 by \(VaultRoom.id(of: next)) for \(events[3])"))
        try expectAttested(vault, [events[2], events[3], events[5]], of: Array(events[2...]))
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
    }

    /// What the two events say stands there, and that the client has read it.
    private func expectShown(_ text: String, _ events: [String]) throws {
        let flat = Self.flat(text)
        #expect(flat.contains("The new key stands for 2 contested events"), "\(text)")
        for (event, value) in [(events[2], "21.5"), (events[5], "caf\u{e9}/\u{2615}")] {
            #expect(flat.contains("\(event) says: {\"confidence\":0.75,"), "\(text)")
            #expect(flat.contains(value), "\(text)")
        }
        #expect(flat.contains("which this client read by itself"), "\(text)")
        #expect(!flat.contains("NOT seen"), "\(text)")
    }

    /// As `provara verify` lists them.
    private func expectAttested(_ vault: VaultRoom, _ attested: [String], of all: [String]) throws {
        let told = try vault.room.erin.does("provara", "verify", vault.vault)
        #expect(told.contains("attested again by evt_"))
        let json = try JSON(
            try vault.room.erin.does("provara", "verify", vault.vault, "--json").trimmed)
        let contested = json.field("contested").list
        #expect(contested.map { $0.field("event").text } == all)
        #expect(
            contested.filter { !$0.field("attested_by").text.isEmpty }
                .map { $0.field("event").text } == attested)
    }

    /// Without the line breaks that fit it to a screen.
    private static func flat(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
