// The state machine, whole (DESIGN section 3, requirement FP-4). There is no other way from one
// state to another, and `State.move` is the only place that moves a ceremony.

public import CeremonyRecord

/// The table of legal transitions.
public enum Transitions {
    /// Where a ceremony may go from each state.
    public static let table: [CeremonyState: Set<CeremonyState>] = [
        .pending: [.approved, .expired, .failed],
        .approved: [.executing, .expired],
        .executing: [.completed, .failed],
        .completed: [],
        .failed: [],
        .expired: [],
    ]

    /// Whether the table has the edge.
    public static func allows(from: CeremonyState, to: CeremonyState) -> Bool {
        table[from]?.contains(to) ?? false
    }
}

extension CeremonyState {
    /// Whether nothing can follow.
    public var isEnd: Bool { Transitions.table[self]?.isEmpty ?? true }
}
