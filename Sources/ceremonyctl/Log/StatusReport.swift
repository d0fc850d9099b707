// How the daemon says that it stands.

import CeremonyRecord
import CeremonyTerminal

/// The reply to `Status`.
struct StatusReport: Sendable {
    /// A halt in force.
    struct Halt: Hashable, Sendable {
        let seq: Int
        let time: Timestamp
        let by: String?
        let reason: String
    }

    /// The roster's epoch.
    let epoch: Int
    /// Where the daemon says that the roster in force was set.
    let rosterSeq: Int?
    /// Now, as the daemon decides by it.
    let now: Timestamp
    /// The daemon's clock.
    let clock: ClockReport
    /// Whether the halt file alone holds the log halted.
    let isHaltedByFile: Bool
    /// The oldest halts in force.
    let halts: [Halt]
    /// The halts that the log does not have yet, as lines for people.
    let held: [String]
    /// How many halts are in force.
    let haltCount: Int
    /// What failed ceremonies left on tokens and nobody has seen gone, the oldest of it.
    let debris: [DebrisReport]
    /// Keys in people's own tokens that came to nothing.
    let leftKeys: [LeftKeyReport]
    /// Whether the log is known to be the newest.
    let rollback: RollbackReport
    /// The keys that sign the log's heads.
    let logKeys: LogKeyReport
    /// As it came.
    let json: JSON

    /// Reads the reply.
    ///
    /// - Throws: `protocol` (69).
    init(_ reply: [String: JSON]) throws(ClientError) {
        let value = reply["status"] ?? .object([:])
        json = value
        clock = try ClockReport(reply)
        (epoch, rosterSeq, now, isHaltedByFile, halts, haltCount, debris) = try Reply.read {
            () throws(JSONError) in
            var fields = try JSONFields(value)
            return (
                try fields.number("epoch"), try fields.optionalNumber("roster_seq"),
                try fields.text("now") { Timestamp($0) },
                try fields.bool("halt_file"),
                try fields.objects("halts").map { object throws(JSONError) in
                    var halt = object
                    return Halt(
                        seq: try halt.number("seq"), time: try halt.text("time") { Timestamp($0) },
                        by: try halt.optionalString("by"), reason: try halt.string("reason"))
                },
                try fields.number("halt_count"),
                try fields.objects("debris").map { object throws(JSONError) in
                    try DebrisReport(object)
                }
            )
        }
        leftKeys = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(value)
            return try (fields.optionalObjects("left_keys") ?? []).map {
                object throws(JSONError) in try LeftKeyReport(object)
            }
        }
        held = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(value)
            return try (fields.optionalObjects("halts_held") ?? []).map {
                object throws(JSONError) in
                var halt = object
                let since = try halt.optionalText("since") { Timestamp($0) }
                let by = try halt.string("by")
                return (since.map { "\($0), " } ?? "") + "by \(by): "
                    + (try halt.string("reason"))
            }
        }
        (rollback, logKeys) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(value)
            return (
                try RollbackReport(fields.object("rollback_guard")),
                try LogKeyReport(fields.object("log_keys"))
            )
        }
    }
}
