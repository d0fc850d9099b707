// Handing a signed document in, and the receipt: the event that it became, proved to stand in the
// signed log with this very signature in it.

import CeremonyRecord
import CeremonyTerminal

/// What became of a document that was handed in.
struct Submission: Sendable {
    /// Where it stands in the log; `nil` where nothing was recorded (a halt held in the halt file).
    let seq: Int?
    /// Whether it had been handed in before, so that nothing was recorded now.
    let isRepeat: Bool
    /// The types of the events that were recorded.
    let events: [String]
    /// The ceremony as it stands now.
    let ceremony: CeremonyReport?
    /// The halts that hold on, where it cleared some.
    var haltsLeft: [StatusReport.Halt]?
    /// The daemon's answer, as it came.
    let json: JSON

    fileprivate init(_ outcome: JSON) throws(ClientError) {
        json = outcome
        var now: JSON?
        (seq, isRepeat, events, now) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(outcome)
            return (
                try fields.optionalNumber("seq"), try fields.optionalBool("repeat") ?? false,
                try fields.optionalStrings("events") ?? [], fields.optional("now")
            )
        }
        ceremony = try now.map { value throws(ClientError) in try CeremonyReport(value) }
    }
}

extension TrustedLog {
    /// Hands a document in with its signature.
    ///
    /// - Parameters:
    ///   - possession: the signature of the key that an acceptance brings.
    ///   - seconds: how long to wait for each reply.
    ///   - progress: what the daemon tells meanwhile.
    /// - Throws: `still-running` (75), `receipt` (1) where the document is not proved to have been
    ///   recorded, and what the daemon refuses with.
    func submit(
        _ document: [UInt8], _ sshsig: SSHSIG, possession: SSHSIG? = nil, seconds: Int = 120,
        progress: ((JSON) -> Void)? = nil
    ) throws(ClientError) -> Submission {
        var parameters: [String: JSON] = [
            "document": .strings(TrustedLog.lines(of: document)),
            "signature": .string(Base64.encode(sshsig.blob)),
        ]
        parameters["possession"] = possession.map { .string(Base64.encode($0.blob)) }
        var outcome: JSON?
        if let progress {
            try connection.callMore("Submit", parameters, secondsEach: seconds) {
                reply throws(ClientError) in
                if let step = reply["progress"] { progress(step) }
                if let ended = reply["outcome"] {
                    try self.take(headOf: reply)
                    outcome = ended
                }
                return true
            }
        } else {
            outcome = try call("Submit", parameters, seconds: seconds)["outcome"]
        }
        guard let outcome else { throw Reply.malformed("no outcome") }
        var submission = try Submission(outcome)
        try checkReceipt(submission, document, sshsig)
        if submission.events.contains(HaltClearing.event) {
            submission.haltsLeft = try status().halts
        }
        return submission
    }

    /// A halt may be held in the halt file, or wait for its head to be signed; nothing else is done
    /// before the signed log has it.
    private func checkReceipt(
        _ submission: Submission, _ document: [UInt8], _ sshsig: SSHSIG
    ) throws(ClientError) {
        var isHalt = false
        if case .act(let act)? = try? AnyDocument(bytes: document) { isHalt = act.act == .halt }
        guard let seq = submission.seq, seq < head.size else {
            if isHalt { return }
            throw TrustedLog.unproved(
                "The daemon says that this was taken, and shows no event of the signed log for it")
        }
        guard TrustedLog.records(try event(at: seq).line, document, sshsig) else {
            throw TrustedLog.unproved(
                "The daemon says that event \(seq) records this signature, and it does not")
        }
    }

    /// Whether an event holds a signature over the document by that key for that purpose. On a
    /// repeat it may be an earlier one: a FIDO token signs differently each time.
    private static func records(_ line: [UInt8], _ document: [UInt8], _ sshsig: SSHSIG) -> Bool {
        guard case .object(let event)? = try? JSON(line, .record),
            case .object(let body)? = event["body"], case .string(let text)? = body["sshsig"],
            let blob = Base64.decode(text), let recorded = try? SSHSIG(blob: blob),
            let namespace = SignatureNamespace(rawValue: sshsig.namespace)
        else { return false }
        do {
            try recorded.verify(message: document, namespace: namespace, by: sshsig.key)
            return true
        } catch {
            return false
        }
    }

    private static func unproved(_ what: String) -> ClientError {
        ClientError(
            .refused, "receipt", "\(what).",
            meaning: "What was signed may not have been recorded.",
            next: "Tell the operator, and look with `ceremonyctl log`.", requirement: "VAL-2")
    }

    private static func lines(of document: [UInt8]) -> [String] {
        document.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
