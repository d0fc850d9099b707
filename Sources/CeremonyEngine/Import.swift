// Completing a log from exported evidence: the way out when the database is an older copy of the
// log (FORMATS section 3). The daemon is stopped. What the evidence adds is judged by the same fold
// as everything, and either all of it becomes durable or nothing is touched.

public import CeremonyRecord
import CeremonyRules

/// The events that a database has lost, taken from evidence.
public struct Import: Sendable {
    /// The log that was completed.
    public let origin: String
    /// The database's head as it was.
    public let before: TreeHead
    /// The database's head as it is.
    public let after: TreeHead

    /// Appends to the log what the evidence has more of it; on return it is durable.
    ///
    /// - Parameters:
    ///   - events: The bundle's `log/events.jsonl`.
    ///   - checkpoint: The bundle's `log/checkpoint`: it covers exactly these events and is signed
    ///     by the log key that our own genesis leads to.
    ///   - earlier: The logs that ours goes on from, as our own state directory keeps them.
    ///   - ledger: Holds our log, of which the evidence's must be a continuation. Nobody else has
    ///     it open.
    /// - Throws: ``EngineError``: `forked` where ours is not a prefix of theirs, naming both heads;
    ///   `bad-bundle`, `bad-checkpoint`; `log-not-written`; the rules' refusal of our own log.
    public static func run(
        events: [UInt8], checkpoint: [UInt8], after earlier: [EarlierLog] = [],
        into ledger: any Ledger
    ) throws(EngineError) -> Import {
        let history: History
        do throws(Refusal) { history = try History(read: earlier) } catch {
            throw EngineError(error)
        }
        let ours = try LogHere(ledger, after: history)
        let theirs = try lines(of: events)
        let tree = MerkleTree(leaves: theirs.map(TreeHash.leaf))
        try checkContinues(ours, tree, of: theirs, checkpoint)
        let state: State
        do throws(Defect) { state = try Replay.state(of: theirs, after: history.state) } catch {
            throw refused("The evidence's log does not verify: \(error)")
        }
        let covered: TreeHead
        do throws(NoteError) { covered = try head(of: checkpoint, signedFor: state) } catch {
            throw EngineError(
                .badCheckpoint,
                "The evidence's checkpoint is not one of \(ours.state.log.origin): \(error).",
                next: Import.otherBundle)
        }
        guard covered == tree.head else {
            throw EngineError(
                .badCheckpoint,
                "The evidence's checkpoint covers \(covered.size) events with the root "
                    + "\(covered.root), and its log has \(tree.size) with the root \(tree.root).",
                next: Import.otherBundle)
        }
        try append(Array(theirs[ours.head.size...]), checkpoint, tree.head, to: ledger, ours)
        return Import(origin: ours.state.log.origin, before: ours.head, after: tree.head)
    }

    /// Whether our log is a prefix of theirs.
    private static func checkContinues(
        _ ours: LogHere, _ theirs: MerkleTree, of lines: [[UInt8]], _ checkpoint: [UInt8]
    ) throws(EngineError) {
        let both =
            "the database has \(ours.head.size) events with the root \(ours.head.root), and the "
            + "evidence \(theirs.size) with the root \(theirs.root)"
        guard theirs.size > 0, theirs.leaf(0) == ours.tree.leaf(0) else {
            throw refused("The evidence is of another log, with another founding: \(both).")
        }
        let common = min(ours.head.size, theirs.size)
        if let seq = (0..<common).first(where: { ours.tree.leaf($0) != theirs.leaf($0) }) {
            try checkWhole(lines, checkpoint, theirs)
            throw EngineError(
                .forked,
                "The database is no beginning of the evidence's log: \(both), and event \(seq) is "
                    + "another one in each.",
                next: "Keep both as evidence, and ask who had the log key. An import only adds to "
                    + "an older copy of the same history.")
        }
        guard theirs.size >= ours.head.size else {
            throw refused("The evidence is older than the database: \(both).")
        }
    }

    /// Another history holds together in itself; what does not is damage, and no fork.
    private static func checkWhole(
        _ lines: [[UInt8]], _ checkpoint: [UInt8], _ tree: MerkleTree
    ) throws(EngineError) {
        var before = Digest.zero
        for (seq, line) in lines.enumerated() {
            guard let event = try? Event(line: line) else {
                throw damaged(seq, "it cannot be read")
            }
            guard event.seq == seq, event.prev == before else {
                throw damaged(
                    seq, "it does not follow event \(seq - 1), of which a byte may have changed")
            }
            before = event.leafHash
        }
        // Nothing follows the last event but the head.
        let covered = try? Checkpoint(text: SignedNote(checkpoint).text).head
        if let covered, covered.size == tree.size, covered.root != tree.root {
            throw damaged(tree.size - 1, "its own checkpoint is of another one")
        }
    }

    private static func damaged(_ seq: Int, _ what: String) -> EngineError {
        EngineError(
            .badBundle,
            "The evidence is damaged: event \(seq) of its log does not hold, \(what). That is no "
                + "sign of another history.",
            next: "Copy the evidence once more from where it came, or take another copy; sha256sum "
                + "-c SHA256SUMS in it says which file changed on the way.")
    }

    /// What the checkpoint covers, which the keys in force at the log's end have signed.
    private static func head(of checkpoint: [UInt8], signedFor state: State) throws(NoteError)
        -> TreeHead
    {
        let note = try SignedNote(checkpoint)
        try LogKeys.check(note, by: state.headKeys)
        return try Checkpoint(text: note.text).head
    }

    private static func append(
        _ lines: [[UInt8]], _ checkpoint: [UInt8], _ head: TreeHead, to ledger: any Ledger,
        _ ours: LogHere
    ) throws(EngineError) {
        do throws(LedgerError) {
            if !lines.isEmpty {
                try ledger.append(
                    lines, after: ours.head.size, head: head.root, checkpoint: nil)
            }
            if ours.checkpointSize < head.size {
                try ledger.store(checkpoint: checkpoint, size: head.size)
            }
        } catch {
            throw EngineError(
                .logNotWritten, "The import was cut off: \(error).",
                next: "Look at the disk, and run the same import again: a repeat is safe.")
        }
    }

    /// The lines of a log as it is exported, each without its LF.
    private static func lines(of bytes: [UInt8]) throws(EngineError) -> [[UInt8]] {
        guard bytes.last == UInt8(ascii: "\n") else {
            throw refused("The evidence's log is empty, or its last line has no end.")
        }
        return bytes.dropLast().split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).map(Array.init)
    }

    private static func refused(_ what: String) -> EngineError {
        EngineError(.badBundle, what, next: otherBundle)
    }

    private static let otherBundle =
        "Give the newest export of this very log (ceremonyctl export). Where none reaches far "
        + "enough, a successor log has to be founded."
}

/// Our log as the database has it.
private struct LogHere {
    let state: State
    let tree: MerkleTree
    let checkpointSize: Int

    var head: TreeHead { tree.head }

    init(_ ledger: any Ledger, after history: History) throws(EngineError) {
        do throws(Refusal) {
            let stored = try Engine.reading { () throws(LedgerError) in try ledger.head() }
            let keys: [[NoteKey]]
            (state, tree, keys, _) = try Engine.replay(
                ledger, after: history, upTo: stored.checkpointSize)
            try Engine.check(stored, by: keys, against: tree)
            checkpointSize = stored.checkpointSize
        } catch {
            throw EngineError(error)
        }
    }
}
