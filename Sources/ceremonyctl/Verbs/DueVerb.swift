// `due`: what has to be done now, and what is coming, worked out here from the log itself; its exit
// status is for a timer that reminds people.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `due`.
struct DueVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "due",
        abstract: "List what is due and what is coming; exit 75 when something is due.",
        discussion: """
            The list is worked out here: the log is fetched, checked event by event as `verify` \
            does it, and held against its signed head. Only this is the daemon's word: that it is \
            sealed, that its halt file halts it, how its clock stands, and that nothing has \
            happened after the signed head. The time is the later one of the daemon's clock and \
            this machine's.

            Needs no terminal, no token and no unlocked log. Ends with 75 when something is due, \
            a halt or a clock that is not acted on among it, and with 0 when nothing is; every \
            other status means that it could not be found out.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    func perform(_ output: Output) throws(ClientError) { _ = try tell(output) }

    func run() throws {
        let status = try tell(Output(json: global.json))
        if status != .done { throw Ended(status: status) }
    }

    private func tell(_ output: Output) throws(ClientError) -> ExitStatus {
        let log = try TrustedLog(global, trust)
        let status = try log.status()
        let clock = Timestamp.now
        let agenda = Agenda(
            try LogCopy(log).state, at: max(clock, status.clock.reads, log.shown.time))
        let isHaltedByFile = log.shown.isHalted && !agenda.due.contains { $0.matter == .halt }
        let lines = DueVerb.text(
            agenda, isHaltedByFile: isHaltedByFile,
            sealed: log.shown.isSealed ? try DaemonToken.unlocking(DaemonToken.list(log)) : nil,
            clock: status.clock, difference: status.clock.reads - clock)
        output.page(
            lines,
            .fields([
                "head": log.shown.json, "now": .string("\(agenda.now)"),
                "halted": .bool(log.shown.isHalted), "sealed": .bool(log.shown.isSealed),
                "clock": status.clock.json,
                "due": .array(agenda.due.map { $0.json(at: agenda.now) }),
                "coming": .array(agenda.coming.map { $0.json(at: agenda.now) }),
            ]))
        let isDue = !agenda.due.isEmpty || isHaltedByFile || status.clock.doubt != nil
        return isDue ? .notYet : .done
    }

    /// - Parameter sealed: what opens the log, where it is sealed.
    static func text(
        _ agenda: Agenda, isHaltedByFile: Bool, sealed: [String]?, clock: ClockReport,
        difference: Int
    ) -> [String] {
        var lines: [String] = []
        let unlock = sealed.map { $0.isEmpty ? "ceremonyctl unlock" : Phrase.list($0) }
        if isHaltedByFile {
            lines += [
                "HALTED: the daemon says so, and the signed log does not yet.",
                "  It is cleared by people once it stands in the log"
                    + (unlock.map { ": " + $0 } ?? "."),
            ]
        }
        if let unlock { lines.append("SEALED: nothing can be recorded until: \(unlock)") }
        lines += clock.text.map { String($0.dropFirst(2)) }
        if abs(difference) > Limits.clockSlack {
            lines.append(
                "The daemon's clock and this machine's differ by \(Phrase.span(difference)); the "
                    + "later one is used.")
        }
        lines += section("DUE", agenda.due, agenda.now)
        lines += section("COMING", agenda.coming, agenda.now)
        if agenda.due.isEmpty, !isHaltedByFile, clock.doubt == nil {
            lines.insert("Nothing is due.", at: 0)
        }
        return lines
    }

    private static func section(_ title: String, _ list: [Deadline], _ now: Timestamp) -> [String] {
        list.isEmpty ? [] : [title] + list.flatMap { $0.lines(at: now, indent: "  ") }
    }
}
