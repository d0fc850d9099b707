// The whole log, fetched page by page, folded by the same rules as the daemon's, and held against
// the signed head. What follows from it needs nobody's word.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A verified copy of a log, up to its last signed head.
struct LogCopy {
    /// The events.
    let events: [Event]
    /// Their tree.
    let tree: MerkleTree
    /// What they say.
    let state: State
    /// The signed head that covers exactly these events.
    let checkpoint: SignedNote

    /// Fetches and verifies.
    ///
    /// - Throws: `log-damaged` (1) naming the event and the defect, `checkpoint` (1) where the
    ///   events are not those that the log key signed.
    init(_ log: TrustedLog) throws(ClientError) {
        let size = log.head.size
        let root = log.head.root
        guard let note = log.shown.checkpoint else {
            throw LogCopy.damaged("It has no signed head")
        }
        var replay = Replay()
        var events: [Event] = []
        var tree = MerkleTree()
        while events.count < size {
            let page = try log.lines(from: events.count, limit: min(1000, size - events.count))
            guard !page.isEmpty else { throw LogCopy.damaged("Event \(events.count) is missing") }
            for line in page.prefix(size - events.count) {
                do {
                    events.append(try replay.take(line))
                } catch {
                    throw LogCopy.damaged(error.description)
                }
                tree.append(leaf: TreeHash.leaf(line))
            }
        }
        guard tree.root == root else {
            throw LogCopy.damaged("The \(size) events are not those that the log key signed")
        }
        let state: State
        do { state = try replay.finish() } catch { throw LogCopy.damaged(error.description) }
        guard state.log.genesis == log.digest else {
            throw LogCopy.damaged("It has another founding document")
        }
        self.events = events
        self.tree = tree
        self.state = state
        checkpoint = note
    }

    private static func damaged(_ what: String) -> ClientError {
        ClientError(
            .refused, "log-damaged", "The log that the daemon shows does not hold. \(what).",
            meaning: "Nothing was written and nothing was signed.",
            next: "Tell the operator and the other custodians; keep what was exported before.",
            requirement: "VAL-2")
    }
}

extension TrustedLog {
    /// Lines of the log as they are stored, unverified.
    func lines(from seq: Int, limit: Int) throws(ClientError) -> [[UInt8]] {
        let reply = try call("Log", ["from": .number(seq), "limit": .number(limit)])
        return try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.strings("lines").map { Array($0.utf8) }
        }
    }
}
