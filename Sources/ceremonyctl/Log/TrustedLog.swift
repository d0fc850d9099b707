// The daemon's log, as far as this client can check it (DESIGN 2.9): the founding document is the
// one that was pinned, every reply's head is signed by the log key that the founders agreed on, and
// it continues the newest head that was ever seen. Everything that is shown or signed goes through
// here.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A connection to a daemon whose log is held against what this client knows of it.
final class TrustedLog {
    /// The founding document.
    let genesis: Genesis
    /// Its digest, which was pinned.
    let digest: Digest
    /// The newest head that a reply carried.
    private(set) var shown: ShownHead
    /// Its signed part, verified: a prefix of the log, and what acts name.
    private(set) var head: TreeHead
    /// The line to the daemon, for what carries no head.
    let connection: Connection

    /// What is remembered of the log.
    let pin: TrustPin
    /// Where rosters were set, as far as this run has read.
    var rosters: RosterHistory?
    /// Whether a halt is wanted, which waits for nothing.
    let isUrgent: Bool
    /// Of each group one must have signed a head, as founding document and log say.
    private var keys: [[NoteKey]]
    private var hasWarned = false

    /// Connects, compares the founding document with the one pinned or pins it, and checks the
    /// head.
    ///
    /// - Parameters:
    ///   - urgent: whether to go on where nobody has said which founding document is the right one,
    ///     and where the log shrank or forked: for a halt, which is wanted just then and does no
    ///     harm to a log that is not the right one.
    ///   - invited: a code that says which founding document is the right one, where nobody and
    ///     nothing else does.
    /// - Throws: what ``Connection`` and ``TrustPin`` throw, `genesis-unknown` (1) where nobody
    ///   says which founding document is the right one and the log is a production log, and
    ///   `invite-other-log` (1) where a code is for another one.
    init(
        _ global: GlobalOptions, _ trust: TrustOptions, urgent: Bool = false,
        invited: Invited? = nil
    ) throws(ClientError) {
        isUrgent = urgent
        connection = try Connection(socket: global.socket)
        let reply = try connection.call("Status")
        shown = try ShownHead(reply)
        genesis = try TrustedLog.founding(connection)
        digest = genesis.digest
        guard genesis.log.utf8.elementsEqual(shown.origin.utf8), genesis.mode == shown.mode else {
            throw TrustedLog.otherLog(genesis.log, shown.origin)
        }
        try invited?.checkLog(genesis)
        pin = try TrustPin(origin: genesis.log)
        keys = [genesis.logKeys.compactMap { NoteKey(vkey: $0.vkey) }]
        try FirstContact(genesis: genesis, pin: pin).settle(
            trust, urgent: urgent, invited: invited)
        head = TreeHead(size: 0, root: TreeHash.empty)
        if let learnt = try pin.logKeys() { keys = learnt }
        head = try verified(shown)
    }

    /// Calls a method and checks the head of its reply.
    ///
    /// - Returns: the reply without its head.
    /// - Throws: what ``Connection/call(_:_:seconds:)`` and ``TrustPin`` throw.
    func call(
        _ method: String, _ parameters: [String: JSON] = [:], seconds: Int = 30
    ) throws(ClientError) -> [String: JSON] {
        var reply = try connection.call(method, parameters, seconds: seconds)
        try take(headOf: reply)
        reply["head"] = nil
        return reply
    }

    /// Checks the head that a reply carries and keeps it as the newest.
    func take(headOf reply: [String: JSON]) throws(ClientError) {
        let next = try ShownHead(reply)
        guard next.origin.utf8.elementsEqual(genesis.log.utf8), next.mode == genesis.mode else {
            throw TrustedLog.otherLog(genesis.log, next.origin)
        }
        head = try verified(next)
        shown = next
    }

    /// An event, proved to stand in the signed log.
    ///
    /// - Throws: `proof` (1) where the proof does not hold, and as ``call(_:_:seconds:)``.
    func event(at seq: Int) throws(ClientError) -> Event {
        let reply = try connection.call("Proof", ["seq": .number(seq)])
        let (line, text) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return (Array(try fields.string("line").utf8), try fields.string("proof"))
        }
        do {
            let proof = try LogProof(Array(text.utf8))
            guard proof.inclusion.index == seq else { throw NoteError.notIncluded }
            // The proof's head first: that of the reply may be newer already.
            let head = try advance(to: proof.checkpoint)
            guard proof.inclusion.proves(leaf: TreeHash.leaf(line), in: head.root) else {
                throw NoteError.notIncluded
            }
            let event = try Event(line: line)
            guard event.seq == seq, event.origin.utf8.elementsEqual(genesis.log.utf8) else {
                throw NoteError.notIncluded
            }
            try take(headOf: reply)
            return event
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(
                .refused, "proof", "Event \(seq) is not proved to stand in the log: \(error).",
                meaning: "What the daemon says cannot be relied on. Nothing was signed.",
                next: "Tell the operator and the other custodians.", requirement: "VAL-2")
        }
    }

    /// Whether a head is that of an earlier state of this log, or of its newest signed one.
    func isPrefix(_ earlier: TreeHead) throws(ClientError) -> Bool {
        if earlier.size > head.size { _ = try call("Status") }
        guard earlier.size <= head.size else { return false }
        if earlier.size == head.size { return earlier == head }
        return try consistency(from: earlier, to: head)
            .proves(old: earlier.root, isPrefixOf: head.root)
    }

    // MARK: Heads

    private func verified(_ shown: ShownHead) throws(ClientError) -> TreeHead {
        guard let note = shown.checkpoint else {
            throw ClientError(
                .refused, "checkpoint", "The daemon shows no signed head.",
                meaning: "Nothing it says can be relied on. Nothing was signed.",
                next: "Unlock the log token; the head is signed then.", requirement: "VAL-2")
        }
        return try advance(to: note)
    }

    /// Takes a signed head as seen, where the founding document is pinned. Other keys than those
    /// known are held for the log's only when the head that they signed continues what is known.
    private func advance(to note: SignedNote) throws(ClientError) -> TreeHead {
        let signers = try signers(of: note)
        // Nobody has said that this is the right log: remembered, its head would make the right one
        // look forked.
        guard try pin.genesis() != nil else {
            let head = try pin.verified(note, signedBy: signers)
            keys = signers
            return head
        }
        do {
            let taken = try pin.advance(
                to: note, signedBy: signers, areNews: signers != keys,
                consistency: { known, shown throws(ClientError) in
                    try self.consistency(from: known, to: shown)
                },
                isOlderView: { known, shown throws(ClientError) in
                    try self.isOlderView(known: known, shown: shown)
                })
            if taken.isNewest { keys = signers }
            return taken.head
        } catch {
            guard isUrgent, ["log-shrank", "log-forked"].contains(error.code),
                let shown = try? Checkpoint(text: note.text).head
            else { throw error }
            if !hasWarned { Talk.paragraph("WARNING: \(error.happened) Going on, to halt it.") }
            hasWarned = true
            return shown
        }
    }

    /// Who must have signed a head: of each group one. Remembers nothing.
    ///
    /// The keys that are known, unless a line by the log's name is by none of them, or one is
    /// missing that was to sign: then the log key has been changed, or is being changed, or this is
    /// a view from before. Then the log itself says who, as it stood at that head: only a ceremony
    /// in it, agreed by its people, changes the keys. The whole log is replayed for it.
    private func signers(of note: SignedNote) throws(ClientError) -> [[NoteKey]] {
        let known = Set(keys.joined().map(\.id))
        let own = note.signatures.filter { $0.name.utf8.elementsEqual(genesis.log.utf8) }
        let isByThem =
            own.allSatisfy { known.contains($0.keyID) }
            && keys.allSatisfy { group in
                group.contains { key in own.contains { $0.keyID == key.id } }
            }
        if isByThem { return keys }
        let head: TreeHead
        do { head = try Checkpoint(text: note.text).head } catch {
            throw Reply.malformed("a head that cannot be read: \(error)")
        }
        do {
            return try LogCopy(
                of: head, note, genesis: genesis,
                asking: { [connection] method, parameters throws(ClientError) in
                    try connection.call(method, parameters)
                }
            ).state.headKeys
        } catch  where error.code == "log-damaged" {
            // Then no key has been changed, and the head is held to those that are known.
            return keys
        }
    }

    private func consistency(from old: TreeHead, to new: TreeHead) throws(ClientError)
        -> ConsistencyProof
    {
        let reply = try connection.call(
            "Consistency", ["from": .number(old.size), "to": .number(new.size)])
        let path = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.strings("path")
        }.map { text throws(ClientError) in
            guard let hash = Base64.decode(text).flatMap({ Digest(bytes: $0) }) else {
                throw Reply.malformed("a hash that is no hash")
            }
            return hash
        }
        return ConsistencyProof(from: old.size, to: new.size, path: path)
    }

    /// Whether a smaller head is only an earlier view. Two things make it so: another client of
    /// this person saw a newer one while the reply was under way, and the daemon knows the newer
    /// one too, now; or the daemon died before it had stored the newest signature, and is sealed
    /// until it can sign the same head again. Then nothing is signed or submitted here (a halt
    /// apart) before it did.
    private func isOlderView(known: TreeHead, shown: TreeHead) throws(ClientError) -> Bool {
        let now = try ShownHead(try connection.call("Status"))
        guard now.head.size >= known.size else { return false }
        do {
            var current = now.head
            if !now.isSealed || now.signed >= known.size {
                guard let note = now.checkpoint else { return false }
                current = try Checkpoint(text: note.text).head
                let signers = try signers(of: note)
                guard current.size >= known.size,
                    (try? LogKeys.check(note, by: signers)) != nil
                else { return false }
            }
            return try isPrefix(known, of: current) && isPrefix(shown, of: known)
        } catch let error as ClientError {
            throw error
        } catch {
            return false
        }
    }

    private func isPrefix(_ old: TreeHead, of new: TreeHead) throws(ClientError) -> Bool {
        guard old != new else { return true }
        return try consistency(from: old, to: new).proves(old: old.root, isPrefixOf: new.root)
    }

    // MARK: The founding

    /// The founding document, from the first event. It is worth what its digest is worth.
    private static func founding(_ connection: Connection) throws(ClientError) -> Genesis {
        let reply = try connection.call("Log", ["from": .number(0), "limit": .number(1)])
        let lines = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.strings("lines")
        }
        do {
            guard let line = lines.first,
                case .logCreated(let created) = try Event(line: Array(line.utf8)).body
            else { throw Reply.malformed("the log does not begin with its founding") }
            return try Genesis(lines: created.genesis)
        } catch let error as ClientError {
            throw error
        } catch {
            throw Reply.malformed("the founding document cannot be read: \(error)")
        }
    }

    private static func otherLog(_ known: String, _ shown: String) -> ClientError {
        ClientError(
            .refused, "other-log", "The log is \(known), and a reply is about \(shown).",
            meaning: "Nothing it says can be relied on. Nothing was signed.",
            next: "Tell the operator.", requirement: "VAL-2")
    }
}
