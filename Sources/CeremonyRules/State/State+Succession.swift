// A log that goes on from another one, because that one's token, quorum or last events are lost.
// Its founders name the old log's origin, size and root; what the old log says up to there is then
// part of what this one says: keys, subjects, who holds them, and every public key that may not be
// used again. So is what ceremonies left in people's tokens. Ceremonies, halts and nonces end with
// the old log. DESIGN section 3, The log key.

public import CeremonyRecord
import HashTreeCollections

extension Genesis {
    /// Refuses a log that does not go on from exactly the one it names, or from none where it names
    /// one, or that takes a key over in another role.
    ///
    /// - Parameters:
    ///   - predecessor: The state at the end of the earlier log.
    ///   - time: When this log is founded.
    /// - Throws: ``Refusal`` (`incomplete-genesis`, `wrong-document`, `time-backwards`,
    ///   `key-taken`).
    public func checkContinuation(
        of predecessor: State?, at time: Timestamp
    ) throws(Refusal) {
        guard let predecessor else {
            guard let continues else { return }
            throw Refusal(
                .incompleteGenesis,
                "This log goes on from \(continues.origin), whose events are not here.",
                next: "Give the evidence of the old log: --continues FOLDER.")
        }
        let end = predecessor.head
        guard let continues, continues.origin.utf8.elementsEqual(predecessor.log.origin.utf8),
            continues.size == end.size, continues.root == end.root
        else {
            throw Refusal(
                .wrongDocument,
                "The log that is given is \(predecessor.log.origin) with \(end.size) events and "
                    + "root \(end.root), and the genesis goes on from "
                    + (continues.map { "\($0.origin) with \($0.size) events and root \($0.root)." }
                        ?? "none."),
                next: "Plan it from that log: ceremonyctl genesis plan --continues FOLDER.")
        }
        guard mode == predecessor.log.mode else {
            throw Refusal(
                .wrongDocument,
                "A \(mode.rawValue) log does not go on from a \(predecessor.log.mode.rawValue) log.",
                next: "Found a \(predecessor.log.mode.rawValue) log, or one that goes on from none."
            )
        }
        guard !predecessor.history.contains(where: { $0.origin.utf8.elementsEqual(log.utf8) })
        else {
            throw Refusal(
                .wrongDocument, "The log has the origin of one that it goes on from: \(log).",
                next: "Give it a name of its own, such as one with a 2 at its end.")
        }
        guard time >= end.time else {
            throw Refusal(
                .timeBackwards,
                "The log \(continues.origin) ends at \(end.time), and it is \(time) now.",
                next: "Set the clock right if it is behind. If that log was dated by a clock that "
                    + "was ahead, its keepers set it back first (clock-correction); where nothing "
                    + "can be recorded in it any more, go on from an export that was made before "
                    + "that, and decide anew what it lacks.")
        }
        for member in members {
            for held in member.keys {
                guard let role = predecessor.taken[held.key.point],
                    role != State.personal(member.name)
                else {
                    continue
                }
                throw Refusal(
                    .keyTaken,
                    "The key \(held.key.fingerprint) of \(member.name) stands in an earlier log as "
                        + "\(role).", next: "Enrol another key for \(member.name).")
            }
        }
    }
}

extension State {
    /// Takes over what outlives a log.
    mutating func carryOver(from predecessor: State, at time: Timestamp) {
        let origin = predecessor.log.origin
        keys = predecessor.keys.mapValues { $0.carried(from: origin, at: time) }
        registrations = predecessor.registrations
        subjects = predecessor.subjects
        taken = predecessor.taken
        authorities = predecessor.authorities.mapValues(\.carried)
        lastTries = predecessor.lastTries
        unsealings = predecessor.unsealings
        unlisted = predecessor.unlisted.mapValues { KeyEntry.Moment(seq: 0, time: $0.time) }
        retiring = predecessor.retiring
        // A vault may be half written, whichever log says so, and peers may follow an old key.
        unfinishedNames = predecessor.unfinishedNames
        unconfirmedNames = predecessor.unconfirmedNames
        // What people brought is in their tokens, whether its ceremony was over by then or not.
        untidied = predecessor.untidied
        for id in unfinishedNames + unconfirmedNames + untidied {
            inherited[id] = predecessor.committed(id)
        }
        for id in predecessor.live {
            guard var ceremony = predecessor.ceremonies[id] else { continue }
            ceremony.state = .expired
            ceremony.end = Ceremony.End(
                seq: 0, time: time, reason: "log-ended", detail: nil, left: [])
            guard !ceremony.leftKeys.isEmpty else { continue }
            inherited[id] = ceremony
            untidied.append(id)
        }
        roster.holders = predecessor.roster.holders
        noteDepartures(since: predecessor.roster, at: KeyEntry.Moment(seq: 0, time: time))
    }

    /// The end of the log that this one goes on from.
    public var predecessor: State? { before.first }

    /// This log and all that it goes on from, as far as each goes, the newest first.
    public var history: [Continues] {
        let own = Continues(origin: log.origin, size: head.size, root: head.root)
        return [own] + (predecessor?.history ?? [])
    }

    /// The ceremony of that name in this log or in one that it goes on from: a subject's ceremonies
    /// are numbered through all of them.
    public func recordedCeremony(named id: String) -> Ceremony? {
        committed(id) ?? predecessor?.recordedCeremony(named: id)
    }
}

extension Authority {
    /// The same authority where another log begins: its epoch is in force from there on. What it
    /// signed before names the log in which it did.
    fileprivate var carried: Authority {
        var authority = self
        authority.epochs = epochs.map { epoch in
            Epoch(
                number: epoch.number, ceremony: epoch.ceremony,
                begun: KeyEntry.Moment(seq: 0, time: epoch.begun.time), approve: epoch.approve,
                sign: epoch.sign, members: epoch.members, unreached: epoch.unreached,
                record: epoch.record, split: epoch.split)
        }
        return authority
    }
}

extension KeyEntry {
    /// The same key where another log begins. What was to be attested there can not be any more.
    fileprivate func carried(from log: String, at time: Timestamp) -> KeyEntry {
        func begun(_ moment: Moment) -> Moment { Moment(seq: 0, time: moment.time) }
        var entry = self
        entry.origin = origin ?? log
        entry.registered = begun(registered)
        entry.activated = activated.map(begun)
        entry.overlap = overlap.map {
            Overlap(begun: begun($0.begun), successor: $0.successor, until: $0.until)
        }
        entry.retired = retired.map(begun)
        entry.lapsed = lapsed.map(begun)
        entry.lost = lost.map { TokenLoss(moment: begun($0.moment), word: $0.word) }
        entry.rotationNoted = rotationNoted.map(begun)
        entry.departure = departure.map { Departure(name: $0.name, moment: begun($0.moment)) }
        entry.revocation = revocation.map { old in
            Revocation(
                moment: begun(old.moment), ceremony: old.ceremony, cause: old.cause,
                boundary: old.boundary, boundaryTime: old.boundaryTime, origin: old.origin ?? log)
        }
        if status(at: time) == .registered { entry.lapsed = Moment(seq: 0, time: time) }
        return entry
    }
}
