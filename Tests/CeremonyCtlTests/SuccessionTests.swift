// A successor log at the client: planned from the old log's evidence, drafted against it, and read
// from a daemon that may lie about the old part.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Foundation
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("a successor log")
struct SuccessionTests {
    private func old() throws -> House {
        var house = try House()
        _ = try house.activated("keeper-alpha")
        house.now = house.now + 60
        return house
    }

    /// The folder of a house's evidence, beside a daemon's socket.
    private func write(_ house: House, _ daemon: PaperDaemon) throws -> String {
        let folder = daemon.directory + "/old-evidence"
        for (name, bytes) in try house.evidence().files {
            let url = URL(fileURLWithPath: "\(folder)/\(name)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
        return folder
    }

    @Test("the plan is filled from the old log, and the draft says what is carried over")
    func planned() throws {
        let house = try old()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let folder = try write(house, daemon)
        let planned = try daemon.run(
            "genesis", "plan", "--continues", folder, "--genesis", "\(house.genesis.digest)")
        #expect(planned.status == 0, "\(planned.err)")
        let name = "example.org/house-2/rehearsal"
        let vkey = Founding.vkey(name, of: SoftwareKey(2000))
        let plan = planned.out.replacingOccurrences(of: "NEW-NAME/rehearsal", with: name)
            .replacingOccurrences(
                of: "VKEY pkcs11:token=house;manufacturer=MAKER;model=MODEL;serial=SERIAL",
                with: "\(vkey) \(House.token.uri)")
        let path = try daemon.file("plan", Array(plan.utf8))
        let drafted = try daemon.run(
            "genesis", "draft", path, "--continues", folder, "-o", daemon.directory + "/genesis")
        #expect(drafted.status == 0, "\(drafted.err)")
        #expect(drafted.err.contains("Carried over: 1 key"))
        #expect(drafted.err.contains("keeper-alpha: \(SoftwareKey(500).fingerprint), active"))
        let genesis = try Genesis(bytes: Files.read(daemon.directory + "/genesis"))
        #expect(
            genesis.continues
                == Continues(
                    origin: house.genesis.log, size: house.lines.count,
                    root: house.state.head.root))
        #expect(genesis.members == house.genesis.members)
        // Kinds that the old rules did not have come with their defaults.
        let policy = try Policy(genesis.policy)
        for (kind, entry) in House.policy.kinds { #expect(policy.kinds[kind] == entry) }

        let bare = try daemon.run("genesis", "draft", path)
        #expect(bare.status == 1 && bare.err.contains("--continues"), "\(bare.err)")
        let other = try daemon.run(
            "genesis", "plan", "--continues", folder, "--genesis", "\(Digest.zero)")
        #expect(other.status == 1 && other.err.contains("genesis-differs"), "\(other.err)")
        _ = try daemon.file("old-evidence/log/events.jsonl", [0x7b, 0x0a])
        let spoilt = try daemon.run("genesis", "plan", "--continues", folder)
        #expect(spoilt.status == 1 && spoilt.err.contains("log-damaged"), "\(spoilt.err)")
    }

    @Test("keys come with their origin, and an export holds both logs and verifies")
    func read() throws {
        let old = try old()
        let house = try House(after: old)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let keys = try daemon.run("keys", "keeper-alpha")
        #expect(keys.status == 0, "\(keys.err)")
        #expect(keys.out.contains("keeper-alpha-1 of \(old.genesis.log)"))
        let key = try daemon.run("key", "\(SoftwareKey(500).fingerprint)")
        #expect(key.out.contains("approved by alice, bob"), "\(key.out)\(key.err)")
        #expect(key.out.contains("in \(old.genesis.log)"))
        #expect(try daemon.run("status").out.contains("goes on from: \(old.genesis.log)"))
        let folder = daemon.directory + "/evidence"
        let exported = try daemon.run("export", folder)
        #expect(exported.status == 0, "\(exported.err)")
        let verified = try daemon.run(
            "verify", folder, "--rehearsal", "--genesis", "\(house.genesis.digest)")
        #expect(verified.status == 0, "\(verified.err)")
        #expect(verified.out.contains("one history"))
        #expect(verified.out.contains("\(old.genesis.digest)"))
    }

    @Test(
        "an old log that is changed, cut or another one is refused",
        arguments: ["line", "end", "checkpoint", "other"])
    func lies(_ what: String) throws {
        let old = try old()
        let daemon = try PaperDaemon(try House(after: old))
        defer { daemon.stop() }
        let other = String(
            decoding: try #require(try House(after: old).lines.first), as: UTF8.self)
        daemon.lies { method, reply in
            guard method == "Predecessor", case .array(var lines)? = reply["lines"] else { return }
            switch what {
            case "line": lines.swapAt(1, 2)
            case "end": lines = []
            case "checkpoint": reply["checkpoint"] = .string("nothing")
            default: lines[0] = .string(other)
            }
            reply["lines"] = .array(lines)
        }
        let run = try daemon.run("keys")
        #expect(run.status == 1 && run.err.contains("code: log-damaged"), "\(run.err)")
    }
}
