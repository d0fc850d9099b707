// What the daemon says about the keys that sign the log's heads: while they are being changed, and
// where one of them does not sign, people are told at every status, before it is too late.

import CeremonyRecord
import CeremonyTerminal

/// The log keys, as the daemon reports them.
struct LogKeyReport: Hashable, Sendable {
    /// One that the next head needs.
    struct Key: Hashable, Sendable {
        /// The key.
        let key: NoteKey
        /// The tokens on which it was seen to sign.
        let tokens: [String]
        /// Whether another one may sign in its place.
        let isStandby: Bool
        /// From when on no head needs it.
        let until: Timestamp?
    }

    /// Those that the next head needs.
    let keys: [Key]
    /// Why they could not sign the last time.
    let trouble: String?

    /// Reads the part of the reply.
    init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        keys = try fields.objects("keys").map { object throws(JSONError) in
            var key = object
            return Key(
                key: try key.text("vkey") { NoteKey(vkey: $0) }, tokens: try key.strings("tokens"),
                isStandby: try key.bool("standby"),
                until: try key.optionalText("until") { Timestamp($0) })
        }
        trouble = try fields.optionalString("trouble")
    }

    /// Lines of the status; none where one key signs and nothing is the matter.
    func text(isSealed: Bool) -> [String] {
        var lines: [String] = []
        if let trouble {
            lines += [
                "  LOG KEY:    \(Display.neutralised(trouble))",
                "              Nothing more is recorded until the log keys sign again.",
            ]
        }
        guard keys.count > 1 else { return lines }
        let needed = keys.count { !$0.isStandby }
        lines.append(
            needed > 1
                ? "  log keys:   every head needs \(needed) signatures now:"
                : "  log keys:   one of these signs every head:")
        return lines
            + Phrase.table(keys.map { $0.row(isSealed: isSealed) }, indent: "              ")
    }
}

extension LogKeyReport.Key {
    /// The cells of its row.
    fileprivate func row(isSealed: Bool) -> [String] {
        let unseen =
            isSealed
            ? "not unlocked" : "NOT SEEN TO SIGN: unlock its token once, to see that it does"
        let seen = tokens.isEmpty ? unseen : "signs, on \(Phrase.list(tokens))"
        let end = until.map { ", until \($0)" } ?? ""
        return [key.hexID, (isStandby ? "standby, " : "") + seen + end]
    }
}
