// The halts that a ceremony clears, for whoever starts or approves it: each out of the signed log,
// by whom and why, and those that hold on. Who is left out of such a ceremony follows from them, so
// the daemon is not trusted with that.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What a clearing of halts clears.
struct HaltClearing: ClientKind {
    static let kind: any CeremonyKind.Type = HaltClear.self

    /// One of the halts.
    private struct Halt {
        let seq: Int
        let time: Timestamp
        /// Who raised it; `nil` for the daemon.
        let by: String?
        let reason: String
    }

    private let halts: [Halt]

    /// The event that it comes to.
    static let event = "halt.cleared"

    /// Reads the halts that a statement lists.
    ///
    /// - Throws: `statement-differs` (1) where one of them is no halt of the signed log, or
    ///   somebody is left out, or asked, who is not to be.
    init(_ statement: Statement, _ log: TrustedLog, _ roster: Roster) throws(ClientError) {
        halts = try statement.fields.all("halt").map { text throws(ClientError) in
            guard let seq = Decimal.decode(text.utf8), seq < log.head.size else {
                throw HaltClearing.differs("event \(text) is none of the signed log")
            }
            let event = try log.event(at: seq)
            guard case .haltRaised(let raised) = event.body else {
                throw HaltClearing.differs("event \(seq) is no halt")
            }
            let act = event.body.act
            return Halt(
                seq: seq, time: raised.effective ?? event.time, by: act?.actor.name,
                reason: act?.justification ?? raised.invariant ?? "unknown")
        }
        let raisers = halts.compactMap(\.by)
        let keepers = roster.members.filter { HaltClear.mayApprove($0, class: nil) }.map(\.name)
        for name in keepers where !name.utf8.elementsEqual(statement.initiator.name.utf8) {
            let isRaiser = raisers.contains { $0.utf8.elementsEqual(name.utf8) }
            let isOut = statement.excluded.contains { $0.utf8.elementsEqual(name.utf8) }
            guard isRaiser == isOut else {
                throw HaltClearing.differs(
                    isRaiser
                        ? "\(name) raised one of the halts, and is asked to approve their end"
                        : "\(name) raised none of the halts, and is not asked")
            }
        }
    }

    /// Says what is cleared, and what holds on.
    func tell(_ status: StatusReport) {
        Talk.paragraph("This clears:")
        for halt in halts {
            Talk.paragraph(
                HaltClearing.line(halt.seq, halt.time, by: halt.by, reason: halt.reason))
        }
        let others = status.halts.filter { halt in !halts.contains { $0.seq == halt.seq } }
        guard !others.isEmpty else { return }
        Talk.paragraph("It does not clear, so that the log stays halted:")
        for halt in others { Talk.paragraph(halt.line) }
    }

    /// Each halt that it clears.
    var gist: [String] {
        halts.map { "clears event \($0.seq), by \($0.by ?? "the daemon"): \($0.reason)" }
    }

    /// One halt for people, and where the daemon raised it, what that means and what to do.
    fileprivate static func line(_ seq: Int, _ time: Timestamp, by: String?, reason: String)
        -> String
    {
        let told = "event \(seq), \(time), by \(by ?? "the daemon"): \(reason)"
        guard by == nil, let invariant = Invariant(rawValue: reason) else { return told }
        return "\(told). \(invariant.meaning) \(invariant.next)"
    }

    private static func differs(_ what: String) -> ClientError {
        ClientError(
            .refused, "statement-differs", "The statement is not what the log says: \(what).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Tell the operator and the other custodians.", requirement: "CT-11")
    }
}

extension StatusReport.Halt {
    /// For people, and where the daemon raised it, what that means and what to do.
    var line: String { HaltClearing.line(seq, time, by: by, reason: reason) }
}
