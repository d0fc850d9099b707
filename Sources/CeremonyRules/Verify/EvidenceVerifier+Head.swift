// The signed head of a log in evidence, and the earlier one that an auditor kept (FORMATS
// section 3).

import CeremonyRecord

extension EvidenceVerifier {
    private static let checkpoint = "log/checkpoint"

    /// The checkpoint of the bundle: signed by a key of this log, over exactly these events.
    mutating func checkHead(_ state: State) throws(Defect) -> SignedNote {
        let place = EvidenceVerifier.checkpoint
        let bytes = try file(place)
        let note: SignedNote
        let checkpoint: Checkpoint
        do throws(NoteError) {
            note = try SignedNote(bytes)
            checkpoint = try Checkpoint(text: note.text)
        } catch {
            throw Defect(.badCheckpoint, in: place, "It cannot be read: \(error).")
        }
        guard checkpoint.origin.utf8.elementsEqual(state.log.origin.utf8) else {
            throw Defect(
                .checkpointOrigin, in: place,
                "It is of \(checkpoint.origin), and the events are of \(state.log.origin).")
        }
        // Which keys must have signed it is a matter of how far it reaches.
        guard checkpoint.head.size == lines.count else {
            throw Defect(
                .checkpointSize, in: place,
                "It covers \(checkpoint.head.size) events, and there are \(lines.count).")
        }
        do throws(NoteError) { try check(note, of: checkpoint.head, state) } catch {
            throw Defect(Defect.Name(error), in: place, "\(error).")
        }
        guard checkpoint.head.root == tree.root else {
            throw Defect(
                .checkpointRoot, in: place,
                "Its root is \(checkpoint.head.root), and that of the events is \(tree.root).")
        }
        result.head = checkpoint.head
        result.held(
            "checkpoint",
            EvidenceVerifier.signers(of: state) + " signed this head: "
                + "\(checkpoint.head.size) events, root \(checkpoint.head.root).")
        return note
    }

    /// Whose signatures a head of the log as it stands was held to, up to "signed this head".
    private static func signers(of state: State) -> String {
        let founders = "The log key that the founders agreed on"
        let later = state.headKeys.filter { $0 != state.logKeys.founding }.joined().map(\.hexID)
        guard let newest = later.last else { return founders + " has" }
        guard later.count == state.headKeys.count else {
            return founders
                + " and what log-key-change put beside it (\(later.joined(separator: ", "))) "
                + "have both"
        }
        return
            "The log key \(newest), which log-key-change put in the place of the founders' key, has"
    }

    /// The checkpoint that the auditor kept: what it covered is still there, unchanged.
    mutating func checkSeen(_ state: State) throws(Defect) {
        guard let bytes = trust.seen else { return }
        let place = "earlier checkpoint"
        let seen: Checkpoint
        let note: SignedNote
        do throws(NoteError) {
            note = try SignedNote(bytes)
            seen = try Checkpoint(text: note.text)
        } catch {
            throw Defect(.seenUnreadable, in: place, "It cannot be read: \(error).")
        }
        // It may be of an earlier log: what it covered must then stand there.
        let earlier = history.first { $0.state.log.origin.utf8.elementsEqual(seen.origin.utf8) }
        do throws(NoteError) {
            if let earlier {
                try earlier.check(note, of: seen.head)
            } else {
                try check(note, of: seen.head, state)
            }
        } catch {
            throw Defect(.seenNotSigned, in: place, "\(error).")
        }
        let tree = earlier?.tree ?? self.tree
        guard let root = tree.root(at: seen.head.size) else {
            throw Defect(
                .logShrank, in: place,
                "It covers \(seen.head.size) events, and there are only \(tree.size) now.")
        }
        guard root == seen.head.root else {
            throw Defect(
                .logForked, in: place,
                "At \(seen.head.size) events its root is \(seen.head.root), "
                    + "and that of these events is \(root).")
        }
        result.held(
            "seen", "The \(seen.head.size) events of the earlier checkpoint are unchanged in it.")
    }

    /// A head that covers more than there is may be by any key that the log ever came to.
    func check(_ note: SignedNote, of head: TreeHead, _ state: State) throws(NoteError) {
        let last = head.size > 0 && head.size <= events.count ? events[head.size - 1] : events.last
        try state.logKeys.check(
            note, size: head.size, time: last?.time ?? state.head.time)
    }
}
