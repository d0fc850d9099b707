// What `Deadlines` answers: a page of everything with a date. It is worked out anew for each page,
// from the state of that moment; the head that goes with it says whether the log has grown since.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyWire

extension Listing where Entry == Deadline {
    /// Answers `Deadlines`.
    static func deadlines(
        _ parameters: inout Parameters, _ snapshot: Snapshot, at time: Timestamp
    ) throws -> [String: JSON] {
        let from = try parameters.optionalInt("from", in: 0...Int(Int32.max)) ?? 0
        let limit =
            try parameters.optionalInt("limit", in: 1...Limits.pageEntriesMax)
            ?? Limits.pageEntriesMax
        let agenda = snapshot.state.agenda(at: time)
        let listing = Listing(
            count: agenda.count, entry: { agenda[$0] }, name: \.text, seq: { _ in 0 })
        let start = min(from, agenda.count)
        let page = listing.page(start..<agenda.count, limit: limit, where: { _ in true }) {
            view($0, at: time)
        }
        let end = start + page.entries.count
        return [
            "deadlines": .array(page.entries),
            "due": .number(agenda.count { $0.isDue(at: time) }), "total": .number(agenda.count),
            "now": .string("\(time)"), "next": end < agenda.count ? .number(end) : nil,
        ].compactMapValues { $0 }
    }

    private static func view(_ deadline: Deadline, at time: Timestamp) -> JSON {
        .fields([
            "matter": .string(deadline.matter.rawValue), "subject": .text(deadline.subject),
            "key": .text(deadline.key.map { "\($0)" }), "token": .text(deadline.token),
            "vault": .text(deadline.vault?.vault), "vault_key": .text(deadline.vault?.id),
            "ceremony": .text(deadline.ceremony), "date": .string("\(deadline.date)"),
            "since": .text(deadline.since.map { "\($0)" }), "due": .bool(deadline.isDue(at: time)),
            "text": .string(deadline.text),
        ])
    }
}
