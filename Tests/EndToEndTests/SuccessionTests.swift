// The log token is lost. The house founds a successor log from its last export, and goes on with
// the key that the old log made: rotates it, revokes it, exports, and a stranger verifies both logs
// as one history. Everything by the built programs.

import CeremonyRecord
import Glibc
import Testing

@Suite("A successor log, end to end")
struct SuccessionTests {
    private static let origin = "room.example/ceremony-2/rehearsal"

    @Test("A lost log token ends in a successor that rotates and revokes the carried key")
    func whole() throws {
        let room = try CeremonyRoom.copy()
        try room.house.makeToken("annex")
        room.furtherTokens = ["annex"]
        try room.open()
        try room.unlock("annex")
        #expect(try room.complete("keeper-alpha", "--into", "annex") == "keeper-alpha-1")
        let old = try #require(try room.keys().first)
        let evidence = room.directory + "/old-evidence"
        try room.erin.does("export", evidence)
        try room.stop()

        try lose(room)
        let genesis = try found(room, after: evidence)
        try room.start()
        #expect(try room.erin.does("status").contains("goes on from: \(CeremonyRoom.origin)"))
        try room.unlock()
        try room.unlock("annex")
        #expect(try room.keys() == [old])
        let listed = try room.erin.does("keys")
        #expect(listed.contains("keeper-alpha-1 of \(CeremonyRoom.origin)"))

        let rotation = try room.begin(
            "key-rotation", "keeper-alpha", "--into", "annex", "--reason", "after the loss")
        #expect(rotation == "keeper-alpha-2")
        try room.approve(rotation)
        try room.execute(rotation)
        try room.attest(rotation)
        #expect(try room.statuses() == ["retiring", "active"])
        let revocation = try room.begin(
            "key-revocation", "keeper-alpha", "--set", "key=\(old)", "--set", "cause=compromise",
            "--reason", "it was near the lost token")
        try room.approve(revocation, by: ["alice", "bob"])
        #expect(try room.statuses() == ["revoked", "active"])

        let new = room.directory + "/new-evidence"
        try room.erin.does("export", new)
        let verified = try room.erin.run("verify", new, "--rehearsal", "--genesis", genesis)
        #expect(verified.status == 0, "\(verified.err)")
        #expect(verified.out.contains("one history"), "\(verified.out)")
        #expect(verified.out.contains(room.genesis), "\(verified.out)")
        try room.expectReadmeHolds(in: new, heads: 1)
        let seen = try room.erin.run(
            "verify", new, "--rehearsal", "--genesis", genesis, "--seen",
            evidence + "/log/checkpoint")
        #expect(seen.status == 0, "\(seen.err)")
        #expect(
            try room.erin.run("verify", evidence, "--rehearsal", "--genesis", room.genesis).status
                == 0)
        // The old log alone does not stand for the new one.
        #expect(
            try room.erin.run("verify", new, "--rehearsal", "--genesis", room.genesis).status == 1)
        // Nothing of the old part may be left out.
        _ = try room.house.tool("rm", "-r", new + "/predecessor")
        #expect(try room.erin.run("verify", new, "--rehearsal", "--genesis", genesis).status == 1)
        try room.stop()
        // And a daemon without it does not start.
        _ = try room.house.tool("rm", "-r", room.stateDirectory + "/predecessor")
        let run = try room.ceremonyd("run", "--config", room.directory + "/ceremonyd.toml")
        #expect(run.status != 0 && run.err.contains("goes on from"), "\(run.err)")
    }

    /// The log token is gone with everything on it, and the machine with its log.
    private func lose(_ room: CeremonyRoom) throws {
        let deleted = try room.house.tool(
            "softhsm2-util", "--delete-token", "--token", "house")
        try #require(deleted.status == 0, "\(deleted.err)")
        _ = try room.house.tool("rm", "-rf", room.stateDirectory)
        unsafe mkdir(room.stateDirectory, 0o700)
        try room.house.makeToken("house")
        try room.configure()
    }

    /// heidi is not here any more; everybody else founds the successor.
    private func found(_ room: CeremonyRoom, after evidence: String) throws -> String {
        let configuration = room.directory + "/ceremonyd.toml"
        let made = try room.ceremonyd(
            "log-key", "--config", configuration, "--origin", Self.origin, "--pin-file",
            room.house.home + "/pin")
        try #require(made.status == 0, "\(made.err)")
        let key = ["vkey: ", "uri: "].map { name in
            made.out.lineList.first { $0.hasPrefix(name) }?.dropFirst(name.utf8.count)
                .description ?? ""
        }.joined(separator: " ")
        let planned = try room.dave.does(
            "genesis", "plan", "--continues", evidence, "--genesis", room.genesis)
        let plan = planned.lineList.compactMap { line -> String? in
            if line.hasPrefix("origin: ") { return "origin: \(Self.origin)" }
            if line.hasPrefix("log-key: ") { return "log-key: \(key)" }
            return line.contains(" heidi") ? nil : line
        }
        let genesis = room.directory + "/genesis-2"
        try TestFile.write(genesis + ".plan", plan.joined(separator: "\n") + "\n")
        let drafted = try room.dave.run(
            "genesis", "draft", genesis + ".plan", "--continues", evidence, "-o", genesis)
        try #require(drafted.status == 0, "\(drafted.err)")
        #expect(drafted.err.contains("not here any more: heidi"), "\(drafted.err)")
        for name in CeremonyRoom.withTokens + CeremonyRoom.withKeyFiles where name != "heidi" {
            try room.person(name).signGenesis(genesis)
        }
        let arguments = ["init", "--config", configuration, "--genesis", genesis]
        let options = ["--origin", Self.origin, "--pin-file", room.house.home + "/pin"]
        let bare = try room.ceremonyd(arguments + options)
        #expect(bare.status == 1 && bare.err.contains("--continues"), "\(bare.err)")
        let ended = try room.ceremonyd(arguments + ["--continues", evidence] + options)
        try #require(ended.status == 0, "\(ended.err)")
        return drafted.out.trimmed
    }
}

extension CeremonyRoom {
    /// dave starts a ceremony of any kind; gives back its identifier.
    fileprivate func begin(_ arguments: String...) throws -> String {
        let path = dave.path("draft")
        try dave.does(["start"] + arguments + ["--as", "dave", "--draft", path])
        return try dave.submits(path, .open).field("ceremony").text
    }

    /// The fingerprints of the registry.
    fileprivate func keys() throws -> [String] {
        try call("Keys").field("keys").list.map { $0.field("fingerprint").text }
    }

    /// Their standing.
    fileprivate func statuses() throws -> [String] {
        try call("Keys").field("keys").list.map { $0.field("status").text }
    }
}
