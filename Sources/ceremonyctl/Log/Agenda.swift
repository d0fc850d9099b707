// What has a date: as the daemon says it, for verbs that show how it stands, or worked out here
// from the log itself, for the verb whose ending others rely on.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What is due and what is coming.
struct Agenda: Sendable {
    /// What somebody has to do now, the longest due first.
    let due: [Deadline]
    /// What is coming, the earliest first.
    let coming: [Deadline]
    /// How many are due; where the daemon tells it, more than are listed here.
    let dueCount: Int
    /// The time that it was measured with.
    let now: Timestamp

    /// Works it out from a log.
    init(_ state: State, at now: Timestamp) {
        let all = state.agenda(at: now)
        due = all.filter { $0.isDue(at: now) }
        coming = all.filter { !$0.isDue(at: now) }
        dueCount = due.count
        self.now = now
    }

    /// Reads the daemon's word for it: the first page of ``Deadlines``.
    ///
    /// - Throws: `protocol` (69).
    init(_ reply: [String: JSON]) throws(ClientError) {
        let (all, count, now) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return (
                try fields.objects("deadlines").map { object throws(JSONError) in
                    try Deadline(object)
                },
                try fields.number("due"), try fields.text("now") { Timestamp($0) }
            )
        }
        self.now = now
        due = all.filter { $0.isDue(at: now) }
        coming = all.filter { !$0.isDue(at: now) }
        dueCount = max(count, due.count)
    }
}

extension TrustedLog {
    /// What has a date, on the daemon's word: the first page.
    func agenda() throws(ClientError) -> Agenda { try Agenda(call("Deadlines")) }
}

extension Deadline {
    /// Reads one of a reply.
    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        self.init(
            try fields.text("matter") { Matter(rawValue: $0) },
            subject: try fields.optionalText("subject", Deadline.identifier),
            key: try fields.optionalText("key") { Fingerprint($0) },
            token: try fields.optionalString("token"),
            ceremony: try fields.optionalText("ceremony", Deadline.identifier),
            date: try fields.text("date") { Timestamp($0) },
            since: try fields.optionalText("since") { Timestamp($0) },
            text: try fields.string("text"))
    }

    /// It becomes part of a command that somebody types.
    private static func identifier(_ text: String) -> String? {
        Identifier.isValid(text) ? text : nil
    }
}
