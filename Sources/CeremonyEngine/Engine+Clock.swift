// What the engine says of its clock, and how somebody confirms it: with the date, read off a clock
// that they trust (DESIGN section 3, Time).

public import CeremonyRecord
public import CeremonyRules

extension Engine {
    /// How the daemon's clock stands.
    public struct ClockReport: Sendable {
        /// What it says.
        public let reads: Timestamp
        /// The time by which everything is decided, drafted and dated.
        public let time: Timestamp
        /// Whether it is acted on.
        public let standing: ClockStanding
        /// What is the matter and the way out; `nil` where it is right.
        public let doubt: Refusal?
    }

    /// Now, as the rules measure: a clock a little behind the log, or one that cannot be acted on,
    /// is taken for the log's time.
    public var time: Timestamp { clockReport.time }

    /// How the clock stands.
    public var clockReport: ClockReport {
        let snapshot = snapshot
        let state = snapshot.state
        let look = look(at: snapshot)
        return ClockReport(
            reads: watch.reads, time: state.time(of: look.standing, at: look.now),
            standing: state.standing(of: look.standing, at: look.now),
            doubt: state.refusal(of: look.standing, at: look.now))
    }

    func look(at snapshot: Snapshot) -> ClockLook {
        snapshot.isSealed ? watch.look(beforeOpening: snapshot.state) : watch.look()
    }

    /// Takes the clock for right, where somebody has read its date off a clock that they trust;
    /// then what has followed from time is written down.
    ///
    /// - Throws: ``EngineError`` (`clock-mismatch`; `clock-behind`, which no date mends).
    public func confirmClock(_ date: String) async throws(EngineError) {
        try settleClock(date)
        if let doubt = clockReport.doubt { throw EngineError(doubt) }
        await tick()
    }

    /// Whether the log could be opened by this clock, with the date given for it.
    ///
    /// A clock that is behind the log does not stand in the way: the way back from it is a
    /// ceremony.
    ///
    /// - Throws: ``EngineError`` (`clock-unconfirmed`, `clock-mismatch`).
    public func checkClock(_ date: String?) throws(EngineError) {
        let report = clockReport
        if let date { return try check(date, report) }
        guard report.standing.wantsDate, let doubt = report.doubt else { return }
        throw EngineError(
            .clockUnconfirmed,
            doubt.detail + " The clock's date is \(report.reads.date), the last event's "
                + "\(snapshot.state.head.time.date).",
            next: "Compare with a clock that you trust, set the machine's clock if it is wrong, "
                + "and unlock with today's date (UTC): ceremonyctl unlock --clock YYYY-MM-DD.")
    }

    /// The same, and takes the clock for right where a date was given.
    func settleClock(_ date: String?) throws(EngineError) {
        try checkClock(date)
        if date != nil { watch.confirm() }
    }

    private func check(_ date: String, _ report: ClockReport) throws(EngineError) {
        // Between typing and now midnight may have passed.
        let earlier = report.reads + -Engine.typingSeconds
        guard [report.reads, earlier].contains(where: { $0.date.utf8.elementsEqual(date.utf8) })
        else {
            throw EngineError(
                .clockMismatch,
                "The date given is \(Display.neutralised(date)), and the daemon's clock says "
                    + "\(report.reads). The last event is of \(snapshot.state.head.time).",
                next: "Set the machine's clock (UTC), or give today's date as YYYY-MM-DD.")
        }
    }

    private static let typingSeconds = 300
}

extension Timestamp {
    /// `YYYY-MM-DD`.
    fileprivate var date: String { String(decoding: "\(self)".utf8.prefix(10), as: UTF8.self) }
}
