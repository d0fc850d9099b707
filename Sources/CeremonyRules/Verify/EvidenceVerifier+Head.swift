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
        do throws(NoteError) { try EvidenceVerifier.check(note, by: state) } catch {
            let name: Defect.Name =
                if case .signatureInvalid = error { .checkpointSignature } else {
                    .checkpointNotSigned
                }
            throw Defect(name, in: place, "\(error).")
        }
        guard checkpoint.head.size == lines.count else {
            throw Defect(
                .checkpointSize, in: place,
                "It covers \(checkpoint.head.size) events, and there are \(lines.count).")
        }
        guard checkpoint.head.root == tree.root else {
            throw Defect(
                .checkpointRoot, in: place,
                "Its root is \(checkpoint.head.root), and that of the events is \(tree.root).")
        }
        result.head = checkpoint.head
        result.held(
            "checkpoint",
            "The log key that the founders agreed on has signed this head: "
                + "\(checkpoint.head.size) events, root \(checkpoint.head.root).")
        return note
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
        do throws(NoteError) { try EvidenceVerifier.check(note, by: state) } catch {
            throw Defect(.seenNotSigned, in: place, "\(error).")
        }
        guard let root = tree.root(at: seen.head.size) else {
            throw Defect(
                .logShrank, in: place,
                "It covers \(seen.head.size) events, and there are only \(lines.count) now.")
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

    /// Refuses a note that is of another log, that no key of the log has signed, or that has a
    /// wrong line of such a key.
    static func check(_ note: SignedNote, by state: State) throws(NoteError) {
        let origin = try Checkpoint(text: note.text).origin
        guard origin.utf8.elementsEqual(state.log.origin.utf8) else { throw .otherOrigin(origin) }
        var isSigned = false
        for vkey in state.log.vkeys {
            guard let key = NoteKey(vkey: vkey) else { continue }
            do throws(NoteError) {
                try note.verify(by: key)
                isSigned = true
            } catch .notSigned {
                // The standby key signs only where the first one cannot.
                continue
            } catch {
                throw error
            }
        }
        guard isSigned else { throw .notSigned(by: state.log.origin) }
    }
}
