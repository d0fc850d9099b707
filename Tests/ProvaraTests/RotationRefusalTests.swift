// What is refused before anybody is asked to sign, and that refusing leaves the vault as it was.

import Testing

@testable import Provara

/// An order that must not be worked out.
struct WrongOrder: Sendable, CustomTestStringConvertible {
    let what: String
    var vector = "vault_before_rotation"
    let words: String
    var prepare: @Sendable (TestVault) throws -> Void = { _ in }
    var change: @Sendable (inout RotationOrder) throws -> Void = { _ in }

    var testDescription: String { what }
}

@Suite("A rotation that breaks a rule is not worked out")
struct RotationRefusalTests {
    static let orders: [WrongOrder] = [
        WrongOrder(
            what: "the old key is the authority", words: "speak for itself",
            change: {
                $0.revoker = TestKey.root.id
            }),
        WrongOrder(
            what: "the old key promotes", words: "speak for itself",
            change: { $0.promoter = TestKey.root.id }),
        WrongOrder(
            what: "the new key is the authority", words: "speak for itself",
            change: {
                $0.promoter = TestKey.newRoot.id
            }),
        WrongOrder(
            what: "the authority under its negative is the new key", words: "speak for itself",
            change: {
                var bytes = TestKey.quorum.publicKey.bytes
                bytes[31] ^= 0x80
                $0.newKey = try #require(VaultPublicKey(bytes))
            }),
        WrongOrder(
            what: "the old key under its negative is the new key", words: "in another form",
            change: {
                var bytes = TestKey.root.publicKey.bytes
                bytes[31] ^= 0x80
                $0.newKey = try #require(VaultPublicKey(bytes))
            }),
        WrongOrder(
            what: "the new key is the old key", words: "one life",
            change: {
                $0.newKey = TestKey.root.publicKey
            }),
        WrongOrder(
            what: "an authority that nobody knows", words: "does not know",
            change: {
                $0.revoker = TestKey.stranger.id
            }),
        WrongOrder(
            what: "an authority that the log revoked", vector: "vault_after_rotation",
            words: "was revoked by",
            change: {
                $0 = try quorumOrder(by: .root)
            }),
        WrongOrder(
            what: "a key that was revoked comes back", vector: "vault_after_rotation",
            words: "one life",
            change: {
                $0 = try quorumOrder(by: .newRoot)
                $0.newKey = TestKey.root.publicKey
            }),
        WrongOrder(
            what: "an authority without the role", words: "neither the role root nor quorum",
            prepare: {
                try $0.rotate(
                    .quorum, to: .newQuorum, by: .root, roles: ["attestation"], boundary: nil)
                try $0.close(by: .root)
            },
            change: {
                $0.revoker = TestKey.newQuorum.id
                $0.promoter = TestKey.newQuorum.id
            }),
        WrongOrder(
            what: "a key that is not the vault's", words: "no key of this vault",
            change: {
                $0.revoke = TestKey.stranger.id
            }),
        WrongOrder(
            what: "a key that was revoked", vector: "vault_after_rotation",
            words: "A key ends once",
            change: {
                $0.newKey = TestKey.newQuorum.publicKey
            }),
        WrongOrder(
            what: "no boundary although the key signed", words: "up to where it is trusted",
            change: {
                $0.boundary = nil
            }),
        WrongOrder(
            what: "a boundary that is no event", words: "is no event that this vault's log has",
            change: {
                $0.boundary = EventID("evt_000000000000000000000000")
            }),
        WrongOrder(
            what: "a boundary of another key", words: "was signed by bp1_24f6ed6acbfe1009",
            prepare: {
                try $0.edit {
                    $0.append(Breakages.bob(time: "2026-02-18T12:30:00.000000+00:00").line(.quorum))
                }
                try $0.close()
            },
            change: {
                let event = Breakages.bob(time: "2026-02-18T12:30:00.000000+00:00")
                $0.boundary = EventID(event.identified(TestKey.quorum.id).id)
            }),
        WrongOrder(what: "no role", words: "There is no role", change: { $0.roles = [] }),
        WrongOrder(what: "no actor", words: "There is no actor", change: { $0.actor = "" }),
        WrongOrder(
            what: "a time before the last event", words: "does not come after",
            change: {
                $0.times.revocation = try #require(VaultTime("2026-02-18T12:00:10.100011+00:00"))
            }),
        WrongOrder(
            what: "the promotion at the revocation's time", words: "does not come after",
            change: {
                $0.times.promotion = $0.times.revocation
            }),
        WrongOrder(
            what: "a sealed vault", words: "was sealed",
            prepare: {
                try $0.edit { $0.append(Breakages.seal.line(.root)) }
                try $0.close()
            }),
        WrongOrder(
            what: "a rotation that was left half done", words: "left half done",
            prepare: {
                try $0.edit {
                    $0.append(
                        Breakages.revocation(
                            of: .root, by: .quorum, boundary: "evt_9f2401cee37aadf18ad58baf",
                            previous: nil
                        )
                        .line(.quorum))
                }
                try $0.close()
            }),
        WrongOrder(
            what: "a vault with a stray file", words: "breaks 3 rules",
            prepare: { try $0.write("state/x", [1]) }),
        WrongOrder(
            what: "a vault with an unsigned event", words: "[event.unsigned]",
            prepare: {
                try $0.edit { $0.append(Breakages.unsigned(Breakages.bob())) }
                try $0.close()
            }),
    ]

    private static func quorumOrder(by authority: TestKey) throws -> RotationOrder {
        var order = try plainOrder()
        order.revoke = TestKey.quorum.id
        order.newKey = TestKey.newQuorum.publicKey
        order.revoker = authority.id
        order.promoter = authority.id
        order.boundary = EventID("evt_4b20071725d1e82f535b725d")
        return order
    }

    @Test("Each is refused with its reason, and nothing is touched", arguments: orders)
    func refused(_ wrong: WrongOrder) throws {
        let vault = try TestVault(wrong.vector)
        try wrong.prepare(vault)
        var order = try plainOrder()
        try wrong.change(&order)
        let before = try vault.snapshot()
        let boundary = order.boundary
        let read = try vault.read { if let boundary { $0.boundaries = [boundary] } }
        do throws(RotationRefusal) {
            _ = try Rotation(read, order)
            Issue.record("it was worked out")
        } catch {
            #expect(error.description.contains(wrong.words), "\(error)")
            #expect(error.description.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
        }
        #expect(try vault.snapshot() == before)
    }

    @Test("A boundary that puts the authority's own promotion in doubt is refused")
    func doubtedAuthority() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.edit { $0.append(Breakages.bob(time: Breakages.late(0)).line(.quorum)) }
        let early = Breakages.bob(time: Breakages.late(0)).identified(TestKey.quorum.id)
        try vault.rotate(.root, to: .newRoot, by: .quorum)
        try vault.close(by: .newRoot)
        var order = try Self.quorumOrder(by: .newRoot)
        order.boundary = EventID(early.id)
        order.times = try RotationOrder.Times(moment: "2026-02-18T14:00:00.000000+00:00")
        let boundary = try #require(order.boundary)
        let read = try vault.read { $0.boundaries = [boundary] }
        #expect(read.isInOrder)
        #expect(throws: RotationRefusal.self) { try Rotation(read, order) }
        order.boundary = read.log.standing(of: TestKey.quorum.id)?.lastEvent?.id
        #expect(throws: Never.self) { try Rotation(read, order) }
    }

    @Test("A signature of another key, or over something else, makes no line and no file")
    func signatures() throws {
        let read = try TestVault("vault_before_rotation").read()
        let rotation = try Rotation(read, plainOrder())
        let quorum = TestKey.quorum
        let first = quorum.sign(rotation.revocation.bytesToSign)
        let second = quorum.sign(rotation.promotion.bytesToSign)
        for (revocation, promotion, key) in [
            (second, second, quorum), (first, first, quorum), (first, [], quorum),
            (TestKey.root.sign(rotation.revocation.bytesToSign), second, .root),
        ] {
            #expect(throws: RotationRefusal.self) {
                try rotation.signed(
                    revocation: revocation, by: key.publicKey, promotion: promotion,
                    by: quorum.publicKey)
            }
        }
        let signed = try rotation.signed(
            revocation: first, by: quorum.publicKey, promotion: second, by: quorum.publicKey)
        for key in [TestKey.root, .stranger] {
            let bytes = signed.manifestSignature(by: key.id).bytesToSign
            #expect(throws: RotationRefusal.self) {
                try signed.files(signature: key.sign(bytes), by: key.publicKey)
            }
        }
        #expect(throws: RotationRefusal.self) {
            try signed.files(signature: first, by: quorum.publicKey)
        }
    }
}
