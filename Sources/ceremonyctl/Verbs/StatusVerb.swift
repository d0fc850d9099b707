// `status`: how the log and its daemon stand, what is under way, what is due.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `status`.
struct StatusVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show mode, halts, head, tokens, what is due, and the ceremonies under way.",
        discussion: "What it shows but the head is the daemon's word; `due` checks what is due.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let status = try log.status()
        let agenda = try log.agenda()
        let tokens = try DaemonToken.list(log)
        let open = try log.openCeremonies()
        output.page(
            StatusVerb.text(log, status, agenda, tokens, open),
            .fields([
                "head": log.shown.json, "genesis": .string("\(log.digest)"),
                "status": status.json, "clock": status.clock.json,
                "tokens": .array(tokens.map(\.json)),
                "ceremonies": .array(open.map(\.json)),
                "due": .array(agenda.due.map { $0.json(at: agenda.now) }),
                "next_date": .text(agenda.coming.first.map { "\($0.date)" }),
            ]))
    }

    private static func text(
        _ log: TrustedLog, _ status: StatusReport, _ agenda: Agenda, _ tokens: [DaemonToken],
        _ open: [CeremonyReport]
    ) -> [String] {
        let head = log.shown
        var lines = [
            "\(head.origin) (\(head.mode.rawValue)"
                + (head.isSealed ? ", SEALED" : "") + (head.isHalted ? ", HALTED" : "") + ")",
            "  founded by: \(log.digest)",
            "  head:       \(Phrase.count(head.head.size, "event")), \(head.signed) of them signed",
            "  root:       \(log.head.root)",
            "  last event: \(head.time), \(Phrase.span(status.clock.reads - head.time)) "
                + (status.clock.reads < head.time ? "AHEAD of the clock" : "ago"),
            "  roster:     epoch \(status.epoch)",
        ]
        lines += status.clock.text
        lines += status.rollback.text + status.logKeys.text(isSealed: head.isSealed)
        if let old = log.genesis.continues {
            lines.append("  goes on from: \(old.origin), \(old.size) events")
        }
        if head.isSealed {
            let awaited = DaemonToken.awaited(among: tokens)
            lines.append(
                awaited.isEmpty
                    ? "  sealed: nothing can be recorded until "
                        + "`\(DaemonToken.unlocking(tokens).first ?? "ceremonyctl unlock")`"
                    : "  sealed: its heads need another key too; unlock also \(awaited)")
        }
        lines += status.halts.map { "  halted: \($0.line)" }
        if status.haltCount > status.halts.count {
            lines.append("  halted: and by \(status.haltCount - status.halts.count) more")
        }
        lines += status.held.map {
            "  halted: " + Display.neutralised($0)
                + " (beside the log, which has it as soon as it can be written)"
        }
        if status.isHaltedByFile, status.halts.isEmpty, status.held.isEmpty {
            lines.append(
                "  halted: by the halt file; the log has it as soon as it can be written")
        }
        lines += agenda.text
        lines.append("  tokens of the daemon:")
        lines += Phrase.table(tokens.map(\.row), indent: "    ")
        for token in tokens {
            guard let guarded = token.guarded, !token.isUnlocked || guarded.isPINAwaited else {
                continue
            }
            lines += guarded.lines(for: token.name).map { "    \(token.name): \($0)" }
        }
        if !status.debris.isEmpty {
            lines.append("  debris of failed ceremonies, inert:")
            lines += status.debris.map { "    " + $0.line }
        }
        if !status.leftKeys.isEmpty {
            lines.append("  keys in people's own tokens that came to nothing, inert:")
            lines += status.leftKeys.map { "    " + $0.line }
        }
        if open.isEmpty { lines.append("  no ceremony is under way") }
        for report in open {
            lines.append("")
            lines += report.text(at: status.now)
        }
        return lines
    }
}

extension Agenda {
    /// Lines of the status: the halts it says elsewhere.
    fileprivate var text: [String] {
        let others = due.filter { $0.matter != .halt }
        var lines = others.prefix(5).flatMap { deadline in
            ["  DUE:        \(deadline.text)"]
                + deadline.command.prefix(1).map { "              ceremonyctl \($0)" }
        }
        let more = dueCount - (due.count - others.count) - min(others.count, 5)
        if more > 0 { lines.append("  DUE:        \(more) more: ceremonyctl due") }
        if let next = coming.first {
            let distance = next.date < now ? "" : ", in \(Phrase.span(next.date - now))"
            lines.append("  next date:  \(next.date)\(distance): \(next.text)")
        }
        return lines
    }
}
