// The log's time set back, because two keepers say what time it is (DESIGN section 3, Time). What
// stands in the log happened before the correction, so at its time at the latest: what the wrong
// clock dated later is taken to have happened then. Spans that began by that clock begin now and
// keep their length; an end only ever moves earlier, and what was written down as ended has ended.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// `clock.corrected`, demanded by its ceremony: the log goes on at an earlier time. What else
    /// is under way was dated by the wrong clock, and ends. No halt is in force then.
    mutating func take(_ corrected: ClockCorrected, at seq: Int) {
        let now = corrected.now
        logKeys.stepBack(from: head.time, to: now, at: seq)
        corrections.append(KeyEntry.Moment(seq: seq, time: now))
        keys = keys.mapValues { $0.bounded(by: now) }
        ceremonies = ceremonies.mapValues { $0.bounded(by: now) }
        lastRefusal = lastRefusal.map { min($0, now) }
        head.roots = head.roots.mapValues {
            PastRoot(root: $0.root, superseded: min($0.superseded, now))
        }
        demandPrestateEndings(besides: corrected.ceremony)
    }

    /// What time it was at a place in the log, by what is known today: not later than the log was
    /// set to afterwards.
    func time(at place: LogPosition) -> Timestamp {
        corrections.reduce(place.time) { time, correction in
            correction.seq > place.seq ? min(time, correction.time) : time
        }
    }

    /// Whether a ceremony depends on something that the log cannot tell.
    func dependsOnVault(_ ceremony: Ceremony) -> Bool {
        guard let kind = try? Kinds.named(ceremony.kind) else { return false }
        return (try? kind.sight(of: kind.parameters(of: ceremony.statement))) != nil
    }

    /// Whether what a ceremony depends on is as it was when its statement was drafted: its
    /// prestate, and the clock that dated it.
    public func isAsAgreed(_ ceremony: Ceremony) -> Bool {
        let statement = ceremony.statement
        guard corrections.last.map({ $0.seq < ceremony.opened.seq }) ?? true,
            let operation = try? operation(of: statement)
        else { return false }
        return statement.prestate
            == prestate(of: operation, kind: statement.kind, subject: statement.subject)
    }
}

extension KeyEntry.Moment {
    /// The same event, at that time at the latest.
    func bounded(by time: Timestamp) -> Self { Self(seq: seq, time: min(self.time, time)) }
}

extension KeyEntry {
    /// The same key, with nothing that happened to it dated after the time.
    fileprivate func bounded(by time: Timestamp) -> Self {
        var entry = self
        entry.registered = registered.bounded(by: time)
        entry.activated = activated?.bounded(by: time)
        entry.overlap = overlap.map { overlap in
            let begun = overlap.begun.bounded(by: time)
            return Overlap(
                begun: begun, successor: overlap.successor,
                until: begun.time + (overlap.until - overlap.begun.time))
        }
        entry.retired = retired?.bounded(by: time)
        entry.lapsed = lapsed?.bounded(by: time)
        entry.lost = lost.map {
            TokenLoss(moment: $0.moment.bounded(by: time), word: $0.word)
        }
        entry.rotationNoted = rotationNoted?.bounded(by: time)
        entry.departure = departure.map {
            Departure(name: $0.name, moment: $0.moment.bounded(by: time))
        }
        entry.revocation = revocation.map { revocation in
            Revocation(
                moment: revocation.moment.bounded(by: time), ceremony: revocation.ceremony,
                cause: revocation.cause, boundary: revocation.boundary,
                boundaryTime: revocation.boundaryTime, origin: revocation.origin)
        }
        return entry
    }
}

extension Ceremony {
    /// The same ceremony, with the spans that it measures not beginning after the time.
    fileprivate func bounded(by time: Timestamp) -> Self {
        var ceremony = self
        ceremony.execution = execution.map {
            Execution(seq: $0.seq, time: min($0.time, time), actor: $0.actor, intent: $0.intent)
        }
        ceremony.end = end.map {
            End(
                seq: $0.seq, time: min($0.time, time), reason: $0.reason, detail: $0.detail,
                left: $0.left)
        }
        return ceremony
    }
}
