// The spans of time that the rules measure with and that no policy changes.

/// Fixed spans, in seconds.
public enum Limits {
    /// A statement is opened at most so long after it was drafted.
    public static let draftAge = 900
    /// An act that is not bound to a ceremony's deadline is taken at most so long after its date.
    public static let actAge = 3600
    /// A document may be dated so far ahead of the log's clock: another machine's clock differs.
    public static let clockLead = 300
    /// `init` wants the genesis document within this span of its date.
    public static let genesisAge = 86_400
    /// An event takes the last event's time when the clock is at most so far behind it.
    public static let clockSlack = 5
    /// What is written into a vault is dated at most so long before the execution begins.
    public static let vaultMomentAge = 900
    /// A clock that moves by more than this against the time that the machine has run was set.
    public static let clockStep = 300
    /// A clock that nobody watched for longer, or a log whose last event is older when it is
    /// opened, wants the date confirmed.
    public static let clockGap = 30 * day
    /// Documents may name the log as it stood at any time within this span, and since the opening
    /// of a ceremony that can still be answered.
    public static let prefixAge = 172_800
    /// Refused access is written down at most once in this span.
    public static let refusalInterval = 60
    /// The longest life that production allows a ceremony.
    public static let longestLifetime = 86_400
    /// Seconds of a day.
    public static let day = 86_400
}
