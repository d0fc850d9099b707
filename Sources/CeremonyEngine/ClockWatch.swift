// The daemon's clock, watched: against the time that the machine has run, which nobody can set, and
// against the last time anybody looked (DESIGN section 3, Time). A clock that was set, or that
// nobody watched for long, is not acted on until somebody has confirmed the date.

import CeremonyRecord
import CeremonyRules
import Synchronization

/// A look at the clock, good for one decision.
struct ClockLook: Sendable {
    /// What to decide by: the clock, and never before what was decided by already.
    let now: Timestamp
    /// What is known of it besides what the log shows.
    let standing: ClockStanding
}

/// Watches a clock. Every look counts as watching.
final class ClockWatch: Sendable {
    private struct Reading {
        let now: Timestamp
        let boottime: Int
    }

    private struct Watched {
        /// When the clock was last taken for right: the start, or a confirmation.
        var anchor: Reading
        var last: Reading
        /// The latest time that anything was decided or shown by.
        var latest: Timestamp
        /// Since when nobody had watched, until that is confirmed.
        var unwatched: Timestamp?
    }

    private let clock: any Clock
    private let watched: Mutex<Watched>

    init(_ clock: any Clock) {
        self.clock = clock
        let reading = ClockWatch.read(clock)
        watched = Mutex(Watched(anchor: reading, last: reading, latest: reading.now))
    }

    /// What the clock says, right or not.
    var reads: Timestamp { clock.now }

    /// Looks at the clock.
    func look() -> ClockLook {
        watched.withLock { watched in
            let reading = ClockWatch.read(clock)
            if reading.boottime - watched.last.boottime > Limits.clockGap {
                watched.unwatched = watched.unwatched ?? watched.last.now
            }
            watched.last = reading
            let standing = ClockWatch.standing(of: reading, watched)
            guard standing == .right else { return ClockLook(now: reading.now, standing: standing) }
            watched.latest = max(watched.latest, reading.now)
            return ClockLook(now: watched.latest, standing: .right)
        }
    }

    /// The same for a log that is not open: one whose last event is old wants its date confirmed
    /// before anything follows from it.
    func look(beforeOpening state: State) -> ClockLook {
        let look = look()
        guard look.standing == .right, look.now - state.head.time > Limits.clockGap else {
            return look
        }
        return ClockLook(now: look.now, standing: .gap(since: state.head.time))
    }

    /// Takes the clock for right from here on.
    func confirm() {
        watched.withLock { watched in
            let reading = ClockWatch.read(clock)
            watched = Watched(anchor: reading, last: reading, latest: reading.now)
        }
    }

    /// Hears that keepers have set the log's time: they have said what time it is. A clock that
    /// says something else is not believed.
    func corrected(to now: Timestamp) {
        let reads = clock.now
        let span = -Limits.clockLead...Limits.longestLifetime
        if span.contains(reads - now) { return confirm() }
        watched.withLock {
            $0.latest = reads
            $0.unwatched = now
        }
    }

    private static func standing(of reading: Reading, _ watched: Watched) -> ClockStanding {
        let ran = reading.boottime - watched.anchor.boottime
        let step = reading.now - watched.anchor.now - ran
        if abs(step) > Limits.clockStep { return .stepped(by: step) }
        if let since = watched.unwatched { return .gap(since: since) }
        let back = reading.now - watched.latest
        return back < -Limits.clockSlack ? .stepped(by: back) : .right
    }

    private static func read(_ clock: any Clock) -> Reading {
        Reading(now: clock.now, boottime: clock.boottime)
    }
}
