// What `export` writes, and what `verify` makes of it; and a log that must not be exported.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Foundation
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("evidence")
struct EvidenceFolderTests {
    private func attested() throws -> House {
        var house = try House()
        house.now = .now
        let record = try house.completed()
        try house.attest("alice", "bob", record: record)
        return house
    }

    @Test("an export verifies, is whole, and is not written over")
    func export() throws {
        let house = try attested()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let folder = daemon.directory + "/evidence"
        let run = try daemon.run("export", folder + "/", "--json")
        #expect(run.status == 0, "\(run.err)")
        let again = try daemon.run("export", folder)
        #expect(again.status == 1)
        #expect(again.err.contains("code: file-exists"))

        let genesis = "\(house.genesis.digest)"
        let good = try daemon.run("verify", folder, "--genesis", genesis, "--rehearsal")
        #expect(good.status == 0, "\(good.err)")
        #expect(good.out.contains("attested by alice and bob"))
        let read = try EvidenceReader.read(folder)
        #expect(Set(read.files.keys) == Set(try house.evidence().files.keys))
        #expect(read.irregular.isEmpty)
        #expect(try daemon.run("verify", folder, "--rehearsal").err.contains("genesis-not-given"))
        #expect(
            try daemon.run("verify", folder, "--genesis", genesis).err.contains("code: rehearsal"))

        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link", withDestinationPath: "FORMAT")
        let linked = try daemon.run("verify", folder, "--genesis", genesis, "--rehearsal")
        #expect(linked.status == 1)
        #expect(linked.err.contains("code: not-a-file"))
        #expect(try daemon.run("verify", folder + "/none").status == 66)
    }

    @Test("the sums are as sha256sum reads them, and the folder by hand is as its README says")
    func byHand() throws {
        let daemon = try PaperDaemon(try attested())
        defer { daemon.stop() }
        let folder = daemon.directory + "/evidence"
        #expect(try daemon.run("export", folder).status == 0)
        let sums = try shell("cd \(folder) && sha256sum -c --quiet SHA256SUMS")
        #expect(sums.status == 0, "\(sums.text)")
        // What stands four spaces in is what one types.
        let readme = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/README.txt")),
            as: UTF8.self)
        #expect(readme.contains("example.org/house/rehearsal (rehearsal)"))
        let commands = readme.split(separator: "\n").filter {
            $0.hasPrefix("    ") && !$0.contains("ceremonyctl verify")
        }.map { $0.dropFirst(4) }.joined(separator: "\n")
        try Data(commands.utf8).write(to: URL(fileURLWithPath: daemon.directory + "/by-hand"))
        let run = try shell("cd \(folder) && bash ../by-hand")
        #expect(run.status == 0, "\(run.text)")
        #expect(!run.text.contains("NOT"))
        #expect(run.text.contains("Head signed by example.org/house/rehearsal+"))
        #expect(run.text.components(separatedBy: "Good \"ceremonyd-approve-v1\"").count == 4)
        #expect(run.text.components(separatedBy: "Good \"ceremonyd-open-v1\"").count == 2)
        #expect(run.text.components(separatedBy: "Good \"ceremonyd-attest-v1\"").count == 3)
        #expect(run.text.components(separatedBy: "Good \"ceremonyd-key-v1\"").count == 2)
        #expect(!run.text.contains("Could not verify"))
    }

    @Test("a README that says something else is a defect with a name")
    func readme() throws {
        let house = try attested()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let folder = daemon.directory + "/evidence"
        #expect(try daemon.run("export", folder).status == 0)
        let changed = try shell(
            "cd \(folder) && sed -i 's/What you bring yourself/What is in here/' README.txt && "
                + "rm SHA256SUMS")
        #expect(changed.status == 0)
        let run = try daemon.run(
            "verify", folder, "--rehearsal", "--genesis", "\(house.genesis.digest)")
        #expect(run.status == 1)
        #expect(run.err.contains("code: altered-file") && run.err.contains("README.txt"))
    }

    @Test("a log with a changed event is not exported, and nothing is left behind")
    func damaged() throws {
        let daemon = try PaperDaemon(try attested()) { method, reply in
            guard method == "Log", case .array(var lines)? = reply["lines"], lines.count > 3,
                case .string(let line) = lines[3]
            else { return }
            lines[3] = .string(line.replacingOccurrences(of: "alice", with: "bob"))
            reply["lines"] = .array(lines)
        }
        defer { daemon.stop() }
        let run = try daemon.run("export", daemon.directory + "/evidence")
        #expect(run.status == 1)
        #expect(run.err.contains("code: log-damaged"))
        let left = try FileManager.default.contentsOfDirectory(atPath: daemon.directory)
        #expect(!left.contains { $0.hasPrefix("evidence") })
    }

    @Test("keys and log say what the log gives")
    func registry() throws {
        let house = try attested()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let keys = try daemon.run("keys", "keeper-alpha", "--current")
        #expect(keys.status == 0, "\(keys.err)")
        #expect(keys.out.contains("keeper-alpha: active"))
        #expect(keys.out.contains("BEGIN PUBLIC KEY"))
        #expect(try daemon.run("keys", "keeper-beta", "--current").status == 66)
        let log = try daemon.run("log", "--from", "2")
        #expect(log.status == 0, "\(log.err)")
        #expect(log.out.split(separator: "\n").count == house.lines.count - 2)
        #expect(log.out.contains("key.activated"))
    }

    private func shell(_ command: String) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
