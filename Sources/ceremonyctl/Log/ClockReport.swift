// How the daemon says that its clock stands, and what a person is told about it.

import CeremonyRecord
import CeremonyTerminal

/// The daemon's clock.
struct ClockReport: Sendable {
    /// What it says.
    let reads: Timestamp
    /// The time by which the daemon decides, drafts and dates.
    let time: Timestamp
    /// `right`, `behind`, `stepped` or `gap`.
    let standing: String
    /// Whether a date read off another clock puts it right.
    let wantsDate: Bool
    /// What is the matter; `nil` where it is right.
    let doubt: String?
    /// The way out.
    let next: String?
    /// As it came.
    let json: JSON

    /// Reads it from a reply.
    ///
    /// - Throws: `protocol` (69).
    init(_ reply: [String: JSON]) throws(ClientError) {
        json = reply["clock"] ?? .object([:])
        let value = json
        (reads, time, standing, wantsDate, doubt, next) = try Reply.read {
            () throws(JSONError) in
            var fields = try JSONFields(value)
            return (
                try fields.text("reads") { Timestamp($0) },
                try fields.text("time") { Timestamp($0) }, try fields.string("standing"),
                try fields.bool("wants_date"), try fields.optionalString("doubt"),
                try fields.optionalString("next")
            )
        }
    }

    /// Lines for `status`; none where it is right.
    var text: [String] {
        guard let doubt else { return [] }
        return [
            "  clock: \(standing.uppercased()): \(Display.neutralised(doubt))",
            "    nothing follows from time, and nearly everything is refused, until that is mended",
        ] + (next.map { ["    " + Display.neutralised($0)] } ?? [])
    }
}
