// What the daemon says about whether its log is the newest there is. A house whose token cannot
// keep a head is told so at every status: an older copy would look like the log itself.

import CeremonyRecord
import CeremonyTerminal

/// The rollback guard, as the daemon reports it.
struct RollbackReport: Hashable, Sendable {
    /// `kept`, `absent` or `unknown`.
    let state: String
    /// How many events the head covers that the log token keeps.
    let covers: Int
    /// Why there was nothing to compare with.
    let detail: String?
    /// Why the head could not be written since.
    let trouble: String?

    /// Reads the part of the reply.
    init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        state = try fields.string("state")
        covers = try fields.number("covers")
        detail = try fields.optionalString("detail")
        trouble = try fields.optionalString("trouble")
    }

    /// Lines of the status.
    var text: [String] {
        var lines: [String] = []
        switch state {
        case "kept":
            lines.append(
                "  newest:     yes: it reaches the head that the log token kept at the unlock "
                    + "(now \(Phrase.count(covers, "event")))")
        case "unknown":
            lines.append("  newest:     not known until the log token is unlocked")
        default:
            lines.append("  newest:     NOT KNOWN. \(detail ?? "The daemon does not say why.")")
            if covers > 0 {
                lines.append(
                    "              It keeps one of \(Phrase.count(covers, "event")) now, which "
                        + "the next unlock compares.")
            }
        }
        if let trouble { lines.append("              \(trouble)") }
        return lines
    }
}
