// The six states of a ceremony and the three ends of an orphaned object, as events write them.
// Which steps between states are legal is the rules' matter (DESIGN section 3).

/// Where a ceremony stands.
public enum CeremonyState: String, Sendable, Hashable, CaseIterable {
    /// Opened; responses are awaited.
    case pending = "PENDING"
    /// Every response set is complete.
    case approved = "APPROVED"
    /// Being carried out.
    case executing = "EXECUTING"
    /// Ended with its effect.
    case completed = "COMPLETED"
    /// Ended without its effect.
    case failed = "FAILED"
    /// Ended because its time was over or its approval was withdrawn.
    case expired = "EXPIRED"
}

/// What was found to be so after an attempt to destroy an orphan.
public enum DestructionOutcome: String, Sendable, Hashable, CaseIterable {
    /// The object was there and is gone.
    case destroyed
    /// The object was not there.
    case absent
    /// The token could not be reached, and will not be.
    case unreachable
}
