// `answer`: what a person is asked to sign while a ceremony is carried out, with a key that is not
// the daemon's and not their own on the roster: an authority's, or the new one of a member. It
// signs what it has made itself.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `answer [ID]`.
struct AnswerVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Sign what you are asked for while a ceremony is carried out.",
        discussion: """
            Somebody has accepted to sign with a key that they hold: an authority of a vault, or a \
            member of an authority with the key that they brought. `execute` waits for them. \
            Statement and intent are taken out of \
            the signed log, the new key has to stand for its own record, and every byte that is \
            signed is made here; of the daemon's question only the key record is used, and it is \
            held to the rest. The key is found among the tokens here by its public half.

            Whoever does not want to: ceremonyctl decline --part.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var tokens: TokenOptions
    @OptionGroup var pin: PINOptions
    @OptionGroup var copies: CopyOptions

    @Argument(help: "The ceremony; left out, the one that asks.")
    var id: String?

    @Option(name: .customLong("as"), help: ArgumentHelp("Who you are.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("confirm"),
        help: ArgumentHelp(
            "The SHA-256 of a message, in place of typing a word of it; once for each, in order.",
            valueName: "sha256:hex"))
    var confirmed: [String] = []

    @Flag(help: "Only show what would be signed. No token is looked for.")
    var show = false

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let choice = try Choice(log)
        guard !log.shown.isHalted else { throw .halted("what was ordered") }
        let roster = try log.roster()
        let report = try AnswerVerb.report(id, choice)
        let all = try CheckedQuestion.all(of: report, log, roster)
        let shelf = show ? nil : try TokenShelf(ModuleList(options: tokens.modules))
        let asked = try chosen(among: all, shelf)
        Talk.paragraph("The statement of \(asked.statement.ceremony):")
        for line in asked.statement.lines { Talk.paragraph("  " + Display.neutralised(line)) }
        try ClientKinds.reading(asked.statement, log, roster, copies.copy)?.tell(choice.status)
        tellKey(asked)
        if show {
            for document in asked.shown { Talk.say(document.text(columns: Talk.columns)) }
            return output.page(asked.shown.map { "\($0.title): \($0.digest)" }, asked.json)
        }
        guard let shelf else { return }
        let signatures = try sign(asked, shelf, log)
        _ = try log.call(
            "Answer",
            [
                "ceremony": .string(report.id),
                "key": .string("\(asked.question.key.fingerprint)"),
                "signatures": .strings(signatures.map { Base64.encode($0) }),
            ])
        Talk.paragraph("The daemon has it. The end is shown by: ceremonyctl watch \(report.id)")
        output.page(["\(report.id): signed by \(asked.question.person)"], asked.json)
    }

    /// The one question that is meant: the only one, the named person's, or the one whose key is on
    /// a token here.
    private func chosen(among all: [CheckedQuestion], _ shelf: TokenShelf?) throws(ClientError)
        -> CheckedQuestion
    {
        var fitting = all.filter { asked in
            name.map { asked.question.person.utf8.elementsEqual($0.utf8) } ?? true
        }
        if fitting.count > 1, let shelf {
            let here = Set(
                try shelf.tokens(named: tokens.token).flatMap { $0.keys.map(\.key.fingerprint) })
            fitting = fitting.filter { here.contains($0.question.key.fingerprint) }
        }
        if fitting.count == 1 { return fitting[0] }
        let people = Phrase.list(all.map(\.question.person))
        throw ClientError(
            .notPermitted, "not-listed",
            fitting.isEmpty
                ? "\(name.map { "\($0) is not asked" } ?? "None of the keys here is asked") to sign "
                    + "anything now."
                : "Several are asked: \(people).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: fitting.isEmpty ? "Those asked: \(people)." : "Say who you are: --as NAME.")
    }

    /// The key that came out, and until when this makes sense.
    private func tellKey(_ asked: CheckedQuestion) {
        if let record = asked.question.made?.record {
            Talk.paragraph("\(asked.question.person) is asked to sign for the new key")
            Talk.say("  \(record.fingerprint)")
            Talk.paragraph(
                "generated at \(record.generated), which has signed its own record. With the key")
        } else {
            Talk.paragraph("\(asked.question.person) is asked to sign with the key")
        }
        Talk.say("  \(asked.question.key.fingerprint)")
        if let deadline = asked.deadline {
            Talk.paragraph("The answer is waited for until \(deadline).")
        }
    }

    /// Finds the key, shows every message, has each confirmed, and signs them in one login.
    private func sign(_ asked: CheckedQuestion, _ shelf: TokenShelf, _ log: TrustedLog)
        throws(ClientError) -> [[UInt8]]
    {
        guard confirmed.isEmpty || confirmed.count == asked.question.messages.count else {
            throw .usage(
                "\(asked.question.messages.count) messages are to be confirmed, and --confirm "
                    + "stands there \(confirmed.count) times.",
                next: "Their digests are shown by: ceremonyctl answer --show.")
        }
        let confirmations = try asked.question.messages.indices.map { index throws(ClientError) in
            try Confirmation(confirmed.isEmpty ? nil : confirmed[index])
        }
        let seen = try shelf.tokens(named: tokens.token)
        let identity = try AnswerVerb.identity(for: asked, on: seen, as: name)
        let slot = try shelf.slot(of: identity.token)
        let login = TokenLogin(pin)
        try login.check(identity.token, in: slot)
        if let sight = try asked.sight(of: shelf.tokens) { Talk.paragraph(sight) }
        if let taking = ShareTaking(asked, log) { Talk.paragraph(taking.sentence) }
        Talk.paragraph("Signing as \(identity.signer) on \(identity.token.name).")
        for (document, confirmation) in zip(asked.shown, confirmations) {
            try confirmation.obtain(for: document)
        }
        return try login.answer(
            asked, with: identity.tokenKey, on: identity.token, in: slot,
            taking: ShareTaking(asked, log))
    }

    /// The key that is asked, on a token here.
    ///
    /// - Throws: `already-answered` (1) where only the keys of others are here, whom it asked too;
    ///   what ``Signatories`` throws.
    private static func identity(
        for asked: CheckedQuestion, on seen: [SeenToken], as name: String?
    ) throws(ClientError) -> SigningIdentity {
        let question = asked.question
        do {
            return try Signatories(naming: [(question.person, question.key.fingerprint)])
                .identities(on: seen, as: name)[0]
        } catch {
            let here = seen.flatMap(\.keys).map(\.key)
            let id = asked.statement.ceremony
            if let other = asked.everybody.first(where: { here.contains($0.key) }) {
                throw ClientError(
                    .refused, "already-answered",
                    "\(other.person) is not asked any more: an answer is given once, and waited for "
                        + "as long as the statement says.",
                    meaning: "Nothing was signed and no PIN was asked for.",
                    next: "It waits for \(question.person) now: ceremonyctl watch \(id).",
                    requirement: "CT-12")
            }
            guard error.code == "not-listed" || error.code == "no-identity-key" else { throw error }
            throw ClientError(
                error.status, error.code,
                "The key of \(question.person) that is asked, \(question.key.fingerprint), is on no "
                    + "token here.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Plug in the token that it was made in. " + Self.gone(id, question.person))
        }
    }

    /// What whoever has lost a key says, so that nothing rests on it.
    static func gone(_ id: String, _ person: String) -> String {
        "If the key is gone for good, \(person) says so, and the commit is stopped: ceremonyctl decline "
            + "\(id) --part --reason TEXT."
    }

    /// The ceremony named, or the only one that asks somebody.
    private static func report(_ id: String?, _ choice: Choice) throws(ClientError)
        -> CeremonyReport
    {
        if let id { return try choice.named(id) }
        let asking = try choice.log.openCeremonies().filter { !$0.asked.isEmpty }
        guard let only = asking.first else {
            throw ClientError(
                .notYet, "not-yet", "Nobody is asked to sign anything now.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "A person is asked while a ceremony is carried out: ceremonyctl list.")
        }
        guard asking.count == 1 else { throw Choice.ambiguous(asking) }
        return only
    }
}
