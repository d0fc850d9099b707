// `watch`: one ceremony, followed until nothing is awaited of it any more. Its exit status says how
// it ended, so that a script can wait for a ceremony and go on by what came of it.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `watch [ID]`.
struct WatchVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a ceremony until nothing is awaited of it any more.",
        discussion: """
            Exits with 0 where the ceremony was completed, with 81 where it failed or expired. At \
            a terminal it takes the whole screen, which q leaves with 75 while the ceremony goes \
            on; nothing that is typed does anything to it. What is drawn follows from the events \
            that the log key signed, and what only the daemon says is marked. With --plain, and \
            where there is no terminal, events are lines; with --json, each is a JSON value.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The ceremony; left out, the only one under way.")
    var id: String?

    @Flag(help: "Line by line, also at a terminal.")
    var plain = false

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let choice = try Choice(log)
        let report: CeremonyReport
        if let id {
            report = try choice.named(id)
        } else {
            let open = try log.openCeremonies()
            guard let only = open.first, open.count == 1 else {
                throw ClientError(
                    open.isEmpty ? .notFound : .usage,
                    open.isEmpty ? "unknown-ceremony" : "ambiguous-ceremony",
                    open.isEmpty
                        ? "No ceremony is under way."
                        : "Several are under way: \(Choice.names(open)).",
                    meaning: "There is nothing to follow.", next: "Name one; `ceremonyctl list`.")
            }
            report = only
        }
        if !output.json, !plain, try draw(report.id, log) {
            try show(report.id, log, output)
            return try WatchVerb.tellEnding(of: try log.report(on: report.id))
        }
        if !output.json { try show(report.id, log, output) }
        let settled = report.next == nil ? report : try follow(report, log, output)
        try WatchVerb.tellEnding(of: settled)
    }

    /// On the whole screen; `false` where the terminal cannot, or where there is none.
    private func draw(_ id: String, _ log: TrustedLog) throws(ClientError) -> Bool {
        guard Output.isTerminal, let screen = FullScreen(TerminalAbility.environment) else {
            return false
        }
        // The screen is put back when it goes, before anything more is said.
        defer { screen.leave() }
        try WatchScreen(log: log, id: id).run(screen)
        return true
    }

    /// The picture as lines.
    private func show(_ id: String, _ log: TrustedLog, _ output: Output) throws(ClientError) {
        let followed = try FollowedLog(log)
        let now = try log.status().now
        guard let picture = try followed.picture(of: id, at: now, log) else {
            throw Reply.malformed("the signed log has no ceremony \(id)")
        }
        output.page(picture.lines.map(\.text), .null)
    }

    /// Prints the events of a ceremony until nothing is awaited of it; returns how it stands then.
    ///
    /// All events are listened to: that of a key that lapses or is revoked names no ceremony.
    private func follow(_ report: CeremonyReport, _ log: TrustedLog, _ output: Output)
        throws(ClientError) -> CeremonyReport
    {
        let known = log.shown.head.size
        var settled = report
        // Where the log stood when the ceremony was seen settled: what follows is not about it.
        var end: Int?
        try log.watch(ceremony: nil, from: report.seq + 1) { event throws(ClientError) in
            let isOurs = event.body.ceremony?.utf8.elementsEqual(report.id.utf8) ?? false
            // What the report already says is not told twice.
            if isOurs, event.seq >= known || output.json {
                output.page([event.cells.joined(separator: "  ")], event.json)
            }
            if case .ceremonyExecuting = event.body, isOurs, event.seq >= known {
                try tellAsked(report.id)
            }
            if let end { return event.seq + 1 < end }
            guard event.seq >= known, isOurs || WatchVerb.isAboutKey(event.body) else {
                return true
            }
            // The line that is watched is full of replies: another one is asked.
            let after = try TrustedLog(global, trust)
            settled = try after.report(on: report.id)
            if settled.next == nil { end = after.shown.head.size }
            return end.map { event.seq + 1 < $0 } ?? true
        }
        if !output.json { try show(report.id, try TrustedLog(global, trust), output) }
        return settled
    }

    /// Who will be asked to sign: no event tells that the execution waits for them. It is said as
    /// the signed log has it, by another line than the one that is watched.
    private func tellAsked(_ id: String) throws(ClientError) {
        let state = try LogCopy(try TrustedLog(global, trust)).state
        guard let ceremony = state.ceremony(named: id), ceremony.state == .executing else { return }
        let names = state.namesAsked(in: ceremony)
        guard !names.isEmpty else { return }
        Talk.paragraph("It will wait for \(Phrase.list(names)) to sign: ceremonyctl answer \(id)")
    }

    private static func isAboutKey(_ body: EventBody) -> Bool {
        switch body {
        case .keyActivated, .keyLapsed, .keyRevoked, .keyRetired: true
        default: false
        }
    }

    /// A ceremony that failed or expired is told as what it is, and one that goes on as well.
    private static func tellEnding(of report: CeremonyReport) throws(ClientError) {
        if report.next != nil, report.state != .failed {
            throw ClientError(
                .notYet, "not-yet", "\(report.id) goes on; it is \(report.state.rawValue).",
                meaning: "Watching it changed nothing.",
                next: "Look again with: ceremonyctl watch \(report.id).")
        }
        guard report.state == .failed || report.state == .expired else { return }
        let left = (report.end?.left ?? []) + report.broughtKeys
        throw ClientError(
            .endedOtherwise, report.state == .failed ? "ceremony-failed" : "ceremony-expired",
            "\(report.id) ended \(report.state.rawValue)"
                + (report.end?.reason.map { ": \($0)" } ?? "") + ".",
            meaning: left.isEmpty
                ? "No key is valid by it, and nothing is left of it on a token."
                : "No key is valid by it. It made, and they are inert wherever they still are: "
                    + "\(left.joined(separator: "; ")).",
            next: "`ceremonyctl show \(report.id)` has it all; start a new ceremony if needed.")
    }
}
