// `unlock` and `lock`: the PIN of a token of the daemon, typed here by whoever keeps it, and handed
// over a socket of its own straight from locked memory (DESIGN section 4).

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import CeremonyWire
import Sodium

/// `unlock [TOKEN]`.
struct UnlockVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Hand the PIN of one of the daemon's tokens to the daemon.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var pin: PINOptions

    @Argument(
        help: ArgumentHelp(
            "The token, by its name, label or serial at the daemon; left out, the log token, if no "
                + "other is locked."))
    var token: String?

    @Option(
        help: ArgumentHelp(
            "Today's date by a clock that you trust, in place of the question.",
            valueName: "yyyy-mm-dd"))
    var clock: String?

    @Flag(
        help: ArgumentHelp(
            "You know the PIN although guardians hold shares: its security officer has set it."))
    var typedPin = false

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let status = try log.status()
        let wanted = try DaemonToken.toUnlock(
            token, among: try DaemonToken.list(log), wantsDate: status.clock.wantsDate)
        let question = ClockQuestion(
            clock: clock, report: status.clock, lastEvent: log.shown.time)
        let isAwaited = wanted.guarded?.isPINAwaited ?? false
        guard !wanted.isUnlocked || isAwaited || (wanted.isLogToken && log.shown.isSealed) else {
            if wanted.isLogToken, status.clock.wantsDate {
                return try UnlockVerb.confirm(question, wanted, log, output)
            }
            Talk.paragraph("The token \(wanted.title) is unlocked already.")
            return output.page(["\(wanted.name) unlocked"], UnlockVerb.json(wanted, log))
        }
        try wanted.checkGuarded(isTyped: typedPin)
        try wanted.checkTries(allowingFinal: pin.lastTry)
        if isAwaited {
            Talk.paragraph(
                "Guardians hold shares of a new PIN of \(wanted.title). The PIN that you type is "
                    + "changed for it: nobody will know the PIN any more, and guardians open the "
                    + "token.")
        }
        let date = try question.settle()
        let secret =
            wanted.asksItself ? nil : try pin.source.pin(prompt: wanted.prompt) as SecretBytes
        try UnlockVerb.hand(secret, for: wanted, pin.lastTry, typedPin, date, log)
        let after = try log.status()
        Talk.paragraph("The token \(wanted.title) is unlocked.")
        if isAwaited { try UnlockVerb.tellPIN(of: wanted, log) }
        if wanted.isLogToken { try UnlockVerb.tellHousekeeping(after, log) }
        output.page(["\(wanted.name) unlocked"], UnlockVerb.json(wanted, log))
    }

    /// The ticket is asked for last: it is good for a minute, and people type slowly. Where the
    /// token has a keypad of its own, the PIN is typed there, after that.
    private static func hand(
        _ secret: SecretBytes?, for token: DaemonToken, _ finalTry: Bool, _ isTyped: Bool,
        _ date: String?, _ log: TrustedLog
    ) throws(ClientError) {
        var order: [String: JSON] = [
            "token": .string(token.name), "final_try": .bool(finalTry), "typed": .bool(isTyped),
        ]
        order["clock"] = .text(date)
        let reply = try log.call("Unlock", order)
        let (ticket, path) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return (try fields.string("ticket"), try fields.string("path"))
        }
        if secret == nil {
            Talk.paragraph(
                "Enter the PIN on the keypad of the daemon's token \(token.title) itself, now. "
                    + token.warning)
        }
        do {
            _ = try UnlockClient.redeem(
                ticket: ticket, secret: secret, path: path, listener: log.connection.listener,
                seconds: secret == nil ? 300 : 60)
        } catch {
            throw ClientError(error)
        }
    }

    /// An open log whose clock is not acted on wants the date and nothing else, and no PIN.
    private static func confirm(
        _ question: ClockQuestion, _ token: DaemonToken, _ log: TrustedLog, _ output: Output
    ) throws(ClientError) {
        guard let date = try question.settle() else { return }
        _ = try log.call("ConfirmClock", ["date": .string(date)])
        Talk.paragraph(
            "The daemon's clock is confirmed; the token \(token.title) was unlocked already.")
        output.page(["\(token.name) unlocked"], UnlockVerb.json(token, log))
    }

    /// Whether the PIN was changed for the one that guardians hold.
    private static func tellPIN(of token: DaemonToken, _ log: TrustedLog) throws(ClientError) {
        let now = try DaemonToken.named(token.name, among: try DaemonToken.list(log))
        Talk.paragraph(
            now.guarded?.isPINAwaited ?? false
                ? "Its PIN is as before: what its guardians hold is not known here any more. They "
                    + "hand in their shares first (ceremonyctl unseal \(token.name)), then this is "
                    + "run once more."
                : "Its PIN is the one that its guardians hold shares of. What you typed opens it no "
                    + "more; forget it.")
    }

    private static func tellHousekeeping(_ status: StatusReport, _ log: TrustedLog)
        throws(ClientError)
    {
        if log.shown.isSealed {
            let awaited = DaemonToken.awaited(among: try DaemonToken.list(log))
            Talk.paragraph(
                "The log is still sealed: while its key is being changed its heads need two keys. "
                    + "Unlock also: \(awaited).")
        }
        for halt in status.halts {
            Talk.paragraph("HALTED: \(halt.line)")
        }
    }

    private static func json(_ token: DaemonToken, _ log: TrustedLog) -> JSON {
        .fields([
            "token": .string(token.name), "unlocked": .bool(true), "head": log.shown.json,
        ])
    }
}

/// `lock [TOKEN]`.
struct LockVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Log the daemon out of its tokens. Without the log token it is sealed.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The token; left out, all of them.")
    var token: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        var parameters: [String: JSON] = [:]
        if let token {
            let wanted = try DaemonToken.named(token, among: try DaemonToken.list(log))
            parameters["token"] = .string(wanted.name)
        }
        _ = try log.call("Lock", parameters)
        let tokens = try DaemonToken.list(log)
        output.page(
            Phrase.table(tokens.map(\.row)),
            .fields(["tokens": .array(tokens.map(\.json)), "head": log.shown.json]))
    }
}

extension DaemonToken {
    /// The token that is meant: by name, serial or label.
    ///
    /// - Throws: `unknown-token` (66), `token-ambiguous`, `token-trouble` (74).
    static func named(_ name: String, among tokens: [DaemonToken]) throws(ClientError)
        -> DaemonToken
    {
        let found = tokens.filter { token in
            [token.name, token.serial, token.label].contains {
                $0.utf8.elementsEqual(name.utf8)
            }
        }
        // The configuration's names are unique; a label may be what another token is called there.
        if let named = found.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            return try named.withoutTrouble()
        }
        let names = tokens.map(\.name).joined(separator: ", ")
        guard let first = found.first else {
            throw ClientError(
                .notFound, "unknown-token", "The daemon has no token \(name) to be seen.",
                meaning: "No PIN was asked for.",
                next: "Its tokens: \(names). See `ceremonyctl tokens`.")
        }
        guard found.count == 1 else {
            throw ClientError(
                .token, "token-ambiguous",
                "Several tokens of the daemon could be meant: "
                    + "\(found.map(\.name).joined(separator: ", ")).",
                meaning: "No PIN was asked for.", next: "Name it as the configuration does.")
        }
        return try first.withoutTrouble()
    }

    /// The token whose PIN is to be asked for. Where none is named it is the log token, and only
    /// while no other one is locked: a PIN that was meant for another token is a try that is gone.
    ///
    /// - Parameter wantsDate: Whether a date is wanted of an open log, for which no PIN is.
    /// - Throws: what ``named(_:among:)`` throws; `ambiguous-token` (64).
    fileprivate static func toUnlock(
        _ name: String?, among tokens: [DaemonToken], wantsDate: Bool
    ) throws(ClientError) -> DaemonToken {
        if let name { return try named(name, among: tokens) }
        if let only = tokens.first, tokens.count == 1 { return try only.withoutTrouble() }
        let usable = tokens.filter { $0.trouble == nil }
        let locked = usable.filter { !$0.isUnlocked }
        let log = usable.filter(\.isLogToken).sorted { $0.logPlace < $1.logPlace }
        guard let first = log.first else {
            throw ClientError(
                .token, "token-missing",
                "The daemon has no token that holds the log key to be seen.",
                meaning: "No PIN was asked for.",
                next: "Its tokens: \(tokens.map(\.name).joined(separator: ", ")). See "
                    + "`ceremonyctl tokens`.")
        }
        if locked.isEmpty || (wantsDate && log.allSatisfy(\.isUnlocked)) { return first }
        if locked.count == 1, locked[0].isLogToken { return locked[0] }
        let list = locked.map { "\($0.name), \($0.title)" }.joined(separator: "; ")
        throw ClientError(
            .usage, "ambiguous-token",
            locked.count == 1
                ? "The log token is unlocked already. Locked is \(list)."
                : "Several tokens of the daemon are locked: \(list).",
            meaning: "No PIN was asked for, so that none is tried on another token than you mean.",
            next: "Say which: "
                + locked.map { "ceremonyctl unlock \($0.name)" }.joined(separator: ", or ") + ".")
    }

    /// The token, unless the daemon cannot reach it.
    private func withoutTrouble() throws(ClientError) -> DaemonToken {
        guard let trouble else { return self }
        throw ClientError(
            .token, "token-trouble", "The daemon's token \(name): \(trouble)",
            meaning: "No PIN was asked for.",
            next: "Plug it in at the daemon's machine; `ceremonyctl tokens` shows what it sees.")
    }

    /// Refuses a token whose PIN nobody can know.
    ///
    /// - Throws: `guarded` (75).
    fileprivate func checkGuarded(isTyped: Bool) throws(ClientError) {
        guard !isTyped, let guarded, !guarded.isPINKnown else { return }
        throw ClientError(
            .notYet, "guarded", "The PIN of the daemon's token \(title) is held in shares.",
            meaning: "No PIN was asked for.",
            next: "Its guardians hand theirs in: ceremonyctl unseal \(name). If its security "
                + "officer has set a PIN that you know: --typed-pin.")
    }

    /// Refuses a token for which no PIN should be asked.
    ///
    /// - Throws: `pin-tries` (74).
    fileprivate func checkTries(allowingFinal: Bool) throws(ClientError) {
        if pinTries == "locked" {
            throw ClientError(
                .token, "pin-tries", "The PIN of the daemon's token \(title) is locked.",
                meaning: "No PIN was asked for.",
                next: "Unlock it with the vendor's tool and its PUK or SO PIN.")
        }
        if pinTries == "finalTry", !allowingFinal {
            throw ClientError(
                .token, "pin-tries", "The daemon's token \(title) has one PIN try left.",
                meaning: "No PIN was asked for; the last try was not used.",
                next: "Be sure of the PIN, then add --final-try.")
        }
    }

    fileprivate var prompt: String {
        let line = warning.isEmpty ? "" : warning + "\n"
        return "\n\(line)PIN for the daemon's token \(Display.neutralised(title)): "
    }

    /// What is to be known before a PIN is typed; empty where there is nothing.
    fileprivate var warning: String {
        switch pinTries {
        case "ok": ""
        case "low": "A wrong PIN was tried before: only a few tries are left."
        case "finalTry": "This is the LAST TRY: a wrong PIN locks the token."
        default: "PIN tries: \(Display.neutralised(pinTries))."
        }
    }
}

/// The clock, before a log goes on by it: everything that the daemon does by itself follows from
/// it.
struct ClockQuestion {
    /// What was given in place of the question.
    let clock: String?
    /// The daemon's clock.
    let report: ClockReport
    /// The time of the log's last event.
    let lastEvent: Timestamp

    /// A gap so long that only the typed date will do.
    static let longGap = 30 * 86_400

    /// Asks, or compares with what was given.
    ///
    /// - Returns: The date that somebody gave; `nil` where a yes was enough.
    /// - Throws: `clock-mismatch` (1), `stopped` (1), `no-terminal` (64).
    func settle() throws(ClientError) -> String? {
        let now = report.reads
        let today = String(decoding: "\(now)".utf8.prefix(10), as: UTF8.self)
        if let clock {
            guard clock.utf8.elementsEqual(today.utf8) else { throw mismatch(clock, today) }
            return clock
        }
        let terminal: Terminal
        do {
            terminal = try Terminal()
        } catch {
            throw ClientError(
                .usage, "no-terminal", "There is no terminal on which to confirm the clock.",
                meaning: "Nothing was unlocked and no PIN was asked for.",
                next: "Run it in a terminal, or give --clock YYYY-MM-DD and --pin-fd or --pin-file."
            )
        }
        let age = now - lastEvent
        let gap = Phrase.span(age)
        terminal.write(
            "\nThe daemon's clock says     \(now) (UTC).\n"
                + "The log's last event was at \(lastEvent), \(gap) \(age < 0 ? "AHEAD of it" : "ago").\n"
        )
        if let doubt = report.doubt { terminal.write(Display.neutralised(doubt) + "\n") }
        if report.wantsDate || age > ClockQuestion.longGap || age < 0 {
            terminal.write("Type today's date (UTC) as YYYY-MM-DD, by a clock that you trust: ")
            let typed = String(decoding: try terminal.readLine(), as: UTF8.self)
            guard typed.utf8.elementsEqual(today.utf8) else { throw mismatch(typed, today) }
            return typed
        } else {
            terminal.write("Type yes if the clock is right: ")
            guard try terminal.readLine() == Array("yes".utf8) else {
                throw ClientError(
                    .refused, "stopped", "The clock was not confirmed.",
                    meaning: "Nothing was unlocked and no PIN was asked for.",
                    next: "Set the machine's clock, then run the same command again.")
            }
            return nil
        }
    }

    private func mismatch(_ given: String, _ today: String) -> ClientError {
        ClientError(
            .refused, "clock-mismatch", "You gave \(given), and the daemon's clock says \(today).",
            meaning: "Nothing was unlocked and no PIN was asked for.",
            next: "Set the machine's clock (UTC), or give today's date as YYYY-MM-DD.")
    }
}
