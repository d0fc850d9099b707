// Rotations, re-attestations and hard resets as the package's vectors have them, byte for byte, and
// what must be refused before anything is signed.

import Foundation
import Testing

@testable import Provara

private func moment(_ text: String) throws -> VaultTime { try #require(VaultTime(text)) }

/// The order of a vector that is a rotated vault, read off its events.
private func order(
    of vector: String, revoke: TestKey, newKey: TestKey, authority: TestKey,
    status: KeyRegistry.EndedStatus = .retired
) throws -> RotationOrder {
    let vault = try TestVault(vector)
    let events = try vault.lines().map { try #require(PythonJSON(Array($0.utf8), .file).members) }
    let first = try #require(events.first { $0["type"]?.text == EventType.revocation })
    let second = try #require(events.first { $0["type"]?.text == EventType.promotion })
    let revoked = try #require(first["payload"]?.members)
    let promoted = try #require(second["payload"]?.members)
    let registry = try #require(PythonJSON(try vault.bytes(VaultPath.keys), .file).members)
    let entry = try #require(registry["keys"]?.items?.last?.members)
    let manifest = try #require(PythonJSON(try vault.bytes(VaultPath.manifest), .file).members)
    let signature = try #require(PythonJSON(try vault.bytes(VaultPath.signature), .file).members)
    var order = RotationOrder(
        revoke: revoke.id,
        boundary: revoked["trust_boundary_event_id"]?.text.flatMap { EventID($0) },
        reason: try revoked.text("reason"), newKey: newKey.publicKey,
        roles: try #require(promoted["roles"]?.texts), authority: authority.id,
        times: RotationOrder.Times(
            revokedAt: try moment(revoked.text("revoked_at_utc")),
            revocation: try moment(try first.text("timestamp_utc")),
            promotedAt: try moment(promoted.text("promoted_at_utc")),
            promotion: try moment(try second.text("timestamp_utc")),
            keyCreatedAt: try moment(try entry.text("created_at_utc")),
            manifestCreatedAt: try moment(try manifest.text("created_at_utc")),
            manifestSignedAt: try moment(try signature.text("signed_at_utc"))))
    order.actor = try first.text("actor")
    order.status = status
    return order
}

extension Rotation {
    fileprivate func signed(by key: TestKey) throws -> SignedRotation {
        try signed(
            revocation: key.sign(revocation.bytesToSign), by: key.publicKey,
            promotion: key.sign(promotion.bytesToSign), by: key.publicKey)
    }
}

extension SignedRotation {
    fileprivate func files(by key: TestKey) throws -> [PublishedFile] {
        try files(signature: key.sign(manifestSignature(by: key.id).bytesToSign), by: key.publicKey)
    }
}

extension RotationOrder.Times {
    init(moment text: String) throws {
        self = try #require(RotationOrder.Times(at: try moment(text)))
    }

    init(after log: Vault.Log, notBefore now: VaultTime) throws {
        let next = try #require(log.nextTime(notBefore: now))
        self = try #require(RotationOrder.Times(at: next))
    }
}

/// A rotation of the root by the quorum that nothing is wrong with.
func plainOrder() throws -> RotationOrder {
    RotationOrder(
        revoke: TestKey.root.id, boundary: EventID("evt_9f2401cee37aadf18ad58baf"),
        reason: "scheduled_rotation", newKey: TestKey.newRoot.publicKey,
        roles: ["root", "attestation"],
        authority: TestKey.quorum.id,
        times: try RotationOrder.Times(moment: "2026-02-18T13:00:00.000000+00:00"))
}

@Suite("A rotation is what the package accepts")
struct RotationTests {
    @Test("The quorum's rotation by the root is the vector's, every file of it")
    func wholeVector() throws {
        let vault = try TestVault("vault_before_rotation")
        let wanted = try TestVault("vault_quorum_rotated_strict")
        let rotation = try Rotation(
            try vault.read(),
            order(
                of: "vault_quorum_rotated_strict", revoke: .quorum, newKey: .newQuorum,
                authority: .root,
                status: .revoked))
        #expect(rotation.isAcceptedByReference)
        #expect(rotation.contestedCount == 0)
        let files = try rotation.signed(by: .root).files(by: .root)
        #expect(
            files.map(\.path) == [
                VaultPath.events, VaultPath.keys, VaultPath.manifest, VaultPath.root,
                VaultPath.signature,
            ])
        try vault.publish(files)
        #expect(try vault.snapshot() == wanted.snapshot())
        #expect(try vault.read().isInOrder)
    }

    @Test(
        "The root's rotation by the quorum is the vector's, up to the event that follows there",
        arguments: [
            ("vault_after_rotation", KeyRegistry.EndedStatus.retired),
            ("vault_after_rotation_literal_revoked", .revoked),
        ])
    func rootVector(name: String, status: KeyRegistry.EndedStatus) throws {
        let vault = try TestVault("vault_before_rotation")
        let wanted = try TestVault(name)
        let rotation = try Rotation(
            try vault.read(),
            order(of: name, revoke: .root, newKey: .newRoot, authority: .quorum, status: status))
        #expect(rotation.isAcceptedByReference == (status == .retired))
        let signed = try rotation.signed(by: .quorum)
        try vault.publish(try signed.files(by: .quorum))
        #expect(try vault.read().isInOrder)
        #expect(try vault.bytes(VaultPath.keys) == wanted.bytes(VaultPath.keys))
        #expect(try vault.lines() == Array(wanted.lines().prefix(6)))
        // Where the vector's manifest was made after one more event, it is the same after that.
        guard try wanted.lines().count > 6 else {
            #expect(try vault.snapshot() == wanted.snapshot())
            return
        }
        let change = VaultChange(
            of: try vault.read(), appending: Array((try wanted.lines()[6] + "\n").utf8),
            registry: nil,
            createdAt: rotation.order.times.manifestCreatedAt)
        let record = change.signature(
            by: TestKey.quorum.id, at: rotation.order.times.manifestSignedAt)
        try vault.publish(
            change.files(
                signatureFile: try record.fileBytes(
                    signature: TestKey.quorum.sign(record.bytesToSign), by: TestKey.quorum.publicKey
                )))
        #expect(try vault.snapshot() == wanted.snapshot())
    }

    @Test("A compromise with its re-attestation is the vector's, every file of it")
    func compromise() throws {
        let vault = try TestVault("vault_before_rotation")
        let wanted = try TestVault("vault_after_compromise")
        let order = try order(
            of: "vault_after_compromise", revoke: .root, newKey: .newRoot, authority: .quorum)
        let boundary = try #require(order.boundary)
        let rotation = try Rotation(try vault.read { $0.boundaries = [boundary] }, order)
        #expect(rotation.contested.map(\.event.line) == [4])
        #expect(rotation.contestedCount == 1)
        try vault.publish(try rotation.signed(by: .quorum).files(by: .newRoot))
        let rotated = try vault.read()
        let target = try #require(rotated.log.contested.first)
        #expect(target.attestedBy == nil)
        let change = try rotated.attesting(
            target, by: .newRoot, note: "Re-attestation following key rotation",
            at: "2026-02-18T12:00:58.100059+00:00",
            manifestCreatedAt: order.times.manifestCreatedAt)
        let record = change.signature(by: TestKey.newRoot.id, at: order.times.manifestSignedAt)
        try vault.publish(
            change.files(
                signatureFile: try record.fileBytes(
                    signature: TestKey.newRoot.sign(record.bytesToSign),
                    by: TestKey.newRoot.publicKey)))
        #expect(try vault.snapshot() == wanted.snapshot())
        #expect(try vault.read().log.contested.first?.attestedBy?.line == 7)
    }

    @Test("A key in whose place none came cannot attest, and neither can the authority")
    func wrongAttestation() throws {
        let vault = try TestVault("vault_before_rotation")
        var order = try plainOrder()
        order.boundary = EventID("evt_51caf25cd26acb24a4902db0")
        let boundary = try #require(order.boundary)
        try vault.publish(
            try Rotation(try vault.read { $0.boundaries = [boundary] }, order).signed(by: .quorum)
                .files(by: .quorum))
        let read = try vault.read()
        let target = try #require(read.log.contested.first)
        let change = try read.attesting(
            target, by: .quorum, note: "", at: "2026-02-18T14:00:00.000000+00:00",
            manifestCreatedAt: order.times.manifestCreatedAt)
        try vault.publish(change.files(signatureFile: nil))
        #expect(try vault.read().findings.kept.map(\.rule).contains(.badAttestation))
        #expect(try vault.read().log.contested.first?.attestedBy == nil)
    }

    @Test("The authorities of the two events may differ")
    func twoAuthorities() throws {
        let vault = try TestVault("vault_before_rotation")
        // A third authority: the quorum's successor, so that the old root can go by two others.
        try vault.rotate(
            .quorum, to: .newQuorum, by: .root, roles: ["quorum", "root"], boundary: nil)
        try vault.rotate(
            .root, to: .newRoot, by: .newQuorum,
            boundary: try vault.read().log.standing(of: TestKey.root.id)?.lastEvent?.id.description)
        try vault.close(by: .newRoot)
        let read = try vault.read()
        #expect(read.isInOrder, "\(read.findings.kept)")
        var order = try plainOrder()
        order.revoke = TestKey.newRoot.id
        order.newKey = TestKey.stranger.publicKey
        order.boundary = nil
        order.times = try RotationOrder.Times(after: read.log, notBefore: order.times.revokedAt)
        order.revoker = TestKey.newQuorum.id
        order.promoter = TestKey.newQuorum.id
        let rotation = try Rotation(read, order)
        try vault.publish(try rotation.signed(by: .newQuorum).files(by: .newQuorum))
        #expect(try vault.read().isInOrder)
    }

    @Test("The events chain to the actor's last, and their times come after the whole log")
    func twice() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.publish(
            try Rotation(try vault.read(), plainOrder()).signed(by: .quorum).files(by: .quorum))
        let read = try vault.read()
        var order = try plainOrder()
        order.revoke = TestKey.quorum.id
        order.newKey = TestKey.newQuorum.publicKey
        order.roles = ["quorum", "attestation"]
        order.revoker = TestKey.newRoot.id
        order.promoter = TestKey.newRoot.id
        order.boundary = read.log.standing(of: TestKey.quorum.id)?.lastEvent?.id
        #expect(throws: RotationRefusal.self) { try Rotation(read, order) }
        let next = try #require(read.log.nextTime(notBefore: order.times.revokedAt))
        #expect(next.description == "2026-02-18T13:00:00.000002+00:00")
        order.times = try #require(RotationOrder.Times(at: next))
        let rotation = try Rotation(read, order)
        #expect(rotation.revocation.envelope.previous == read.log.tip(of: order.actor).last)
        #expect(rotation.revocation.envelope.logicalTime == 3)
        try vault.publish(try rotation.signed(by: .newRoot).files(by: .newRoot))
        let after = try vault.read()
        #expect(after.isInOrder, "\(after.findings.kept)")
        #expect(after.log.standing(of: TestKey.newQuorum.id)?.isAuthority == true)
        #expect(
            after.registry?.entries.map(\.status) == ["retired", "retired", "active", "active"])
    }

    @Test("After every write it can be told how far the publication has come")
    func progress() throws {
        let vault = try TestVault("vault_before_rotation")
        let files = try Rotation(try vault.read(), plainOrder()).signed(by: .quorum).files(
            by: .quorum)
        func states() throws -> [PublishedFile.Progress] {
            try files.map { try $0.progress(in: vault.path) }
        }
        #expect(try states() == [.before, .before, .before, .before, .before])
        for (count, file) in files.enumerated() {
            try vault.publish([file])
            #expect(
                try states() == files.indices.map { $0 <= count ? .after : .before })
            // Before the root is written, nobody takes the vault for one in order.
            #expect(try vault.read().isInOrder == (count >= 3))
        }
        let whole = try vault.bytes(VaultPath.events)
        for cut in [1, 40, 700] {
            try vault.write(VaultPath.events, Array(whole.dropLast(cut)))
            #expect(try files[0].progress(in: vault.path) == .cutOff)
        }
        try vault.write(VaultPath.events, whole + [10])
        #expect(try files[0].progress(in: vault.path) == .other)
        try vault.write(VaultPath.events, [0x20] + whole.dropFirst())
        #expect(try files[0].progress(in: vault.path) == .other)
        try vault.write(VaultPath.keys, Array("{".utf8))
        #expect(try files[1].progress(in: vault.path) == .other)
        try vault.remove(VaultPath.root)
        #expect(try files[3].progress(in: vault.path) == .other)
    }

    @Test("Members of keys.json that nobody here knows are kept")
    func unknownMembers() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.editKeys { $0[0]["owner"] = "M\u{fc}ller/\u{1f511}" }
        try vault.close()
        try vault.publish(
            try Rotation(try vault.read(), plainOrder()).signed(by: .quorum).files(by: .quorum))
        #expect(try vault.text(VaultPath.keys).contains("\"owner\": \"M\u{fc}ller/\u{1f511}\""))
        #expect(try vault.read().isInOrder)
    }

    @Test("A vault born here in the place of a lost one is the vector's, every file of it")
    func hardReset() throws {
        let old = try TestVault("vault_single_key")
        let wanted = try TestVault("vault_hard_reset")
        func time(_ second: Int, _ micro: Int) throws -> VaultTime {
            let minutes = second / 60
            let text =
                "2026-02-18T12:0\(minutes):\(second % 60 < 10 ? "0" : "")\(second % 60).\(micro)+00:00"
            return try #require(VaultTime(text))
        }
        let reset = try HardReset(
            of: try old.read(), uid: "provara-vector-successor",
            rootKey: TestKey.successorRoot.publicKey,
            times: HardReset.Times(
                bornAt: time(68, 100069), keyCreatedAt: time(69, 100070), genesis: time(74, 100075),
                observation: time(75, 100076), manifestCreatedAt: time(76, 100077),
                manifestSignedAt: time(77, 100078)))
        let key = TestKey.successorRoot
        let new = try reset.signed(
            genesis: key.sign(reset.genesis.bytesToSign),
            observation: key.sign(reset.observation.bytesToSign))
        let vault = try TestVault(empty: ())
        try vault.publish(try new.files(signature: key.sign(new.manifestSignature.bytesToSign)))
        #expect(try vault.snapshot() == wanted.snapshot())
        #expect(try vault.read().isInOrder)
        #expect(try vault.read().genesis?.predecessor == old.read().anchor)
        #expect(
            HardReset.emptyDirectories.sorted()
                == (try Vectors.object("vault_hard_reset")["empty_directories"]?.texts?.sorted()))
    }

    @Test("A lost vault's name and keys do not come back")
    func hardResetRefusals() throws {
        let old = try TestVault("vault_after_rotation").read()
        let moment = try plainOrder().times.revocation
        let times = HardReset.Times(
            bornAt: moment, keyCreatedAt: moment, genesis: moment,
            observation: try #require(moment.adding(microseconds: 1)), manifestCreatedAt: moment,
            manifestSignedAt: moment)
        for (uid, key) in [
            ("provara-vector-vault", TestKey.stranger), ("new", .root), ("new", .newRoot),
            ("new", .quorum),
            ("", .stranger),
        ] {
            #expect(throws: RotationRefusal.self) {
                try HardReset(of: old, uid: uid, rootKey: key.publicKey, times: times)
            }
        }
        var same = times
        same.observation = times.genesis
        #expect(throws: RotationRefusal.self) {
            try HardReset(
                of: old, uid: "new", rootKey: TestKey.stranger.publicKey, times: same)
        }
        #expect(throws: RotationRefusal.self) {
            try HardReset(
                of: old, uid: "new", rootKey: TestKey.stranger.publicKey, actor: "", times: times)
        }
        #expect(throws: Never.self) {
            try HardReset(of: old, uid: "new", rootKey: TestKey.stranger.publicKey, times: times)
        }
    }
}
