// What people sign is taken out of the log, event by event with its proof, and never from the
// daemon's description: the statement from the event that opened the ceremony, the key record from
// the one that completed it. The signatures under them are checked here once more.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension TrustedLog {
    /// How the daemon says that it stands.
    func status() throws(ClientError) -> StatusReport {
        try StatusReport(try call("Status"))
    }

    /// A ceremony as the daemon reports it.
    ///
    /// - Throws: `unknown-ceremony` (66).
    func report(on id: String) throws(ClientError) -> CeremonyReport {
        try CeremonyReport(try call("Show", ["ceremony": .string(id)])["ceremony"] ?? .null)
    }

    /// The statement of a ceremony, from the event that opened it.
    ///
    /// - Throws: `document-differs` (1) where the daemon reports another one, `bad-signature` (1)
    ///   where its initiator did not sign it, `statement-differs` (1) naming the line that does not
    ///   follow from the log, `prestate-changed` (1) where the roster or the policy that it was
    ///   drafted under has passed and it is still to be agreed to.
    func statement(of report: CeremonyReport, _ roster: Roster) throws(ClientError) -> Statement {
        guard case .ceremonyOpened(let opened) = try event(at: report.seq).body,
            opened.ceremony.utf8.elementsEqual(report.id.utf8),
            let statement = try? Statement(lines: opened.signed.lines),
            statement.ceremony.utf8.elementsEqual(report.id.utf8)
        else { throw differs(report.id, "Event \(report.seq) does not open it") }
        guard opened.signed.digest == report.digest,
            DocumentBytes.of(report.document) == opened.signed.bytes
        else { throw differs(report.id, "The daemon reports another statement than was opened") }
        try check(statement.log, statement.mode, report.id)
        let then = try self.roster(at: report.seq)
        guard let (member, key) = then.member(holding: statement.initiator.fingerprint),
            member.name.utf8.elementsEqual(statement.initiator.name.utf8)
        else { throw differs(report.id, "Its initiator was not on the roster with that key") }
        try verify(opened.signed.sshsig, over: opened.signed.bytes, .open, by: key, report.id)
        try checkFollows(statement, report, then)
        try checkCurrent(report, since: then, now: roster)
        return statement
    }

    /// Refuses a statement that does not follow from the log before it.
    ///
    /// An honest daemon opens no such ceremony; one that did wants fewer or other people to agree.
    private func checkFollows(
        _ statement: Statement, _ report: CeremonyReport, _ roster: Roster
    ) throws(ClientError) {
        var line = try difference(in: statement, roster)
        if line == nil, statement.treeSize > report.seq { line = "tree-size" }
        if let line { throw differs(from: line, report.id) }
    }

    /// Refuses what was drafted under a roster or a policy that has passed, while it is still to be
    /// agreed to.
    private func checkCurrent(_ report: CeremonyReport, since then: Roster, now: Roster)
        throws(ClientError)
    {
        let isLive = [.pending, .approved, .executing].contains(report.state)
        guard isLive, then.epoch != now.epoch else { return }
        throw ClientError(
            .refused, "prestate-changed",
            "\(report.id) was drafted under the roster of epoch \(then.epoch), and that of epoch "
                + "\(now.epoch) is in force.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Start it again; what was approved was for another situation.",
            requirement: "VAL-2")
    }

    /// The key record of a completed ceremony, from the event that completed it.
    ///
    /// - Throws: `record-differs` (1) where the daemon reports another one, `bad-signature` (1)
    ///   where the new key did not sign it.
    func record(of report: CeremonyReport, _ statement: Statement) throws(ClientError) -> KeyRecord
    {
        guard let end = report.end,
            case .ceremonyCompleted(let completed) = try event(at: end.seq).body,
            completed.ceremony.utf8.elementsEqual(report.id.utf8),
            let outcome = try? KeyOutcome(completed.outcome)
        else { throw differs(report.id, "The event that completed it holds no key record") }
        let record = outcome.record
        guard record.ceremony.utf8.elementsEqual(report.id.utf8),
            record.statement == statement.digest,
            DocumentBytes.of(report.record ?? []) == record.bytes
        else { throw differs(report.id, "The daemon reports another key record than came out") }
        try check(record.log, record.mode, report.id)
        try verify(outcome.possession, over: record.bytes, .key, by: record.publicKey, report.id)
        return record
    }

    private func check(_ origin: String, _ mode: LogMode, _ id: String) throws(ClientError) {
        guard origin.utf8.elementsEqual(genesis.log.utf8), mode == genesis.mode else {
            throw differs(id, "Its document is for another log")
        }
    }

    private func verify(
        _ sshsig: [UInt8], over bytes: [UInt8], _ namespace: SignatureNamespace,
        by key: SSHPublicKey, _ id: String
    ) throws(ClientError) {
        do {
            try SSHSIG(blob: sshsig).verify(message: bytes, namespace: namespace, by: key)
        } catch {
            throw ClientError(
                .refused, "bad-signature",
                "A signature that \(id) rests on does not hold: \(error).",
                meaning: "The log has been tampered with. Nothing was signed.",
                next: "Tell the other custodians, and let nobody sign.", requirement: "VAL-2")
        }
    }

    private func differs(from line: String, _ id: String) -> ClientError {
        ClientError(
            .refused, "statement-differs",
            "The statement of \(id) is not what this log comes to: its line `\(line)` does not "
                + "follow from the roster, the policy or the events before it.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Tell the other custodians, and let nobody sign it.", requirement: "VAL-2")
    }

    private func differs(_ id: String, _ what: String) -> ClientError {
        ClientError(
            .refused, "document-differs", "\(what) (\(id)).",
            meaning: "What the daemon says cannot be relied on. Nothing was signed.",
            next: "Tell the operator and the other custodians.", requirement: "VAL-2")
    }
}

/// The bytes of lines, whatever they say.
enum DocumentBytes {
    /// Each line and one LF.
    static func of(_ lines: [String]) -> [UInt8] { lines.flatMap { Array($0.utf8) + [0x0a] } }
}
