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
            that the ceremony ended without a commit and that this very key was brought to it, and \
            after you have confirmed it: the key itself is looked for, whatever its id and label. \
            What became of it stands in the log afterwards. One whose token is lost stays listed, \
            until it is found and tidied up.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions

    @Argument(help: "The ceremony; left out, the only one that left a key of yours.")
    var id: String?

    @Flag(help: "The token will not come back: write down that the key is gone with it.")
    var tokenLost = false

    @Option(
        help: ArgumentHelp(
            "Only destroy the key of this fingerprint, without a terminal; then run it again to "
                + "write that down.", valueName: "SHA256:fingerprint"))
    var destroy: String?

    mutating func validate() throws {
        if destroy != nil, tokenLost || acting.isDraft {
            throw ValidationError("--destroy goes with neither --token-lost nor --draft.")
        }
    }

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
        guard let ceremony = state.ceremony(leaving: left) else { return }
        let login = TokenLogin(acting.signing.pin)
        let place = try place(of: left, shelf, login)
        if let destroy, let place { return try only(destroy, in: place, output) }
        let isThere = try place?.isThere() ?? false
        let outcome: DestructionOutcome =
            place == nil ? .unreachable : isThere ? .destroyed : .absent
        let document = try OrderDraft(
            act: .tidy, role: .participant, ceremony: left.ceremony, document: ceremony.digest,
            from: ceremony.state, to: nil, evidence: [left.evidence(outcome)],
            justification: tokenLost ? "the token is lost for good" : "left by an ended ceremony"
        ).document(in: log, by: left.participant)
        if let path = acting.draft {
            guard !isThere else { throw TidyVerb.stillThere(left) }
            try Files.create(path, document.bytes)
            return document.tellDraft(
                at: path, for: left.participant.name, with: [left.participant.fingerprint], output)
        }
        let identity = try Signatories(
            naming: [(left.participant.name, left.participant.fingerprint)]
        ).identities(on: shelf.tokens, as: acting.signing.name)[0]
        try Confirmation(acting.signing.confirm).obtain(for: document.shown)
        if isThere, let place, try !place.destroy() {
            throw ClientError(
                .refused, "object-differs", "The key was there, and is not any more.",
                meaning: "Somebody else took it away just now. Nothing was signed.",
                next: "Run it again: ceremonyctl tidy \(left.ceremony).")
        }
        let sshsig = try login.sign(
            document.bytes, document.namespace, with: identity.tokenKey, on: identity.token,
            in: try shelf.slot(of: identity.token), purpose: "sign the \(document.title)")
        let submission = try log.submit(document.bytes, sshsig)
        try submission.tellEnding(of: document, by: sshsig.key.fingerprint, output)
    }

    /// Destroys the key that was named, and leaves the rest for another run.
    private func only(_ fingerprint: String, in place: LeftKeyInToken, _ output: Output)
        throws(ClientError)
    {
        let left = place.left
        guard fingerprint.utf8.elementsEqual("\(left.key.key.fingerprint)".utf8) else {
            throw ClientError(
                .refused, "fingerprint-differs",
                "\(left.ceremony) left the key \(left.key.key.fingerprint) there, and no other.",
                meaning: "Nothing was destroyed and no PIN was asked for.",
                next: "Give the fingerprint of the key that is to go.")
        }
        let found = try place.destroy()
        output.page(
            [
                (found ? "Destroyed" : "Nothing of it was there")
                    + ". To write that down: ceremonyctl tidy \(left.ceremony)"
            ],
            .fields([
                "ceremony": .string(left.ceremony), "key": .string(fingerprint),
                "destroyed": .bool(found),
            ]))
    }

    /// A draft is signed later, if ever: it says what is so, and what is not done is not said.
    private static func stillThere(_ left: LeftKey) -> ClientError {
        ClientError(
            .refused, "key-there",
            "The key \(left.key.key.fingerprint) is still in the token, and a draft destroys nothing.",
            meaning: "Nothing was destroyed and nothing was written.",
            next: "Run it without --draft; or first: ceremonyctl tidy \(left.ceremony) --destroy "
                + "\(left.key.key.fingerprint)")
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

    /// Where the key was made; `nil` where the token is lost for good.
    private func place(of left: LeftKey, _ shelf: TokenShelf, _ login: TokenLogin)
        throws(ClientError) -> LeftKeyInToken?
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
            return nil
        }
        guard let token else {
            throw ClientError(
                .token, "token-missing",
                "The token \(wanted?.label ?? "") (serial \(wanted?.serial ?? "")) is not here.",
                meaning: "Nothing was destroyed and no PIN was asked for.",
                next: left.isTokenLost
                    ? "The log has it that it is lost. It stays listed until it is found."
                    : "Plug it in. If it is lost for good: ceremonyctl tidy \(left.ceremony) "
                        + "--token-lost.")
        }
        return LeftKeyInToken(
            left: left, token: token, slot: try shelf.slot(of: token), login: login)
    }
}
