// What a document that was taken comes to, in the same words whether the verb that signed it handed
// it in or `submit` did, days later and from another machine.

import CeremonyRecord
import CeremonyTerminal

extension Submission {
    /// Says what happened and what comes next, and prints the result.
    ///
    /// - Parameters:
    ///   - document: what was handed in.
    ///   - key: the key that signed it.
    /// - Throws: `execution-failed` (81) where the order was carried out and ended otherwise.
    func tellEnding(of document: KnownDocument, by key: Fingerprint, _ output: Output)
        throws(ClientError)
    {
        if case .act(let act) = document.content, act.act == .execute {
            if isRepeat { Talk.paragraph(Submission.repeated) }
            try checkExecuted()
        } else {
            for sentence in sentences(on: document, by: key) { Talk.paragraph(sentence) }
        }
        output.page(
            ceremony?.text(at: .now) ?? [seq.map { "event \($0)" } ?? "held in the halt file"], json
        )
    }

    private static let repeated = "This had been handed in before; nothing was recorded now."

    private func sentences(on document: KnownDocument, by key: Fingerprint) -> [String] {
        guard !isRepeat else { return [Submission.repeated] }
        switch document.content {
        case .statement(let statement) where document.namespace == .open:
            return opened(statement)
        case .statement(let statement):
            return ["\(name(of: key, in: document)) approved \(statement.ceremony)."] + cleared
        case .keyRecord(let record):
            return ["\(name(of: key, in: document)) attested the key \(record.fingerprint)."]
        case .acceptance(let acceptance):
            return ["\(acceptance.participant.name) accepted their part in \(acceptance.ceremony)."]
        case .act(let act): return taken(act, document.title)
        case .genesis, .authorityOrder, .invite: return []
        }
    }

    /// Whether the log goes on, where this cleared halts.
    private var cleared: [String] {
        guard let haltsLeft else { return [] }
        guard !haltsLeft.isEmpty else { return ["The halts are cleared. The log goes on."] }
        return ["What was listed is cleared. The log stays halted:"] + haltsLeft.map(\.line)
    }

    private func opened(_ statement: Statement) -> [String] {
        let names = StartOrder.people(of: statement)
        var sentences: [String] = []
        if let old = statement.supersedes {
            sentences.append(
                "\(old) has ended: it is superseded by \(statement.ceremony). Nothing was made by it, "
                    + "and what was approved for it counts no more.")
        }
        sentences.append(
            "\(statement.ceremony) is open until \(statement.expires). \(statement.threshold) of "
                + "\(Phrase.list(names)) must approve it:")
        sentences.append("  ceremonyctl witness \(statement.ceremony)")
        if !statement.accepts.isEmpty {
            let asked = statement.accepts.map { "\($0.name) with \($0.fingerprint)" }
            sentences.append("Besides, these must accept: \(Phrase.list(asked)).")
            sentences.append("  ceremonyctl accept \(statement.ceremony)")
        }
        if names.count == statement.threshold {
            sentences.append("There is no spare: every one of them is needed.")
        }
        return sentences
    }

    /// What became of what a failed execution left.
    private var recovered: [String] {
        guard let debris = ceremony?.debris, let outcome = debris.outcome else { return [] }
        return switch outcome {
        case .destroyed: ["Destroyed. Nothing of \(debris.ceremony) is left on \(debris.serial)."]
        case .absent: ["Nothing of \(debris.ceremony) is on \(debris.serial); that is recorded."]
        case .unreachable:
            [
                "It is recorded that \(debris.serial) will not come back. What is on it stays listed "
                    + "as debris; no key is valid by it. If the token is found, recover it."
            ]
        }
    }

    private func taken(_ act: Act, _ title: String) -> [String] {
        let (who, id) = (act.actor.name, act.ceremony ?? "it")
        switch act.act {
        case .decline: return ["\(who) declined \(id)."]
        case .cancel: return ["\(who) cancelled \(id). Nothing was made."]
        case .note: return ["The note was taken."]
        case .halt:
            let held =
                seq == nil
                ? " The halt file holds it; it is recorded as soon as the log can be written."
                : ""
            return [
                "\(who) halted the log \(act.log). It stays halted until other keepers clear that: "
                    + "ceremonyctl start halt-clear --reason TEXT." + held
            ]
        case .recover: return recovered
        case .tidy:
            let lost = DestructionOutcome.unreachable.rawValue
            guard act.evidence.contains(where: { $0.what.utf8.elementsEqual(lost.utf8) }) else {
                return ["What \(id) left in the token of \(who) is gone, and the log says so."]
            }
            return [
                "It is recorded that the token of \(who) will not come back. The key in it stays listed, "
                    + "inert; if the token is found, tidy it up."
            ]
        case .confirm: return ["\(who) confirmed that \(id) is taken over."]
        case .execute: return ["The \(title) was taken."]
        }
    }

    /// Who signed: as the document says, or, for a key record, as the ceremony lists its witnesses.
    private func name(of key: Fingerprint, in document: KnownDocument) -> String {
        if let line = document.fingerprints?.first(where: { $0.fingerprint == key }) {
            return line.name
        }
        let row = ceremony?.attestations.rows.first { row in
            row.keys.contains { Fingerprint($0) == key }
        }
        return row?.name ?? "The holder of \(key)"
    }

    /// An execution that ended otherwise is told as what it is.
    private func checkExecuted() throws(ClientError) {
        guard let report = ceremony, report.state == .failed || report.state == .expired else {
            return
        }
        let reason = report.end?.reason ?? "unknown reason"
        let detail = report.end?.detail.map { " \($0)" } ?? ""
        let left = report.end?.left ?? []
        let brought = report.broughtKeys
        let places = left + brought
        let next =
            (left.isEmpty
                ? [] : ["An operator destroys what is left: ceremonyctl recover \(report.id)."])
            + (brought.isEmpty
                ? [] : ["Whoever made a key takes it away: ceremonyctl tidy \(report.id)."])
        throw ClientError(
            .endedOtherwise, "execution-failed",
            "\(report.id) ended \(report.state.rawValue): \(reason).\(detail)",
            meaning: places.isEmpty
                ? "No key is valid by it, and nothing is left on a token. Earlier keys stay as they "
                    + "were."
                : "No key is valid by it. Left, inert: \(places.joined(separator: "; ")).",
            next: next.isEmpty
                ? "`ceremonyctl show \(report.id)` has it all; start a new ceremony when the cause "
                    + "is removed."
                : (next + ["A new ceremony need not wait for it."]).joined(separator: " "),
            requirement: "FP-4")
    }
}

extension CeremonyReport {
    /// What participants have made in their own tokens for it, as it is told when it has ended
    /// without a commit.
    var broughtKeys: [String] {
        acceptances.flatMap(\.rows).compactMap { row in
            row.newKey.map { "\($0), made by \(row.name) in their own token" }
        }
    }
}
