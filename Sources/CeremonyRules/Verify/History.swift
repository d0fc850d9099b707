// The logs that a log goes on from, read back by the same rules, each one's end where the founding
// document of the next says it is. The daemon's start, the client's copy and `verify` all begin
// with this.

public import CeremonyRecord

/// Earlier logs, verified.
public struct History: Sendable {
    /// One of them.
    public struct Part: Sendable {
        /// Its events.
        public let events: [Event]
        /// What they say.
        public let state: State
        /// The newest head that its key signed, as the note's bytes.
        public let checkpoint: [UInt8]
        /// How many events that covers.
        public let signed: Int
        let tree: MerkleTree
    }

    /// The logs, the oldest first. Empty for a log that goes on from none.
    public let parts: [Part]

    /// The end of the newest of them.
    public var state: State? { parts.last?.state }

    /// All their events, in order.
    public var events: [Event] { parts.flatMap(\.events) }

    /// Reads the logs back, the nearest one first.
    ///
    /// A signed head that covers fewer events than there are is taken: the founding document of the
    /// log after it vouches for the rest. One that says anything else is refused.
    ///
    /// - Throws: ``Defect``, the first one there is, with its place below the folder of the log
    ///   after it.
    public init(_ logs: [EarlierLog]) throws(Defect) {
        var parts: [Part] = []
        for (depth, log) in logs.enumerated().reversed() {
            let place = String(repeating: EarlierLog.folder, count: depth + 1)
            do throws(Defect) {
                parts.append(try Part(log, after: parts.last?.state))
            } catch {
                throw error.moved(below: place)
            }
        }
        self.parts = parts
    }
}

extension History.Part {
    fileprivate init(_ log: EarlierLog, after predecessor: State?) throws(Defect) {
        var replay = Replay(after: predecessor)
        var events: [Event] = []
        var tree = MerkleTree()
        for line in try Replay.lines(in: log.events) {
            events.append(try replay.take(line))
            tree.append(leaf: TreeHash.leaf(line))
        }
        self.events = events
        self.tree = tree
        state = try replay.finish()
        checkpoint = log.checkpoint
        signed = try History.Part.signed(log.checkpoint, events, tree, state)
    }

    private static func signed(
        _ bytes: [UInt8], _ events: [Event], _ tree: MerkleTree, _ state: State
    ) throws(Defect) -> Int {
        let place = "log/checkpoint"
        let note: SignedNote
        let checkpoint: Checkpoint
        do throws(NoteError) {
            note = try SignedNote(bytes)
            checkpoint = try Checkpoint(text: note.text)
        } catch {
            throw Defect(.badCheckpoint, in: place, "It cannot be read: \(error).")
        }
        let head = checkpoint.head
        guard checkpoint.origin.utf8.elementsEqual(state.log.origin.utf8) else {
            throw Defect(
                .checkpointOrigin, in: place,
                "It is of \(checkpoint.origin), and the events are of \(state.log.origin).")
        }
        guard head.size > 0, let root = tree.root(at: head.size) else {
            throw Defect(
                .checkpointSize, in: place,
                "It covers \(head.size) events, and there are \(events.count).")
        }
        do throws(NoteError) {
            try state.logKeys.check(note, size: head.size, time: events[head.size - 1].time)
        } catch {
            throw Defect(Defect.Name(error), in: place, "\(error).")
        }
        guard head.root == root else {
            throw Defect(
                .checkpointRoot, in: place,
                "At \(head.size) events its root is \(head.root), and that of the events is "
                    + "\(root).")
        }
        return head.size
    }

    /// Whether a signed head is this log's at its place.
    func check(_ note: SignedNote, of head: TreeHead) throws(NoteError) {
        let last = head.size > 0 && head.size <= events.count ? events[head.size - 1] : nil
        try state.logKeys.check(note, size: head.size, time: last?.time ?? state.head.time)
    }
}

extension Defect.Name {
    /// What is wrong with the signatures under a head.
    init(_ error: NoteError) {
        self =
            if case .signatureInvalid = error { .checkpointSignature } else {
                .checkpointNotSigned
            }
    }
}

extension Defect {
    /// The same in a folder.
    func moved(below folder: String) -> Defect {
        Defect(name, in: folder + place, at: seq, detail, refusal: refusal)
    }
}
