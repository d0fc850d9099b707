// What people ordered in a ceremony and noted about it, with the evidence that they named, read out
// of the log itself from the ceremony's opening on.

import CeremonyRecord
import CeremonyTerminal

/// The acts that the log holds about one ceremony.
struct CeremonyHistory {
    /// An act and where it stands.
    struct Recorded: Hashable, Sendable {
        let seq: Int
        let time: Timestamp
        let act: Act
    }

    /// Refusals, orders and notes, in the log's order.
    let acts: [Recorded]
    /// The ceremony that took this one's place.
    let supersededBy: String?

    /// Reads the log from the ceremony's opening to its signed end.
    ///
    /// - Throws: what ``TrustedLog/events(from:)`` throws.
    init(of report: CeremonyReport, in log: TrustedLog) throws(ClientError) {
        let events = try log.events(from: report.seq).filter {
            $0.body.ceremony?.utf8.elementsEqual(report.id.utf8) ?? false
        }
        acts = events.compactMap { event in
            event.body.act.map { Recorded(seq: event.seq, time: event.time, act: $0) }
        }
        supersededBy =
            events.compactMap { event in
                switch event.body {
                case .ceremonyFailed(let body): body.by
                case .ceremonyExpired(let body): body.by
                default: nil
                }
            }.first
    }

    /// For people, below what ``CeremonyReport/text(at:)`` says.
    var text: [String] {
        var lines = supersededBy.map { ["  replaced by: \($0)"] } ?? []
        guard !acts.isEmpty else { return lines }
        lines.append("  acts:")
        for recorded in acts {
            let act = recorded.act
            lines.append(
                "    \(recorded.time) (event \(recorded.seq)) \(act.actor.name), "
                    + "\(act.role.rawValue): \(act.act.rawValue)")
            lines.append("      \(act.justification)")
            for evidence in act.evidence {
                lines += ["      evidence: \(evidence.what)", "        \(evidence.digest)"]
            }
        }
        return lines
    }

    /// The daemon's report with the acts in it.
    func json(beside report: CeremonyReport) -> JSON {
        guard case .object(var fields) = report.json else { return report.json }
        fields["superseded_by"] = .text(supersededBy)
        fields["acts"] = .array(
            acts.map { recorded in
                let act = recorded.act
                return .fields([
                    "seq": .number(recorded.seq), "time": .string("\(recorded.time)"),
                    "act": .string(act.act.rawValue), "actor": .string(act.actor.name),
                    "key": .string("\(act.actor.fingerprint)"),
                    "role": .string(act.role.rawValue),
                    "justification": .string(act.justification),
                    "evidence": .array(
                        act.evidence.map {
                            .fields([
                                "what": .string($0.what), "digest": .string("\($0.digest)"),
                            ])
                        }),
                ])
            })
        return .object(fields)
    }
}
