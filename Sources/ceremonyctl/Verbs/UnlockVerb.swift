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
        if log.shown.isHalted {
            return Talk.paragraph(
                "Its PIN is as before: the house is halted. It is changed when the halt is cleared "
                    + "and this is run once more.")
        }
        Talk.paragraph(
            now.guarded?.isPINAwaited ?? false
                ? "Its PIN is as before. Where the daemon was started anew since the split, its "
                    + "guardians hand in their shares first (ceremonyctl unseal \(token.name)), then "
                    + "this is run once more. What else kept it: ceremonyctl show "
                    + (now.guarded?.splits.first?.ceremony ?? "")
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
