// What must never break, and what it means when it has: the daemon then halts the house by itself
// and says which of these it was (DESIGN section 3, Halt). A token that is missing or locked breaks
// nothing.

/// Something that the daemon halts the house for by itself; the raw value is what the log says.
public enum Invariant: String, Hashable, Sendable, CaseIterable {
    /// What is stored is not what was recorded.
    case chain
    /// The log key's token signed something else than it was given.
    case logKey = "log-key"
    /// What follows from time could not be written down.
    case deadline
    /// The halt file holds something that cannot be read, or that is no halt.
    case haltFile = "halt-file"

    /// What it means, as a sentence.
    public var meaning: String {
        switch self {
        case .chain: "The stored log is not what was recorded: it was changed from outside."
        case .logKey: "The log key's token signed something else than it was given."
        case .deadline: "The end of something that is under way could not be recorded in time."
        case .haltFile: "A halt file lay beside the log that could not be read as halts."
        }
    }

    /// What to do about it, before the halt is cleared.
    public var next: String {
        switch self {
        case .chain:
            "Keep the database as evidence, compare exported logs, and restore it from a backup."
        case .logKey:
            "Do not use that token any more; look at the heads that were exported since."
        case .deadline: "Look at what is due with `ceremonyctl status`; report it as a fault."
        case .haltFile: "Find out who or what wrote it. It is kept beside where it was."
        }
    }
}
