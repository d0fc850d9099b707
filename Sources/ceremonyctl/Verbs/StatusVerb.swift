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
            lines += guarded.lines.map { "    \(token.name): \($0)" }
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

/// A token of the daemon, as it describes it.
struct DaemonToken: Sendable {
    let name: String
    /// What is the matter, where it cannot be used.
    let trouble: String?
    let label: String
    let serial: String
    let model: String
    let manufacturer: String
    let isUnlocked: Bool
    let canEd25519: Bool
    let pinTries: String
    let asksItself: Bool
    let isLogToken: Bool
    /// Which of the log tokens it is, the one in use being 1; 0 for another token.
    let logPlace: Int
    /// Who holds shares of its PIN, where somebody does.
    let guarded: GuardReport?
    /// As it came.
    let json: JSON

    /// All of them.
    static func list(_ log: TrustedLog) throws(ClientError) -> [DaemonToken] {
        guard case .array(let values)? = try log.call("Tokens")["tokens"] else {
            throw Reply.malformed("no list of tokens")
        }
        return try values.map { value throws(ClientError) in try DaemonToken(value) }
    }

    /// Reads one.
    init(_ json: JSON) throws(ClientError) {
        self = try Reply.read { () throws(JSONError) in try DaemonToken(read: json) }
    }

    private init(read json: JSON) throws(JSONError) {
        self.json = json
        var fields = try JSONFields(json)
        name = try fields.string("name")
        trouble = try fields.optionalString("trouble")
        label = try fields.optionalString("label") ?? ""
        serial = try fields.optionalString("serial") ?? ""
        model = try fields.optionalString("model") ?? ""
        manufacturer = try fields.optionalString("manufacturer") ?? ""
        isUnlocked = try fields.optionalBool("unlocked") ?? false
        canEd25519 = try fields.optionalBool("ed25519") ?? false
        pinTries = try fields.optionalString("pin_tries") ?? ""
        asksItself = try fields.optionalBool("asks_itself") ?? false
        isLogToken = try fields.optionalBool("log_token") ?? false
        logPlace = try fields.optionalNumber("log_place") ?? (isLogToken ? 1 : 0)
        guarded = try fields.optional("guarded").map { json throws(JSONError) in
            try GuardReport(json)
        }
    }

    /// The log tokens that a sealed log still waits for although another one is unlocked; empty
    /// where none is.
    static func awaited(among tokens: [DaemonToken]) -> String {
        let log = tokens.filter(\.isLogToken)
        guard log.contains(where: \.isUnlocked) else { return "" }
        return log.filter { !$0.isUnlocked }.map {
            $0.name + ($0.trouble == nil ? "" : " (not usable now)")
        }.joined(separator: ", ")
    }

    /// The commands that open a sealed log: one for each token that it still waits for. Before any
    /// is unlocked it is not known whether one is enough.
    static func unlocking(_ tokens: [DaemonToken]) -> [String] {
        let log = tokens.filter(\.isLogToken).sorted { $0.logPlace < $1.logPlace }
        let locked = log.filter { !$0.isUnlocked }
        let next = log.contains(where: \.isUnlocked) ? locked : Array(locked.prefix(1))
        return next.map { "ceremonyctl \($0.opening) \($0.name)" }
    }

    /// The verb that opens it.
    var opening: String { guarded?.isPINKnown ?? true ? "unlock" : "unseal" }

    /// The token as statements name it.
    var reference: TokenReference {
        TokenReference(label: label, manufacturer: manufacturer, model: model, serial: serial)
    }

    /// `label (serial ..., model)`.
    var title: String { "\(label) (serial \(serial), \(model))" }

    /// The cells of its row in a list.
    var row: [String] {
        if let trouble { return [name, "NOT USABLE", trouble] }
        return [
            name, isUnlocked ? "unlocked" : "locked", title,
            (canEd25519 ? "" : "no Ed25519 ") + (pinTries == "ok" ? "" : "PIN tries: \(pinTries) ")
                + (isLogToken ? "log token" : "")
                + (guarded.map { (isLogToken ? ", " : "") + "guarded by \($0.authority)" } ?? ""),
        ]
    }
}
