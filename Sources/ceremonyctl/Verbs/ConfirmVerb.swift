// `confirm`: a peer says that their copy of a vault knows the new key. They may be on no roster;
// the statement names them with their key.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara

/// `confirm [ID]`.
struct ConfirmVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "confirm",
        abstract: "Confirm, as a peer that a statement names, that you follow what came of it.",
        discussion: """
            With --vault your copy is checked first, by every rule, and it has to know the new \
            key; the Merkle root of its files stands in what you sign. Without it, the root of the \
            vault that the daemon has written stands there.

            By file: --draft FILE writes the document, `ceremonyctl sign` or ssh-keygen signs it, \
            `ceremonyctl submit` hands it in.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var options: VaultOptions

    @Argument(help: "The ceremony; left out, the only one that waits for its peers.")
    var id: String?

    @Option(help: ArgumentHelp("Your copy of the vault.", valueName: "directory"))
    var vault: String?

    @Option(help: "Something to say, for the record.")
    var reason = "my copy knows the new key"

    func perform(_ output: Output) throws(ClientError) {
        guard acting.signing.signature == nil else {
            throw .usage(
                "--signature does not fit here: the document is drafted only now.",
                next: "Write it with --draft FILE, have it signed, and hand both in with "
                    + "`ceremonyctl submit FILE SIGNATURE`.")
        }
        let log = try TrustedLog(global, acting.trust)
        try log.requireUnsealed(acting)
        let change: Change
        if let earlier = try inherited(log) { change = earlier } else { change = try reported(log) }
        let participant = try Participant(
            acting,
            asked: change.asked.map {
                AcceptLine(set: "peer", name: $0.name, fingerprint: $0.fingerprint)
            },
            in: change.id, to: "confirm it")
        let root: MerkleRoot
        if let vault {
            root = try checked(vault, change)
        } else {
            root = try change.published()
            Talk.paragraph(
                "Nothing of your own copy was looked at. Give it with --vault to have it checked.")
        }
        let order = OrderDraft(
            act: .confirm, role: .participant, ceremony: change.id,
            document: change.record.digest,
            from: .completed, to: .completed,
            evidence: [
                CeremonyRecord.Evidence(
                    what: "merkle_root.txt",
                    digest: Digest(of: root.fileBytes))
            ], justification: reason)
        let document = try order.document(in: log, by: participant.signatory)
        guard let signed = try participant.sign(document, output) else { return }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }

    /// What there is to be confirmed.
    fileprivate struct Change {
        let statement: Statement
        let record: KeyRecord
        /// The peers who have not confirmed it.
        let asked: [Signatory]
        let outcome: JSON?

        var id: String { statement.ceremony }
    }

    /// A change that an earlier log has decided and that its peers are still to confirm: this log
    /// says so, and the client has read both.
    private func inherited(_ log: TrustedLog) throws(ClientError) -> Change? {
        guard let id, log.genesis.continues != nil else { return nil }
        let state = try LogCopy(log).state
        guard state.ceremony(named: id) == nil,
            let ceremony = state.unconfirmed.first(where: { $0.id == id }),
            let record = ceremony.record
        else { return nil }
        guard !log.shown.isHalted || acting.isDraft else { throw .halted(id) }
        guard ceremony.afterwards.isEmpty else {
            throw ClientError(
                .notYet, "not-yet", "The vault of \(id) is not written yet.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "The daemon goes on with it by itself: ceremonyctl due.", requirement: "FP-4")
        }
        return Change(
            statement: ceremony.statement, record: record, asked: ceremony.unconfirmed,
            outcome: ceremony.outcome)
    }

    /// A change of this log, as the daemon tells it and its events bear out.
    private func reported(_ log: TrustedLog) throws(ClientError) -> Change {
        let choice = try Choice(log)
        let report = try report(choice)
        try Standing.ofAnybody(
            report, now: choice.status.now, isHalted: log.shown.isHalted && !acting.isDraft
        ).check(.confirm)
        let statement = try log.statement(of: report, try log.roster())
        var outcome: JSON?
        if vault == nil, let end = report.end,
            case .ceremonyCompleted(let completed) = try log.event(at: end.seq).body
        {
            outcome = completed.outcome
        }
        return Change(
            statement: statement, record: try log.record(of: report, statement),
            asked: ConfirmVerb.peers(of: statement, stillOpenIn: report), outcome: outcome)
    }

    private func report(_ choice: Choice) throws(ClientError) -> CeremonyReport {
        if let id { return try choice.named(id) }
        let waiting = try choice.log.wholeAgenda().due.filter { $0.matter == .confirmation }
            .compactMap(\.ceremony)
        guard let only = waiting.first else {
            throw ClientError(
                .notFound, "unknown-ceremony", "No ceremony waits for a peer to confirm it.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Those there are: ceremonyctl list.")
        }
        guard waiting.count == 1 else {
            throw .usage(
                "Several could be meant: \(Phrase.list(waiting)).", next: "Name the one.")
        }
        return try choice.named(only)
    }

    /// The peers, as the statement names them; who has confirmed is the daemon's word.
    private static func peers(of statement: Statement, stillOpenIn report: CeremonyReport)
        -> [Signatory]
    {
        let kind = try? Kinds.named(statement.kind)
        return (kind?.peers(by: statement.fields) ?? []).filter { peer in
            report.peers.contains { $0.key == peer.fingerprint && $0.answer == .open }
        }
    }

    /// The root of the peer's copy, where that is in order and has the new key in the place of the
    /// old one.
    private func checked(_ path: String, _ change: Change) throws(ClientError) -> MerkleRoot {
        let copy = try Vault.opened(path, options.reading)
        let new = KeyID(publicKey: change.record.publicKey.point)
        let fields = change.statement.fields
        let uid = fields["new-uid"] ?? fields["vault-uid"]
        if let trouble = ConfirmVerb.doubt(about: copy, of: uid, knowing: new) {
            throw ClientError(
                .refused, "vault-unfit", "The copy \(path) cannot be confirmed: \(trouble).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next:
                    "Bring it up to date: ceremonyctl provara apply-rotation \(path) --from VAULT.")
        }
        Talk.paragraph("The copy \(path) is in order and knows \(new). Its root is \(copy.root).")
        return copy.root
    }

    /// Why a copy cannot be said to follow; `nil` where it can. A copy that has gone on, because
    /// the new key was replaced in its turn, follows as well.
    static func doubt(about copy: Vault, of uid: String?, knowing new: KeyID) -> String? {
        if let first = copy.findings.violations.first {
            return "it breaks \(copy.findings.violationCount) rules, the first: \(first)"
        }
        guard let uid, let own = copy.genesis?.uid, own.utf8.elementsEqual(uid.utf8) else {
            return "it is another vault"
        }
        switch copy.log.standing(of: new)?.introduction {
        case .birth, .promotion: return nil
        case .contract, .vouched, nil: return "no signed event of its log introduces \(new)"
        }
    }
}

extension ConfirmVerb.Change {
    /// The root that the vault has come to, by the event that completed it.
    fileprivate func published() throws(ClientError) -> MerkleRoot {
        guard let outcome, let also = (try? KeyOutcome(outcome))?.also,
            case .object(let fields) = also, case .string(let text)? = fields["root"],
            let root = MerkleRoot(text)
        else {
            throw ClientError(
                .refused, "document-differs", "What \(id) came to names no Merkle root.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Give your copy of the vault: --vault DIRECTORY.", requirement: "VAL-2")
        }
        return root
    }
}
