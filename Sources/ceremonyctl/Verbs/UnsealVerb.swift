// `unseal`: a guardian hands in their share of a token's PIN, out of their own token and over the
// socket for secrets; or only shows that it is there. What a true share is the signed log says.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11

/// `unseal [TOKEN] [--dry-run]`.
struct UnsealVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "unseal",
        abstract: "Hand in your share of the PIN of a token that guardians hold together.",
        discussion: """
            Each guardian runs it, one after the other, with their own token; when enough have, \
            the daemon unlocks its token. Shares that are handed in are kept for a quarter of an \
            hour. With --dry-run a share is only shown to be there and whole: nothing is kept, \
            and nothing is tried on the daemon's token.

            After a change of guardians the old shares open the token until the new PIN is set, \
            which happens as soon as enough of them are handed in once more. A daemon that was \
            started anew in between needs enough of the new ones too; a run hands in whichever of \
            both its guardian holds.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var tokens: TokenOptions
    @OptionGroup var pin: PINOptions

    @Argument(
        help: ArgumentHelp(
            "The daemon's token, by its name, label or serial; left out, the only guarded one."))
    var token: String?

    @Option(name: .customLong("as"), help: ArgumentHelp("Who you are.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Today's date by a clock that you trust, in place of the question.",
            valueName: "yyyy-mm-dd"))
    var clock: String?

    @Option(
        help: ArgumentHelp(
            "Hand in the share of this epoch only, and have its PIN tried although nothing shows "
                + "that it is the token's.",
            valueName: "number"))
    var epoch: Int?

    @Flag(help: "Only show that your share is there and whole; it stays in your token.")
    var dryRun = false

    @Flag(help: "Go on although one wrong PIN would lock the token of the daemon.")
    var daemonFinalTry = false

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let wanted = try guardedToken(log)
        guard let guarded = wanted.guarded else { throw UnsealVerb.notGuarded(wanted) }
        let splits = guarded.splits.filter { split in epoch.map { $0 == split.epoch } ?? true }
        guard !splits.isEmpty else {
            throw .usage(
                "No share of epoch \(epoch ?? 0) opens \(wanted.name).",
                next: "Those that may: "
                    + Phrase.list(guarded.splits.map { "epoch \($0.epoch)" }) + ".")
        }
        let shelf = try TokenShelf(ModuleList(options: tokens.modules))
        // What was recorded last may not be signed yet, and the log token is what it waits for. So
        // the daemon says which splits there are; where the signed log knows one, it says which
        // shares are of it.
        let state = try LogCopy(log).state
        let own = try ownToken(of: state.guardianship(of: wanted.reference), shelf)
        tell(guarded, wanted)
        var date: String?
        if !dryRun, wanted.isLogToken, log.shown.isSealed {
            date = try ClockQuestion(
                clock: clock, report: try log.status().clock, lastEvent: log.shown.time
            ).settle()
        }
        let handing = ShareHanding(
            log: log, token: wanted, splits: splits, state: state, name: name,
            order: dryRun
                ? .prove
                : .unseal(
                    isChosen: epoch != nil, allowFinalTry: daemonFinalTry, clock: date))
        let slot = try shelf.slot(of: own)
        let result: Result<ShareHanding.Outcome, ClientError> = try TokenLogin(pin).withSession(
            on: own, in: slot, .readWrite, to: dryRun ? "look at your share" : "read your share"
        ) { session, secret throws(PKCS11Error) in
            try handing.perform(in: session, of: own, pin: secret, lastTry: pin.lastTry)
        }
        tell(try result.get(), wanted, output)
    }

    // MARK: Whose, and for what

    private func guardedToken(_ log: TrustedLog) throws(ClientError) -> DaemonToken {
        let all = try DaemonToken.list(log)
        if let token {
            let wanted = try DaemonToken.named(token, among: all)
            guard wanted.guarded != nil else { throw UnsealVerb.notGuarded(wanted) }
            return wanted
        }
        let guarded = all.filter { $0.guarded != nil }
        guard let only = guarded.first else {
            throw ClientError(
                .notFound, "not-guarded", "No token of the daemon is guarded.",
                meaning: "No PIN was asked for.",
                next: "A token's PIN is typed by whoever keeps it: ceremonyctl unlock.")
        }
        guard guarded.count == 1 else {
            throw .usage(
                "Several tokens are guarded: \(Phrase.list(guarded.map(\.name))).",
                next: "Say which: ceremonyctl unseal TOKEN.")
        }
        return only
    }

    private static func notGuarded(_ token: DaemonToken) -> ClientError {
        ClientError(
            .usage, "not-guarded", "Nobody holds shares of the PIN of \(token.name).",
            meaning: "No PIN was asked for.",
            next: "Whoever keeps its PIN types it: ceremonyctl unlock \(token.name).")
    }

    /// The token of the guardian who is here: the only one, or the only one with a key that a
    /// member has in the authority.
    private func ownToken(of known: Guardianship?, _ shelf: TokenShelf) throws(ClientError)
        -> SeenToken
    {
        let here = try shelf.tokens(named: tokens.token)
        if here.count == 1 { return here[0] }
        let keys = Set((known?.epochs ?? []).flatMap(\.members).map(\.key.fingerprint))
        let fitting = here.filter { $0.keys.contains { keys.contains($0.key.fingerprint) } }
        if fitting.count == 1 { return fitting[0] }
        throw ClientError(
            .token, "token-ambiguous",
            "Several tokens are here that may hold a share: "
                + Phrase.list((fitting.isEmpty ? here : fitting).map(\.name)) + ".",
            meaning: "No PIN was asked for.", next: "Say which with --token SERIAL.")
    }

    // MARK: Telling

    private func tell(_ guarded: GuardReport, _ token: DaemonToken) {
        for split in guarded.splits {
            let what = split.isInForce ? "its PIN" : "its new PIN, which is to be set"
            Talk.paragraph(
                Display.neutralised(
                    "\(split.threshold) of \(split.members.count) guardians give \(what) "
                        + "(\(guarded.authority), epoch \(split.epoch)): "
                        + Phrase.list(split.members) + "."))
        }
        if dryRun {
            Talk.paragraph(
                "This is a rehearsal: the share stays where it is, and nothing is tried.")
        }
    }

    private func tell(
        _ outcome: ShareHanding.Outcome, _ token: DaemonToken, _ output: Output
    ) {
        let (name, report) = (outcome.holder, outcome.report)
        let json = JSON.fields([
            "token": .string(token.name), "guardian": .string(name),
            "epochs": .array(outcome.epochs.map { .number($0) }), "rehearsal": .bool(dryRun),
            "unlocked": report.map { .bool($0.isUnlocked) }, "guarded": report?.json,
        ])
        guard let report else {
            let numbers = Phrase.list(outcome.epochs.map { "epoch \($0)" })
            return output.page(
                ["\(name)'s share is there and whole (\(numbers)); it stays in their token"], json)
        }
        guard report.isUnlocked else {
            for line in report.lines(for: token.name) { Talk.paragraph(line) }
            return output.page(["\(name)'s share is handed in; \(token.name) is locked"], json)
        }
        if let waiting = report.splits.first(where: { !$0.isInForce }) {
            Talk.paragraph(
                "The new PIN (epoch \(waiting.epoch)) is still to be set. "
                    + (report.isPINKnown
                        ? "Whoever keeps the present one types it once more: ceremonyctl unlock "
                            + token.name
                        : "It is, as soon as enough shares of it and of the one before have been "
                            + "handed in. What kept it the last time: ceremonyctl show "
                            + waiting.ceremony))
        }
        output.page(
            [token.isUnlocked ? "\(token.name) was unlocked already" : "\(token.name) unlocked"],
            json)
    }
}
