// What the status says about the rollback guard: whether the log is known to be the newest.

import CeremonyEngine
import CeremonyRecord

extension View {
    static func rollback(_ standing: RollbackStanding) -> JSON {
        .fields([
            "state": .string(standing.knowledge.rawValue), "covers": .number(standing.covers),
            "detail": .text(standing.detail), "trouble": .text(standing.trouble),
        ])
    }
}
