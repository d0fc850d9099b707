// What the status says about the rollback guard, whether the log is known to be the newest, and
// about the keys that sign its heads.

import CeremonyEngine
import CeremonyRecord

extension View {
    static func rollback(_ standing: RollbackStanding) -> JSON {
        .fields([
            "state": .string(standing.knowledge.rawValue), "covers": .number(standing.covers),
            "detail": .text(standing.detail), "trouble": .text(standing.trouble),
        ])
    }

    static func logKeys(_ report: Engine.LogKeyReport) -> JSON {
        .fields([
            "keys": .array(
                report.keys.map { key in
                    .fields([
                        "vkey": .string(key.key.vkey), "tokens": .strings(key.tokens),
                        "standby": .bool(key.isStandby), "until": .text(key.until.map { "\($0)" }),
                    ])
                }),
            "trouble": .text(report.trouble),
        ])
    }
}
