// What a rotation of a vault's key is refused for, at every moment at which it could be: drafted,
// opened, carried out, between the intent and the commit, written. Each time the vault is the same
// afterwards, entry by entry.

import CeremonyRecord
import CeremonyRules
import Foundation
import Provara
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("What is refused leaves the vault as it was", .timeLimit(.minutes(10)))
struct VaultRefusalTests {
    private static let lastOfRoot = "evt_9f2401cee37aadf18ad58baf"

    /// Drafts, sees it refused with that word, and the vault unchanged.
    private func expectRefused(
        _ house: VaultHouse, _ more: [String: String], subject: String = "alpha-root",
        as code: String, _ what: Comment? = nil
    ) async throws {
        let before = try house.folder.tree()
        #expect(await refusal { try await house.draft(more, subject: subject) } == code, what)
        #expect(try house.folder.tree() == before, what)
        #expect(try house.folder.beside().isEmpty, what)
    }

    // MARK: Who signs

    @Test("The key that goes is itself in every token, under every label and in every hand")
    func itself() async throws {
        let copies = [("surviving-authority", "02", "annex"), ("another", "03", "house")]
        try await VaultHouse.with(rootKeys: copies) { house in
            for more in [
                ["authority": ProvaraFolder.root], ["promoter": ProvaraFolder.root],
                ["authority": ProvaraFolder.root, "authority-by": "gina"],
                ["promoter": ProvaraFolder.root, "promoter-by": "gina"],
            ] { try await expectRefused(house, more, as: "wrong-key", "\(more)") }
            // The token that it names is where that key is, whatever its label says.
            let honest = try await house.draft()
            #expect(honest.fields["authority-id"] == "01")
        }
    }

    @Test("An authority that has ended in our log signs for nothing, whatever its vault says")
    func ended() async throws {
        try await VaultHouse.with { house in
            let engine = house.engine
            let first = try await house.approved()
            try await engine.submit(try house.workshop.order(engine, first.ceremony))
            let record = try #require(engine.state.ceremony(named: first.ceremony)?.record)
            let key = KeyID(publicKey: record.publicKey.point)
            let more = ["revoke": ProvaraFolder.quorum, "authority": "\(key)"]
            _ = try await house.draft(more, subject: "alpha-quorum")

            let dave = house.workshop.people(of: engine) { $0.signatory("dave") }
            let end = try await engine.draft(
                Draft(
                    kind: KeyRevocation.name, subject: "alpha-root",
                    parameters: ["key": "\(record.fingerprint)", "cause": "compromise"],
                    initiator: dave, reason: "others have it", drafted: engine.time,
                    nonce: engine.nonce()), into: nil)
            try await engine.submit(house.workshop.people(of: engine) { $0.opening(end) })
            for keeper in ["gina", "alice"] {
                try await house.workshop.approve(end, keeper, engine)
            }
            #expect(engine.state.key(record.fingerprint)?.revoked != nil)
            #expect(
                try Vault.read(at: house.folder.path).log.standing(of: key)?.isAuthority == true)
            try await expectRefused(house, more, subject: "alpha-quorum", as: "wrong-key")
        }
    }

    // MARK: Boundaries

    @Test("A boundary is an event of the key that goes, and is there where that key has signed")
    func boundaries() async throws {
        try await VaultHouse.with { house in
            try house.appendEvent()
            try house.closeVault()
            let foreign = try #require(try Vault.read(at: house.folder.path).log.lastEvent)
            for (boundary, code) in [
                ("evt_" + String(repeating: "0", count: 24), "vault-unfit"),
                ("\(foreign.id)", "vault-unfit"), ("none", "bad-parameter"),
            ] {
                try await expectRefused(
                    house, ["boundary": boundary, "cause": "key_compromise"], as: code,
                    "\(boundary)")
            }
        }
    }

    @Test("A boundary that puts the authority itself in doubt is refused before anybody signs")
    func doubtsAuthority() async throws {
        try await VaultHouse.with(rootKeys: [("root", "02", "annex")]) { house in
            let engine = house.engine
            let order = ["revoke": ProvaraFolder.quorum, "authority": ProvaraFolder.root]
            let first = try await house.approve(
                try await house.draft(order, subject: "alpha-quorum"), accepting: nil)
            try await engine.submit(try house.workshop.order(engine, first.ceremony))
            let record = try #require(engine.state.ceremony(named: first.ceremony)?.record)
            let quorum = ["authority": "\(KeyID(publicKey: record.publicKey.point))"]
            // The key that goes has promoted this authority, after the boundary.
            let more = ["boundary": Self.lastOfRoot, "cause": "key_compromise"]
            try await expectRefused(house, quorum.merging(more) { $1 }, as: "vault-unfit")
            _ = try await house.draft(quorum)
        }
    }

    // MARK: What was slipped in

    @Test("A key slipped into keys.json makes the vault unfit; with the contract it is warned of")
    func slippedIn() async throws {
        try await VaultHouse.with { house in
            let stranger = SoftwareKey(77)
            let id = "\(House.keyID(stranger))"
            let more = ["authority": id, "authority-by": "gina"]
            try house.slipIn(stranger, intoContract: false)
            try await expectRefused(house, more, as: "vault-unfit")
            try await expectRefused(house, [:], as: "vault-unfit")
            try house.slipIn(stranger, intoContract: true)
            for (chosen, key) in [([:], ProvaraFolder.quorum), (more, id)] {
                let statement = try await house.draft(chosen)
                #expect(statement.fields["authority"] == key)
                #expect(statement.fields["authority-introduced"] == "contract-unsigned")
                #expect(statement.fields["promoter-introduced"] == "contract-unsigned")
                #expect(
                    statement.fields["vault-warnings"]
                        == "manifest.signature-stale=1,identity.contract-unsigned=2")
            }
        }
    }

    @Test("What people were not warned of when they agreed ends it before anything is done")
    func warnedLater() async throws {
        try await VaultHouse.with { house in
            let statement = try await house.draft()
            #expect(statement.fields["vault-warnings"] == "none")
            #expect(statement.fields["authority-introduced"] == "contract")
            let opening = house.workshop.people(of: house.engine) { $0.opening(statement) }
            let file = house.folder.path + "/identity/private_keys.json"
            // No manifest has this file, so the vault's root is the same with it.
            try Data("{}".utf8).write(to: URL(filePath: file))
            let before = try house.folder.tree()
            #expect(await refusal { try await house.engine.submit(opening) } == "vault-changed")
            try FileManager.default.removeItem(atPath: file)
            try await house.approve(statement, accepting: nil)
            try Data("{}".utf8).write(to: URL(filePath: file))
            let order = try house.workshop.order(house.engine, statement.ceremony)
            #expect(await refusal { try await house.engine.submit(order) } == "execution-failed")
            #expect(house.engine.state.ceremony(named: statement.ceremony)?.state == .approved)
            #expect(try house.folder.tree().keys == before.keys)
            let other = try await house.looked()
            #expect(other.facts["vault-warnings"] == "structure.private-key=1")
        }
    }

    // MARK: A vault that moves on

    @Test("A vault that went on rightfully after the approval is another, and the approval stands")
    func movedOnAfterApproval() async throws {
        try await VaultHouse.with { house in
            let statement = try await house.approved()
            try house.appendEvent()
            try house.closeVault()
            #expect(try Vault.read(at: house.folder.path).isInOrder)
            let before = try house.folder.tree()
            let order = try house.workshop.order(house.engine, statement.ceremony)
            #expect(await refusal { try await house.engine.submit(order) } == "execution-failed")
            #expect(try house.folder.tree() == before)
            #expect(try house.folder.beside().isEmpty)
            #expect(house.engine.state.ceremony(named: statement.ceremony)?.state == .approved)
            #expect(house.engine.state.allKeys.isEmpty)
        }
    }

    @Test("A vault that went on between the intent and the commit is not written")
    func movedOnMeanwhile() async throws {
        let points = Mutex<[String]>([])
        try await VaultHouse.with(at: { place in points.withLock { $0.append(place) } }) { house in
            let statement = try await house.approved()
            points.withLock { $0 = [] }
            try await house.engine.submit(
                try house.workshop.order(house.engine, statement.ceremony))
        }
        let all = points.withLock { $0 }.filter { $0.hasPrefix("after-intent-") }
        #expect(all.count >= 6, "\(all)")
        var ended: [CeremonyState] = []
        for point in all { ended.append(try await meddle(at: point)) }
        // What comes between the last look and the commit cannot be seen before it.
        #expect(ended.dropLast().allSatisfy { $0 == .failed }, "\(ended)")
    }

    private func meddle(at point: String) async throws -> CeremonyState {
        let meddling = Mutex<(@Sendable () throws -> Void)?>(nil)
        return try await VaultHouse.with(at: { place in
            guard place == point else { return }
            let act = meddling.withLock { act in
                defer { act = nil }
                return act
            }
            try act?()
        }) { house in
            let what: Comment = "at \(point)"
            let statement = try await house.approved()
            let after = Mutex<[String: String]>([:])
            meddling.withLock {
                $0 = {
                    try house.appendEvent()
                    try house.closeVault()
                    try after.withLock { $0 = try house.folder.tree() }
                }
            }
            let order = try house.workshop.order(house.engine, statement.ceremony)
            let word = await refusal { try await house.engine.submit(order) }
            let ceremony = try #require(house.engine.state.ceremony(named: statement.ceremony))
            #expect(try house.folder.tree() == after.withLock { $0 }, what)
            #expect(try Vault.read(at: house.folder.path).isInOrder, what)
            if ceremony.state == .failed {
                #expect(word == "execution-failed", what)
                #expect(ceremony.end?.reason == "prestate-changed", what)
                #expect(ceremony.end?.left.isEmpty == true, what)
                #expect(house.engine.state.allKeys.isEmpty, what)
                #expect(try house.folder.beside().isEmpty, what)
            } else {
                #expect(house.engine.state.unfinished.map(\.id) == [ceremony.id], what)
                #expect(house.engine.trouble(of: ceremony.id) != nil, what)
            }
            return ceremony.state
        }
    }

    // MARK: Links

    @Test(
        "A directory that a link has taken the place of is not written through",
        arguments: [
            ("identity", "write-identity/keys.json"), ("events", "write-events/events.ndjson"),
        ])
    func links(folder: String, point: String) async throws {
        try await VaultHouse.dying(at: point) { house, statement, ledger in
            let place = URL(filePath: house.folder.path).appending(path: folder)
            let elsewhere = house.folder.parent.appending(path: "elsewhere")
            try FileManager.default.moveItem(at: place, to: elsewhere)
            try FileManager.default.createSymbolicLink(
                at: place, withDestinationURL: elsewhere)
            let (before, all) = (try house.folder.tree(), try house.folder.files())
            let again = try await house.restarted(ledger.reopened())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            #expect(again.trouble(of: statement.ceremony) != nil)
            #expect(try house.folder.tree() == before)
            let elsewhereFiles = { (files: [String: Data]) in
                files.filter { $0.key.hasPrefix("elsewhere") }
            }
            #expect(try elsewhereFiles(house.folder.files()) == elsewhereFiles(all))
            try FileManager.default.removeItem(at: place)
            try FileManager.default.moveItem(at: elsewhere, to: place)
            try await again.finishCommitted()
            try house.expectFinished(again, statement)
        }
    }

    @Test("A link in the vault refuses it before anything is read through it")
    func linkBefore() async throws {
        try await VaultHouse.with { house in
            let keys = house.folder.path + "/identity/keys.json"
            let copy = house.folder.place(of: "keys.json")
            try FileManager.default.moveItem(atPath: keys, toPath: copy)
            try FileManager.default.createSymbolicLink(
                atPath: keys, withDestinationPath: copy)
            let before = try house.folder.tree()
            #expect(await refusal { try await house.draft() } == "vault-unfit")
            #expect(try house.folder.tree() == before)
        }
    }
}

extension VaultHouse {
    /// What a look says now.
    fileprivate func looked() async throws -> VaultSeen {
        let keys = [ProvaraFolder.root, ProvaraFolder.quorum].compactMap { KeyID($0) }
        return try await engine.executor.desk.look(
            VaultSight(vault: "alpha", keys: keys, boundary: nil, actor: "robot"),
            now: engine.time)
    }

    /// Puts a key where somebody with write access would: as an authority into `keys.json`, and
    /// into the contract as well.
    fileprivate func slipIn(_ key: SoftwareKey, intoContract: Bool) throws {
        func edit(_ name: String, _ list: String, _ entry: [String: Any]) throws {
            let place = URL(filePath: folder.path + "/" + name)
            let read = try JSONSerialization.jsonObject(with: Data(contentsOf: place))
            var object = try #require(read as? [String: Any])
            let entries = try #require(object[list] as? [[String: Any]])
            object[list] = entries + [entry]
            try JSONSerialization.data(withJSONObject: object).write(to: place)
        }
        let id = "\(House.keyID(key))"
        if intoContract {
            try edit(
                "policies/sync_contract.json", "authorities",
                ["role": "quorum", "key_id": id, "scope": "attestation"])
        } else {
            try edit(
                "identity/keys.json", "keys",
                [
                    "key_id": id, "algorithm": "Ed25519",
                    "public_key_b64": Data(key.publicKey.point).base64EncodedString(),
                    "roles": ["quorum", "attestation"], "scopes": ["all"], "status": "active",
                    "created_at_utc": "2026-02-18T12:00:18.100019+00:00",
                ])
        }
        try closeVault()
    }
}
