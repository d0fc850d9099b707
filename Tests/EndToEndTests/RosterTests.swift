// People and rules that change, with the built programs: somebody comes and witnesses, or goes; a
// lost token is replaced; a threshold is set. alice, bob and dave are the keepers.

import CeremonyRecord
import Testing

@Suite("People and rules change")
struct RosterTests {
    @Test("Somebody new accepts with a key that nobody knew, and then witnesses")
    func enroll() throws {
        try withRoom { room in
            let mallory = room.mallory
            let id = try room.startRoster(
                "--member", "mallory", "--kind", "external", "--roles", "witness", "--display",
                "Mallory is welcome", "--new-key", mallory.publicKey, "--new-key",
                "\(try mallory.serial) \(mallory.identity)")
            // Her own client shows what she accepts; one acceptance for each key.
            let statement = try room.ceremony(id).field("document").list.map(\.text)
            #expect(statement.count { $0.utf8.starts(with: "accept: roster mallory ".utf8) } == 2)
            // Her token and her name are enough to find out what is asked of her, on no roster yet.
            let inFile = try #require(SSHPublicKey(line: mallory.publicKey)).fingerprint
            let inToken = try #require(SSHPublicKey(line: mallory.identity)).fingerprint
            let asked = try mallory.does("next", "--module", CeremonyRoom.softHSM)
            for key in [inFile, inToken] {
                #expect(asked.contains("ceremonyctl accept \(id) --key \(key)"), "\(asked)")
            }
            #expect(!asked.contains("witness \(id)"), "\(asked)")
            // Her name alone says the same, without the time that is left: that passes.
            func tasks(_ options: String...) throws -> [JSON] {
                try JSON(try mallory.does(["next", "--json"] + options).trimmed).field("tasks").list
            }
            let named = try tasks("--as", "mallory")
            #expect(try named == tasks("--module", CeremonyRoom.softHSM) && named.count == 2)
            try mallory.accepts(id)
            let left = try mallory.does("next", "--module", CeremonyRoom.softHSM)
            #expect(left.contains("with the key \(inToken)"), "\(left)")
            #expect(left.contains("ceremonyctl accept \(id)\n") && !left.contains("\(inFile)"))
            #expect(try room.erin.run("next", "--as", "nobody").status == 77)
            let shown = try mallory.run(
                ["accept", "--as", "mallory", "--confirm", mallory.keyFile] + mallory.withToken)
            #expect(shown.err.contains("COMES   mallory"))
            try room.approve(id, by: ["alice", "bob"])
            #expect(try room.state(of: id) == "PENDING")
            let path = mallory.path("draft")
            try mallory.does("accept", id, "--as", "mallory", "--draft", path)
            let taken = try mallory.acceptsInToken(path)
            #expect(taken.field("state").text == "COMPLETED")
            #expect(
                try mallory.does("next", "--module", CeremonyRoom.softHSM)
                    == "Nothing is awaited of mallory now.\n")
            let next = try room.start("keeper-alpha")
            try room.approve(next, by: ["mallory", "erin", "frank"])
            #expect(try room.state(of: next) == "APPROVED")
            try room.execute(next)
            // Those who answered before and after the change are in evidence that verifies.
            try room.expectVerified(holds: [
                "roster/2/acceptance.roster.mallory.txt",
                "roster/2/acceptance.roster.mallory+2.txt.sig",
                "ceremonies/\(id)/acceptance.roster.mallory.txt.sig",
            ])
        }
    }

    @Test("A person who is removed is refused, and what they attested stands")
    func remove() throws {
        try withRoom { room in
            let made = try room.start("keeper-alpha")
            try room.approve(made)
            try room.execute(made)
            try room.attest(made, by: ["erin"])
            let record = try room.ceremony(made).field("record").list.map(\.text)
            let id = try room.startRoster("--remove", "erin", "--remove", "heidi")
            try room.approve(id, by: ["alice", "bob"])
            #expect(try room.state(of: id) == "COMPLETED")
            // Nobody waits for those who went.
            let shown = try room.alice.does("show", made).lineList
            #expect(
                shown.contains { $0.contains("heidi") && $0.contains("no longer on the roster") })
            let awaited = "attestation by alice, bob, carol, frank and grace:"
            #expect(shown.contains { $0.contains(awaited) }, "\(shown)")
            #expect(shown.contains { $0.contains("erin") && $0.contains("attested") })
            let next = try room.start("keeper-beta")
            try room.refuses(77, "not-on-roster") {
                let heidi = room.person("heidi")
                let path = try heidi.write(record)
                return try heidi.submit(path, .attest)
            }
            try room.refuses(77, "not-on-roster") {
                let statement = try room.ceremony(next).field("document").list.map(\.text)
                return try room.erin.submit(try room.erin.write(statement), .approve)
            }
            try room.refuses(77, "not-on-roster") {
                try room.erin.run("witness", next, "--as", "erin", "--draft", "x", "--json")
            }
            // The client of somebody who stays attests a key of the time before.
            try room.alice.attestsInToken(made)
            try room.attest(made, by: ["frank"])
            #expect(try room.ceremony(made).field("key_status").text == "active")
            #expect(try room.ceremony(made).field("attestations").field("have").number == 3)
        }
    }

    @Test("Three keepers and an operator replace a lost token; with one keeper fewer it is told")
    func lostToken() throws {
        try withRoom { room in
            // carol becomes the third keeper besides the operator's ceremony.
            let first = try room.startRoster("--member", "carol", "--kind", "keeper")
            try room.approve(first, by: ["alice", "bob"])
            let lost = try room.keys(of: "carol")
            try room.carol.makeToken("carol-new")
            let line = try room.carol.does(
                ["identity", "create", "--token", try room.carol.serial(of: "carol-new")]
                    + room.carol.withToken
            ).trimmed
            let id = try room.startRoster(
                "--remove-key", lost[0], "--remove-key", lost[1], "--add-key", "carol=\(line)")
            let statement = try room.ceremony(id).field("document").list.map(\.text)
            #expect(statement.contains("excluded: carol dave"))
            try room.approve(id, by: ["alice", "bob"])
            // The new token alone says who she is.
            let serial = try room.carol.serial(of: "carol-new")
            let asked = try room.carol.does(
                "next", "--module", CeremonyRoom.softHSM, "--token", serial)
            #expect(asked.contains("carol: accept a part in \(id)"), "\(asked)")
            #expect(!asked.contains("alice: ") && !asked.contains("dave: "), "\(asked)")
            let path = room.carol.path("draft")
            try room.carol.does("accept", id, "--as", "carol", "--draft", path)
            let taken = try room.carol.acceptsInToken(path)
            #expect(taken.field("state").text == "COMPLETED")
            #expect(try room.keys(of: "carol").count == 1)
            // alice and bob are left where carol is no keeper, and bob has lost his.
            let back = try room.startRoster("--member", "carol", "--kind", "external")
            try room.approve(back, by: ["alice", "bob"])
            let bobs = try room.keys(of: "bob")
            try room.refuses(1, "unmeetable", says: "2 approvals") {
                try room.dave.run(
                    "start", "set-roster", "--reason", "lost", "--remove-key", bobs[0],
                    "--remove-key", bobs[1], "--add-key", "bob=\(room.mallory.publicKey)", "--as",
                    "dave", "--draft", room.dave.path("draft"), "--json")
            }
        }
    }

    @Test("Options go with the kinds that take them, and with no others")
    func options() throws {
        try withRoom { room in
            let dave = room.dave
            func refuses(_ options: [String], says words: String) throws {
                let ended = try dave.run(
                    ["start"] + options + ["--reason", "x", "--as", "dave", "--json"]
                        + ["--draft", dave.path("draft")])
                #expect(ended.status == 64, "\(ended.err)")
                let error = try JSON(ended.line).field("error")
                #expect("\(error.field("detail").text) \(error.field("next").text)" == words)
            }
            for option in [["--remove", "erin"], ["--policy", "none"]] {
                try refuses(
                    ["halt-clear"] + option,
                    says: "Options about people and rules do not fit halt-clear. They are for "
                        + "set-roster and set-policy.")
            }
            try refuses(
                ["set-roster", "--policy", "none"],
                says: "--policy is for set-policy. Start set-policy for the rules.")
            try refuses(
                ["set-policy", "--set", "attest_days=8", "--remove", "erin"],
                says: "Rules are changed, and options about people stand there. Start set-roster "
                    + "for the people.")
        }
    }

    @Test("A newcomer who declines ends the ceremony")
    func decline() throws {
        try withRoom { room in
            let mallory = room.mallory
            let id = try room.startRoster(
                "--member", "mallory", "--kind", "external", "--new-key", mallory.publicKey)
            let path = try mallory.draft("decline", id, "--part", "--reason", "not me")
            try mallory.submits(path, .act)
            #expect(try room.ceremony(id).field("end").field("reason").text == "declined")
        }
    }

    @Test("Rules are set from plain words, and what was under way ends")
    func policy() throws {
        try withRoom { room in
            let pending = try room.start("keeper-alpha")
            let path = room.dave.path("draft")
            let ended = try room.dave.run(
                "start", "set-policy", "--set", "kinds.new-keeper-key.threshold=2", "--reason",
                "fewer of us", "--as", "dave", "--draft", path)
            try #require(ended.status == 0, "\(ended.err)")
            #expect(ended.err.contains("kinds.new_keeper_key.threshold: from 3 to 2"))
            let id = try room.dave.submits(path, .open).field("ceremony").text
            try room.approve(id)
            #expect(
                try room.ceremony(pending).field("end").field("reason").text == "prestate-changed")
            let next = try room.start("keeper-alpha")
            try room.approve(next, by: ["erin", "frank"])
            #expect(try room.state(of: next) == "APPROVED")
            // A statement of the time before is still shown, and still holds.
            try room.alice.does("show", pending)
        }
    }
}

extension CeremonyRoom {
    /// dave starts a change of the roster; gives back its identifier.
    fileprivate func startRoster(_ options: String...) throws -> String {
        let path = dave.path("draft")
        try dave.does(
            ["start", "set-roster", "--reason", "the house changes"] + options
                + ["--as", "dave", "--draft", path])
        return try dave.submits(path, .open).field("ceremony").text
    }

    /// The fingerprints of somebody's keys.
    fileprivate func keys(of name: String) throws -> [String] {
        try call("Roster").field("roster").field("members").list.first {
            $0.field("name").text == name
        }?.field("keys").list.map { $0.field("fingerprint").text } ?? []
    }

    /// The exported evidence verifies, and has these files.
    fileprivate func expectVerified(holds files: [String]) throws {
        let folder = dave.path("evidence")
        try dave.does("export", folder)
        try dave.does("verify", folder, "--genesis", genesis, "--rehearsal")
        for file in files { #expect(TestFile.exists(folder + "/" + file), "\(file)") }
    }
}

extension Person {
    /// Accepts by file exchange, with the key file.
    fileprivate func accepts(_ id: String) throws {
        let path = path("draft")
        try does("accept", id, "--as", name, "--draft", path)
        try submits(path, .accept)
    }

    /// Signs a drafted acceptance in the token and hands it in.
    fileprivate func acceptsInToken(_ path: String) throws -> JSON {
        try does(["sign", path, "--confirm", path] + withToken)
        return try JSON(try does("submit", path, "\(path).\(name).sig", "--json"))
    }

    /// Attests with the token, seeing the record for the first time.
    fileprivate func attestsInToken(_ id: String) throws {
        let path = path("draft")
        try does("attest", id, "--as", name, "--draft", path)
        try submits(path, .attest)
    }
}
