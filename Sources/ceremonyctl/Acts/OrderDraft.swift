// Drafting an act: everything in it but what is ordered and why follows from the log as it was
// verified, from who acts, and from the clock.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Sodium

/// What a person orders.
struct OrderDraft {
    let act: ActName
    let role: ActRole
    var ceremony: String?
    /// What it is about: a statement or a key record.
    var document: Digest?
    var from: CeremonyState?
    var to: CeremonyState?
    /// Things outside the log that it points to.
    var evidence: [CeremonyRecord.Evidence] = []
    let justification: String

    /// The act as a document of a log.
    ///
    /// - Throws: `usage` (64) where the justification is not text that a document may hold.
    func document(in log: TrustedLog, by actor: Signatory, at now: Timestamp = .now)
        throws(ClientError) -> KnownDocument
    {
        if let flaw = OrderDraft.flaw(in: justification) {
            throw .usage(
                "The text is not taken: \(flaw).",
                next: "Give 1 to 500 bytes of plain text on one line, without odd characters.")
        }
        let drafted = Act(
            log: log.genesis.log, mode: log.genesis.mode, act: act, ceremony: ceremony,
            document: document, actor: actor, role: role, from: from?.rawValue, to: to?.rawValue,
            evidence: evidence, justification: justification, treeSize: log.head.size,
            treeRoot: log.head.root, at: now, nonce: Hex.encode(randomBytes(16)))
        do {
            return try KnownDocument(try drafted.checked().bytes)
        } catch let error as ClientError {
            throw error
        } catch {
            throw .usage("The act cannot be written: \(error).", next: "Check what was given.")
        }
    }

    /// What is wrong with a free text; `nil` where nothing is.
    static func flaw(in text: String) -> String? {
        do {
            try FreeText.check(text)
            return nil
        } catch {
            return error.description
        }
    }
}
