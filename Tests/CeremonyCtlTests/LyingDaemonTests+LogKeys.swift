// A daemon that lies about which keys sign the log's heads: nothing of it stays in the client's
// memory, which holds what a head says only when that head continues what is known.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Foundation
import Synchronization
import TestSupport
import Testing

extension LyingDaemonTests {
    private var next: SoftwareKey { SoftwareKey(1001) }

    /// The log key is changed by everybody who has to agree, and the day of the new one has come.
    private func change(_ house: inout House) throws {
        let statement = try house.open(
            "log-key-change", subject: "house-log",
            parameters: ["new-log-key": Founding.vkey(house.state.log.origin, of: next)])
        try house.approve("alice", "bob", "carol", statement: statement)
        house.furtherLogKeys = [next]
    }

    private func pass(_ house: inout House) throws {
        house.now = house.now + 31 * 86_400
        try house.order(.note, by: "erin")
    }

    @Test("a key that another history of the log names is not remembered, and signs nothing here")
    func plantedKey() throws {
        var house = try House()
        house.now = .now
        var fork = house
        try house.open()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        // The people of the house may have been deceived, or have agreed to it: it is another log.
        try change(&fork)
        try pass(&fork)
        daemon.house.withLock { [fork] in $0 = fork }
        let forked = try daemon.run("status")
        #expect(forked.status == 1 && forked.err.contains("code: log-forked"), "\(forked.err)")
        #expect(daemon.memory("log-keys") == nil)
        // With a remembered key the true log, signed by it, would pass.
        daemon.house.withLock { [house] in $0 = house }
        let key = next
        daemon.lies { _, reply in Lie.sign(&reply, by: key) }
        let planted = try daemon.run("status")
        #expect(planted.status == 1 && planted.err.contains("code: checkpoint"), "\(planted.err)")
        daemon.lies { _, _ in }
        let honest = try daemon.run("status")
        #expect(honest.status == 0, "\(honest.err)")
    }

    @Test("a change is remembered only when its head is shown to continue what is known")
    func unprovedKey() throws {
        var house = try House()
        house.now = .now
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        try daemon.house.withLock { try change(&$0) }
        daemon.lies { method, reply in
            if method == "Consistency" { reply["path"] = .strings([]) }
        }
        let unproved = try daemon.run("status")
        #expect(unproved.status == 1 && unproved.err.contains("code: log-forked"))
        #expect(daemon.memory("log-keys") == nil)
        daemon.lies { _, _ in }
        #expect(try daemon.run("status").status == 0)
        let keys = try #require(daemon.memory("log-keys"))
        #expect(keys.contains(Founding.vkey(house.state.log.origin, of: next)))
        // A client that was killed between the head and its keys learns them again.
        try daemon.forget("log-keys")
        #expect(try daemon.run("status").status == 0)
        #expect(daemon.memory("log-keys") == keys)
    }

    @Test("a view from before the change is honest, and takes no key back that is remembered")
    func olderView() throws {
        var house = try House()
        house.now = .now
        try house.open()
        let before = house
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        try daemon.house.withLock { house in
            try change(&house)
            try pass(&house)
        }
        #expect(try daemon.run("status").status == 0)
        let keys = try #require(daemon.memory("log-keys"))
        // Every reply was under way while the log grew; asked again, the daemon is up to date.
        let isLate = Mutex(false)
        daemon.lies { method, reply in
            guard !["Log", "Consistency"].contains(method) else { return }
            isLate.withLock { isLate in
                isLate.toggle()
                if isLate { reply["head"] = try? PaperReplies.head(before) }
            }
        }
        let run = try daemon.run("status")
        #expect(run.status == 0, "\(run.err)")
        #expect(daemon.memory("log-keys") == keys)
    }
}

extension PaperDaemon {
    /// What the client's memory of the log holds in a file of that name.
    fileprivate func memory(_ name: String) -> String? {
        place(name).flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
    }

    /// Takes that file away.
    fileprivate func forget(_ name: String) throws {
        try FileManager.default.removeItem(atPath: try #require(place(name)))
    }

    private func place(_ name: String) -> String? {
        let memory = directory + "/.local/state/ceremonyctl"
        return FileManager.default.enumerator(atPath: memory)?.compactMap { $0 as? String }
            .first { $0.hasSuffix("/" + name) }.map { memory + "/" + $0 }
    }
}

extension Lie {
    /// Puts a signature by this key alone under the head in a reply.
    fileprivate static func sign(_ reply: inout [String: JSON], by key: SoftwareKey) {
        guard case .object(var head)? = reply["head"], case .string(let text)? = head["checkpoint"],
            let note = try? SignedNote(Array(text.utf8)),
            let origin = try? Checkpoint(text: note.text).origin,
            let name = NoteKey(name: origin, publicKey: key.publicKey.point),
            let forged = try? SignedNote(
                text: note.text,
                signatures: [NoteSignature(key.signature(over: note.text), by: name)])
        else { return }
        head["checkpoint"] = .string(String(decoding: forged.bytes, as: UTF8.self))
        reply["head"] = .object(head)
    }
}
