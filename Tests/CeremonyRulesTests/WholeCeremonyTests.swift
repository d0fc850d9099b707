// The main job from the first event to the verified evidence.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("A whole ceremony")
struct WholeCeremonyTests {
    @Test("A key made under the eyes of witnesses is active, and the evidence verifies")
    func mainJob() throws {
        var house = try House()
        try house.decide(.start(version: "1", commit: "abc", modules: []))
        let record = try house.completed()
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .registered)
        try house.attest("alice", "robot", "bob", record: record)
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .active)
        #expect(try Replay.state(of: house.lines) == house.state)
        let result = EvidenceVerifier.verify(
            try house.evidence(),
            against: Trust(
                genesis: house.genesis.digest, seen: try house.checkpoint(size: 4).bytes,
                allowsRehearsal: true))
        #expect(result.defect == nil)
        #expect(result.isVerified)
        #expect(result.keys.first?.attestedBy == ["alice", "bob", "robot"])
        #expect(result.keys.first?.approvedBy == ["alice", "bob", "carol"])
        #expect(
            result.checks.map(\.name)
                == [
                    "format", "genesis", "events", "mode", "checkpoint", "seen", "files", "proofs",
                    "transport",
                ])
    }
}
