// The ceremony that a new one replaces: the one named, or the only one that the new one could
// replace. What is lost with it is said before anybody signs; whether it may be replaced, and by
// whom, the daemon says when it drafts.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A ceremony that is to be superseded.
struct Replacement {
    /// The old ceremony, as the daemon reports it.
    let old: CeremonyReport

    /// Finds it.
    ///
    /// - Parameters:
    ///   - id: its identifier or the beginning of one; empty where it is to be found.
    ///   - subject: what the new ceremony is about.
    ///   - serial: the token that receives its key, where one does.
    /// - Throws: `unknown-ceremony` (66), `ambiguous-ceremony` (64).
    init(_ id: String, by subject: String, into serial: String?, _ choice: Choice, _ roster: Roster)
        throws(ClientError)
    {
        guard id.isEmpty else {
            old = try choice.named(id)
            return
        }
        let fitting = try choice.log.openCeremonies().filter { report in
            let isSameSubject = report.subject.utf8.elementsEqual(subject.utf8)
            let isInTheWay =
                serial.map { report.tokenSerial?.utf8.elementsEqual($0.utf8) ?? false } ?? false
            return (report.state == .pending || report.state == .approved)
                && (isSameSubject || isInTheWay || roster.policy.concurrency == .one)
        }
        guard let only = fitting.first else {
            throw ClientError(
                .notFound, "unknown-ceremony",
                "No ceremony is open that a new one for \(subject) could replace.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Leave --supersede out; `ceremonyctl list` shows the ceremonies.")
        }
        guard fitting.count == 1 else { throw Choice.ambiguous(fitting) }
        old = only
    }

    /// Says what is replaced, and what is lost with it.
    func tell() {
        let given = old.approvals.rows.filter { $0.answer == .yes }.map(\.name)
        Talk.paragraph(
            "This replaces \(old.id), a \(old.kind) of \(old.subject) that \(old.initiator) started "
                + "at \(old.opened): \(old.state.rawValue). "
                + (given.isEmpty
                    ? "Nobody has approved it."
                    : "\(Phrase.count(given.count, "approval")) of it will be lost: "
                        + "\(Phrase.list(given)). Whoever approved it is asked again."))
    }
}

extension CeremonyReport {
    /// The statement, as the daemon shows it.
    var statement: Statement? { try? Statement(lines: document) }

    /// The token that receives the ceremony's key.
    fileprivate var tokenSerial: String? {
        statement?.fields["token"].flatMap { TokenReference(uri: $0) }?.serial
    }
}
