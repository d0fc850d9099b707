// The whole log, fetched page by page, folded by the same rules as the daemon's, and held against
// the signed head. What follows from it needs nobody's word.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A verified copy of a log, up to its last signed head.
struct LogCopy {
    /// Asks the daemon; what it answers is not believed.
    typealias Ask = (_ method: String, _ parameters: [String: JSON]) throws(ClientError) ->
        [String: JSON]

    /// The events.
    let events: [Event]
    /// Their tree.
    let tree: MerkleTree
    /// What they say.
    let state: State
    /// The signed head that covers exactly these events.
    let checkpoint: SignedNote
    /// The logs that this one goes on from, as they were fetched, the nearest first.
    let earlier: [EarlierLog]
    /// What they say, verified.
    let history: History

    /// Fetches and verifies.
    ///
    /// - Throws: `log-damaged` (1) naming the event and the defect, `checkpoint` (1) where the
    ///   events are not those that the log key signed.
    init(_ log: TrustedLog) throws(ClientError) {
        guard let note = log.shown.checkpoint else {
            throw LogCopy.damaged("It has no signed head")
        }
        try self.init(
            of: log.head, note, genesis: log.genesis,
            asking: { method, parameters throws(ClientError) in try log.call(method, parameters) })
    }

    /// The same for any signed head, whose signatures are held to what the events themselves say
    /// of the log keys.
    init(of head: TreeHead, _ note: SignedNote, genesis: Genesis, asking ask: Ask)
        throws(ClientError)
    {
        earlier = try LogCopy.earlier(than: genesis, asking: ask)
        do { history = try History(earlier) } catch {
            throw LogCopy.damaged(error.description)
        }
        let size = head.size
        var replay = Replay(after: history.state)
        var events: [Event] = []
        var tree = MerkleTree()
        while events.count < size {
            let lines = try LogCopy.lines(
                try ask(
                    "Log",
                    [
                        "from": .number(events.count),
                        "limit": .number(min(1000, size - events.count)),
                    ]))
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
        guard state.log.genesis == genesis.digest else {
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
        var replay = Replay(after: history.state)
        do {
            for event in events.prefix(seq + 1) { try replay.take(event.line) }
        } catch {
            throw LogCopy.damaged(error.description)
        }
        guard let state = replay.state else { throw LogCopy.damaged("It has no events") }
        return state
    }

    /// Fetches the logs that a founding document says its log goes on from, each as far as the
    /// document after it says, and no further.
    private static func earlier(than genesis: Genesis, asking ask: Ask) throws(ClientError)
        -> [EarlierLog]
    {
        var logs: [EarlierLog] = []
        var next = genesis.continues
        while let wanted = next {
            var lines: [[UInt8]] = []
            var checkpoint: [UInt8] = []
            while lines.count < wanted.size {
                let reply = try ask(
                    "Predecessor",
                    [
                        "log": .number(logs.count + 1), "from": .number(lines.count),
                        "limit": .number(min(1000, wanted.size - lines.count)),
                    ])
                checkpoint = try Reply.read { () throws(JSONError) in
                    var fields = try JSONFields(.object(reply))
                    return Array(try fields.string("checkpoint").utf8)
                }
                let page = try LogCopy.lines(reply)
                guard !page.isEmpty else {
                    throw damaged("Event \(lines.count) of \(wanted.origin) is missing")
                }
                lines += page
            }
            guard let first = lines.first, let event = try? Event(line: first),
                case .logCreated(let created) = event.body,
                let founding = try? Genesis(lines: created.genesis),
                founding.log.utf8.elementsEqual(wanted.origin.utf8)
            else { throw damaged("\(wanted.origin) does not begin with its founding") }
            logs.append(
                EarlierLog(events: lines.flatMap { $0 + [0x0a] }, checkpoint: checkpoint))
            next = founding.continues
        }
        return logs
    }

    private static func lines(_ reply: [String: JSON]) throws(ClientError) -> [[UInt8]] {
        try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.strings("lines").map { Array($0.utf8) }
        }
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
