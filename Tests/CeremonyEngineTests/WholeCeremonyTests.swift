// The main job in one process: a real token, the real ledger on a disk, people who sign. Everything
// between the founding and the verified signature of an active key.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyStore
import Foundation
import Sodium
import TestSupport
import Testing

@Suite("A whole ceremony on a token")
struct WholeCeremonyTests {
    @Test("A key made under the eyes of witnesses is active, and the log says so after a restart")
    func mainJob() async throws {
        try await withSoftHSM { store in
            let path = store.directory + "/state"
            let workshop = try await Workshop(
                store: store,
                ledger: try SQLiteLedger(createIn: StateDirectory(path, create: true)))
            #expect(try workshop.ledger.head().size == 2)
            #expect(try workshop.ledger.head().checkpointSize == 2)

            let engine = try await workshop.open()
            let record = try await workshop.completed(engine)
            #expect(
                engine.state.key(record.fingerprint)?.status(at: workshop.clock.now) == .registered)
            for name in ["alice", "bob", "carol"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.attestation(by: name, of: record) })
            }
            let key = try #require(engine.state.key(record.fingerprint))
            #expect(key.status(at: workshop.clock.now) == .active)

            // The key itself: what the module says of it, and that it is the one in the log.
            let listing = try store.pkcs11Tool(
                "--list-objects", "--type", "privkey", "--login", "--pin", SoftHSMStore.pin,
                "--id", Hex.encode(record.keyID))
            #expect(listing.contains("keeper-alpha-1"))
            #expect(
                listing.contains(
                    "Access:     sensitive, always sensitive, never extractable, local"))
            let message = Array("a message".utf8)
            let signature = try await engine.vaults[0].sign(message, with: .id(record.keyID))
            #expect(
                Ed25519.isValid(signature: signature, of: message, by: record.publicKey.point))

            let before = engine.snapshot
            await engine.close()
            let again = try workshop.start()
            #expect(again.state == before.state)
            #expect(again.snapshot.checkpoint == before.checkpoint)
            #expect(again.snapshot.checkpointSize == before.state.head.size)
            #expect(again.snapshot.isSealed)
            try await again.unlock("house", pin: try Workshop.pin())
            #expect(again.state.fence == before.state.fence + 1)
        }
    }
}
