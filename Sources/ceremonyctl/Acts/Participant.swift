// Somebody whom a statement asks to accept their part. They may be on no roster yet, so they are
// found by the keys that the statement itself names; everything else about them is what they sign.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Sodium

/// A key that is asked, and how it signs here.
struct Participant {
    /// The part that is asked about, with the person and the key.
    let line: AcceptLine
    /// The person and the key.
    var signatory: Signatory { Signatory(name: line.name, fingerprint: line.fingerprint) }

    private let present: DocumentSigner.Present?
    private let acting: ActingOptions

    /// Finds out which of the keys that are still asked is here.
    ///
    /// - Parameter otherwise: is told the keys that are here where none of them is asked, and may
    ///   throw what says more.
    /// - Throws: what ``DocumentSigner`` and ``Signatories`` throw; `not-listed` (77).
    init(
        _ acting: ActingOptions, asked open: [AcceptLine], in id: String,
        to what: String = "accept their part",
        otherwise: ([Fingerprint]) throws(ClientError) -> Void = { _ in }
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
        let line: AcceptLine?
        if acting.isDraft || named.isEmpty {
            present = nil
            line = named.first
        } else {
            let found = try DocumentSigner(acting.signing).present(
                among: Signatories(naming: named.map { ($0.name, $0.fingerprint) }),
                otherwise: otherwise)
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
        self.line = line
    }

    /// The kind of a statement that this client has verified.
    ///
    /// - Throws: `unknown-kind` (1): a newer client knows it.
    static func kind(of statement: Statement) throws(ClientError) -> any CeremonyKind.Type {
        do { return try Kinds.named(statement.kind) } catch {
            throw ClientError(
                .refused, error.code.rawValue, error.detail,
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Use a client of the daemon's version.")
        }
    }

    /// A yes to their part in a statement.
    func acceptance(of statement: Statement) -> Acceptance {
        Acceptance(
            log: statement.log, mode: statement.mode, ceremony: statement.ceremony,
            statement: statement.digest, kind: statement.kind, subject: statement.subject,
            set: line.set, participant: signatory, newKey: nil, token: nil, keyID: nil, at: .now,
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

    /// An acceptance with a new key in it, and both signatures.
    struct Brought {
        let document: KnownDocument
        let sshsig: SSHSIG
        let possession: SSHSIG
    }

    /// Makes a key and signs an acceptance that brings it: as who they are, and with the new key,
    /// in one login. For a draft only the new key signs; `nil` then.
    ///
    /// - Throws: what ``DocumentSigner`` throws; the key is made here also for a draft.
    func bring(_ statement: Statement, _ output: Output) throws(ClientError) -> Brought? {
        let here: DocumentSigner.Present
        if let present {
            here = present
        } else {
            here = try DocumentSigner(acting.signing).present(
                among: Signatories(naming: [(line.name, line.fingerprint)]))
        }
        guard
            let identity = here.identities.first(where: { $0.key.fingerprint == line.fingerprint })
        else { throw .usage("The key \(line.fingerprint) is not here.", next: "Plug it in.") }
        let slot = try here.shelf.slot(of: identity.token)
        try checkCanConfirm()
        let key = try BroughtKey.obtain(
            for: statement, by: line.fingerprint, on: identity.token, in: slot, here.login)
        let document = try KnownDocument(key.added(to: acceptance(of: statement)).bytes)
        guard let path = acting.draft else {
            let signed: [SSHSIG]
            do {
                try Confirmation(nil).obtain(for: document.shown)
                signed = try here.login.sign(
                    document.bytes,
                    as: [(.accept, identity.tokenKey), (.possession, key.tokenKey)],
                    on: identity.token, in: slot,
                    purpose: "sign the \(document.title), with your own key and the new one")
            } catch {
                throw Participant.keepingKey(key, for: statement.ceremony, error)
            }
            return Brought(document: document, sshsig: signed[0], possession: signed[1])
        }
        let possession = try here.login.sign(
            document.bytes, .possession, with: key.tokenKey, on: identity.token, in: slot,
            purpose: "sign the draft with the new key")
        try Files.create(path, document.bytes)
        try Files.create(path + Participant.possessionSuffix, Array(possession.armored.utf8))
        document.tellDraft(
            at: path, for: line.name, with: [line.fingerprint],
            possession: path + Participant.possessionSuffix, output)
        Talk.paragraph(
            "The new key is in \(identity.token.name). Where this is never handed in, it stays there, "
                + "inert: " + Participant.takenAway(key))
        return nil
    }

    /// Refuses before a key is made what could only fail after it: the document has the new key and
    /// the moment in it, so that nobody can have seen it before.
    ///
    /// - Throws: `usage` (64) for `--confirm`; `no-terminal`, `terminal-too-narrow` (64).
    private func checkCanConfirm() throws(ClientError) {
        guard !acting.isDraft else { return }
        guard acting.signing.confirm == nil else {
            throw .usage(
                "--confirm cannot name an acceptance that brings a key: the key is made only now.",
                next:
                    "Write it with --draft FILE, sign it with `ceremonyctl sign FILE`, and hand in "
                    + "what that names.")
        }
        let terminal: Terminal
        do { terminal = try Terminal() } catch {
            throw ClientError(
                .usage, "no-terminal", "There is no terminal on which somebody could confirm it.",
                meaning: "No key was made, nothing was signed and no PIN was asked for.",
                next:
                    "Run it in a terminal. In a script: --draft FILE makes the key and writes the "
                    + "acceptance, which `ceremonyctl sign FILE --confirm` then signs.")
        }
        try terminal.requireWidthForSigning()
    }

    /// An error behind which a key is left in the token.
    private static func keepingKey(_ key: BroughtKey, for ceremony: String, _ error: ClientError)
        -> ClientError
    {
        ClientError(
            error.status, error.code, error.happened,
            meaning: "Nothing was handed in. The key \(key.tokenKey.key.fingerprint) was made in "
                + "\(key.token.name), and stays there, inert.",
            next: error.next
                + " `ceremonyctl accept \(ceremony)` uses that key as long as it is open. "
                + "Else " + takenAway(key), requirement: error.requirement)
    }

    /// How a key goes that no log has heard of.
    private static func takenAway(_ key: BroughtKey) -> String {
        "whoever has the token deletes it with the token's own tool, both objects with the id "
            + "\(Hex.encode(key.tokenKey.id)); no log has heard of it."
    }

    /// Where the new key's signature goes: behind the name of the draft.
    static let possessionSuffix = ".possession.sig"

    /// Who is asked, as far as it is known before a ceremony is chosen.
    struct Asker {
        private let name: String?
        private let key: Fingerprint?
        private let keysHere: [Fingerprint]

        /// Whoever the options name, and the keys that are here. Tokens are looked at without a
        /// PIN; where that fails, it fails again, and is told, when one is needed.
        init(_ acting: ActingOptions) {
            name = acting.signing.name
            key = acting.fingerprint
            let seen =
                acting.isDraft
                ? nil
                : try? TokenShelf(ModuleList(options: acting.signing.tokens.modules)).tokens(
                    named: acting.signing.tokens.token)
            keysHere = (seen ?? []).flatMap(\.keys).map(\.key.fingerprint)
        }

        /// Whether a row may be theirs.
        fileprivate func isMeant(by row: CeremonyReport.Acceptances.Row) -> Bool {
            (name.map { row.name.utf8.elementsEqual($0.utf8) } ?? true)
                && (key.map { $0 == row.key } ?? true)
                && (keysHere.isEmpty || keysHere.contains(row.key))
        }
    }

    /// The ceremony meant, and the lines of its statement that are still open: by its name, or the
    /// only one that asks anybody, or of several the only one that asks this person.
    ///
    /// - Throws: `unknown-ceremony` (66), `ambiguous-ceremony` (64).
    ///
    /// - Parameter asker: makes out who that is; only asked where there are several.
    /// - Parameter orExecuting: whether one that is being carried out and that people have accepted
    ///   counts as well.
    static func report(
        _ id: String?, _ choice: Choice, orExecuting: Bool = false,
        for asker: @autoclosure () -> Asker? = nil
    ) throws(ClientError) -> CeremonyReport {
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
        guard asking.count > 1, let asker = asker() else {
            guard asking.count == 1 else { throw Choice.ambiguous(asking) }
            return only
        }
        let own = asking.filter { report in
            report.acceptances.filter { !$0.isComplete || $0.need == 0 }.flatMap(\.rows).contains {
                $0.answer == .open && asker.isMeant(by: $0)
            }
        }
        guard own.count == 1 else { throw Choice.ambiguous(own.isEmpty ? asking : own) }
        return own[0]
    }
}

extension CeremonyReport {
    /// The keys that are still asked to accept their part, as the statement names them.
    func asked(by statement: Statement) -> [AcceptLine] {
        statement.accepts.filter { line in
            acceptances.contains { set in
                set.set.utf8.elementsEqual(line.set.utf8)
                    && set.rows.contains { $0.key == line.fingerprint && $0.answer == .open }
            }
        }
    }
}
