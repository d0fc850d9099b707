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
        guard let note = log.shown.checkpoint else {
            throw LogCopy.damaged("It has no signed head")
        }
        try self.init(
            of: log.head, note, genesis: log.digest,
            page: { seq, limit throws(ClientError) in try log.lines(from: seq, limit: limit) })
    }

    /// The same for any signed head, whose signatures are held to what the events themselves say
    /// of the log keys.
    init(
        of head: TreeHead, _ note: SignedNote, genesis: Digest,
        page: (_ seq: Int, _ limit: Int) throws(ClientError) -> [[UInt8]]
    ) throws(ClientError) {
        let size = head.size
        var replay = Replay()
        var events: [Event] = []
        var tree = MerkleTree()
        while events.count < size {
            let lines = try page(events.count, min(1000, size - events.count))
            guard !lines.isEmpty else { throw LogCopy.damaged("Event \(events.count) is missing") }
            for line in lines.prefix(size - events.count) {
                do {
                    events.append(try replay.take(line))
                } catch {
                    throw LogCopy.damaged(error.description)
                }
                tree.append(leaf: TreeHash.leaf(line))
            }
        }
        guard tree.root == head.root else {
            throw LogCopy.damaged("The \(size) events are not those that the log key signed")
        }
        let state: State
        do { state = try replay.finish() } catch { throw LogCopy.damaged(error.description) }
        guard state.log.genesis == genesis else {
            throw LogCopy.damaged("It has another founding document")
        }
        do throws(NoteError) { try LogKeys.check(note, by: state.headKeys) } catch {
            throw LogCopy.damaged("Its head is not signed by the keys that it names: \(error)")
        }
        self.events = events
        self.tree = tree
        self.state = state
        checkpoint = note
    }

    /// What the log said right behind an event.
    ///
    /// - Throws: `log-damaged` (1).
    func state(through seq: Int) throws(ClientError) -> State {
        var replay = Replay()
        do {
            for event in events.prefix(seq + 1) { try replay.take(event.line) }
        } catch {
            throw LogCopy.damaged(error.description)
        }
        guard let state = replay.state else { throw LogCopy.damaged("It has no events") }
        return state
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
