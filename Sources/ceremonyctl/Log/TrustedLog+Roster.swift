// The people and the policy in force, now and where a ceremony was opened. Which roster is the
// newest is never the daemon's word: the log is read for it, all of it once and later what is new,
// and held against the signed head. That a later roster came about by the rules is shown by
// replaying the whole log, once for each.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension TrustedLog {
    /// The people and the policy in force at the signed head.
    ///
    /// For a halt, which waits for nothing and does no harm whoever asks for it, the daemon's word
    /// is enough that the roster is the newest; that it stands in the log is proved all the same.
    /// - Throws: `log-damaged` (1) where the events are not those that the log key signed.
    func roster() throws(ClientError) -> Roster {
        if isUrgent {
            let seq = try status().rosterSeq ?? 1
            return try roster(setAt: RosterHistory.Change(seq: seq, epoch: 0))
        }
        return try roster(at: head.size)
    }

    /// The people and the policy that were in force where an event stands.
    func roster(at seq: Int) throws(ClientError) -> Roster {
        let history = try rosterHistory(upTo: max(seq, head.size))
        guard let change = history.change(before: seq) else {
            throw TrustedLog.damaged("it sets no roster before event \(seq)")
        }
        return try roster(setAt: change)
    }

    /// A roster, from the event that set it; the first is the founding document itself.
    private func roster(setAt change: RosterHistory.Change) throws(ClientError) -> Roster {
        var (epoch, members, policy) = (1, genesis.members, genesis.policy)
        if change.seq > 1 {
            guard case .rosterSet(let set) = try event(at: change.seq).body,
                set.epoch > 1, change.epoch == 0 || set.epoch == change.epoch
            else { throw TrustedLog.damaged("event \(change.seq) sets another roster or none") }
            (epoch, members, policy) = (set.epoch, set.members, set.policy)
        }
        do {
            return Roster(epoch: epoch, members: members, policy: try Policy(policy))
        } catch {
            throw Reply.malformed("the policy of epoch \(epoch) cannot be read: \(error.detail)")
        }
    }

    /// Where rosters were set, read up to a signed head of at least that size.
    private func rosterHistory(upTo size: Int) throws(ClientError) -> RosterHistory {
        let known = if let rosters { rosters } else { try remembered() }
        guard known.tree.size < size else { return known }
        let read: RosterHistory
        do {
            read = try extended(known)
        } catch {
            // A memory that was spoilt shows as a log that is: everything is read again.
            guard error.code == "log-damaged", known.tree.size > 0 else { throw error }
            read = try extended(RosterHistory())
        }
        if let newest = read.changes.last, newest.epoch > 1, newest != known.changes.last {
            let state = try LogCopy(self).state
            guard state.roster.epoch >= newest.epoch else {
                throw TrustedLog.damaged("its replay does not come to the roster that it sets")
            }
        }
        rosters = read
        if try pin.genesis() != nil { try pin.remember(rosters: read) }
        return read
    }

    private func remembered() throws(ClientError) -> RosterHistory {
        try pin.genesis() == nil ? RosterHistory() : pin.rosters()
    }

    /// Reads from where a history ends to the signed head.
    private func extended(_ known: RosterHistory) throws(ClientError) -> RosterHistory {
        let head = head
        var history = known
        while history.tree.size < head.size {
            let next = history.tree.size
            let page = try lines(from: next, limit: min(1000, head.size - next))
            guard !page.isEmpty else { throw TrustedLog.damaged("event \(next) is missing") }
            for line in page.prefix(head.size - next) {
                guard let event = try? Event(line: line), event.seq == history.tree.size,
                    event.seq > 0 || isFounding(event)
                else {
                    throw TrustedLog.damaged("event \(history.tree.size) is not what it must be")
                }
                history.take(event, line)
            }
        }
        guard history.tree.head == head else {
            throw TrustedLog.damaged(
                "its \(head.size) events are not those that the log key signed")
        }
        return history
    }

    /// Whether an event founds this log by the document that is pinned.
    private func isFounding(_ event: Event) -> Bool {
        guard case .logCreated(let created) = event.body else { return false }
        return Digest(of: DocumentBytes.of(created.genesis)) == digest
    }

    private static func damaged(_ what: String) -> ClientError {
        ClientError(
            .refused, "log-damaged", "The log that the daemon shows does not hold: \(what).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Tell the operator and the other custodians, and let nobody sign.",
            requirement: "VAL-2")
    }
}

extension TrustPin {
    /// What was read of the log's rosters; nothing where the memory cannot be used, for it can be
    /// read again.
    func rosters() throws(ClientError) -> RosterHistory {
        let path = directory + "/rosters"
        guard Files.exists(path) else { return RosterHistory() }
        return RosterHistory(try Files.read(path)) ?? RosterHistory()
    }

    /// Remembers it.
    func remember(rosters history: RosterHistory) throws(ClientError) {
        try Files.makeDirectory(directory)
        try Files.replace(directory + "/rosters", Array(history.text.utf8))
    }
}
