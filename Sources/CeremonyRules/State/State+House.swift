// What happens to the house: halts, starts of the daemon, refused access, exceptions noted.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// `halt.raised`: a keeper's signed act, or an invariant that the daemon saw broken (CT-11).
    mutating func take(_ raised: HaltRaised, at moment: KeyEntry.Moment) throws(Refusal) {
        // The halt file may have held the act for long: it is measured by its own time.
        let measured = raised.effective ?? moment.time
        guard raised.effective.map({ $0 < moment.time }) ?? true else {
            throw Refusal(.illegalEvent, "A halt cannot take effect after it is written down.")
        }
        switch (raised.signed, raised.invariant) {
        case (let signed?, nil):
            let (act, actor, _) = try verifiedAct(signed, .halt, at: measured)
            try checkStates(of: act, in: [nil: nil])
            halts.append(
                Halt(seq: moment.seq, time: measured, by: actor, reason: act.justification))
            remember(signed.digest, by: signed.key, for: .act, at: moment, ceremony: act.ceremony)
        case (nil, let invariant?):
            halts.append(
                Halt(seq: moment.seq, time: measured, by: nil, reason: invariant))
            invariants[invariant] = moment.seq
        default:
            throw Refusal(.illegalEvent, "A halt has one cause: a signed act or an invariant.")
        }
    }

    /// Whether the log has it, at that position or later, that the invariant was seen broken.
    ///
    /// Whoever holds such a halt beside the log asks this; a person's has a receipt. Positions are
    /// compared and not times, for a clock can be set back.
    public func hasRaised(_ invariant: String, since position: Int) -> Bool {
        invariants[invariant].map { $0 >= position } ?? false
    }

    /// Whether people are being asked to clear the halt that stands there.
    public func isBeingCleared(_ halt: Int) -> Bool {
        live.contains { id in
            guard let statement = ceremonies[id]?.statement, statement.kind == HaltClear.name
            else { return false }
            return statement.fields.all("halt").contains(String(halt))
        }
    }

    /// `halt.cleared`, demanded by its ceremony: the halts that it lists, and no others.
    mutating func take(_ cleared: HaltCleared) {
        halts.removeAll { cleared.halts.contains($0.seq) }
        demandPrestateEndings(besides: cleared.ceremony)
    }

    /// `roster.set`: the founders', which was checked with the genesis document, or what its
    /// ceremony demands. Whatever else is under way was agreed among other people or under other
    /// rules, and ends.
    mutating func take(_ set: RosterSet, at moment: KeyEntry.Moment) throws(Refusal) {
        guard let ceremony = set.ceremony else { return }
        let before = roster
        var holders = roster.holders
        for changed in set.holders ?? [] {
            holders[changed.subject] = changed.holder
            subjects[changed.subject]?.holder = changed.holder
        }
        roster = Roster(
            epoch: set.epoch, members: set.members, holders: holders,
            policy: try Policy(set.policy))
        noteLosses(since: before, at: moment)
        for member in set.members {
            for held in member.keys { try claim(held.key, for: member.name) }
        }
        demandPrestateEndings(besides: ceremony)
        // A key that too few can attest any more is never valid.
        for id in unattested {
            guard let waiting = ceremonies[id], let record = waiting.record,
                isOutOfReach(waiting.attestations)
            else { continue }
            demandLapse(of: record, reason: "out-of-reach")
        }
    }

    /// `daemon.started`: the fence rises by one with every opening for writing.
    mutating func take(_ started: DaemonStarted, at moment: KeyEntry.Moment) throws(Refusal) {
        guard started.fence == fence + 1 else {
            throw Refusal(
                .illegalEvent, "The daemon's start is numbered \(started.fence) after \(fence).")
        }
        fence = started.fence
    }

    /// `access.refused`: folded, at most one a minute, so that nobody can fill the log with it.
    mutating func take(_ refused: AccessRefused, at moment: KeyEntry.Moment) throws(Refusal) {
        if let last = lastRefusal, moment.time - last < Limits.refusalInterval {
            throw Refusal(.illegalEvent, "Refused access is written down once a minute at most.")
        }
        guard refused.count >= 1 else {
            throw Refusal(.illegalEvent, "No access was refused that could be written down.")
        }
        lastRefusal = moment.time
    }

    /// `exception.noted`: anyone enrolled may have something written down.
    mutating func take(_ noted: ExceptionNoted, at moment: KeyEntry.Moment) throws(Refusal) {
        let (act, _, _) = try verifiedAct(noted.signed, .note, at: moment.time)
        try checkStates(of: act, in: [nil: nil])
        guard act.ceremony == noted.ceremony else {
            throw Refusal(.wrongDocument, "The note is about another ceremony.")
        }
        noteRotations(by: act, at: moment)
        remember(
            noted.signed.digest, by: noted.signed.key, for: .act, at: moment,
            ceremony: noted.ceremony)
    }
}
