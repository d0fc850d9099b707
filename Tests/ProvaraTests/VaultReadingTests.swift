// Whole vaults of the package, as they are: what is in order, what is only worth knowing, what
// every key is worth at the end, and which events are contested.

import Testing

@testable import Provara

@Suite("A vault is read for what it is")
struct VaultReadingTests {
    @Test(
        "The package's vaults keep every rule, and what is worth knowing of them is said",
        arguments: [
            ("vault_before_rotation", []),
            // The contract's quorum key replaced the root key, so nothing goes back to the birth.
            ("vault_after_rotation", [Vault.Rule.unsignedIntroduction]),
            (
                "vault_after_rotation_literal_revoked", [.literalRevoked, .unsignedIntroduction]
            ),
            ("vault_after_reference_rekey", [.literalRevoked, .unsignedIntroduction]),
            ("vault_quorum_rotated_strict", []),
            ("vault_after_compromise", [.unsignedIntroduction]),
            ("vault_single_key", []),
            ("vault_hard_reset", []),
        ] as [(String, [Vault.Rule])])
    func vectors(name: String, warnings: [Vault.Rule]) throws {
        let vault = try TestVault(name)
        let before = try vault.snapshot()
        let read = try vault.read()
        #expect(read.isInOrder, "\(read.findings.kept)")
        #expect(read.findings.warnings.map(\.rule) == warnings)
        #expect(read.root.description == (try Vectors.object(name).text("merkle_root")))
        let lines = try vault.lines()
        #expect(read.log.eventCount == lines.count)
        #expect(read.log.lastEvent?.line == lines.count)
        #expect(read.log.size == (try vault.bytes(VaultPath.events)).count)
        if case .fresh = read.signature {} else { Issue.record("\(read.signature)") }
        #expect(try vault.snapshot() == before)
    }

    @Test("After a rotation the log says what each key is worth")
    func standings() throws {
        let vault = try TestVault("vault_after_rotation").read()
        let old = try #require(vault.log.standing(of: TestKey.root.id))
        #expect(old.introduction == .birth)
        #expect(old.eventCount == 4)
        #expect(old.revocation?.signer == TestKey.quorum.id)
        #expect(old.revocation?.replacement == TestKey.newRoot.id)
        #expect(old.revocation?.boundary == old.lastEvent?.id)
        #expect(!old.isAuthority && old.hasAuthorityRole)
        let new = try #require(vault.log.standing(of: TestKey.newRoot.id))
        #expect(
            new.introduction
                == .promotion(
                    EventReference(
                        id: try #require(EventID("evt_4b20071725d1e82f535b725d")), line: 6)))
        #expect(new.roles == ["root", "attestation"])
        #expect(new.replaces == old.id && new.promotedBy == TestKey.quorum.id)
        #expect(new.isAuthority)
        #expect(vault.log.standing(of: TestKey.quorum.id)?.introduction == .contract)
        #expect(vault.log.standing(of: TestKey.stranger.id) == nil)
        #expect(vault.log.keys.count == 3)
        #expect(vault.log.contestedCount == 0)
        #expect(vault.log.tip(of: "alice").nextLogicalTime == 3)
        #expect(vault.log.tip(of: "alice").last?.description == "evt_3d41bdfd3c5ee5798992ebcd")
        #expect(vault.log.tip(of: "nobody") == (nil, 1))
    }

    @Test(
        "An event after the trust boundary is contested, and the new key's word for it is honoured")
    func contested() throws {
        let vault = try TestVault("vault_after_compromise")
        let read = try vault.read()
        let event = try #require(read.log.contested.first)
        #expect(read.log.contestedCount == 1)
        #expect(event.event.description == "evt_9f2401cee37aadf18ad58baf (line 4)")
        #expect(event.signer == TestKey.root.id)
        #expect(event.revocation.line == 5)
        #expect(event.attestedBy?.line == 7)
        #expect(try read.line(of: event) == Array(try vault.lines()[3].utf8))
    }

    @Test(
        "What was asked about an event is known: who signed it, and what that key signed after it")
    func askedBoundaries() throws {
        let vault = try TestVault("vault_before_rotation")
        let asked = try #require(EventID("evt_00d8d4b2aca6adbf8d0d4bd0"))
        let read = try vault.read { $0.boundaries = [asked] }
        let passed = try #require(read.log.replay.boundaries[asked]?.passed)
        #expect(passed.owner == TestKey.root.id)
        #expect(passed.line == 1)
        #expect(read.log.replay.suspects[passed.owner]?.kept.map(\.event.line) == [2, 3, 4])
    }

    @Test("A time after the whole log is found for any form of the latest time")
    func nextTime() throws {
        let vault = try TestVault("vault_before_rotation")
        let now = try #require(VaultTime("2026-02-18T12:00:00.000000+00:00"))
        let later = try #require(VaultTime("2027-01-01T00:00:00.000000+00:00"))
        let log = try vault.read().log
        #expect(log.nextTime(notBefore: now)?.description == "2026-02-18T12:00:10.100012+00:00")
        #expect(log.nextTime(notBefore: later) == later)
        for (text, next) in [
            ("2026-02-18T13:00:00Z", "2026-02-18T13:00:01.000000+00:00"),
            ("2026-02-18T13:00:00.5+00:00", "2026-02-18T13:00:01.000000+00:00"),
            ("tomorrow", nil),
        ] as [(String, String?)] {
            var lines = try TestVault("vault_before_rotation").lines()
            lines.append(
                TestEvent("OBSERVATION", actor: "bob", previous: nil, time: text).line(.root))
            try vault.write(lines: lines)
            #expect(try vault.read().log.nextTime(notBefore: now)?.description == next)
        }
    }

    @Test("A key that the caller vouches for may sign, and has no authority by that")
    func vouched() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.editKeys { $0.append(KeyEntry.of(.stranger, roles: ["agent"])) }
        try vault.edit { $0.append(Breakages.bob().line(.stranger)) }
        try vault.close()
        let strange = try vault.read().findings.violations.map(\.rule)
        #expect(Set(strange) == [.strangeKey, .unknownSigner])
        let read = try vault.read { $0.vouchedKeys = [TestKey.stranger.id, TestKey.newRoot.id] }
        #expect(read.isInOrder, "\(read.findings.kept)")
        #expect(read.log.standing(of: TestKey.stranger.id)?.introduction == .vouched)
        #expect(read.log.standing(of: TestKey.stranger.id)?.isAuthority == false)
        #expect(read.log.standing(of: TestKey.newRoot.id) == nil)
        try vault.editKeys { $0[2]["roles"] = .strings(["agent", "root"]) }
        try vault.close()
        let wrong = try vault.read { $0.vouchedKeys = [TestKey.stranger.id] }
        #expect(wrong.findings.violations.map(\.rule) == [.wrongRoles])
    }

    @Test(
        "A vault that changes while it is read is no vault that was read",
        arguments: [
            VaultPath.events, VaultPath.keys, "state/new.json",
        ])
    func changes(path: String) throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.remove(VaultPath.signature)
        #expect(throws: VaultError.self) {
            try vault.read(noting: { _ in try? vault.write(path, [0x7b, 0x7d]) })
        }
    }

    @Test("What is no vault cannot be read, and why is said")
    func noVault() throws {
        #expect(throws: VaultError.noVault(path: "/nowhere/at/all", errno: 2)) {
            try Vault.read(at: "/nowhere/at/all")
        }
        let empty = try TestVault(empty: ()).read()
        #expect(
            Set(empty.findings.violations.compactMap(\.path)).isSuperset(of: VaultPath.required))
    }
}
