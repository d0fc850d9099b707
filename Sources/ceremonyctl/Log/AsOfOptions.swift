// `--at TIME|SEQ`: a question about the log as it was. A time counts every event that was dated up
// to it; a position has the time of its event.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// As of when a question is asked.
struct AsOfOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "As of then: a UTC time like 2026-01-15T10:00:00Z, or the number of an event.",
            valueName: "time|seq"))
    var at: String?

    /// The place in a verified log that is asked about; its end, and now, where none is.
    ///
    /// - Throws: usage (64) for what is neither a time nor a number, `before-log` and
    ///   `unknown-event` (66) for a place that the log does not have.
    func place(in copy: LogCopy, now: Timestamp) throws(ClientError) -> LogPosition {
        let last = copy.events.count - 1
        guard let at else { return LogPosition(seq: last, time: now) }
        if let seq = Decimal.decode(at.utf8) {
            guard let place = LogPosition(seq: seq, in: copy.events) else {
                throw ClientError(
                    .notFound, "unknown-event", "The signed log has no event \(seq).",
                    meaning: "There is no such place to ask about.",
                    next: "Its events are 0 to \(last): ceremonyctl log.")
            }
            return place
        }
        guard let time = Timestamp(at) else {
            throw .usage(
                "--at \(at) is neither a time nor the number of an event.",
                next:
                    "Write a UTC time like 2026-01-15T10:00:00Z, or a number from `ceremonyctl log`."
            )
        }
        guard let place = LogPosition(time: time, in: copy.events) else {
            throw ClientError(
                .notFound, "before-log", "The log did not exist at \(time).",
                meaning: "It says nothing about that time.",
                next: "It was founded at \(copy.events[0].time).")
        }
        return place
    }
}

extension LogPosition {
    /// As results give it.
    var json: JSON { .fields(["seq": .number(seq), "time": .string("\(time)")]) }
}
