// What has a date: as the daemon says it, for verbs that show how it stands, or worked out here
// from the log itself, for the verb whose ending others rely on.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara

/// What is due and what is coming.
struct Agenda: Sendable {
    /// What somebody has to do now, the longest due first.
    let due: [Deadline]
    /// What is coming, the earliest first.
    let coming: [Deadline]
    /// How many are due; where the daemon tells it, more than are listed here.
    let dueCount: Int
    /// Where the daemon's next page begins.
    let next: Int?
    /// The time that it was measured with.
    let now: Timestamp

    /// Works it out from a log.
    init(_ state: State, at now: Timestamp) {
        let all = state.agenda(at: now)
        due = all.filter { $0.isDue(at: now) }
        coming = all.filter { !$0.isDue(at: now) }
        dueCount = due.count
        next = nil
        self.now = now
    }

    /// Reads the daemon's word for it: a page of `Deadlines`.
    ///
    /// - Parameter before: The pages before it.
    /// - Throws: `protocol` (69).
    init(_ reply: [String: JSON], behind before: Agenda? = nil) throws(ClientError) {
        let (page, count, now) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return (
                try fields.objects("deadlines").map { object throws(JSONError) in
                    try Deadline(object)
                },
                try fields.number("due"), try fields.text("now") { Timestamp($0) }
            )
        }
        next = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.optionalNumber("next")
        }
        self.now = now
        due = (before?.due ?? []) + page.filter { $0.isDue(at: now) }
        coming = (before?.coming ?? []) + page.filter { !$0.isDue(at: now) }
        dueCount = max(count, due.count)
    }
}

extension TrustedLog {
    /// What has a date, on the daemon's word: the first page.
    func agenda() throws(ClientError) -> Agenda { try Agenda(call("Deadlines")) }

    /// Everything that is due, on the daemon's word: as many pages as it takes.
    ///
    /// - Throws: `protocol` (69), also where the pages have no end.
    func wholeAgenda() throws(ClientError) -> Agenda {
        var agenda = try agenda()
        // Whatever has a date stands in the log, and every page leaves something behind.
        for _ in 0...shown.head.size {
            guard let next = agenda.next, agenda.due.count < agenda.dueCount else { return agenda }
            agenda = try Agenda(call("Deadlines", ["from": .number(next)]), behind: agenda)
        }
        throw Reply.malformed("the list of what is due has no end")
    }
}

extension Deadline {
    /// Reads one of a reply.
    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        self.init(
            try fields.text("matter") { Matter(rawValue: $0) },
            subject: try fields.optionalText("subject", Deadline.identifier),
            key: try fields.optionalText("key") { Fingerprint($0) },
            token: try fields.optionalString("token"), vault: try Deadline.vaultKey(&fields),
            ceremony: try fields.optionalText("ceremony", Deadline.identifier),
            date: try fields.text("date") { Timestamp($0) },
            since: try fields.optionalText("since") { Timestamp($0) },
            text: try fields.string("text"))
    }

    private static func vaultKey(_ fields: inout JSONFields) throws(JSONError) -> VaultKey? {
        let vault = try fields.optionalText("vault", identifier)
        let id = try fields.optionalText("vault_key") { KeyID($0) }
        return vault.flatMap { vault in id.map { VaultKey(vault: vault, id: "\($0)") } }
    }

    /// It becomes part of a command that somebody types.
    private static func identifier(_ text: String) -> String? {
        Identifier.isValid(text) ? text : nil
    }
}
