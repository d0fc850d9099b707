// What came after a trust boundary: which events are contested, also through keys that the
// compromised one promoted, and whose word ends that.

import Testing

@testable import Provara

@Suite("What came after a trust boundary is contested")
struct ContestedTests {
    /// The root, compromised after `evt_51ca...`, promotes a key that signs; then the quorum ends
    /// the root.
    private func compromised() throws -> TestVault {
        let vault = try TestVault("vault_before_rotation")
        // An agent that the root can replace: the quorum's successor is made first, by the root.
        try vault.rotate(
            .quorum, to: .newQuorum, by: .root, roles: ["quorum"], boundary: nil,
            times: ("2026-02-18T12:20:00.000000+00:00", "2026-02-18T12:20:01.000000+00:00"))
        try vault.edit {
            $0.append(
                TestEvent(
                    "OBSERVATION", actor: "eve", previous: nil,
                    time: "2026-02-18T12:30:00.000000+00:00"
                ).line(.newQuorum))
        }
        return vault
    }

    @Test(
        "Events of a key that the compromised one promoted are contested too, until the promotion is attested"
    )
    func transitive() throws {
        let vault = try compromised()
        try vault.edit {
            $0.append(
                TestEvent(
                    "OBSERVATION", actor: "eve2", previous: nil,
                    time: "2026-02-18T12:31:00.000000+00:00"
                ).line(.newQuorum))
        }
        let lines = try vault.lines().count
        try vault.close(by: .root)
        let boundary = try #require(EventID("evt_51caf25cd26acb24a4902db0"))
        let read = try vault.read { $0.boundaries = [boundary] }
        #expect(read.isInOrder)
        var order = try plainOrder()
        order.boundary = boundary
        order.revoker = TestKey.newQuorum.id
        order.promoter = TestKey.newQuorum.id
        // The only surviving authority was promoted by the compromised key after the boundary.
        do throws(RotationRefusal) {
            _ = try Rotation(read, order)
            Issue.record("it was worked out")
        } catch {
            #expect(error.description.contains("puts in doubt"), "\(error)")
        }
        // Somebody writes it all the same: the verifier says so, and lists every event.
        try vault.rotate(.root, to: .newRoot, by: .newQuorum, boundary: boundary.description)
        let after = try vault.read()
        #expect(after.findings.violations.contains { $0.rule == .revocationSigner })
        #expect(after.log.contested.map(\.event.line).prefix(5) == [4, 5, 6, 7, 8])
        #expect(
            after.log.contested.prefix(5).map(\.type) == [
                "OBSERVATION", EventType.revocation, EventType.promotion, "OBSERVATION",
                "OBSERVATION",
            ])
        #expect(lines == 8)
        let few = try vault.read { $0.listedContested = 2 }
        #expect(few.log.contested.map(\.event.line) == [4, 5])
        #expect(few.log.contestedCount == after.log.contestedCount)
        #expect(after.log.standing(of: TestKey.newQuorum.id)?.isAuthority == false)
    }

    /// A vault with a second quorum from birth, in which the root gave the first one a successor.
    private func withSecondQuorum() throws -> TestVault {
        let vault = try TestVault("vault_before_rotation")
        // A second quorum from birth ends the compromised root.
        try vault.editKeys { $0.append(KeyEntry.of(.stranger, roles: ["quorum"])) }
        try vault.replace(
            "\"key_id\": \"\(TestKey.quorum.id)\"",
            by:
                "\"key_id\": \"\(TestKey.quorum.id)\"}, {\"role\": \"quorum\", \"key_id\": \"\(TestKey.stranger.id)\"",
            in: VaultPath.contract)
        try vault.rotate(.quorum, to: .newQuorum, by: .root, roles: ["quorum"], boundary: nil)
        return vault
    }

    @Test("An event that comes after two boundaries is contested once, by the first revocation")
    func twoBoundaries() throws {
        let vault = try withSecondQuorum()
        let times = (0..<3).map { "2026-02-18T13:30:0\($0).000000+00:00" }
        let first = TestEvent("OBSERVATION", actor: "eve", previous: nil, time: times[0])
        let second = TestEvent(
            "OBSERVATION", actor: "eve", previous: first.identified(TestKey.newQuorum.id).id,
            time: times[1])
        try vault.edit { $0 += [first.line(.newQuorum), second.line(.newQuorum)] }
        try vault.rotate(
            .root, to: .newRoot, by: .stranger,
            times: ("2026-02-18T14:00:00.000000+00:00", "2026-02-18T14:00:01.000000+00:00"))
        let once = try vault.read()
        let boundary = first.identified(TestKey.newQuorum.id).id
        try vault.rotate(
            .newQuorum, to: TestKey(from: 0xc0), by: .stranger, roles: ["quorum"],
            boundary: boundary,
            times: ("2026-02-18T15:00:00.000000+00:00", "2026-02-18T15:00:01.000000+00:00"))
        try vault.close(by: .stranger)
        let twice = try vault.read()
        #expect(twice.isInOrder, "\(twice.findings.kept)")
        #expect(once.log.contestedCount == 4)
        #expect(twice.log.contestedCount == 4)
        #expect(twice.log.contested.map(\.event.line) == [5, 6, 7, 8])
        #expect(Set(twice.log.contested.map(\.revocation.line)) == [9])
    }

    @Test("An attested promotion gives the key its standing back")
    func attestedPromotion() throws {
        let vault = try withSecondQuorum()
        try vault.close(by: .root)
        var order = try plainOrder()
        order.boundary = EventID("evt_9f2401cee37aadf18ad58baf")
        order.revoker = TestKey.stranger.id
        order.promoter = TestKey.stranger.id
        order.times = try RotationOrder.Times(moment: "2026-02-18T14:00:00.000000+00:00")
        let boundary = try #require(order.boundary)
        let rotation = try Rotation(try vault.read { $0.boundaries = [boundary] }, order)
        #expect(rotation.contested.map(\.type) == [EventType.revocation, EventType.promotion])
        let key = TestKey.stranger
        let signed = try rotation.signed(
            revocation: key.sign(rotation.revocation.bytesToSign), by: key.publicKey,
            promotion: key.sign(rotation.promotion.bytesToSign), by: key.publicKey)
        try vault.publish(
            try signed.files(
                signature: key.sign(signed.manifestSignature.bytesToSign), by: key.publicKey))
        let read = try vault.read()
        #expect(read.isInOrder, "\(read.findings.kept)")
        #expect(read.log.standing(of: TestKey.newQuorum.id)?.isAuthority == false)
        // While it is in doubt, it can change no key, and what it signs is contested.
        var next = try plainOrder()
        next.revoke = TestKey.newRoot.id
        next.newKey = TestKey(from: 0xc0).publicKey
        next.boundary = nil
        next.revoker = TestKey.newQuorum.id
        #expect(throws: RotationRefusal.self) { try Rotation(read, next) }
        try vault.edit {
            $0.append(
                TestEvent(
                    "OBSERVATION", actor: "eve", previous: nil,
                    time: "2026-02-18T15:00:00.000000+00:00"
                ).line(.newQuorum))
        }
        try vault.close(by: .stranger)
        #expect(try vault.read().log.contestedCount == 3)
        // The root's successor stands for the promotion.
        let doubted = try vault.read()
        let target = try #require(doubted.log.contested.first { $0.type == EventType.promotion })
        let change = try doubted.attesting(
            target, by: .newRoot, note: "seen", at: "2026-02-18T16:00:00.000000+00:00",
            manifestCreatedAt: order.times.manifestCreatedAt)
        try vault.publish(change.files(signatureFile: nil))
        #expect(try vault.read().log.standing(of: TestKey.newQuorum.id)?.isAuthority == true)
    }

    @Test(
        "A re-attestation that the reducer would pass over, or by the wrong key, does not count",
        arguments: [
            "status", "evidence_hash", "value", "signer",
        ])
    func notHonoured(what: String) throws {
        let vault = try TestVault("vault_after_compromise")
        try vault.edit { lines in
            var event = try PythonJSON(Array(lines[6].utf8), .file).members!
            var payload = event["payload"]!.members!
            if what != "signer" { payload[what] = "other" }
            event["payload"] = .object(payload)
            event["sig"] = nil
            var test = TestEvent("ATTESTATION", actor: "", previous: nil, time: "")
            test.object = event
            lines[6] = test.line(what == "signer" ? .quorum : .newRoot)
        }
        try vault.close(by: .newRoot)
        let read = try vault.read()
        #expect(
            read.findings.kept.map(\.rule) == [.badAttestation, .unsignedIntroduction],
            "\(read.findings.kept)")
        #expect(read.isInOrder)
        #expect(read.log.contested.first?.attestedBy == nil)
    }

    @Test("More contested events than are kept are counted, and that some are not listed is said")
    func unlisted() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.rotate(.root, to: .newRoot, by: .quorum, boundary: "evt_00d8d4b2aca6adbf8d0d4bd0")
        try vault.close()
        let read = try vault.read { $0.listedContested = 2 }
        #expect(read.findings.kept.map(\.rule) == [.contestedUnlisted, .unsignedIntroduction])
        #expect(read.log.contestedCount == 3)
        #expect(read.log.contested.map(\.event.line) == [2, 3])
    }

    @Test("A line of garbage that names a boundary contests nothing")
    func garbageBoundary() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.edit {
            $0.append(
                Breakages.revocation(
                    of: .root, by: .stranger, boundary: "evt_00d8d4b2aca6adbf8d0d4bd0",
                    previous: nil
                ).line(.stranger))
        }
        try vault.close()
        let read = try vault.read()
        #expect(read.findings.violations.map(\.rule) == [.unknownSigner])
        #expect(read.log.contestedCount == 0)
        #expect(read.log.standing(of: TestKey.root.id)?.isAuthority == true)
    }
}
