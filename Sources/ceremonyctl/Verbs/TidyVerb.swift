// `tidy`: take away a key that one made in one's own token for a ceremony that came to nothing, and
// say so in the log.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11

/// `tidy [ID] [--token-lost]`.
struct TidyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "tidy",
        abstract:
            "Take your own key away that a ceremony which came to nothing left in your token.",
        discussion: """
            Such a key counts for nothing, and never will. It is destroyed only where the log says \
            that the ceremony ended without a commit and that this very key was brought to it. \
            What became of it stands in the log afterwards.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions

    @Argument(help: "The ceremony; left out, the only one that left a key of yours.")
    var id: String?

    @Flag(help: "The token will not come back: write down that the key is gone with it.")
    var tokenLost = false

    func perform(_ output: Output) throws(ClientError) {
        guard acting.signing.signature == nil else {
            throw .usage(
                "--signature does not fit here: the act is drafted only now.",
                next: "Write it with --draft FILE, have it signed, and hand both in with "
                    + "`ceremonyctl submit FILE SIGNATURE`.")
        }
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .tidy, acting)
        // The signed log says what came to nothing; the daemon's word destroys no key.
        let state = try LogCopy(log).state
        let shelf = try TokenShelf(ModuleList(options: acting.signing.tokens.modules))
        let left = try chosen(among: state.leftKeys, shelf)
        guard let ceremony = state.ceremony(named: left.ceremony) else { return }
        let login = TokenLogin(acting.signing.pin)
        let outcome = try takeAway(left, shelf, login)
        let document = try OrderDraft(
            act: .tidy, role: .participant, ceremony: left.ceremony, document: ceremony.digest,
            from: ceremony.state, to: nil, evidence: [left.evidence(outcome)],
            justification: tokenLost ? "the token is lost for good" : "left by an ended ceremony"
        ).document(in: log, by: left.participant)
        if let path = acting.draft {
            try Files.create(path, document.bytes)
            return document.tellDraft(
                at: path, for: left.participant.name, with: [left.participant.fingerprint], output)
        }
        let identity = try Signatories(
            naming: [(left.participant.name, left.participant.fingerprint)]
        ).identities(on: shelf.tokens, as: acting.signing.name)[0]
        try Confirmation(acting.signing.confirm).obtain(for: document.shown)
        let sshsig = try login.sign(
            document.bytes, document.namespace, with: identity.tokenKey, on: identity.token,
            in: try shelf.slot(of: identity.token), purpose: "sign the \(document.title)")
        let submission = try log.submit(document.bytes, sshsig)
        try submission.tellEnding(of: document, by: sshsig.key.fingerprint, output)
    }

    /// The one key that is meant.
    private func chosen(among all: [LeftKey], _ shelf: TokenShelf) throws(ClientError) -> LeftKey {
        let here = Set(
            try shelf.tokens(named: acting.signing.tokens.token).flatMap { token in
                token.keys.map(\.key.fingerprint)
            })
        let fitting = all.filter { left in
            (id.map { left.ceremony.utf8.elementsEqual($0.utf8) } ?? true)
                && (acting.signing.name.map { left.participant.name.utf8.elementsEqual($0.utf8) }
                    ?? here.contains(left.participant.fingerprint))
        }
        guard let first = fitting.first else {
            throw ClientError(
                .notFound, "nothing-to-tidy", "No ended ceremony left a key of yours.",
                meaning: "Nothing was destroyed and no PIN was asked for.",
                next: "What is left anywhere is shown by: ceremonyctl status.")
        }
        guard fitting.count == 1 else {
            let names = fitting.map { "\($0.ceremony) (\($0.participant.name))" }
            throw .usage(
                "Several are left: \(Phrase.list(names)).",
                next: "Say which ceremony, and who you are: ceremonyctl tidy ID --as NAME.")
        }
        return first
    }

    /// Destroys the key where it is here, and says what was found.
    private func takeAway(_ left: LeftKey, _ shelf: TokenShelf, _ login: TokenLogin)
        throws(ClientError) -> DestructionOutcome
    {
        let wanted = TokenReference(uri: left.key.token)
        let token = shelf.tokens.first { $0.reference == wanted }
        if tokenLost {
            guard token == nil else {
                throw ClientError(
                    .refused, "token-here", "The token \(wanted?.label ?? "") is here.",
                    meaning: "Nothing was destroyed and no PIN was asked for.",
                    next: "Leave --token-lost out.")
            }
            return .unreachable
        }
        guard let token else {
            throw ClientError(
                .token, "token-missing",
                "The token \(wanted?.label ?? "") (serial \(wanted?.serial ?? "")) is not here.",
                meaning: "Nothing was destroyed and no PIN was asked for.",
                next: "Plug it in. If it is lost for good: ceremonyctl tidy \(left.ceremony) "
                    + "--token-lost.")
        }
        Talk.paragraph(
            "The key that was made for \(left.ceremony) is destroyed in \(token.name), for good:")
        Talk.say("  \(left.key.key.fingerprint)")
        let found = try login.withSession(
            on: token, in: try shelf.slot(of: token), .readWrite,
            to: "destroy the key of \(left.ceremony)"
        ) { session, _ throws(PKCS11Error) in
            try session.destroy(left.key)
        }
        return found ? .destroyed : .absent
    }
}

extension Session {
    /// Destroys both halves of exactly this key.
    ///
    /// - Returns: Whether anything was there.
    fileprivate borrowing func destroy(_ key: AcceptanceSet.NewKey) throws(PKCS11Error) -> Bool {
        let publics = try find([.objectClass(.publicKey), .bytes(.id, key.keyID)], limit: 8)
        for object in publics
        where try ed25519PublicKey(of: object) != key.key.point {
            // Somebody else's object has this id: then its private half may be somebody else's too.
            throw .notEd25519("the id of the key belongs to another key in this token")
        }
        let privates = try find([.objectClass(.privateKey), .bytes(.id, key.keyID)], limit: 8)
        for object in privates + publics { try destroy(object) }
        return !(privates + publics).isEmpty
    }
}
