// A house that must not be founded, and a configuration that must not be run.

import CeremonyRecord
import Testing

@Suite("Foundings and configurations that are refused")
struct FoundingRefusalTests {
    @Test("A genesis that lacks one signature, of any key of any member, founds nothing")
    func incomplete() throws {
        let room = try CeremonyRoom.unfounded()
        for missing in ["carol", "carol+2", "heidi"] {
            let path = "\(room.directory)/genesis.\(missing).sig"
            let signature = TestFile.bytes(path)
            _ = try room.house.tool("rm", path)
            let name = missing.split(separator: "+")[0]
            try expectRefused(room, "incomplete-genesis", says: String(name)) { try room.found() }
            // A signature by the wrong person is none either.
            try TestFile.write(path, TestFile.bytes(room.directory + "/genesis.bob.sig"))
            try expectRefused(room, "", says: String(name)) { try room.found() }
            try TestFile.write(path, signature)
        }
        #expect(try room.found().status == 0)
    }

    @Test("A policy that these people could never meet founds nothing")
    func unmeetable() throws {
        let room = try CeremonyRoom.unfounded()
        let genesis = room.directory + "/genesis"
        let text = TestFile.text(genesis)
        let entry = "\"attest\":3,\"execution\":900,\"lifetime\":3600,\"people\":3,\"threshold\":3"
        try #require(text.contains(entry))
        let greedy = entry.split(separator: ",").map {
            $0.utf8.starts(with: "\"attest".utf8) || $0.utf8.starts(with: "\"ex".utf8)
                || $0.utf8.starts(with: "\"life".utf8)
                ? String($0) : String($0.dropLast()) + "8"
        }.joined(separator: ",")
        try TestFile.write(
            genesis, text.replacing(Array(entry.utf8), with: Array(greedy.utf8)))
        try room.signGenesisAnew()
        try expectRefused(room, "unmeetable", says: "never") { try room.found() }

        // The client says so before anybody signs.
        let plan = try room.plan(
            logKey: TestFile.text(room.directory + "/log-key"),
            policy: ["kinds.new-keeper-key.threshold 8"])
        try TestFile.write(room.directory + "/plan", plan)
        let drafted = try room.dave.run("genesis", "draft", room.directory + "/plan", "--json")
        #expect(drafted.status == 1)
        #expect(try JSON(drafted.line).field("error").field("code").text == "unmeetable")
    }

    @Test("The log key is made once, and shown again as often as somebody asks")
    func logKey() throws {
        let room = try CeremonyRoom.unfounded()
        func logKey(_ show: String) throws -> Ended {
            try room.ceremonyd(
                "log-key", "--config", room.directory + "/ceremonyd.toml", "--origin",
                CeremonyRoom.origin, "--pin-file", room.house.home + "/pin", show)
        }
        let second = try logKey("--json")
        #expect(second.status != 0)
        #expect(second.err.contains("code: object-exists") && second.err.contains("--show"))
        let shown = try logKey("--show")
        #expect(shown.status == 0, "\(shown.err)")
        let made = TestFile.text(room.directory + "/log-key").split(separator: " ")
        #expect(shown.out.contains("vkey: \(made[0])\n"))
        #expect(shown.out.contains("uri: \(made[1])\n"))
        #expect(shown.out.contains("words of the public key:"))
        // What it is is what the genesis names: the house can still be founded on it.
        #expect(try room.found().status == 0)
    }

    @Test("A house is founded once")
    func twice() throws {
        let room = try CeremonyRoom.copy()
        let ended = try room.found()
        #expect(ended.status != 0 && !ended.err.isEmpty)
        try room.open()
    }

    @Test("A configuration with an unknown key is refused by name, and no daemon runs on it")
    func configuration() throws {
        let room = try CeremonyRoom.copy()
        room.furtherConfiguration = "[limits]\nconections = 5\n"
        try room.configure()
        for command in ["check-config", "run"] {
            let ended = try room.ceremonyd(
                command, "--config", room.directory + "/ceremonyd.toml")
            #expect(ended.status == 78)
            #expect(ended.err.contains("limits.conections"))
            #expect(ended.err.contains("next: "))
            #expect(ended.err.contains("code: configuration (exit 78)"))
        }
        #expect(!TestFile.exists(room.socket))
    }

    private func expectRefused(
        _ room: CeremonyRoom, _ code: String, says: String,
        sourceLocation: SourceLocation = #_sourceLocation, _ run: () throws -> Ended
    ) throws {
        let ended = try run()
        #expect(ended.status == 1, "\(ended.err)", sourceLocation: sourceLocation)
        #expect(ended.err.contains("code: \(code)"), "\(ended.err)", sourceLocation: sourceLocation)
        #expect(ended.err.contains(says), "\(ended.err)", sourceLocation: sourceLocation)
        #expect(ended.err.contains("next: "), sourceLocation: sourceLocation)
        // There is no log: nothing that a daemon could serve.
        let started = try room.ceremonyd("run", "--config", room.directory + "/ceremonyd.toml")
        #expect(started.status != 0, sourceLocation: sourceLocation)
    }
}

extension CeremonyRoom {
    /// A room whose genesis is signed by everybody, and that has not been founded yet.
    static func unfounded() throws -> CeremonyRoom {
        let room = try copy()
        for command in [
            ["rm", "-rf", room.stateDirectory, room.house.home + "/tokens"],
            ["mkdir", "-m", "700", room.stateDirectory],
            ["cp", "-a", room.directory + "/tokens-before", room.house.home + "/tokens"],
        ] {
            try #require(try room.house.tool(command).status == 0)
        }
        try room.configure()
        return room
    }

    /// Founds a house with another policy.
    func foundAnew(policy: [String]) throws {
        let genesis = directory + "/genesis"
        let plan = try plan(logKey: TestFile.text(directory + "/log-key"), policy: policy)
        try TestFile.write(genesis + ".plan", plan)
        _ = try house.tool("rm", genesis)
        try TestFile.write(
            genesis + ".digest",
            try dave.does("genesis", "draft", genesis + ".plan", "-o", genesis))
        try signGenesisAnew()
        let founded: Ended = try found()
        try #require(founded.status == 0, "\(founded.err)")
    }

    /// Has everybody sign the founding document as it is now.
    func signGenesisAnew() throws {
        let genesis = directory + "/genesis"
        for name in Self.withTokens + Self.withKeyFiles {
            _ = try house.tool("rm", "-f", "\(genesis).\(name).sig", "\(genesis).\(name)+2.sig")
            try person(name).signGenesis(genesis)
        }
    }

    /// `ceremonyd init`.
    func found() throws -> Ended {
        try ceremonyd(
            "init", "--config", directory + "/ceremonyd.toml", "--genesis", directory + "/genesis",
            "--origin", Self.origin, "--pin-file", house.home + "/pin")
    }
}

extension String {
    /// With one piece exchanged for another.
    func replacing(_ old: [UInt8], with new: [UInt8]) -> String {
        let bytes = Array(utf8)
        guard let place = bytes.firstRange(of: old) else { return self }
        return String(
            decoding: bytes[..<place.lowerBound] + new + bytes[place.upperBound...], as: UTF8.self)
    }
}
