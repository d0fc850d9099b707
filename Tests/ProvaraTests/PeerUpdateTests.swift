// A peer's copy after a rotation elsewhere: it learns of the keys from signed events and from
// nothing else.

import Testing

@testable import Provara

@Suite("A peer catches up from signed events")
struct PeerUpdateTests {
    private let moment = VaultTime(microseconds: 1_771_500_000_000_000)

    @Test("A peer that has the events and not the keys gets them from its own log")
    func synced() throws {
        let rotated = try TestVault("vault_after_rotation")
        let peer = try TestVault("vault_after_rotation")
        try peer.write(VaultPath.keys, TestVault("vault_before_rotation").bytes(VaultPath.keys))
        try peer.close(by: .newRoot)
        let read = try peer.read()
        #expect(Set(read.findings.violations.map(\.rule)) == [.missingKey, .wrongStatus])
        let update = try PeerUpdate(read, from: nil, createdAt: try #require(moment))
        #expect(!update.isEmpty && update.lines.isEmpty)
        try peer.publish(update.change.files(signatureFile: nil))
        let after = try peer.read()
        #expect(after.isInOrder, "\(after.findings.kept)")
        #expect(after.findings.warnings.map(\.rule) == [.staleSignature, .unsignedIntroduction])
        #expect(
            after.registry?.entries.map(\.id) == (try rotated.read().registry?.entries.map(\.id)))
        #expect(after.registry?.entries.map(\.status) == ["retired", "active", "active"])
        #expect(try PeerUpdate(after, from: nil, createdAt: try #require(moment)).isEmpty)
        let record = update.change.signature(by: TestKey.newRoot.id, at: try #require(moment))
        try peer.write(
            VaultPath.signature,
            record.fileBytes(
                signature: TestKey.newRoot.sign(record.bytesToSign), by: TestKey.newRoot.publicKey))
        #expect(try peer.read().signature == .fresh(by: TestKey.newRoot.id))
    }

    @Test("A peer that is behind by exactly the rotation gets its two events too")
    func behind() throws {
        let other = try TestVault("vault_after_rotation").read()
        let peer = try TestVault("vault_before_rotation")
        let read = try peer.read { $0.boundaries = other.log.trustBoundaries }
        let update = try PeerUpdate(read, from: other, createdAt: try #require(moment))
        #expect(update.lines.count == 2)
        try peer.publish(update.change.files(signatureFile: nil))
        let after = try peer.read()
        #expect(after.isInOrder, "\(after.findings.kept)")
        #expect(after.log.standing(of: TestKey.newRoot.id)?.isAuthority == true)
        #expect(try peer.lines() == Array(TestVault("vault_after_rotation").lines().prefix(6)))
    }

    @Test(
        "A peer without the boundary, another vault, and a peer with faults of its own get nothing")
    func refusals() throws {
        let other = try TestVault("vault_after_rotation").read()
        let short = try TestVault("vault_before_rotation")
        try short.edit { $0.removeLast() }
        try short.close()
        let boundaries = other.log.trustBoundaries
        #expect(throws: RotationRefusal.self) {
            try PeerUpdate(
                try short.read { $0.boundaries = boundaries }, from: other,
                createdAt: try #require(moment))
        }
        #expect(throws: RotationRefusal.self) {
            try PeerUpdate(
                try TestVault("vault_hard_reset").read(), from: other,
                createdAt: try #require(moment))
        }
        let strange = try TestVault("vault_before_rotation")
        try strange.editKeys { $0.append(KeyEntry.of(.newRoot, roles: ["root", "attestation"])) }
        try strange.close()
        #expect(throws: RotationRefusal.self) {
            try PeerUpdate(
                try strange.read { $0.boundaries = boundaries }, from: other,
                createdAt: try #require(moment))
        }
        let bad = try TestVault("vault_after_rotation")
        try bad.editKeys { $0.append(KeyEntry.of(.stranger, roles: ["root"])) }
        try bad.close()
        let peer = try TestVault("vault_before_rotation").read()
        #expect(throws: RotationRefusal.self) {
            try PeerUpdate(peer, from: try bad.read(), createdAt: try #require(moment))
        }
    }

    @Test("What the other copy's keys.json says is not looked at")
    func notFromTheFile() throws {
        let peer = try TestVault("vault_after_rotation")
        try peer.write(VaultPath.keys, TestVault("vault_before_rotation").bytes(VaultPath.keys))
        try peer.close(by: .newRoot)
        let other = try TestVault("vault_after_rotation")
        // Members that no rule looks at, but that a copy would carry over.
        try other.editKeys { $0[2]["scopes"] = .strings(["everything"]) }
        try other.close()
        let update = try PeerUpdate(
            try peer.read(), from: try other.read(), createdAt: try #require(moment))
        #expect(!String(decoding: update.registry.fileBytes, as: UTF8.self).contains("everything"))
    }
}
