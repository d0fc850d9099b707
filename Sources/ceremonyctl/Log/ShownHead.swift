// The head that every reply carries. Its signed part is verified before anybody sees it; whether
// the log is halted or sealed is the daemon's word.

import CeremonyRecord
import CeremonyTerminal

/// A log's head as the daemon shows it.
struct ShownHead: Hashable, Sendable {
    /// The log.
    let origin: String
    /// Production or rehearsal.
    let mode: LogMode
    /// How many events there are, and the root over them.
    let head: TreeHead
    /// The newest signed head, unverified; `nil` where nothing was signed yet.
    let checkpoint: SignedNote?
    /// How many events the signed head covers.
    let signed: Int
    /// Whether the log is halted.
    let isHalted: Bool
    /// Whether the log token is locked, so that nothing can be recorded.
    let isSealed: Bool
    /// The time of the last event.
    let time: Timestamp

    /// Reads the head out of a reply, and checks that its parts fit each other.
    ///
    /// - Throws: `protocol` (69).
    init(_ reply: [String: JSON]) throws(ClientError) {
        var note: String?
        (origin, mode, head, note, signed, isHalted, isSealed, time) = try Reply.read {
            () throws(JSONError) in
            var reply = try JSONFields(.object(reply))
            var fields = try reply.object("head")
            return (
                try fields.text("origin") { Origin.isValid($0) ? $0 : nil },
                try fields.text("mode") { LogMode(rawValue: $0) },
                TreeHead(
                    size: try fields.number("size"), root: try fields.text("root") { Digest($0) }),
                try fields.optionalString("checkpoint"), try fields.number("signed"),
                try fields.bool("halted"), try fields.bool("sealed"),
                try fields.text("time") { Timestamp($0) }
            )
        }
        do {
            checkpoint = try note.map { text throws(NoteError) in try SignedNote(Array(text.utf8)) }
            let covered = try checkpoint.map { note throws(NoteError) in
                try Checkpoint(text: note.text).head
            }
            guard (covered?.size ?? 0) == signed, signed <= head.size,
                signed < head.size || covered == nil || covered == head
            else { throw NoteError.malformed("the signed head is not that of the log shown") }
        } catch {
            throw Reply.malformed("\(error)")
        }
    }

    /// As `--json` prints it.
    var json: JSON {
        .fields([
            "origin": .string(origin), "mode": .string(mode.rawValue), "size": .number(head.size),
            "root": .string("\(head.root)"), "signed": .number(signed), "halted": .bool(isHalted),
            "sealed": .bool(isSealed), "time": .string("\(time)"),
        ])
    }
}
