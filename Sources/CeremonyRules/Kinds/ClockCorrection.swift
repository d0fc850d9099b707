// The way back from a clock that was wrongly ahead: the log's time steps back, because two keepers
// say what time it is. DESIGN section 3, Time.

public import CeremonyRecord

/// Sets the log's time back.
public struct ClockCorrection: ImmediateKind {
    /// `clock-correction`
    public static let name = "clock-correction"
    /// For `ceremonyctl kinds`.
    public static let summary = "Sets the log's time back, after a clock that was wrongly ahead."
    /// The time that it is.
    public static let parameters = [
        KindParameter("now", "the time that it is, like 2026-01-15T10:00:00Z")
    ]
    /// Two keepers.
    public static let standardEntry = Policy.Entry(threshold: 2, attest: 0)
    /// The house's clock.
    public static let houseSubject: String? = "house-clock"

    private let was: Timestamp
    private let now: Timestamp

    /// It is what a log waits for whose clock is behind.
    public var goesOnDespite: Set<Hindrance> { [.clock] }

    /// Keepers.
    public static func mayApprove(_ member: Member, class subjectClass: String?) -> Bool {
        member.kind == .keeper
    }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        parameters["now"] = statement.fields["now"]
        return parameters
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) where the time is not one before the last event.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        was = state.head.time
        guard let now = parameters["now"].flatMap({ Timestamp($0) }), now < was else {
            throw Refusal(
                .badParameter,
                "now is a UTC time like 2026-01-15T10:00:00Z, before the last event, which is of "
                    + "\(was).",
                next: "A clock that is behind the true time is simply set right.")
        }
        let founded = state.log.document.created
        guard now >= founded else {
            throw Refusal(
                .badParameter,
                "The log was founded at \(founded), by the word of all its founders, and cannot be "
                    + "set back behind that.",
                next: "Where the founding itself was misdated, found the house anew.")
        }
        self.now = now
    }

    /// The machine's clock says nearly the same, so that a slip of the pen sets no log back by
    /// years. The ceremony may take as long as ceremonies live.
    public func checkOpening(by clock: Timestamp) throws(Refusal) {
        guard (-Limits.longestLifetime...Limits.clockLead).contains(now - clock) else {
            throw Refusal(
                .badParameter,
                "The log would be set to \(now), and the daemon's clock says \(clock).",
                next: "Set the machine's clock right first; then start it with the time that the "
                    + "clock says.")
        }
    }

    /// The log's time, and the true one.
    public var fields: Fields {
        [Field(name: "was", value: "\(was)"), Field(name: "now", value: "\(now)")]
    }

    /// The log's time: it stands still until the correction.
    public func dependencies(in state: State) -> [String: JSON] { ["was": .string("\(was)")] }

    /// The correction itself.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        [.clockCorrected(ClockCorrected(ceremony: ceremony.id, was: was, now: now))]
    }
}
