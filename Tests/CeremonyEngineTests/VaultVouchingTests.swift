// Contested events that a new key is to stand for, on a vault that the reference made: which of
// them are drafted, and how much one rotation has room for.

import CSodium
import CeremonyRecord
import CeremonyRules
import Foundation
import Provara
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A rotation looks at the contested events that it is to attest", .timeLimit(.minutes(5)))
struct VaultVouchingTests {
    private static let order = [
        "cause": "key_compromise", "boundary": VaultHouse.boundary,
    ]

    private func draft(_ house: VaultHouse, _ events: [String], boundary: String? = nil)
        async throws
        -> Statement
    {
        var order = Self.order.merging(["reattest": events.joined(separator: ",")]) { $1 }
        order["boundary"] = boundary ?? VaultHouse.boundary
        return try await house.draft(order)
    }

    @Test("Witnesses sign the digest of what each of them says in the vault")
    func drafted() async throws {
        try await VaultHouse.with { house in
            let statement = try await draft(house, VaultHouse.suspects)
            let vault = try Vault.read(at: house.folder.path)
            #expect(statement.fields["vault-root"] == "\(vault.root)")
            #expect(statement.fields["contested"] == "2")
            let log = try String(
                contentsOf: URL(filePath: house.folder.path + "/events/events.ndjson"),
                encoding: .utf8)
            let lines = try log.split(separator: "\n").suffix(2).map { line in
                let event = try #require(try? PythonJSON(Array(line.utf8), .init(bytes: 10_000)))
                let payload = try #require(event.members?["payload"])
                return
                    "\(event.members?["event_id"]?.text ?? "") \(Digest(of: payload.canonicalBytes))"
            }
            #expect(statement.fields.all("reattest") == lines)
        }
    }

    @Test("What is not contested, is unknown, or stands in another order is not drafted")
    func refused() async throws {
        try await VaultHouse.with { house in
            for events in [
                ["evt_0123456789abcdef01234567"], [VaultHouse.boundary],
                Array(VaultHouse.suspects.reversed()),
            ] {
                #expect(await refusal { try await draft(house, events) } == "vault-unfit")
            }
            #expect(
                await refusal {
                    try await draft(
                        house, [VaultHouse.suspects[0]], boundary: VaultHouse.suspects[0])
                } == "vault-unfit")
            let twice = [VaultHouse.suspects[0], VaultHouse.suspects[0]]
            #expect(await refusal { try await draft(house, twice) } == "bad-parameter")
        }
    }

    @Test("Events that the outcome has no room for are refused before anybody signs")
    func room() async throws {
        try await VaultHouse.with { house in
            let large = try house.folder.appendObservation(ofBytes: VaultSight.roomForVouched)
            let small = try house.folder.appendObservation(ofBytes: 100)
            let statement = try await draft(house, VaultHouse.suspects + [small])
            #expect(statement.fields.all("reattest").count == 3)
            #expect(await refusal { try await draft(house, [large]) } == "vault-unfit")
            let most = VaultSight.roomForVouched / 4 * 3 - 1000
            let whole = try house.folder.appendObservation(ofBytes: most)
            let id = try await house.approve(
                try await draft(house, [small, whole]), accepting: nil
            ).ceremony
            try await house.engine.submit(try house.workshop.order(house.engine, id))
            let ceremony = try #require(house.engine.state.ceremony(named: id))
            try house.expectRotated(by: ceremony)
        }
    }
}

extension ProvaraFolder {
    /// The old root key signs one more observation with a text of that many bytes, and the files
    /// are brought into order; gives back the event's id.
    fileprivate func appendObservation(ofBytes count: Int) throws -> String {
        var point = [UInt8](repeating: 0, count: 32)
        var secret = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_seed_keypair(&point, &secret, Array(UInt8(0)..<32))
        let key = try #require(VaultPublicKey(point))
        let before = try Vault.read(at: path)
        let tip = before.log.tip(of: "eve")
        let now = try #require(VaultTime("2026-02-18T13:00:00.000000+00:00"))
        let event = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.observation, namespace: EventNamespace.local, actor: "eve",
                signer: key.id, logicalTime: tip.nextLogicalTime, previous: tip.last,
                time: try #require(before.log.nextTime(notBefore: now))),
            payload: [
                "subject": "door/1", "predicate": "said",
                "value": .string(String(repeating: "x", count: count)),
            ])
        var signature = [UInt8](repeating: 0, count: 64)
        let bytes = event.bytesToSign
        unsafe crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), secret)
        try append(
            String(decoding: event.line(signature: signature, by: key), as: UTF8.self),
            to: "events/events.ndjson")
        let after = try Vault.read(at: path)
        try Data(after.manifest.bytes(createdAt: now)).write(
            to: URL(filePath: path + "/manifest.json"))
        try Data(after.root.fileBytes).write(to: URL(filePath: path + "/merkle_root.txt"))
        return "\(event.id)"
    }
}
