// A client and a log whose key is changed: it follows where the log itself says so, and nowhere
// else.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("a log key that is changed")
struct LogKeyChangeTests {
    private let next = SoftwareKey(1001)

    private func daemon() throws -> PaperDaemon {
        var house = try House()
        house.now = .now
        return try PaperDaemon(house)
    }

    /// The ceremony, from its opening to the change.
    private func change(_ daemon: PaperDaemon) throws {
        try daemon.house.withLock { house in
            let statement = try house.open(
                "log-key-change", subject: "house-log",
                parameters: ["new-log-key": Founding.vkey(house.state.log.origin, of: next)])
            try house.approve("alice", "bob", "carol", statement: statement)
            house.furtherLogKeys = [next]
        }
    }

    /// The day on which the new key signs alone has come, and an event was written.
    private func pass(_ daemon: PaperDaemon) throws {
        try daemon.house.withLock { house in
            house.now = house.now + 31 * 86_400
            try house.order(.note, by: "erin")
        }
    }

    @Test("a client that was pinned before follows through every phase, and remembers the keys")
    func follows() throws {
        let daemon = try daemon()
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        #expect(!daemon.remembers("log-keys"))
        try change(daemon)
        for _ in 0..<2 {
            let run = try daemon.run("status")
            #expect(run.status == 0, "\(run.err)")
        }
        #expect(daemon.remembers("log-keys"))
        try pass(daemon)
        for _ in 0..<2 {
            let run = try daemon.run("status")
            #expect(run.status == 0, "\(run.err)")
        }
    }

    @Test("one that slept through the change, and one that never saw the log before, follow too")
    func slept() throws {
        let daemon = try daemon()
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        try change(daemon)
        try pass(daemon)
        let run = try daemon.run("status")
        #expect(run.status == 0, "\(run.err)")
        try FileManager.default.removeItem(atPath: daemon.directory + "/.local")
        let fresh = try daemon.run("status")
        #expect(fresh.status == 0, "\(fresh.err)")
    }

    @Test("a head by a key that the log never named is refused")
    func unnamed() throws {
        let daemon = try daemon()
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        signHeads(daemon, by: [next])
        var run = try daemon.run("status")
        #expect(run.status == 1 && run.err.contains("code: checkpoint"), "\(run.err)")
        signHeads(daemon, by: [SoftwareKey(1000), next])
        // A line by a stranger beside a good one is no harm.
        run = try daemon.run("status")
        #expect(run.status == 0, "\(run.err)")
    }

    @Test("while both are to sign one alone is refused, and after the day the old one is")
    func alone() throws {
        let daemon = try daemon()
        defer { daemon.stop() }
        try change(daemon)
        #expect(try daemon.run("status").status == 0)
        #expect(daemon.remembers("log-keys"))
        for key in [SoftwareKey(1000), next] {
            signHeads(daemon, by: [key])
            let run = try daemon.run("status")
            #expect(
                run.status == 1 && run.err.contains("code: checkpoint"),
                "\(key.fingerprint) \(run.out) \(run.err)")
        }
        daemon.lies { _, _ in }
        try pass(daemon)
        #expect(try daemon.run("status").status == 0)
        signHeads(daemon, by: [SoftwareKey(1000)])
        let run = try daemon.run("status")
        #expect(run.status == 1 && run.err.contains("code: checkpoint"), "\(run.err)")
    }

    @Test("the status says which keys sign, which was not seen to, and that one does not")
    func status() throws {
        let daemon = try daemon()
        defer { daemon.stop() }
        #expect(try !daemon.run("status").out.lowercased().contains("log key"))
        let vkeys = [1000, 1001].map {
            Founding.vkey("example.org/house/rehearsal", of: SoftwareKey($0))
        }
        let report = JSON.fields([
            "keys": .array([
                .fields([
                    "vkey": .string(vkeys[0]), "tokens": .strings(["house"]),
                    "standby": .bool(false), "until": .string("2030-01-01T00:00:00Z"),
                ]),
                .fields([
                    "vkey": .string(vkeys[1]), "tokens": .strings([]), "standby": .bool(true),
                ]),
            ]),
            "trouble": .string("house: \u{1b}CKR_DEVICE_ERROR"),
        ])
        daemon.lies { method, reply in
            guard method == "Status", case .object(var status)? = reply["status"] else { return }
            status["log_keys"] = report
            reply["status"] = .object(status)
        }
        let run = try daemon.run("status")
        #expect(run.status == 0, "\(run.err)")
        for says in [
            "one of these signs every head", "signs, on house, until 2030-01-01T00:00:00Z",
            "standby, NOT SEEN TO SIGN", "LOG KEY:    house: ", "CKR_DEVICE_ERROR",
        ] {
            #expect(run.out.contains(says), "\(run.out)")
        }
        #expect(!run.out.utf8.contains(0x1b))
    }

    /// From now on the heads are signed by these keys, whatever the log says.
    private func signHeads(_ daemon: PaperDaemon, by keys: [SoftwareKey]) {
        daemon.lies { _, reply in
            guard case .object(var head)? = reply["head"],
                case .string(let text)? = head["checkpoint"],
                let note = try? SignedNote(Array(text.utf8)),
                let origin = try? Checkpoint(text: note.text).origin
            else { return }
            let signatures = keys.compactMap { key in
                NoteKey(name: origin, publicKey: key.publicKey.point).map {
                    NoteSignature(key.signature(over: note.text), by: $0)
                }
            }
            guard let forged = try? SignedNote(text: note.text, signatures: signatures) else {
                return
            }
            head["checkpoint"] = .string(String(decoding: forged.bytes, as: UTF8.self))
            reply["head"] = .object(head)
        }
    }
}
