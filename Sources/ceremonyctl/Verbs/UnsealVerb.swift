// `unseal`: a guardian hands in their share of a token's PIN, out of their own token and over the
// socket for secrets. Who is needed, and what a true share is, the signed log says.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import CeremonyWire
import PKCS11
import Sodium

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
            which happens as soon as enough of them are handed in once more.
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

    @Flag(help: "Only show that your share is there and whole.")
    var dryRun = false

    @Flag(help: "Go on although one wrong PIN would lock the token of the daemon.")
    var daemonFinalTry = false

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let wanted = try guardedToken(log)
        guard let guarded = wanted.guarded else { throw UnsealVerb.notGuarded(wanted) }
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
        let shares = try shares(in: own, guarded, state, wanted, shelf)
        let report = try hand(shares, for: wanted, date, log)
        tell(report, shares, wanted, output)
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

    /// A share, and the split that it is one of.
    private struct Found {
        let split: GuardReport.Split
        let secret: SecretBytes

        /// Whose it is: the members' names are in the order of the numbers.
        var holder: String { split.members[secret.shareNumber - 1] }
    }

    /// Every share that the token holds, the new split's first. What is left of splits that are
    /// over is taken away.
    private func shares(
        in own: SeenToken, _ guarded: GuardReport, _ state: State, _ token: DaemonToken,
        _ shelf: TokenShelf
    ) throws(ClientError) -> [Found] {
        let slot = try shelf.slot(of: own)
        let origin = state.log.origin
        let epochs = state.authority(guarded.authority)?.epochs ?? []
        let over = over(epochs, state.guardianship(of: token.reference), guarded)
        let found = try TokenLogin(pin).withSession(
            on: own, in: slot, .readWrite, to: "read your share"
        ) { session, _ throws(PKCS11Error) in
            var found: [Found] = []
            for split in guarded.splits {
                let known = epochs.first { $0.ceremony.utf8.elementsEqual(split.ceremony.utf8) }
                let digests = known?.split?.digests.shares
                let place = ShareObject(origin: origin, ceremony: split.ceremony)
                let share = try session.share(place) { share in
                    (1...split.members.count).contains(share.shareNumber)
                        && digests?.contains(Digest(ofShare: share)) ?? true
                }
                if let share { found.append(Found(split: split, secret: share)) }
            }
            guard !found.isEmpty else { return found }
            for epoch in over {
                try? session.dropShares(
                    at: ShareObject(origin: origin, ceremony: epoch.ceremony))
            }
            return found
        }
        guard !found.isEmpty else {
            throw ClientError(
                .token, "no-share",
                "The token \(own.name) holds no share that opens \(token.name) now.",
                meaning: "Nothing was handed in.",
                next:
                    "Plug in the one that does. A guardian who lost a share is given another by a "
                    + "change of the guardians: ceremonyctl start membership \(guarded.authority) "
                    + "--set renew=NAME.")
        }
        if let name, let other = found.first(where: { !$0.holder.utf8.elementsEqual(name.utf8) }) {
            throw ClientError(
                .notPermitted, "not-listed",
                "The token \(own.name) holds the share of \(other.holder), not of \(name).",
                meaning: "Nothing was handed in.", next: "Plug in \(name)'s token.",
                requirement: "FR69")
        }
        return found
    }

    /// Epochs whose shares are worth nothing any more, by the signed log.
    private func over(
        _ epochs: [Authority.Epoch], _ known: Guardianship?, _ guarded: GuardReport
    ) -> [Authority.Epoch] {
        guard let inForce = known?.inForce, known?.pending == nil, guarded.splits.count == 1 else {
            return []
        }
        return epochs.filter { $0.number < inForce.number && $0.split != nil }
    }

    // MARK: Handing in

    private func hand(
        _ shares: [Found], for token: DaemonToken, _ date: String?, _ log: TrustedLog
    ) throws(ClientError) -> GuardReport {
        let secret = try UnsealVerb.joined(shares.map(\.secret))
        var order: [String: JSON] = [
            "token": .string(token.name), "shares": .strings(shares.map(\.split.ceremony)),
            "rehearsal": .bool(dryRun), "final_try": .bool(daemonFinalTry),
        ]
        order["clock"] = .text(date)
        let reply = try log.call("Unseal", order)
        let (ticket, path) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return (try fields.string("ticket"), try fields.string("path"))
        }
        let answer: [String: JSON]
        do {
            answer = try UnlockClient.redeem(
                ticket: ticket, secret: secret, path: path, listener: log.connection.listener)
        } catch {
            throw ClientError(error)
        }
        return try GuardReport(answer: answer)
    }

    /// One behind the other, in memory of their own.
    private static func joined(_ shares: [SecretBytes]) throws(ClientError) -> SecretBytes {
        guard let all = try? SecretBytes(capacity: shares.map(\.count).reduce(0, +)) else {
            throw .noLockedMemory
        }
        for share in shares {
            unsafe share.withBytes { bytes in
                _ = unsafe all.fill { free in
                    unsafe free.copyMemory(from: bytes)
                    return bytes.count
                }
            }
        }
        all.seal()
        return all
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
                "This is a rehearsal: nothing is kept or tried on \(token.title).")
        }
    }

    private func tell(
        _ report: GuardReport, _ shares: [Found], _ token: DaemonToken, _ output: Output
    ) {
        let name = shares[0].holder
        let json = JSON.fields([
            "token": .string(token.name), "guardian": .string(name),
            "epochs": .array(shares.map { .number($0.split.epoch) }), "rehearsal": .bool(dryRun),
            "unlocked": .bool(report.isUnlocked), "guarded": report.json,
        ])
        if dryRun {
            let numbers = Phrase.list(shares.map { "epoch \($0.split.epoch)" })
            return output.page(
                ["\(name)'s share is there and whole (\(numbers)); nothing was tried"], json)
        }
        guard report.isUnlocked else {
            for line in report.lines { Talk.paragraph(line) }
            return output.page(["\(name)'s share is handed in; \(token.name) is locked"], json)
        }
        if let waiting = report.splits.first(where: { !$0.isInForce }) {
            Talk.paragraph(
                "The new PIN (epoch \(waiting.epoch)) is still to be set. "
                    + (report.isPINKnown
                        ? "Whoever keeps the present one types it once more: ceremonyctl unlock "
                            + token.name
                        : "It is, as soon as enough shares of it and of the one before have been "
                            + "handed in."))
        }
        output.page(["\(token.name) unlocked"], json)
    }
}
