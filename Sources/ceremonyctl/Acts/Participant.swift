// Somebody whom a statement asks to accept their part. They may be on no roster yet, so they are
// found by the keys that the statement itself names; everything else about them is what they sign.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Sodium

/// A key that is asked, and how it signs here.
struct Participant {
    /// The person and the key.
    let signatory: Signatory

    private let present: DocumentSigner.Present?
    private let acting: ActingOptions

    /// Finds out which of the keys that are still asked is here.
    ///
    /// - Throws: what ``DocumentSigner`` and ``Signatories`` throw; `not-listed` (77).
    init(
        _ acting: ActingOptions, asked open: [Signatory], in id: String,
        to what: String = "accept their part"
    ) throws(ClientError) {
        self.acting = acting
        guard !open.isEmpty else {
            throw ClientError(
                .notPermitted, "not-listed", "\(id) waits for nobody to \(what).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Who is asked is shown by: ceremonyctl show \(id).", requirement: "CT-12")
        }
        let named = open.filter { line in
            (acting.signing.name.map { line.name.utf8.elementsEqual($0.utf8) } ?? true)
                && (acting.fingerprint.map { line.fingerprint == $0 } ?? true)
        }
        let line: Signatory?
        if acting.isDraft || named.isEmpty {
            present = nil
            line = named.first
        } else {
            let found = try DocumentSigner(acting.signing).present(
                among: Signatories(naming: named.map { ($0.name, $0.fingerprint) }))
            present = found
            line = open.first { $0.fingerprint == found.identities[0].key.fingerprint }
        }
        guard let line else {
            throw ClientError(
                .notPermitted, "not-listed",
                "\(id) does not ask \(acting.signing.name ?? "this key") to \(what).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "It asks: \(open.map(\.name).joined(separator: ", ")).", requirement: "CT-12")
        }
        signatory = line
    }

    /// A yes to their part in a statement.
    func acceptance(of statement: Statement) -> Acceptance {
        let line = statement.accepts.first { $0.fingerprint == signatory.fingerprint }
        return Acceptance(
            log: statement.log, mode: statement.mode, ceremony: statement.ceremony,
            statement: statement.digest, kind: statement.kind, subject: statement.subject,
            set: line?.set ?? "",
            participant: signatory, newKey: nil, token: nil, keyID: nil, at: .now,
            nonce: Hex.encode(randomBytes(16)))
    }

    /// Shows, asks and signs, or writes the draft; `nil` then.
    func sign(_ document: KnownDocument, _ output: Output) throws(ClientError) -> SignedBy? {
        guard let present else {
            let path = acting.draft ?? ""
            try Files.create(path, document.bytes)
            document.tellDraft(
                at: path, for: signatory.name, with: [signatory.fingerprint], output)
            return nil
        }
        let identities = present.identities.filter {
            $0.key.fingerprint == signatory.fingerprint
        }
        return try DocumentSigner(acting.signing).sign(
            document, with: present, identities: identities
        )
        .first
    }

    /// The ceremony meant, and the lines of its statement that are still open: by its name, or the
    /// only one that asks anybody.
    ///
    /// - Throws: `unknown-ceremony` (66), `ambiguous-ceremony` (64).
    ///
    /// - Parameter orExecuting: whether one that is being carried out and that people have accepted
    ///   counts as well.
    static func report(_ id: String?, _ choice: Choice, orExecuting: Bool = false)
        throws(ClientError) -> CeremonyReport
    {
        if let id { return try choice.named(id) }
        let asking = try choice.log.openCeremonies().filter {
            !$0.acceptances.flatMap(\.open).isEmpty
                || (orExecuting && $0.state == .executing && !$0.acceptances.isEmpty)
        }
        guard let only = asking.first else {
            throw ClientError(
                .notFound, "unknown-ceremony", "No ceremony waits for anybody to accept a part.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Those there are: ceremonyctl list.")
        }
        guard asking.count == 1 else { throw Choice.ambiguous(asking) }
        return only
    }
}

extension CeremonyReport {
    /// The keys that are still asked to accept their part, as the statement names them.
    func asked(by statement: Statement) -> [Signatory] {
        statement.accepts.filter { line in
            acceptances.contains { set in
                set.set.utf8.elementsEqual(line.set.utf8)
                    && set.rows.contains { $0.key == line.fingerprint && $0.answer == .open }
            }
        }.map { Signatory(name: $0.name, fingerprint: $0.fingerprint) }
    }
}
