// `next`: what the person whose token is here has to do now, as the commands to type.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `next`.
struct NextVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "next", abstract: "Say what you have to do now.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var tokens: TokenOptions

    @Option(name: .customLong("as"), help: ArgumentHelp("Who you are.", valueName: "name"))
    var name: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let status = try log.status()
        let roster = try log.roster()
        let people = try people(on: roster)
        let open = try log.openCeremonies()
        let agenda = try log.agenda()
        let tasks = people.flatMap {
            Task.all(of: $0, log, status, open) + Task.toStart(by: $0, log, agenda)
        }
        var lines = tasks.flatMap(\.text)
        if lines.isEmpty {
            let who = people.count == 1 ? people[0].name : "anybody"
            lines.append("Nothing is awaited of \(who) now.")
        }
        output.page(
            lines,
            .fields([
                "people": .strings(people.map(\.name)), "tasks": .array(tasks.map(\.json)),
                "head": log.shown.json,
            ]))
    }

    /// The person named, or those whose tokens are here, or, without a token, everybody.
    private func people(on roster: Roster) throws(ClientError) -> [Member] {
        if let name {
            guard let member = roster.member(named: name) else {
                throw ClientError(
                    .notPermitted, "not-on-roster", "\(name) is not on the roster.",
                    meaning: "Nothing is awaited of them.",
                    next: "On it are: \(roster.members.map(\.name).joined(separator: ", ")).")
            }
            return [member]
        }
        let seen =
            (try? TokenShelf(ModuleList(options: tokens.modules)).tokens(named: tokens.token))
            ?? []
        let keys = seen.flatMap(\.keys).map(\.key.fingerprint)
        let here = roster.members.filter { $0.keys.contains { keys.contains($0.key.fingerprint) } }
        return here.isEmpty ? roster.members : here
    }

    /// One thing that somebody has to do.
    struct Task: Hashable, Sendable {
        let person: String
        let what: String
        let command: String
        let until: Timestamp?
        let now: Timestamp

        var text: [String] {
            [
                "\(person): \(what)" + (until.map { ", " + Phrase.until($0, now) } ?? ""),
                "  ceremonyctl \(command)",
            ]
        }

        var json: JSON {
            .fields([
                "person": .string(person), "what": .string(what), "command": .string(command),
                "until": .text(until.map { "\($0)" }),
            ])
        }

        /// The ceremonies that are due, for those who may start one.
        static func toStart(by person: Member, _ log: TrustedLog, _ agenda: Agenda) -> [Task] {
            guard person.mayStart, !log.shown.isSealed else { return [] }
            return agenda.due.filter { $0.wantsStart(whileHalted: log.shown.isHalted) }.map {
                Task(
                    person: person.name, what: "due since \($0.since ?? $0.date): \($0.text)",
                    command: $0.command.first ?? "due", until: nil, now: agenda.now)
            }
        }

        /// Everything that one person has to do.
        static func all(
            of person: Member, _ log: TrustedLog, _ status: StatusReport, _ open: [CeremonyReport]
        ) -> [Task] {
            func task(_ what: String, _ command: String, _ until: Timestamp?) -> Task {
                Task(
                    person: person.name, what: what, command: command, until: until,
                    now: status.now)
            }
            let isOperator = person.roles.contains(.operator)
            if log.shown.isSealed {
                return isOperator ? [task("unlock the log token", "unlock", nil)] : []
            }
            var tasks: [Task] = []
            let isBeingCleared = open.contains {
                $0.kind.utf8.elementsEqual(HaltClear.name.utf8)
            }
            if person.kind == .keeper, !status.halts.isEmpty, !isBeingCleared {
                tasks.append(
                    task(
                        "clear what halts the log, when it is settled",
                        "start \(HaltClear.name) --reason TEXT", nil))
            }
            if isOperator, !log.shown.isHalted {
                tasks += status.debris.filter(\.awaitsOrder).map {
                    task("destroy what \($0.ceremony) left on token \($0.serial)", $0.command, nil)
                }
            }
            for report in open {
                let standing = Standing(
                    report: report, person: person, now: status.now, isHalted: log.shown.isHalted)
                let title = "\(report.id) (\(report.kind) of \(report.subject))"
                if report.state == .pending, standing.awaits(.witness) {
                    tasks.append(task("approve \(title)", "witness \(report.id)", report.expires))
                }
                if report.state == .pending,
                    report.acceptances.contains(where: {
                        $0.open.contains { $0.utf8.elementsEqual(person.name.utf8) }
                    })
                {
                    tasks.append(
                        task(
                            "accept a part in \(title)", "accept \(report.id)", report.expires))
                }
                if isOperator, standing.awaits(.execute) {
                    tasks.append(task("execute \(title)", "execute \(report.id)", report.expires))
                }
                if report.keyStatus == .registered, standing.awaits(.attest) {
                    tasks.append(
                        task("attest the key of \(title)", "attest \(report.id)", report.attestBy))
                }
            }
            return tasks
        }
    }
}
