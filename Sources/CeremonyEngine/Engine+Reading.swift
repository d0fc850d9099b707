// Reading the log again at the start (DESIGN 2.1): every line is folded by the same rules that let
// it in, and the head and checkpoint that are stored beside the lines must be theirs. A log that
// was changed is refused with the event at which it shows, and nothing is touched.

import CeremonyRecord
import CeremonyRules

extension Engine {
    /// The same fold as the verifier's, which also refuses a log that breaks off where an event
    /// demands another one.
    ///
    /// - Parameters:
    ///   - history: The logs that this one goes on from.
    ///   - signed: How many events the stored checkpoint covers.
    /// - Returns: The state, the tree, the keys that must have signed that checkpoint, and the
    ///   events that it does not cover.
    static func replay(
        _ ledger: any Ledger, after history: History, upTo signed: Int
    ) throws(Refusal) -> (State, MerkleTree, [[NoteKey]], unsigned: Tail) {
        var replay = Replay(after: history.state)
        var leaves: [Digest] = []
        var keys: [[NoteKey]] = []
        var unsigned = Tail()
        do {
            try ledger.read { seq, line in
                let event = try replay.take(line)
                leaves.append(TreeHash.leaf(line))
                if leaves.count == signed { keys = replay.state?.headKeys ?? [] }
                if seq >= signed { unsigned.append([event], [line]) }
            }
            guard !leaves.isEmpty else {
                throw Refusal(
                    .incompleteGenesis, "The log is empty: it has not been founded.",
                    next: "Found it: ceremonyd init.")
            }
            return (try replay.finish(), MerkleTree(leaves: leaves), keys, unsigned)
        } catch let refusal as Refusal {
            throw refusal
        } catch let defect as Defect {
            throw changed(defect, behind: leaves.count)
        } catch {
            throw changed("Behind event \(leaves.count - 1) it cannot be read: \(error).")
        }
    }

    /// Reads from the ledger; what cannot be read is a changed database.
    static func reading<R>(_ body: () throws(LedgerError) -> R) throws(Refusal) -> R {
        do throws(LedgerError) {
            return try body()
        } catch {
            throw changed("\(error).")
        }
    }

    /// Refuses a head that is not the lines', and a checkpoint that the log keys did not make: of
    /// each group one.
    static func check(
        _ stored: StoredHead, by keys: [[NoteKey]], against tree: MerkleTree
    ) throws(Refusal) {
        guard stored.size == tree.size, stored.root == tree.root else {
            throw changed(
                "The stored head says \(stored.size) events with root \(stored.root), and the "
                    + "\(tree.size) stored events have root \(tree.root).")
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
            throw changed(
                "The log key signed other events: its checkpoint of \(head.size) events is not of "
                    + "the events 0 to \(head.size - 1) that are stored.")
        }
    }

    private static func changed(_ defect: Defect, behind count: Int) -> Refusal {
        let refusal = defect.refusal
        return changed(
            "It breaks at event \(defect.seq ?? count) (\(defect.name.rawValue)): "
                + defect.detail,
            code: refusal?.code ?? .brokenChain, requirement: refusal?.requirement)
    }

    private static func changed(
        _ what: String, code: RefusalCode = .brokenChain, requirement: String? = nil
    ) -> Refusal {
        Refusal(
            code, "The stored log is not the one that this daemon wrote. \(what)",
            next: "The database was changed from outside, or its disk fails; nothing in it was "
                + "touched. Keep the state directory as it is, as evidence. Put back a copy of it "
                + "that was made before, and compare it with the newest export: "
                + "ceremonyctl verify DIR --genesis sha256:...",
            requirement: requirement)
    }
}

// MARK: Reading it while running

extension Engine {
    /// Refuses stored lines that are not those of which the log's tree was built, and halts the
    /// house for them.
    ///
    /// Whoever reads from the store for somebody asks this of every page before it is shown.
    ///
    /// - Parameters:
    ///   - seq: The position of the first one.
    ///   - count: How many of them were recorded; fewer are as wrong as others.
    /// - Throws: ``EngineError`` (`broken-chain`).
    public func vouch(for lines: [[UInt8]], from seq: Int, count: Int) throws(EngineError) {
        for (offset, line) in lines.enumerated() {
            guard published.leaf(at: seq + offset) != TreeHash.leaf(line) else { continue }
            throw brokenChain("Event \(seq + offset) in the store is not the one recorded.")
        }
        guard lines.count < count else { return }
        throw brokenChain("Event \(seq + lines.count) was recorded and is not in the store.")
    }

    private func brokenChain(_ what: String) -> EngineError {
        halts.raise(.chain)
        return EngineError(
            Refusal(.brokenChain, what + " The house is halted.", next: Invariant.chain.next))
    }
}

extension History {
    /// Reads back the logs that one goes on from.
    ///
    /// - Throws: ``Refusal`` (`broken-chain`).
    init(read logs: [EarlierLog]) throws(Refusal) {
        do { try self.init(logs) } catch {
            throw Refusal(
                .brokenChain, "The log that this one goes on from does not hold: \(error)",
                next: "Put back the folder predecessor/ from the evidence of either log.")
        }
    }
}
