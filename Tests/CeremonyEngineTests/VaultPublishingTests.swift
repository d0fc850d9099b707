// A vault that is written from a committed outcome after a death: whatever has become of what was
// put ready beside it, and whatever else was written to it since, it is completely changed or not
// touched, and what is done counts as done.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine
@testable import Provara

extension VaultHouse {
    /// A rotation that is carried out and dies at a place; then `body` has what it left.
    static func dying(
        at point: String, _ body: (VaultHouse, Statement, MemoryLedger) async throws -> Void
    ) async throws {
        try await dying(at: point, "vault_before_rotation", body) { try await $0.approved() }
    }

    /// The same of a vault that begins anew.
    fileprivate static func dyingAnew(
        at point: String, _ body: (VaultHouse, Statement, MemoryLedger) async throws -> Void
    ) async throws {
        try await dying(at: point, "vault_single_key", body) { house in
            try await house.approve(try await house.resetDraft(), accepting: "gina")
        }
    }

    private static func dying(
        at point: String, _ vector: String,
        _ body: (VaultHouse, Statement, MemoryLedger) async throws -> Void,
        approve: (VaultHouse) async throws -> Statement
    ) async throws {
        let ledger = MemoryLedger()
        let death = Death(at: point)
        try await with(vector, ledger: ledger, at: death.pass) { house in
            let statement = try await approve(house)
            death.arm()
            let order = try house.workshop.order(house.engine, statement.ceremony)
            let engine = house.engine
            Task { try await engine.submit(order) }
            await death.arrival()
            try await body(house, statement, ledger)
        }
    }

    /// The vault is completely rotated, and nobody has to go on.
    func expectFinished(
        _ engine: Engine, _ statement: Statement, _ what: Comment? = nil
    ) throws {
        let ceremony = try #require(engine.state.ceremony(named: statement.ceremony), what)
        #expect(engine.state.unfinished.map(\.id) == [], what)
        #expect(engine.trouble(of: statement.ceremony) == nil, what)
        try expectRotated(by: ceremony, what)
        #expect(try folder.beside().isEmpty, what)
    }

    /// The folder beside the vault.
    fileprivate func staging() throws -> URL {
        let name = try #require(try folder.beside().first { $0.hasSuffix(".ceremonyd") })
        return folder.parent.appending(path: name)
    }

    // MARK: Somebody else

    /// An agent's event at the end of the log; the manifest stays as it is.
    func appendEvent() throws {
        let vault = try Vault.read(at: folder.path)
        let tip = vault.log.tip(of: "robot")
        let key = try #require(
            vault.log.standing(of: KeyID(ProvaraFolder.quorum) ?? vault.ours)?.key)
        let event = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.observation, namespace: EventNamespace.local, actor: "robot",
                signer: key.id, logicalTime: tip.nextLogicalTime, previous: tip.last,
                time: try #require(vault.log.nextTime(notBefore: VaultTime.start))),
            payload: ["subject": "door", "predicate": "state", "value": "open"])
        let line = try event.line(signature: VaultHouse.sign(event.bytesToSign), by: key)
        try folder.append(String(decoding: line, as: UTF8.self), to: VaultPath.events)
    }

    /// Manifest and root made anew, as the package does it.
    func closeVault(_ path: String? = nil) throws {
        let path = path ?? folder.path
        let vault = try Vault.read(at: path)
        try Data(vault.manifest.bytes(createdAt: VaultTime.start))
            .write(to: URL(filePath: "\(path)/\(VaultPath.manifest)"))
        try Data(vault.root.fileBytes).write(to: URL(filePath: "\(path)/\(VaultPath.root)"))
    }
}

extension Vault {
    fileprivate var ours: KeyID { log.keys[0].id }
}

extension VaultTime {
    fileprivate static var start: VaultTime {
        get throws { try #require(VaultTime(microseconds: 1_771_500_000_000_000)) }
    }
}

@Suite("A vault is written to the end after a death", .timeLimit(.minutes(10)))
struct VaultPublishingTests {
    private static let writes = [
        "write-events/events.ndjson", "appended-events/events.ndjson",
        "write-identity/keys.json", "replaced-identity/keys.json", "replaced-manifest.json",
        "replaced-merkle_root.txt", "written",
    ]

    @Test("A log whose write was cut off anywhere is written to the end", arguments: [true, false])
    func cutOff(isStaged: Bool) async throws {
        for cut in [1, 2, 300, 700, 1200] {
            let what: Comment = "\(cut) bytes are missing"
            try await VaultHouse.dying(at: "appended-events/events.ndjson") {
                house, statement, ledger in
                let log = house.folder.path + "/events/events.ndjson"
                let size = try Data(contentsOf: URL(filePath: log)).count
                #expect(truncate(log, size - cut) == 0)
                #expect(try !Vault.read(at: house.folder.path).isInOrder, what)
                if !isStaged { try FileManager.default.removeItem(at: house.staging()) }
                let again = try await house.restarted(ledger.reopened())
                try house.expectFinished(again, statement, what)
            }
        }
    }

    @Test("What was put ready and is gone is worked out again, however far the vault is written")
    func lost() async throws {
        for point in Self.writes {
            try await VaultHouse.dying(at: point) { house, statement, ledger in
                try FileManager.default.removeItem(at: house.staging())
                let again = try await house.restarted(ledger.reopened())
                try house.expectFinished(again, statement, "dies at \(point)")
            }
        }
    }

    @Test("Of what was put ready and is damaged no byte comes to the vault, and it is made anew")
    func damaged() async throws {
        for point in Self.writes {
            try await VaultHouse.dying(at: point) { house, statement, ledger in
                let folder = try house.staging()
                for number in 0..<5 {
                    let place = folder.appending(path: "\(number)")
                    var bytes = try Data(contentsOf: place)
                    bytes[bytes.count / 2] ^= 1
                    try bytes.write(to: place)
                }
                let again = try await house.restarted(ledger.reopened())
                try house.expectFinished(again, statement, "dies at \(point)")
            }
        }
    }

    @Test("One damaged file is as bad as all", arguments: 0..<5)
    func oneDamaged(number: Int) async throws {
        try await VaultHouse.dying(at: Self.writes[0]) { house, statement, ledger in
            let place = try house.staging().appending(path: "\(number)")
            var bytes = try Data(contentsOf: place)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: place)
            let again = try await house.restarted(ledger.reopened())
            try house.expectFinished(again, statement)
        }
    }

    @Test("A link in the folder's place is told, nothing is written, and without it is gone on")
    func link() async throws {
        try await VaultHouse.dying(at: "write-identity/keys.json") { house, statement, ledger in
            let folder = try house.staging()
            let elsewhere = house.folder.parent.appending(path: "elsewhere")
            try FileManager.default.moveItem(at: folder, to: elsewhere)
            try FileManager.default.createSymbolicLink(
                at: folder, withDestinationURL: elsewhere)
            let before = try house.folder.files()
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            #expect(again.trouble(of: statement.ceremony)?.contains("take it away") == true)
            #expect(try house.folder.files() == before)
            try FileManager.default.removeItem(at: folder)
            try FileManager.default.removeItem(at: elsewhere)
            try await again.finishCommitted()
            try house.expectFinished(again, statement)
        }
    }

    // MARK: The vault moves on

    @Test("A rotated vault in which an agent has gone on since is done", arguments: [1, 3])
    func movedOn(events: Int) async throws {
        for point in ["written", "replaced-manifest.sig"] {
            try await VaultHouse.dying(at: point) { house, statement, ledger in
                for _ in 0..<events { try house.appendEvent() }
                try house.closeVault()
                let files = try house.folder.files().filter { $0.key.hasPrefix("alpha/") }
                let again = try await house.restarted(ledger.reopened())
                #expect(again.state.unfinished.map(\.id) == [])
                #expect(again.state.ceremony(named: statement.ceremony)?.state == .completed)
                #expect(try house.folder.files() == files)
            }
        }
    }

    @Test("An event after the last write waits for its manifest, and then the rotation is done")
    func unlisted() async throws {
        try await VaultHouse.dying(at: "written") { house, statement, ledger in
            try house.appendEvent()
            let files = try house.folder.files().filter { $0.key.hasPrefix("alpha/") }
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            let trouble = try #require(again.trouble(of: statement.ceremony))
            #expect(trouble.contains("made its manifest anew"), "\(trouble)")
            #expect(try house.folder.files().filter { $0.key.hasPrefix("alpha/") } == files)
            try house.closeVault()
            try await again.finishCommitted()
            #expect(again.state.unfinished.map(\.id) == [])
            #expect(try house.folder.beside().isEmpty)
        }
    }

    @Test(
        "An agent that goes on between two of our writes keeps its event, and the rest is written",
        arguments: [
            "appended-events/events.ndjson", "write-identity/keys.json",
            "replaced-identity/keys.json", "replaced-manifest.json", "replaced-merkle_root.txt",
        ])
    func between(point: String) async throws {
        try await VaultHouse.dying(at: point) { house, statement, ledger in
            try house.appendEvent()
            let log = house.folder.path + "/events/events.ndjson"
            let events = try Data(contentsOf: URL(filePath: log))
            let files = try house.folder.files()
            // Before its manifest is made anew it could be anything.
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            let trouble = try #require(again.trouble(of: statement.ceremony))
            #expect(trouble.contains("made its manifest anew"), "\(trouble)")
            #expect(try house.folder.files() == files)
            try house.closeVault()
            try await again.finishCommitted()
            #expect(again.state.unfinished.map(\.id) == [])
            #expect(try Data(contentsOf: URL(filePath: log)) == events)
            #expect(try house.folder.beside().isEmpty)
            let vault = try Vault.read(at: house.folder.path)
            #expect(vault.isInOrder, "\(vault.findings.kept)")
            let record = try #require(again.state.ceremony(named: statement.ceremony)?.record)
            let key = KeyID(publicKey: record.publicKey.point)
            #expect(vault.log.standing(of: key)?.isAuthority == true)
            #expect(vault.registry?[key]?.status == "active")
        }
    }

    @Test(
        "A manifest that somebody made anew between two of our writes does not keep the rest out",
        arguments: [
            "appended-events/events.ndjson", "write-identity/keys.json",
            "replaced-identity/keys.json", "replaced-manifest.json",
        ])
    func foreignManifest(point: String) async throws {
        try await VaultHouse.dying(at: point) { house, statement, ledger in
            try house.closeVault()
            let again = try await house.restarted(ledger.reopened())
            try house.expectFinished(again, statement, "\(point)")
        }
    }

    @Test("A death while the keys of a vault that moved on are written is gone on from as well")
    func betweenTwice() async throws {
        try await VaultHouse.dying(at: "write-identity/keys.json") { house, statement, ledger in
            try house.appendEvent()
            try house.closeVault()
            let update = try PeerUpdate(
                Vault.read(at: house.folder.path), from: nil, createdAt: VaultTime.start)
            let file = try #require(update.change.files(signatureFile: nil).first)
            #expect(file.path == VaultPath.keys)
            try Data(file.content.bytes)
                .write(to: URL(filePath: "\(house.folder.path)/\(file.path)"))
            #expect(try !Vault.read(at: house.folder.path).isInOrder)
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [])
            #expect(try Vault.read(at: house.folder.path).isInOrder)
            #expect(again.state.ceremony(named: statement.ceremony)?.state == .completed)
        }
    }

    @Test("A new vault that was used before anybody noted that it is there is done")
    func newMovedOn() async throws {
        try await VaultHouse.dyingAnew(at: "written") { house, statement, ledger in
            let beta = house.folder.place(of: "beta")
            try Data("{}".utf8).write(to: URL(filePath: beta + "/state/cache.json"))
            try house.closeVault(beta)
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [])
            #expect(again.state.ceremony(named: statement.ceremony)?.state == .completed)
            #expect(try house.folder.beside() == ["beta"])
        }
    }

    @Test("Another vault in the new one's place is not ours, however much in order it is")
    func newForeign() async throws {
        try await VaultHouse.dyingAnew(at: "replace-vault") { house, statement, ledger in
            let beta = house.folder.place(of: "beta")
            try FileManager.default.copyItem(atPath: house.folder.path, toPath: beta)
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            #expect(again.trouble(of: statement.ceremony) != nil)
        }
    }

    @Test("What was put ready for a new vault and is damaged is made anew", arguments: [0, 6, 9])
    func newDamaged(number: Int) async throws {
        try await VaultHouse.dyingAnew(at: "replace-vault") { house, statement, ledger in
            let place = try house.staging().appending(path: "\(number)")
            var bytes = try Data(contentsOf: place)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: place)
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [])
            #expect(try Vault.read(at: house.folder.place(of: "beta")).isInOrder)
            #expect(try house.folder.beside() == ["beta"])
        }
    }
}
