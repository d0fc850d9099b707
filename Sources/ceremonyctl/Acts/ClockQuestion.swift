// What is asked about the daemon's clock before a log goes on by it.

import CeremonyRecord
import CeremonyTerminal

/// The clock, before a log goes on by it: everything that the daemon does by itself follows from
/// it.
struct ClockQuestion {
    /// What was given in place of the question.
    let clock: String?
    /// The daemon's clock.
    let report: ClockReport
    /// The time of the log's last event.
    let lastEvent: Timestamp

    /// A gap so long that only the typed date will do.
    static let longGap = 30 * 86_400

    /// Asks, or compares with what was given.
    ///
    /// - Returns: The date that somebody gave; `nil` where a yes was enough.
    /// - Throws: `clock-mismatch` (1), `stopped` (1), `no-terminal` (64).
    func settle() throws(ClientError) -> String? {
        let now = report.reads
        let today = String(decoding: "\(now)".utf8.prefix(10), as: UTF8.self)
        if let clock {
            guard clock.utf8.elementsEqual(today.utf8) else { throw mismatch(clock, today) }
            return clock
        }
        let terminal: Terminal
        do {
            terminal = try Terminal()
        } catch {
            throw ClientError(
                .usage, "no-terminal", "There is no terminal on which to confirm the clock.",
                meaning: "Nothing was unlocked and no PIN was asked for.",
                next: "Run it in a terminal, or give --clock YYYY-MM-DD and --pin-fd or --pin-file."
            )
        }
        let age = now - lastEvent
        let gap = Phrase.span(age)
        terminal.write(
            "\nThe daemon's clock says     \(now) (UTC).\n"
                + "The log's last event was at \(lastEvent), \(gap) \(age < 0 ? "AHEAD of it" : "ago").\n"
        )
        if let doubt = report.doubt { terminal.write(Display.neutralised(doubt) + "\n") }
        if report.wantsDate || age > ClockQuestion.longGap || age < 0 {
            terminal.write("Type today's date (UTC) as YYYY-MM-DD, by a clock that you trust: ")
            let typed = String(decoding: try terminal.readLine(), as: UTF8.self)
            guard typed.utf8.elementsEqual(today.utf8) else { throw mismatch(typed, today) }
            return typed
        } else {
            terminal.write("Type yes if the clock is right: ")
            guard try terminal.readLine() == Array("yes".utf8) else {
                throw ClientError(
                    .refused, "stopped", "The clock was not confirmed.",
                    meaning: "Nothing was unlocked and no PIN was asked for.",
                    next: "Set the machine's clock, then run the same command again.")
            }
            return nil
        }
    }

    private func mismatch(_ given: String, _ today: String) -> ClientError {
        ClientError(
            .refused, "clock-mismatch", "You gave \(given), and the daemon's clock says \(today).",
            meaning: "Nothing was unlocked and no PIN was asked for.",
            next: "Set the machine's clock (UTC), or give today's date as YYYY-MM-DD.")
    }
}
