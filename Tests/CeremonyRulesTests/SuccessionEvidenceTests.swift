// Evidence of a log that goes on from others: one history, and every way in which the old part can
// be missing, changed or another one.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Evidence of a successor log")
struct SuccessionEvidenceTests {
    private func logs() throws -> (House, House) {
        var old = try House()
        _ = try old.activated("keeper-alpha")
        old.now = old.now + 60
        return (old, try House(after: old))
    }

    private func trust(_ house: House, seen: [UInt8]? = nil) -> Trust {
        Trust(genesis: house.genesis.digest, seen: seen, allowsRehearsal: true)
    }

    private func refused(
        _ name: Defect.Name, _ folder: EvidenceFolder, _ trust: Trust, in place: String? = nil,
        at location: SourceLocation = #_sourceLocation
    ) {
        let defect = EvidenceVerifier.verify(folder, against: trust).defect
        #expect(defect?.name == name, "\(String(describing: defect))", sourceLocation: location)
        if let place { #expect(defect?.place == place, sourceLocation: location) }
    }

    @Test("Both logs verify as one history, and a carried key is told with who stood for it")
    func verifies() throws {
        let (old, new) = try logs()
        let found = EvidenceVerifier.verify(try new.evidence(), against: trust(new))
        #expect(found.isVerified, "\(String(describing: found.defect))")
        #expect(
            found.checks.map(\.name).filter { ["predecessor", "succession"].contains($0) }.count
                == 2)
        #expect(found.checks.contains { $0.text.contains("\(old.genesis.digest)") })
        let key = try #require(found.keys.first)
        #expect(key.entry.origin == old.state.log.origin)
        #expect(key.approvedBy == ["alice", "bob", "carol"] && key.attestedBy == ["alice", "bob"])
    }

    @Test("A third log goes on from the second, and the key from the first")
    func chain() throws {
        let (old, second) = try logs()
        var third = try House(after: second)
        #expect(third.earlier.count == 2)
        #expect(third.state.allKeys.first?.origin == old.state.log.origin)
        #expect(third.state.history.map(\.size) == [2, 2, old.lines.count])
        let statement = try third.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(SoftwareKey(500).fingerprint)", "cause": "loss"])
        try third.approve("alice", "bob", statement: statement)
        let evidence = try third.evidence()
        let found = EvidenceVerifier.verify(evidence, against: trust(third))
        #expect(found.isVerified, "\(String(describing: found.defect))")
        #expect(found.keys.first?.approvedBy == ["alice", "bob", "carol"])
        let revoked = String(
            decoding: try #require(evidence.files["trust-copies/revoked_keys"]), as: UTF8.self)
        #expect(revoked == SoftwareKey(500).publicKey.line + "\n")
        expectRefusal(.wrongDocument) {
            _ = try House(after: second) { founding in
                founding.genesis.log = old.state.log.origin
                founding.genesis.logKeys[0].vkey = Founding.vkey(
                    old.state.log.origin, of: founding.logKey)
            }
        }
    }

    @Test("The old part may not be missing, changed, longer or another one")
    func spoilt() throws {
        let (old, new) = try logs()
        let good = try new.evidence()
        let events = "predecessor/log/events.jsonl"
        var folder = good
        folder.files[events] = nil
        refused(.unsoundFounding, folder, trust(new))
        folder = good
        folder.files[events]?.removeLast()
        refused(.tornLog, folder, trust(new), in: events)
        folder = good
        let line = try #require(old.lines.last)
        folder.files[events]?.removeLast(line.count + 1)
        // Its last event demanded the one that was cut off.
        refused(.missingConsequence, folder, trust(new), in: events)
        var longer = old
        try longer.order(.note, by: "erin")
        folder = good
        folder.files.merge(EarlierLog.files(of: longer.kept)) { $1 }
        refused(.unsoundFounding, folder, trust(new))
        folder = good
        folder.files["predecessor/README.txt"] = []
        refused(.unknownFile, folder.summed(), trust(new), in: "predecessor/README.txt")
        let (_, alone) = (try logs().0, try House())
        folder = try alone.evidence()
        folder.files.merge(EarlierLog.files(of: old.kept)) { $1 }
        refused(.unsoundFounding, folder, trust(alone))
    }

    @Test("A signed head of the old log may cover less, and never say anything else")
    func heads() throws {
        let (old, new) = try logs()
        let good = try new.evidence()
        let place = "predecessor/log/checkpoint"
        func with(_ note: SignedNote) -> EvidenceFolder {
            var folder = good
            folder.files[place] = note.bytes
            return folder.summed()
        }
        let less = EvidenceVerifier.verify(
            with(try old.checkpoint(size: 3)), against: trust(new))
        #expect(less.isVerified, "\(String(describing: less.defect))")
        let origin = old.state.log.origin
        let size = old.lines.count
        let other = Checkpoint(origin: origin, head: TreeHead(size: size, root: .zero))
        refused(.checkpointRoot, with(try old.note(other)), trust(new), in: place)
        refused(
            .checkpointNotSigned, with(try old.checkpoint(by: SoftwareKey(77))), trust(new),
            in: place)
        refused(.checkpointOrigin, with(try new.checkpoint()), trust(new), in: place)
        let more = Checkpoint(origin: origin, head: TreeHead(size: size + 1, root: .zero))
        refused(.checkpointSize, with(try old.note(more)), trust(new), in: place)
        var folder = good
        folder.files[place] = [1, 2, 3]
        refused(.badCheckpoint, folder, trust(new), in: place)
    }

    @Test("An old checkpoint that somebody kept shows whether the end of the old log was left out")
    func seen() throws {
        let (old, new) = try logs()
        let evidence = try new.evidence()
        let kept = try old.checkpoint(size: 4).bytes
        let found = EvidenceVerifier.verify(evidence, against: trust(new, seen: kept))
        #expect(found.isVerified && found.checks.contains { $0.name == "seen" })
        var longer = old
        try longer.order(.note, by: "erin")
        refused(.logShrank, evidence, trust(new, seen: try longer.checkpoint().bytes))
        let fork = Checkpoint(
            origin: old.state.log.origin, head: TreeHead(size: 4, root: .zero))
        refused(.logForked, evidence, trust(new, seen: try old.note(fork).bytes))
        let forged = try old.checkpoint(size: 4, by: SoftwareKey(77)).bytes
        refused(.seenNotSigned, evidence, trust(new, seen: forged))
    }
}
