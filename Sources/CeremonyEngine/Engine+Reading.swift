// Reading the log again at the start (DESIGN 2.1): every line is folded by the same rules that let
// it in, and the head and checkpoint that are stored beside the lines must be theirs.

import CeremonyRecord
import CeremonyRules

extension Engine {
    /// The same fold as the verifier's, which also refuses a log that breaks off where an event
    /// demands another one.
    ///
    /// - Parameter signed: How many events the stored checkpoint covers.
    /// - Returns: The state, the tree, and the keys that must have signed that checkpoint.
    static func replay(_ ledger: any Ledger, upTo signed: Int) throws
        -> (State, MerkleTree, [[NoteKey]])
    {
        var replay = Replay()
        var leaves: [Digest] = []
        var keys: [[NoteKey]] = []
        do {
            try ledger.read { _, line in
                try replay.take(line)
                leaves.append(TreeHash.leaf(line))
                if leaves.count == signed { keys = replay.state?.headKeys ?? [] }
            }
            guard !leaves.isEmpty else {
                throw Refusal(
                    .incompleteGenesis, "The log is empty: it has not been founded.",
                    next: "Found it: ceremonyd init.")
            }
            return (try replay.finish(), MerkleTree(leaves: leaves), keys)
        } catch let defect as Defect {
            throw defect.refusal
                ?? Refusal(
                    .brokenChain, "The stored log cannot be read back: \(defect).",
                    next: "The database was changed from outside. Restore it, or keep it as "
                        + "evidence.")
        }
    }

    /// Refuses a head that is not the lines', and a checkpoint that the log keys did not make: of
    /// each group one.
    static func check(
        _ stored: StoredHead, by keys: [[NoteKey]], against tree: MerkleTree
    ) throws(Refusal) {
        guard stored.size == tree.size, stored.root == tree.root else {
            throw changed("The stored head is of \(stored.size) events and not the log's.")
        }
        guard let note = stored.checkpoint else { return }
        let head: TreeHead
        do throws(NoteError) {
            let note = try SignedNote(note)
            head = try Checkpoint(text: note.text).head
            try LogKeys.check(note, by: keys)
        } catch {
            throw changed("The stored checkpoint is not one by the log key: \(error).")
        }
        guard head.size == stored.checkpointSize, tree.root(at: head.size) == head.root else {
            throw changed("The stored checkpoint of size \(head.size) is not of this log.")
        }
    }

    private static func changed(_ what: String) -> Refusal {
        Refusal(
            .brokenChain, what,
            next: "The database was changed from outside. Restore it, or keep it as evidence.")
    }
}
