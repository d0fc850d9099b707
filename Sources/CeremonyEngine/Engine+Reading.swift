// Reading the log again at the start (DESIGN 2.1): every line is folded by the same rules that let
// it in, and the head and checkpoint that are stored beside the lines must be theirs.

import CeremonyRecord
import CeremonyRules

extension Engine {
    /// The same fold as the verifier's, which also refuses a log that breaks off where an event
    /// demands another one.
    static func replay(_ ledger: any Ledger) throws -> (State, MerkleTree) {
        var replay = Replay()
        var leaves: [Digest] = []
        do {
            try ledger.read { _, line in
                try replay.take(line)
                leaves.append(TreeHash.leaf(line))
            }
            guard !leaves.isEmpty else {
                throw Refusal(
                    .incompleteGenesis, "The log is empty: it has not been founded.",
                    next: "Found it: ceremonyd init.")
            }
            return (try replay.finish(), MerkleTree(leaves: leaves))
        } catch let defect as Defect {
            throw defect.refusal
                ?? Refusal(
                    .brokenChain, "The stored log cannot be read back: \(defect).",
                    next: "The database was changed from outside. Restore it, or keep it as "
                        + "evidence.")
        }
    }

    /// Refuses a head that is not the lines', and a checkpoint that the log key did not make.
    static func check(
        _ stored: StoredHead, against tree: MerkleTree, of state: State
    ) throws(Refusal) {
        guard stored.size == tree.size, stored.root == tree.root else {
            throw changed("The stored head is of \(stored.size) events and not the log's.")
        }
        guard let note = stored.checkpoint else { return }
        let keys = state.log.vkeys.compactMap { NoteKey(vkey: $0) }
        let head: TreeHead
        do throws(NoteError) {
            head = try Checkpoint(try SignedNote(note), signedBy: Array(keys.prefix(1))).head
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
