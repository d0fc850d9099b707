// What is known about whether this log is the newest there is: read at each unlock, shown in the
// status, and asked before anything is done that an older copy of the log would get wrong.

/// How the log stands towards the head that the log token keeps.
public struct RollbackStanding: Hashable, Sendable {
    /// What is known.
    public enum Knowledge: String, Sendable, CaseIterable {
        /// Nothing yet: the log token is not unlocked.
        case unknown
        /// The head was read at this unlock, and the log reaches it.
        case kept
        /// There was no head to compare the log with.
        case absent
    }

    /// What is known.
    public var knowledge: Knowledge
    /// How many events the head covers that the token keeps now; 0 where it keeps none.
    public var covers = 0
    /// Why there was nothing to compare with, in a sentence.
    public var detail: String?
    /// Why the head could not be written since, in a sentence.
    public var trouble: String?

    /// As long as the log token is not unlocked.
    public static let unknown = RollbackStanding(knowledge: .unknown)

    /// The log reaches the head that the token keeps.
    static func kept(_ size: Int) -> RollbackStanding {
        RollbackStanding(knowledge: .kept, covers: size)
    }

    /// There was nothing to compare with.
    static func absent(_ detail: String) -> RollbackStanding {
        RollbackStanding(knowledge: .absent, detail: detail)
    }
}

extension Engine {
    /// Whether the log is known to be the newest: the guard was read at this unlock, and agreed.
    public var isKnownNewest: Bool { snapshot.rollback.knowledge == .kept }
}
