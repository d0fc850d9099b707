// Whether what a clock says can be acted on (DESIGN section 3, Time). The rules own no clock:
// whoever does passes the time and this standing in, and a clock behind the log is seen from the
// log itself.

public import CeremonyRecord

/// How a clock stands, for somebody who is to decide by it.
public enum ClockStanding: Hashable, Sendable {
    /// It may be acted on, as far as the one who watches it knows.
    case right
    /// It is behind the log's last event.
    case behind
    /// It was set by so many seconds against the time that the machine has run: ahead, or back
    /// where negative.
    case stepped(by: Int)
    /// Nobody watched it from then on, for longer than a clock is believed without a word.
    case gap(since: Timestamp)

    /// The stable word.
    public var word: String {
        switch self {
        case .right: "right"
        case .behind: "behind"
        case .stepped: "stepped"
        case .gap: "gap"
        }
    }

    /// Whether somebody who reads the date off a clock that they trust can put it right.
    public var wantsDate: Bool {
        switch self {
        case .right, .behind: false
        case .stepped, .gap: true
        }
    }
}

extension State {
    /// How the clock stands towards this log, given what its watcher says of it.
    public func standing(of clock: ClockStanding, at now: Timestamp) -> ClockStanding {
        head.time - now > Limits.clockSlack ? .behind : clock
    }

    /// The time to decide by: the clock's, or the last event's while the clock is a little behind
    /// it or cannot be acted on.
    public func time(of clock: ClockStanding, at now: Timestamp) -> Timestamp {
        standing(of: clock, at: now) == .right ? max(now, head.time) : head.time
    }

    /// How everything is refused that needs to know what time it is; `nil` while that is known.
    public func refusal(of clock: ClockStanding, at now: Timestamp) -> Refusal? {
        let goesOn =
            "Until then halt, decline, cancel, key-revocation, halt-clear and clock-correction go "
            + "on, at the time of the last event."
        let confirm = "confirm the date: ceremonyctl unlock --clock YYYY-MM-DD. " + goesOn
        switch standing(of: clock, at: now) {
        case .right: return nil
        case .behind:
            // A correction waits for the halts to be cleared.
            let first =
                isHalted
                ? "first clear the halt (ceremonyctl start halt-clear --reason TEXT), then " : ""
            return Refusal(
                .clockBehind,
                "The clock says \(now) and is behind the log, whose last event is of "
                    + "\(head.time).",
                next: "Set the clock right. If it is right and the log was dated by a clock that "
                    + "was ahead, \(first)two keepers set the log back: ceremonyctl start "
                    + "clock-correction --set now=\(now) --reason TEXT. " + goesOn)
        case .stepped(let seconds):
            return Refusal(
                .clockStepped,
                "The clock says \(now): it was set \(seconds < 0 ? "back" : "ahead") by "
                    + "\(abs(seconds)) s while the daemon ran. The last event is of \(head.time).",
                next: "Set it as it was, or, if it is right now, " + confirm)
        case .gap(let since):
            return Refusal(
                .clockGap,
                "The clock says \(now), and nobody has watched it since \(since): that is longer "
                    + "than \(Limits.clockGap / Limits.day) days.",
                next: "Set it right if it is not, then " + confirm)
        }
    }
}
