// `next`: what the person whose token is here has to do now, as the commands to type. That may be
// somebody whom no roster names yet: a ceremony that is to enroll them asks for their key.

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
        let open = try log.openCeremonies()
        let agenda = try log.wholeAgenda()
        let parts =
            log.shown.isSealed
            ? [] : Part.all(in: open, status, log) + (try Part.toConfirm(agenda, log))
        let locked = log.shown.isSealed ? DaemonToken.unlocking(try DaemonToken.list(log)) : []
        let people = try people(on: roster, asked: parts, leaving: status.leftKeys, log)
        let tasks = people.flatMap { person in
            let own = person.member.map {
                Task.toOpen(by: $0, locked, log, status) + Task.all(of: $0, log, status, open)
                    + Task.toStart(by: $0, log, status, roster, agenda)
            }
            return (own ?? []) + Task.toAnswer(by: person.name, open, now: status.now)
                + Task.toDo(by: person.name, parts, now: status.now)
                + Task.toTidy(by: person.name, status, isSealed: log.shown.isSealed)
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

    // MARK: People

    /// Somebody who may have something to do.
    private struct Person {
        let name: String
        /// What the roster says of them; `nil` of somebody whom it does not name.
        let member: Member?
    }

    /// The person named, or those whose tokens are here, or, without a token, everybody.
    private func people(
        on roster: Roster, asked parts: [Part], leaving: [LeftKeyReport], _ log: TrustedLog
    ) throws(ClientError) -> [Person] {
        func people(_ names: [String]) -> [Person] {
            names.reduce(into: []) { people, name in
                guard !people.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                    return
                }
                people.append(Person(name: name, member: roster.member(named: name)))
            }
        }
        let everybody =
            roster.members.map(\.name) + parts.map(\.line.name) + leaving.map(\.participant.name)
        if let name {
            guard everybody.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                throw ClientError(
                    .notPermitted, "not-on-roster", "\(name) is not on the roster.",
                    meaning: "Nothing is awaited of them.",
                    next: "On it are: \(roster.members.map(\.name).joined(separator: ", ")).")
            }
            return people([name])
        }
        let seen =
            (try? TokenShelf(ModuleList(options: tokens.modules)).tokens(named: tokens.token))
            ?? []
        let keys = seen.flatMap(\.keys).map(\.key.fingerprint)
        let here = roster.members.filter { $0.keys.contains { keys.contains($0.key.fingerprint) } }
        let coming =
            parts.filter { keys.contains($0.line.key) }.map(\.line.name)
            + leaving.filter { keys.contains($0.participant.fingerprint) }.map(\.participant.name)
        let found = people(here.map(\.name) + coming)
        if !found.isEmpty || keys.isEmpty { return found.isEmpty ? people(everybody) : found }
        // Whoever is a member of an authority may be on no roster: a device, somebody vouched for.
        let members = people(try LogCopy(log).state.members(holding: keys))
        guard members.isEmpty else { return members }
        throw ClientError(
            .notPermitted, "not-on-roster",
            "No key on the tokens here is on the roster, or asked to come onto it: "
                + keys.map(\.description).joined(separator: ", ") + ".",
            meaning: "Nothing is awaited of whoever they belong to.",
            next: "With --as NAME it is shown what is awaited of somebody else. On the roster are: "
                + "\(roster.members.map(\.name).joined(separator: ", ")).")
    }

    // MARK: Parts

    /// A key that is still asked to accept its part in a ceremony, or to confirm it.
    struct Part: Hashable, Sendable {
        /// What is asked: `accept` or `confirm`.
        let verb: String
        let line: CeremonyReport.Acceptances.Row
        /// The ceremony.
        let id: String
        let title: String
        let until: Timestamp?
        /// What it is for, in a word or two.
        var part: String?

        /// The peers whose confirmation is due.
        fileprivate static func toConfirm(_ agenda: Agenda, _ log: TrustedLog)
            throws(ClientError) -> [Part]
        {
            guard !log.shown.isHalted else { return [] }
            var parts: [Part] = []
            for case let id? in agenda.due.filter({ $0.matter == .confirmation }).map(\.ceremony) {
                let report = try log.report(on: id)
                parts += report.peers.filter { $0.answer == .open }.map {
                    Part(
                        verb: "confirm", line: $0, id: report.id, title: report.title, until: nil)
                }
            }
            return parts
        }

        /// Everything that is asked, where the log as it stands would take it.
        fileprivate static func all(
            in open: [CeremonyReport], _ status: StatusReport, _ log: TrustedLog
        ) -> [Part] {
            open.filter {
                Standing.ofAnybody($0, now: status.now, isHalted: log.shown.isHalted)
                    .awaits(.accept)
            }.flatMap { report in
                report.acceptances.filter { !$0.isComplete }.flatMap { set in
                    set.rows.filter { $0.answer == .open }.map {
                        Part(
                            verb: "accept", line: $0, id: report.id, title: report.title,
                            until: report.expires,
                            part: ClientKinds.part(of: report.kind)?.part(of: set.set))
                    }
                }
            }
        }
    }

    // MARK: Tasks

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
        static func toStart(
            by person: Member, _ log: TrustedLog, _ status: StatusReport, _ roster: Roster,
            _ agenda: Agenda
        ) -> [Task] {
            guard person.mayStart, !log.shown.isSealed else { return [] }
            return agenda.due.filter { $0.wantsStart(whileHalted: log.shown.isHalted) }.map {
                let isOwn = $0.matter != .halt || mayClear(person, status, roster)
                return Task(
                    person: person.name, what: "due since \($0.since ?? $0.date): \($0.text)",
                    command: isOwn ? $0.command.first ?? "due" : "status", until: nil,
                    now: agenda.now)
            }
        }

        /// The keys that ended ceremonies left in their tokens.
        static func toTidy(by name: String, _ status: StatusReport, isSealed: Bool) -> [Task] {
            guard !isSealed else { return [] }
            return status.leftKeys.filter { $0.participant.name.utf8.elementsEqual(name.utf8) }.map
            {
                Task(
                    person: name, what: "take the key away that you made for \($0.ceremony)",
                    command: "tidy \($0.ceremony)", until: nil, now: status.now)
            }
        }

        /// The signatures that carrying something out waits for.
        static func toAnswer(by name: String, _ open: [CeremonyReport], now: Timestamp) -> [Task] {
            open.filter { $0.asked.contains { $0.utf8.elementsEqual(name.utf8) } }.map {
                Task(
                    person: name, what: "sign for \($0.title), which waits for you",
                    command: "answer \($0.id)", until: nil, now: now)
            }
        }

        /// Whether enough keepers would be left to approve the end of the halts if they start it.
        private static func mayClear(
            _ person: Member, _ status: StatusReport, _ roster: Roster
        ) -> Bool {
            let raisers = Set(status.halts.compactMap(\.by))
            let able = HaltClear.starters(clearing: raisers, in: roster)
            // Where nobody can clear all of them together, one after the other goes.
            return able.isEmpty || able.contains { $0.utf8.elementsEqual(person.name.utf8) }
        }

        /// What the log waits for before anything else: its token, and a clock to go by.
        static func toOpen(
            by person: Member, _ locked: [String], _ log: TrustedLog, _ status: StatusReport
        ) -> [Task] {
            guard person.roles.contains(.operator) else { return [] }
            func task(_ what: String, _ command: String) -> Task {
                Task(
                    person: person.name, what: what, command: command, until: nil, now: status.now)
            }
            if log.shown.isSealed {
                let commands = locked.isEmpty ? ["ceremonyctl unlock"] : locked
                return commands.map {
                    task("unlock the log token", String($0.dropFirst("ceremonyctl ".count)))
                }
            }
            guard let doubt = status.clock.doubt else { return [] }
            return [
                task(
                    "the clock is not acted on: \(Display.neutralised(doubt))",
                    status.clock.wantsDate ? "unlock --clock YYYY-MM-DD" : "status")
            ]
        }

        /// The parts that wait for somebody's yes, each with the key that has to give it.
        static func toDo(by name: String, _ parts: [Part], now: Timestamp) -> [Task] {
            let all = parts.filter { $0.line.name.utf8.elementsEqual(name.utf8) }
            func isSame(_ one: Part, _ other: Part) -> Bool {
                one.verb == other.verb && one.id.utf8.elementsEqual(other.id.utf8)
                    && one.line.key == other.line.key
            }
            // One command does one part after the other that is asked of the same key.
            let own = all.enumerated().filter { place, part in
                !all[..<place].contains { isSame($0, part) }
            }.map(\.element)
            return own.map { part in
                let isOne = own.count { $0.id.utf8.elementsEqual(part.id.utf8) } == 1
                let titles = all.filter { isSame($0, part) }.compactMap(\.part)
                let shown =
                    titles.prefix(3) + (titles.count > 3 ? ["\(titles.count - 3) more"] : [])
                let times =
                    titles.count > 1 ? ", \(titles.count) times, one part after the other" : ""
                let accepting =
                    titles.isEmpty
                    ? "accept a part in" : "accept your part (\(Phrase.list(Array(shown)))) in"
                let what = part.verb == "accept" ? accepting : "confirm that you follow"
                return Task(
                    person: name,
                    what: "\(what) \(part.title), with the key \(part.line.key)\(times)",
                    command: "\(part.verb) \(part.id)" + (isOne ? "" : " --key \(part.line.key)"),
                    until: part.until, now: now)
            }
        }

        /// Everything that one person of the roster has to do.
        static func all(
            of person: Member, _ log: TrustedLog, _ status: StatusReport, _ open: [CeremonyReport]
        ) -> [Task] {
            func task(_ what: String, _ command: String, _ until: Timestamp?) -> Task {
                Task(
                    person: person.name, what: what, command: command, until: until,
                    now: status.now)
            }
            if log.shown.isSealed { return [] }
            let isOperator = person.roles.contains(.operator)
            var tasks: [Task] = []
            if isOperator, !log.shown.isHalted {
                tasks += status.debris.filter(\.awaitsOrder).map {
                    task("destroy what \($0.ceremony) left on token \($0.serial)", $0.command, nil)
                }
            }
            for report in open {
                let standing = Standing(
                    report: report, person: person, now: status.now, isHalted: log.shown.isHalted)
                let title = report.title
                if report.state == .pending, standing.awaits(.witness) {
                    tasks.append(task("approve \(title)", "witness \(report.id)", report.expires))
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

extension State {
    /// The members of epochs in force one of whose keys is among those: in the authority, or by
    /// which they came.
    fileprivate func members(holding keys: [Fingerprint]) -> [String] {
        allAuthorities.flatMap(\.current.members).filter {
            keys.contains($0.identity) || keys.contains($0.key.fingerprint)
        }.map(\.name)
    }
}
