// Ways to break a rotation: who signs, about which key, with which boundary, in which order.

import Foundation

@testable import Provara

extension Breakages {
    static let rotations: [Breakage] = [
        Breakage(what: "a rightful rotation", rules: []) {
            try $0.rotate(.root, to: .newRoot, by: .quorum)
        },
        Breakage(
            what: "the new key promotes itself",
            rules: [.unfinished, .selfPromotion, .unknownSigner, .strangeKey]
        ) {
            try $0.rotate(.root, to: .newRoot, revokedBy: .quorum, promotedBy: .newRoot)
        },
        Breakage(
            what: "the old key revokes itself",
            rules: [.selfRevocation, .noRevocation, .strangeKey, .wrongStatus]
        ) {
            try $0.rotate(.root, to: .newRoot, revokedBy: .root, promotedBy: .quorum)
        },
        Breakage(
            what: "the old key promotes its successor",
            rules: [.selfPromotion, .revokedSigner, .unfinished, .strangeKey]
        ) {
            try $0.rotate(.root, to: .newRoot, revokedBy: .quorum, promotedBy: .root)
        },
        Breakage(
            what: "a slipped-in key is the authority",
            rules: [.strangeKey, .unknownSigner, .wrongStatus]
        ) {
            try $0.editKeys { $0.append(KeyEntry.of(.stranger, roles: ["root"])) }
            try $0.rotate(.root, to: .newRoot, by: .stranger)
        },
        Breakage(
            what: "a revoked key is the authority", vector: "vault_after_rotation",
            rules: [.revokedSigner, .strangeKey, .wrongStatus], closer: .newRoot
        ) {
            try $0.rotate(.quorum, to: .newQuorum, by: .root)
        },
        Breakage(
            what: "an authority without the role",
            rules: [.revocationSigner, .promotionSigner, .strangeKey, .wrongStatus], closer: .root
        ) {
            try $0.rotate(.quorum, to: .newQuorum, by: .root, roles: ["attestation"], boundary: nil)
            try $0.rotate(.root, to: .newRoot, by: .newQuorum)
        },
        Breakage(what: "a promotion without a revocation", rules: [.noRevocation]) {
            try $0.edit {
                $0.append(promotion(of: .newRoot, by: .quorum, previous: nil).line(.quorum))
            }
        },
        Breakage(what: "the promotion before the revocation", rules: [.noRevocation, .unfinished]) {
            try $0.edit {
                let first = promotion(of: .newRoot, by: .quorum, previous: nil).identified(
                    TestKey.quorum.id)
                $0.append(first.line(.quorum))
                var second = revocation(
                    of: .root, by: .quorum, boundary: "evt_9f2401cee37aadf18ad58baf",
                    previous: first.id)
                second.object["timestamp_utc"] = .string(late(8))
                $0.append(second.line(.quorum))
            }
            try $0.editKeys { $0[0]["status"] = "retired" }
        },
        Breakage(what: "a revocation that nothing followed", rules: [.unfinished]) {
            try $0.edit {
                $0.append(
                    revocation(
                        of: .root, by: .quorum, boundary: "evt_9f2401cee37aadf18ad58baf",
                        previous: nil
                    ).line(.quorum))
            }
            try $0.editKeys { $0[0]["status"] = "retired" }
        },
        Breakage(what: "no boundary although the key signed", rules: [.noBoundary]) {
            try $0.rotate(.root, to: .newRoot, by: .quorum, boundary: nil)
        },
        Breakage(what: "a boundary that is no event", rules: [.unknownBoundary]) {
            try $0.rotate(
                .root, to: .newRoot, by: .quorum, boundary: "evt_000000000000000000000000")
        },
        Breakage(what: "a boundary that another key signed", rules: [.foreignBoundary]) {
            try $0.edit { $0.append(bob(time: late(0)).line(.quorum)) }
            let event = bob(time: late(0)).identified(TestKey.quorum.id)
            try $0.rotate(.root, to: .newRoot, by: .quorum, boundary: event.id)
        },
        Breakage(what: "a boundary that comes later", rules: [.unknownBoundary, .revokedSigner]) {
            let event = bob().identified(TestKey.root.id)
            try $0.rotate(.root, to: .newRoot, by: .quorum, boundary: event.id)
            try $0.edit { $0.append(bob().line(.root)) }
        },
        Breakage(what: "an unknown key is revoked", rules: [.revokedWhat]) {
            try $0.edit {
                $0.append(
                    revocation(of: .stranger, by: .quorum, boundary: nil, previous: nil).line(
                        .quorum))
            }
        },
        Breakage(
            what: "a key is revoked twice", vector: "vault_after_rotation", rules: [.revokedWhat]
        ) {
            try $0.edit {
                $0.append(
                    revocation(
                        of: .root, by: .quorum, boundary: nil,
                        previous: "evt_4b20071725d1e82f535b725d"
                    ).line(.quorum))
            }
        },
        Breakage(what: "a key of the vault is promoted", rules: [.knownKey, .unfinished]) {
            try $0.editKeys { $0.append(KeyEntry.of(.stranger, roles: ["quorum"])) }
            try $0.replace(
                "\"key_id\": \"\(TestKey.quorum.id)\"",
                by:
                    "\"key_id\": \"\(TestKey.quorum.id)\"}, {\"role\": \"quorum\", \"key_id\": \"\(TestKey.stranger.id)\"",
                in: VaultPath.contract)
            try $0.rotate(.root, to: .stranger, by: .quorum, addsEntry: false)
        },
        Breakage(
            what: "a revoked key comes back", vector: "vault_after_rotation",
            rules: [.knownKey, .unfinished, .wrongStatus], closer: .newRoot
        ) {
            try $0.rotate(
                .quorum, to: .root, by: .newRoot, roles: ["quorum"],
                boundary: "evt_4b20071725d1e82f535b725d", addsEntry: false)
            try $0.editKeys { $0[1]["status"] = "active" }
        },
        Breakage(what: "the negative of a known key is promoted", rules: [.knownKey, .unfinished]) {
            try $0.promoteTwin(of: .root)
        },
        Breakage(
            what: "the authority promotes the negative of itself",
            rules: [.selfPromotion, .unfinished]
        ) {
            try $0.promoteTwin(of: .quorum)
        },
        Breakage(
            what: "a new key id that is not that of the key", rules: [.badPromotion, .unfinished]
        ) {
            try $0.rotate(.root, to: .newRoot, by: .quorum, addsEntry: false) {
                $0["new_key_id"] = .string(TestKey.stranger.id.description)
            }
        },
        Breakage(what: "another algorithm", rules: [.badPromotion, .unfinished]) {
            try $0.rotate(.root, to: .newRoot, by: .quorum, addsEntry: false) {
                $0["algorithm"] = "Ed448"
            }
        },
        Breakage(what: "a promotion without roles", rules: [.badPromotion, .unfinished]) {
            try $0.rotate(.root, to: .newRoot, by: .quorum, addsEntry: false) {
                $0["roles"] = .array([])
            }
        },
        Breakage(what: "promoted_by is not who signed", rules: [.badPromotion, .unfinished]) {
            try $0.rotate(.root, to: .newRoot, by: .quorum, addsEntry: false) {
                $0["promoted_by"] = .string(TestKey.root.id.description)
            }
        },
        Breakage(what: "revoked_by is not who signed", rules: [.badRevocation]) {
            var event = revocation(
                of: .root, by: .quorum, boundary: "evt_9f2401cee37aadf18ad58baf", previous: nil)
            var payload = event.object["payload"]!.members!
            payload["revoked_by"] = .string(TestKey.root.id.description)
            event.object["payload"] = .object(payload)
            try $0.edit { [line = event.line(.quorum)] in $0.append(line) }
        },
        Breakage(what: "a revocation that names no key", rules: [.badRevocation]) {
            let event = TestEvent(
                EventType.revocation, actor: "x", previous: nil, time: late(3), payload: [:])
            try $0.edit { $0.append(event.line(.quorum)) }
        },
        Breakage(what: "a promotion at the revocation's time", rules: [.promotionTime]) {
            try $0.rotate(
                .root, to: .newRoot, by: .quorum, times: (late(3), late(3)), actors: ("a", "b"))
        },
        Breakage(what: "a quorum's successor gets root", rules: [.moreRoles], closer: .root) {
            try $0.rotate(
                .quorum, to: .newQuorum, by: .root, roles: ["quorum", "root"], boundary: nil)
        },
        Breakage(
            what: "a revocation whose own signer the boundary puts in doubt",
            vector: "vault_after_rotation",
            rules: [
                .revocationSigner, .promotionSigner, .unfinished, .strangeKey, .wrongSignature,
            ], closer: .newRoot
        ) {
            // The quorum promoted the new root; now the new root revokes the quorum from before
            // that.
            try $0.edit {
                $0.insert(
                    TestEvent(
                        "OBSERVATION", actor: "carol", previous: nil,
                        time: "2026-02-18T12:00:12.000000+00:00"
                    ).line(.quorum), at: 4)
            }
            let boundary = TestEvent(
                "OBSERVATION", actor: "carol", previous: nil,
                time: "2026-02-18T12:00:12.000000+00:00"
            ).identified(TestKey.quorum.id)
            try $0.rotate(
                .quorum, to: .newQuorum, by: .newRoot, roles: ["quorum"], boundary: boundary.id)
        },
    ]

    static func revocation(
        of key: TestKey, by signer: TestKey, boundary: String?, previous: String?
    ) -> TestEvent {
        TestEvent(
            EventType.revocation, actor: "key_rotation_authority", previous: previous,
            time: late(3),
            payload: [
                "revoked_key_id": .string(key.id.description),
                "trust_boundary_event_id": .optional(boundary),
                "reason": "scheduled_rotation", "revoked_by": .string(signer.id.description),
                "revoked_at_utc": .string(late(3)),
            ])
    }

    static func promotion(
        of key: TestKey, by signer: TestKey, replacing old: TestKey = .root, previous: String?,
        roles: [String] = ["root", "attestation"]
    ) -> TestEvent {
        TestEvent(
            EventType.promotion, actor: "key_rotation_authority", previous: previous, time: late(4),
            payload: [
                "new_key_id": .string(key.id.description), "algorithm": "Ed25519",
                "new_public_key_b64": .string(key.publicKey.base64), "roles": .strings(roles),
                "promoted_by": .string(signer.id.description),
                "replaces_key_id": .string(old.id.description), "promoted_at_utc": .string(late(4)),
            ])
    }
}

extension TestVault {
    func rotate(
        _ old: TestKey, to new: TestKey, by authority: TestKey,
        roles: [String] = ["root", "attestation"],
        boundary: String? = "evt_9f2401cee37aadf18ad58baf", addsEntry: Bool = true,
        times: (String, String) = (Breakages.late(3), Breakages.late(4)),
        actors: (String, String)? = nil, _ change: (inout PythonObject) -> Void = { _ in }
    ) throws {
        try rotate(
            old, to: new, revokedBy: authority, promotedBy: authority, roles: roles,
            boundary: boundary,
            addsEntry: addsEntry, times: times, actors: actors, change)
    }

    /// A rotation as some program might write it, with `keys.json`.
    func rotate(
        _ old: TestKey, to new: TestKey, revokedBy revoker: TestKey, promotedBy promoter: TestKey,
        roles: [String] = ["root", "attestation"],
        boundary: String? = "evt_9f2401cee37aadf18ad58baf",
        addsEntry: Bool = true, times: (String, String) = (Breakages.late(3), Breakages.late(4)),
        actors: (String, String)? = nil, _ change: (inout PythonObject) -> Void = { _ in }
    ) throws {
        let actors = actors ?? ("rotation_\(old.id)", "rotation_\(old.id)")
        var first = Breakages.revocation(of: old, by: revoker, boundary: boundary, previous: nil)
        first.object["actor"] = .string(actors.0)
        first.object["timestamp_utc"] = .string(times.0)
        let previous: String? = actors.0 == actors.1 ? first.identified(revoker.id).id : nil
        var second = Breakages.promotion(
            of: new, by: promoter, replacing: old, previous: previous, roles: roles)
        second.object["actor"] = .string(actors.1)
        second.object["timestamp_utc"] = .string(times.1)
        var payload = second.object["payload"]!.members!
        change(&payload)
        second.object["payload"] = .object(payload)
        try edit { [second] in $0 += [first.line(revoker), second.line(promoter)] }
        try editKeys {
            for index in $0.indices where $0[index]["key_id"]?.text == old.id.description {
                $0[index]["status"] = "retired"
            }
            if addsEntry { $0.append(KeyEntry.of(new, roles: roles)) }
        }
    }

    /// The root key is replaced by the negative of a key.
    func promoteTwin(of key: TestKey) throws {
        var negative = key.publicKey.bytes
        negative[31] ^= 0x80
        let twin = VaultPublicKey(negative)!
        try rotate(.root, to: .newRoot, by: .quorum, addsEntry: false) {
            $0["new_key_id"] = .string(twin.id.description)
            $0["new_public_key_b64"] = .string(twin.base64)
        }
    }
}
