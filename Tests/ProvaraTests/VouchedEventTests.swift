// The new key's word for contested events, given in the rotation itself: what is written, what is
// refused, and that a copy which follows has its chains whole.

import Testing

@testable import Provara

@Suite("A new key stands for contested events in its own rotation")
struct VouchedEventTests {
    private static let first = "evt_a2c10974f007422348286da3"
    private static let suspects = ["evt_51caf25cd26acb24a4902db0", "evt_9f2401cee37aadf18ad58baf"]

    private func ids(_ texts: [String]) throws -> [EventID] {
        try texts.map { try #require(EventID($0)) }
    }

    /// The vault, read for these events with everything after its second line contested.
    private func read(_ vault: TestVault, _ events: [EventID], boundary: String = first) throws
        -> Vault
    {
        let boundary = try ids([boundary])
        return try vault.read { $0.boundaries = Set(events + boundary) }
    }

    private func order(_ vault: Vault, _ events: [EventID], boundary: String = first) throws
        -> RotationOrder
    {
        var order = try plainOrder()
        order.boundary = EventID(boundary)
        let vouched = try vault.vouched(
            events, revoking: order.revoke, boundary: order.boundary)
        return try #require(order.vouching(for: vouched))
    }

    /// Signed by the quorum and the new root.
    private func rotate(_ vault: TestVault, _ events: [EventID]) throws -> Rotation {
        let before = try read(vault, events)
        let rotation = try Rotation(before, try order(before, events))
        let (quorum, new) = (TestKey.quorum, TestKey.newRoot)
        let signed = try rotation.signed(
            revocation: quorum.sign(rotation.revocation.bytesToSign), by: quorum.publicKey,
            promotion: quorum.sign(rotation.promotion.bytesToSign), by: quorum.publicKey,
            attestations: rotation.attestations.map { new.sign($0.bytesToSign) })
        let record = signed.manifestSignature(by: new.id)
        try vault.publish(
            try signed.files(signature: new.sign(record.bytesToSign), by: new.publicKey))
        return rotation
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was refused"
        } catch { return "\(error)" }
    }

    @Test(
        "What it stands for counts again, the rest stays contested, and the files follow the last")
    func honoured() throws {
        let vault = try TestVault("vault_before_rotation")
        let events = try ids([Self.suspects[0]])
        let rotation = try rotate(vault, events)
        let after = try vault.read()
        #expect(after.isInOrder, "\(after.findings.kept)")
        #expect(
            after.findings.warnings.map(\.rule) == [.unsignedIntroduction],
            "\(after.findings.kept)")
        let contested = after.log.contested
        #expect(contested.map(\.event.id).map(\.description) == Self.suspects)
        #expect(contested[0].attestedBy?.id == rotation.attestations.first?.id)
        #expect(contested[1].attestedBy == nil)
        #expect(after.signature == .fresh(by: TestKey.newRoot.id))
        let event = try #require(rotation.attestations.first)
        #expect(event.envelope.previous == rotation.promotion.id)
        #expect(event.envelope.time > rotation.promotion.envelope.time)
        #expect(rotation.order.times.manifestSignedAt >= event.envelope.time)
        #expect(event.envelope.logicalTime == rotation.promotion.envelope.logicalTime + 1)
    }

    @Test("Several are attested in the order of the log, and in no other")
    func ordered() throws {
        let vault = try TestVault("vault_before_rotation")
        let events = try ids(Self.suspects)
        let before = try read(vault, events)
        let back = Array(events.reversed())
        #expect(
            refusal {
                _ = try before.vouched(
                    back, revoking: TestKey.root.id, boundary: EventID(Self.first))
            }
            .contains("does not come after"))
        #expect(
            refusal {
                _ = try before.vouched(
                    [events[0], events[0]], revoking: TestKey.root.id, boundary: EventID(Self.first)
                )
            }
            .contains("does not come after"))
        _ = try rotate(vault, events)
        #expect(try vault.read().log.contested.allSatisfy { $0.attestedBy != nil })
    }

    @Test("Events that are none, that are not contested, or were attested are told apart")
    func refused() throws {
        let vault = try TestVault("vault_before_rotation")
        func why(_ text: String, boundary: String? = Self.first) throws -> String {
            let events = try ids([text])
            let read = try read(vault, events)
            return refusal {
                _ = try read.vouched(
                    events, revoking: TestKey.root.id, boundary: boundary.flatMap { EventID($0) })
            }
        }
        #expect(try why("evt_0123456789abcdef01234567").contains("is no event of this vault"))
        #expect(try why(Self.first).contains("is not contested"))
        #expect(try why(Self.suspects[0], boundary: Self.suspects[1]).contains("is not contested"))
        #expect(try why(Self.suspects[0]) == "nothing was refused")
        _ = try rotate(vault, try ids([Self.suspects[0]]))
        let events = try ids(Self.suspects)
        let after = try vault.read { $0.boundaries = Set(events) }
        func later(_ event: EventID, _ key: TestKey) -> String {
            refusal { _ = try after.vouched([event], revoking: key.id, boundary: nil) }
        }
        #expect(later(events[0], .newRoot).contains("was attested again already"))
        // The successor of the successor may still stand for the other; the quorum's may not.
        #expect(later(events[1], .newRoot) == "nothing was refused")
        #expect(later(events[1], .quorum).contains("only a key that took the place"))
    }

    @Test("A retraction and a redacted event cannot be stood for")
    func unbelieved() throws {
        let vault = try TestVault("vault_before_rotation")
        let retraction = TestEvent(
            "RETRACTION", actor: "eve", previous: nil, time: "2026-02-18T12:30:00.000000+00:00",
            payload: ["subject": "door", "predicate": "state"])
        try vault.edit { $0.append(retraction.line(.root)) }
        try vault.close()
        let events = try ids([retraction.identified(TestKey.root.id).id])
        let before = try read(vault, events)
        #expect(
            refusal {
                _ = try before.vouched(
                    events, revoking: TestKey.root.id, boundary: EventID(Self.first))
            }
            .contains("takes no belief"))
        let redacted = try TestVault("vault_before_rotation")
        try redacted.redact(by: .root, order: nil)
        try redacted.close(by: .root)
        let gone = try ids([Self.suspects[1]])
        let without = try read(redacted, gone)
        #expect(without.isInOrder, "\(without.findings.kept)")
        #expect(
            refusal {
                _ = try without.vouched(
                    gone, revoking: TestKey.root.id, boundary: EventID(Self.first))
            }.contains("lost its content"))
        #expect(VouchedEvent(events[0], payload: Array("{\"redacted\":true}".utf8)) == nil)
        #expect(VouchedEvent(events[0], payload: Array("{ }".utf8)) == nil)
        #expect(VouchedEvent(events[0], payload: Array("{}".utf8)) != nil)
    }

    @Test("Other words than the event's, another's signature, and one too few are not taken")
    func tampered() throws {
        let vault = try TestVault("vault_before_rotation")
        let events = try ids([Self.suspects[0]])
        let before = try read(vault, events)
        let said = try #require(
            VouchedEvent(events[0], payload: Array("{\"subject\":\"door\"}".utf8)))
        var order = try plainOrder()
        order.boundary = EventID(Self.first)
        let other = try #require(order.vouching(for: [said]))
        #expect(refusal { _ = try Rotation(before, other) }.contains("says something else"))
        let rotation = try Rotation(before, try self.order(before, events))
        let quorum = TestKey.quorum
        for signatures in [[], rotation.attestations.map { quorum.sign($0.bytesToSign) }] {
            #expect(throws: RotationRefusal.self) {
                try rotation.signed(
                    revocation: quorum.sign(rotation.revocation.bytesToSign), by: quorum.publicKey,
                    promotion: quorum.sign(rotation.promotion.bytesToSign), by: quorum.publicKey,
                    attestations: signatures)
            }
        }
    }

    @Test("A copy takes the attestations over with the rotation, and the next rotation after them")
    func followed() throws {
        let moment = try #require(VaultTime("2026-03-01T00:00:00.000000+00:00"))
        let vault = try TestVault("vault_before_rotation")
        let peer = try TestVault("vault_before_rotation")
        func follow() throws -> Int {
            let other = try vault.read()
            let copy = try peer.read { $0.boundaries = other.log.trustBoundaries }
            let update = try PeerUpdate(copy, from: other, createdAt: moment)
            try peer.publish(update.change.files(signatureFile: nil))
            let after = try peer.read()
            #expect(after.isInOrder, "\(after.findings.kept)")
            #expect(after.log.contested.map(\.attestedBy) == other.log.contested.map(\.attestedBy))
            return update.lines.count
        }
        _ = try rotate(vault, try ids([Self.suspects[0]]))
        #expect(try follow() == 3)
        let rotated = try vault.read()
        var next = try plainOrder()
        next.revoke = TestKey.quorum.id
        next.newKey = TestKey.newQuorum.publicKey
        next.roles = ["quorum"]
        next.revoker = TestKey.newRoot.id
        next.promoter = TestKey.newRoot.id
        next.boundary = rotated.log.standing(of: TestKey.quorum.id)?.lastEvent?.id
        next.times = try RotationOrder.Times(after: rotated.log, notBefore: moment)
        let rotation = try Rotation(rotated, next)
        let key = TestKey.newRoot
        let signed = try rotation.signed(
            revocation: key.sign(rotation.revocation.bytesToSign), by: key.publicKey,
            promotion: key.sign(rotation.promotion.bytesToSign), by: key.publicKey)
        try vault.publish(
            try signed.files(
                signature: key.sign(signed.manifestSignature.bytesToSign), by: key.publicKey))
        #expect(try follow() == 2)
    }
}
