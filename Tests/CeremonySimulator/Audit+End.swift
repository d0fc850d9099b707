// What is looked at once, when a house has lived long enough: the whole log read again and offered
// to whoever verifies it without us, and changed in places to see that this is found.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport

extension Audit {
    /// I9, I10, I13: every prefix folds to the same state, the offline verifier accepts the log,
    /// and does not when a byte of it is another one.
    func close(by chance: inout Chance) {
        guard problems.isEmpty, let state else { return }
        // Whoever read the log at a start has read a prefix of it again; some houses are read again
        // event by event.
        let isReadAgain = chance.permille(250)
        if isReadAgain { readAgain() }
        checkSupersession(in: state)
        guard let evidence = evidence(of: disk.lines, in: state) else {
            return report("the log makes no evidence")
        }
        let trust = Trust(genesis: state.log.genesis, allowsRehearsal: true)
        let verification = EvidenceVerifier.verify(evidence, against: trust)
        if !verification.isVerified {
            report(
                "the offline verifier refuses the log: \(verification.defect.map { "\($0)" } ?? "")"
            )
        }
        if verification.state != state { report("the offline verifier reads another state") }
        let path = "log/events.jsonl"
        guard let events = evidence.files[path] else { return report("there is no \(path)") }
        guard !isReadAgain else { return }
        var changed = evidence
        let place = chance.number(0...events.count - 1)
        changed.files[path]?[place] ^= 1 << UInt8(chance.number(0...7))
        if EvidenceVerifier.verify(changed.summed(), against: trust).isVerified {
            report("I10: nobody sees that byte \(place) of the log is another one")
        }
    }

    private func readAgain() {
        var again = Replay()
        for line in disk.lines {
            guard (try? again.take(line)) != nil else { return report("I9: it replays only once") }
            guard let size = again.state?.head.size, let known = states[size] else { continue }
            if again.state != known { report("I9: \(size) events fold to two different states") }
        }
    }

    private func checkSupersession(in state: State) {
        for ceremony in state.allCeremonies {
            let isSuperseded = ceremony.end?.reason == "superseded"
            guard let successor = book.successors[ceremony.id] else {
                if isSuperseded { report("I13: nothing superseded \(ceremony.id)") }
                continue
            }
            let opened = state.ceremony(named: successor)?.opened.seq ?? 0
            if !isSuperseded || opened <= ceremony.opened.seq {
                report("I13: \(ceremony.id) and \(successor) do not name each other")
            }
        }
    }

    private func evidence(of lines: [[UInt8]], in state: State) -> EvidenceFolder? {
        guard let events = try? lines.map({ try Event(line: $0) }),
            var files = try? EvidenceBundle.files(of: events),
            disk.head.checkpointSize == lines.count, let checkpoint = disk.head.checkpoint,
            let note = try? SignedNote(checkpoint)
        else { return nil }
        files["log/checkpoint"] = checkpoint
        let tree = MerkleTree(leaves: lines.map(TreeHash.leaf))
        for ceremony in state.allCeremonies where ceremony.state == .completed {
            guard let seq = ceremony.end?.seq,
                let proof = tree.inclusionProof(of: seq, in: tree.size),
                let written = try? LogProof(proof, checkpoint: note)
            else { return nil }
            files[EvidenceBundle.proofPath(of: ceremony.id)] = written.bytes
        }
        return EvidenceFolder(files: files).summed()
    }
}
