// The files that a log gives: which there are, what is in them, what is refused. The last test has
// ssh-keygen and openssl read a bundle whose signatures ssh-keygen made.

import CeremonyRecord
import Foundation
import Testing

@Suite("Evidence bundle")
struct EvidenceBundleTests {
    /// Signatures of the right form by nobody in particular: a bundle does not verify them.
    static func formal() throws -> SampleLog {
        let keys = Samples.keys + [Samples.keys[0]]
        return try SampleLog(keys: keys) { key, space, message in
            let half = Digest(of: message + [UInt8(key)]).bytes
            return try SSHSIG(signature: half + half, key: keys[key], namespace: space).blob
        }
    }

    @Test("a log gives exactly these files")
    func paths() throws {
        let files = try EvidenceBundle.files(of: Self.formal().events)
        let ceremony = "ceremonies/keeper-alpha-1/"
        #expect(
            files.keys.sorted()
                == [
                    "FORMAT", "README.txt", "acts/10-note-dave.txt", "acts/10-note-dave.txt.sig",
                    ceremony + "acts/6-execute-dave.txt", ceremony + "acts/6-execute-dave.txt.sig",
                    ceremony + "completed.json", ceremony + "key-record.txt",
                    ceremony + "key-record.txt.alice.sig", ceremony + "key-record.txt.bob.sig",
                    ceremony + "key-record.txt.new-key.sig", ceremony + "key.pem",
                    ceremony + "key.pub", ceremony + "statement.txt",
                    ceremony + "statement.txt.alice+2.sig", ceremony + "statement.txt.bob.sig",
                    ceremony + "statement.txt.initiator.sig", "genesis/genesis.txt",
                    "genesis/genesis.txt.alice+2.sig", "genesis/genesis.txt.alice.sig",
                    "genesis/genesis.txt.bob.sig", "genesis/genesis.txt.dave.sig",
                    "log/events.jsonl", "roster/0/roster.json", "trust-copies/allowed_signers",
                    "trust-copies/log.vkey", "trust-copies/revoked_keys",
                ].sorted())
    }

    @Test("the files hold the bytes that were signed and logged")
    func contents() throws {
        let log = try Self.formal()
        let files = try EvidenceBundle.files(of: log.events)
        let ceremony = "ceremonies/keeper-alpha-1/"
        #expect(files["FORMAT"] == Array("ceremonyd-evidence v1\n".utf8))
        #expect(files[ceremony + "statement.txt"] == log.statement.bytes)
        #expect(files[ceremony + "key-record.txt"] == log.record.bytes)
        #expect(files[ceremony + "acts/6-execute-dave.txt"] == log.act.bytes)
        #expect(files["genesis/genesis.txt"] == log.genesis.bytes)
        #expect(files[ceremony + "completed.json"] == log.events[7].line)
        #expect(files["roster/0/roster.json"] == log.events[1].line)
        #expect(files["log/events.jsonl"] == Array(log.events.map { $0.line + [10] }.joined()))
        #expect(files[ceremony + "key.pub"] == Array((log.keys[4].line + "\n").utf8))
        let armored = try #require(files[ceremony + "statement.txt.alice+2.sig"])
        #expect(try SSHSIG(armored: armored).key == log.keys[1])
        #expect(
            files["trust-copies/revoked_keys"] == Array((log.keys[4].line + "\n").utf8))
        #expect(
            files["trust-copies/log.vkey"] == Array((log.genesis.logKeys[0].vkey + "\n").utf8))
    }

    @Test("a prefix of the log gives a subset of the files, none of them different")
    func prefixes() throws {
        let events = try Self.formal().events
        var before = try EvidenceBundle.files(of: [])
        for count in 1...events.count {
            let files = try EvidenceBundle.files(of: Array(events.prefix(count)))
            for (path, bytes) in before
            where !path.hasPrefix("trust-copies/") && path != "log/events.jsonl" {
                #expect(files[path] == bytes, "\(path)")
            }
            before = files
        }
    }

    @Test("an acceptance brings its own signature and the proof of possession")
    func acceptance() throws {
        let sign = { (space: SignatureNamespace) throws in
            try SSHSIG(
                signature: [UInt8](repeating: 1, count: 64), key: Samples.keys[2], namespace: space
            ).blob
        }
        let body = EventBody.ceremonyAccepted(
            CeremonyAccepted(
                ceremony: "house-roster-1", from: .pending, to: .pending, set: "roster",
                participant: "bob",
                signed: SignedDocument(
                    lines: Samples.acceptance.lines, key: Samples.keys[2].fingerprint,
                    sshsig: try sign(.accept)), newKey: Samples.keys[0],
                possession: try sign(.possession)))
        let roster = EventBody.rosterSet(
            RosterSet(
                ceremony: "house-roster-1", epoch: 1, policy: Samples.policy,
                members: Samples.members, holders: nil))
        let files = try EvidenceBundle.files(of: SampleLog.chain([body, roster]))
        for folder in ["ceremonies/house-roster-1/", "roster/1/"] {
            let path = folder + "acceptance.roster.bob.txt"
            #expect(files[path] == Samples.acceptance.bytes)
            #expect(files[path + ".sig"] != nil)
            #expect(files[path + ".possession.sig"] != nil)
            #expect(files[path + ".sig"] != files[path + ".possession.sig"])
        }
    }

    @Test("an event that gives a file a second time, or no document, is refused by its position")
    func refused() throws {
        let events = try Self.formal().events
        #expect {
            try EvidenceBundle.files(of: SampleLog.chain((events + [events[3]]).map(\.body)))
        } throws: {
            ($0 as? BundleError)?.seq == events.count
        }
        for signed in [
            SignedDocument(lines: ["no act"], key: SampleEvents.key, sshsig: [1]),
            SignedDocument(lines: Samples.act.lines, key: SampleEvents.key, sshsig: [1]),
        ] {
            let body = EventBody.exceptionNoted(ExceptionNoted(ceremony: nil, signed: signed))
            #expect {
                try EvidenceBundle.files(of: SampleLog.chain([events[0].body, body]))
            } throws: {
                ($0 as? BundleError)?.seq == 1
            }
        }
    }

    @Test("an attestation file stands where the record speaks of one, and nowhere else")
    func attestation() throws {
        var record = Samples.keyRecord
        record.attestation = Digest(of: [1, 2, 3])
        func outcome(_ attestation: [UInt8]?) -> JSON {
            var evidence = Samples.keyEvidence
            evidence.attestation = attestation
            return KeyOutcome(
                record: record, possession: [1], endorsement: nil, evidence: evidence
            ).json
        }
        #expect(try KeyOutcome(outcome([1, 2, 3])).evidence.attestation == [1, 2, 3])
        #expect(throws: JSONError.self) { try KeyOutcome(outcome([1, 2])) }
        #expect(throws: JSONError.self) { try KeyOutcome(outcome(nil)) }
        #expect(!KeyOutcome.isMade(by: .object([:])))
    }

    @Test("ssh-keygen and openssl read what the bundle gives them")
    func stockTools() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "ceremonyd-bundle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let tool = StockTool(folder: folder)
        let keys = try (0..<5).map { number in
            try tool.run(
                "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "k\(number)")
            let text = try String(
                contentsOf: folder.appending(path: "k\(number).pub"), encoding: .utf8)
            return try #require(
                SSHPublicKey(line: text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        let log = try SampleLog(keys: keys) { key, space, message in
            let file = folder.appending(path: "message")
            try Data(message).write(to: file)
            try? FileManager.default.removeItem(at: folder.appending(path: "message.sig"))
            try tool.run(
                "ssh-keygen", "-q", "-Y", "sign", "-f", "k\(key)", "-n", space.rawValue, "message")
            let armored = try Data(contentsOf: folder.appending(path: "message.sig"))
            return try SSHSIG(armored: Array(armored)).blob
        }
        for (path, bytes) in try EvidenceBundle.files(of: log.events) {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        let ceremony = "ceremonies/keeper-alpha-1/"
        for (name, space, document, signature) in [
            ("dave", "open", "statement.txt", "initiator"),
            ("alice", "approve", "statement.txt", "alice+2"),
            ("bob", "approve", "statement.txt", "bob"),
            ("bob", "attest", "key-record.txt", "bob"),
            ("keeper-alpha", "key", "key-record.txt", "new-key"),
        ] {
            let verify = [
                "-Y", "verify", "-f", "trust-copies/allowed_signers", "-I", name, "-n",
                "ceremonyd-\(space)-v1", "-s", ceremony + document + ".\(signature).sig",
            ]
            try tool.run("ssh-keygen", verify, input: ceremony + document)
            // The new key is the one that was revoked; of the others the list says nothing.
            let withList = verify + ["-r", "trust-copies/revoked_keys"]
            if name == "keeper-alpha" {
                #expect(throws: StockTool.Failure.self) {
                    try tool.run("ssh-keygen", withList, input: ceremony + document)
                }
            } else {
                try tool.run("ssh-keygen", withList, input: ceremony + document)
            }
        }
        try tool.run("openssl", "pkey", "-pubin", "-in", ceremony + "key.pem", "-noout")
    }
}

/// Runs programs that we did not write, in a folder.
struct StockTool {
    struct Failure: Error { let words: [String], status: Int32 }

    let folder: URL

    func run(_ words: String...) throws { try run(words[0], Array(words.dropFirst())) }

    func run(_ program: String, _ arguments: [String], input: String? = nil) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: folder.appending(path: $0)) }
            ?? FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(words: [program] + arguments, status: process.terminationStatus)
        }
    }
}
