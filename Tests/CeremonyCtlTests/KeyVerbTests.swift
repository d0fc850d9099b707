// What the client says of keys, from its own copy of the log, and the folder that it writes of
// them.

import CeremonyRecord
import CeremonyRules
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("keys and key")
struct KeyVerbTests {
    /// A log in which keeper-alpha has an active key, made an hour ago.
    private func open() throws -> (PaperDaemon, KeyRecord) {
        var house = try House()
        house.now = Timestamp(seconds: Int(Date().timeIntervalSince1970) - 3600)
        let record = try house.activated()
        return (try PaperDaemon(house), record)
    }

    @Test("an export takes the place of an empty folder, and of nothing else")
    func export() throws {
        let (daemon, record) = try open()
        defer { daemon.stop() }
        let path = daemon.directory + "/keys"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        let first = try daemon.run("keys", "--export", path + "/")
        #expect(first.status == 0, "\(first.err)")
        let signers = try String(contentsOfFile: path + "/allowed_signers", encoding: .utf8)
        #expect(signers.contains(record.publicKey.line))
        let there = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(there.sorted() == ["allowed_signers", "keys.json", "pem", "revoked_keys"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path + "/pem") == [
                Hex.encode(record.fingerprint.bytes) + ".pem"
            ])
        for occupied in [path, try daemon.file("a-file", [1])] {
            let again = try daemon.run("keys", "--export", occupied)
            #expect(again.status == 1)
            #expect(again.err.contains("code: file-exists"), "\(again.err)")
        }
        // Nothing half-written stays beside it.
        let beside = try FileManager.default.contentsOfDirectory(atPath: daemon.directory)
        #expect(!beside.contains { $0.contains("draft") })
        #expect(try daemon.run("keys", "keeper-alpha", "--export", path + "2").status == 64)
    }

    @Test("a place that the log does not have is refused, and one that it has is answered")
    func places() throws {
        let (daemon, record) = try open()
        defer { daemon.stop() }
        let size = daemon.house.withLock { $0.lines.count }
        for (place, status, code) in [
            ("\(size)", 66, "unknown-event"), ("1999-01-01T00:00:00Z", 66, "before-log"),
            ("-1", 64, "usage"), ("2026-01-15", 64, "usage"), ("01", 64, "usage"),
        ] as [(String, Int32, String)] {
            let run = try daemon.run("key", "\(record.fingerprint)", "--at=\(place)")
            #expect(run.status == status, "\(place): \(run.err)")
            #expect(run.err.contains("code: \(code)"), "\(place): \(run.err)")
        }
        let early = try daemon.run("key", "\(record.fingerprint)", "--at", "1", "--json")
        #expect(early.status == 0, "\(early.err)")
        #expect(early.out.contains("\"verdict\":\"refused\""))
        #expect(try daemon.run("keys", "keeper-alpha", "--at", "1").status == 66)
        let now = try daemon.run("key", "\(record.fingerprint)", "--json")
        #expect(now.out.contains("\"verdict\":\"signs\""), "\(now.out)")
        #expect(
            try daemon.run("keys", "keeper-alpha", "--current").out.contains("BEGIN PUBLIC KEY"))
    }

    @Test("a key is shown as it stood at the place, without what came later")
    func then() throws {
        var house = try House()
        house.now = Timestamp(seconds: Int(Date().timeIntervalSince1970) - 3600)
        let record = try house.completed()
        try house.attest("alice", record: record)
        let place = house.state.head.size - 1
        try house.attest("bob", record: record)
        let revocation = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("gina", "carol", statement: revocation)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        func shown(at place: Int, _ options: String...) throws -> String {
            let run = try daemon.run(
                ["key", "\(record.fingerprint)", "--at", "\(place)"] + options)
            #expect(run.status == 0, "\(run.err)")
            return run.out
        }
        let then = try shown(at: place, "--chain", "--json")
        #expect(then.contains("\"attested_by\":[\"alice\"]"), "\(then)")
        #expect(then.contains("\"approved_by\":[\"alice\",\"bob\",\"carol\"]"), "\(then)")
        #expect(then.contains("\"part\":\"attester\""))
        for later in ["\"what\":\"active\"", "\"what\":\"revoked\"", "\"effect\":\"revoked\""] {
            #expect(!then.contains(later), "\(then)")
        }
        let text = try shown(at: place, "--chain")
        #expect(text.contains("attested by alice\n"), "\(text)")
        #expect(text.contains("attester alice"))
        #expect(!text.contains("attester bob"), "\(text)")
        #expect(!text.contains("revoked  "), "\(text)")
        // In the middle of the approvals, before there is a key.
        let opened = try #require(house.state.ceremony(named: record.ceremony)).opened.seq
        let early = try shown(at: opened + 2, "--json")
        #expect(early.contains("\"approved_by\":[\"alice\",\"bob\"]"), "\(early)")
        #expect(early.contains("\"attested_by\":[]"), "\(early)")
        #expect(early.contains("\"history\":[]"), "\(early)")
        let end = try shown(at: house.state.head.size - 1, "--chain")
        for words in ["attested by alice and bob\n", "attester bob", "Revoked by"] {
            #expect(end.contains(words), "\(words): \(end)")
        }
    }

    @Test("the chain of a key names everybody, with document and signature")
    func chain() throws {
        let (daemon, record) = try open()
        defer { daemon.stop() }
        let run = try daemon.run("key", "\(record.fingerprint)", "--chain")
        #expect(run.status == 0, "\(run.err)")
        for words in [
            "initiator dave", "witness alice, keeper", "executor dave, operator",
            "new-key keeper-alpha", "attester bob, keeper", "ceremonyd-approve-v1",
            "\(record.digest)",
        ] {
            #expect(run.out.contains(words), "\(words): \(run.out)")
        }
    }
}
