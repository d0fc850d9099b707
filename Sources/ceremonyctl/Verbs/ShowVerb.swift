// `show` and `list`: ceremonies as they stand, and the documents themselves, byte for byte.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `show [ID]`.
struct ShowVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a ceremony: each person's answer, time left, the words of its digest.")

    /// What can be printed raw.
    enum Part: String, ExpressibleByArgument, CaseIterable {
        case statement, record
    }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The ceremony; left out, the only one under way, else the newest.")
    var id: String?

    @Option(
        help: ArgumentHelp(
            "Print the exact bytes that people sign, for ssh-keygen -Y sign.",
            valueName: "statement|record"))
    var document: Part?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let choice = try Choice(log)
        let report: CeremonyReport
        if let id {
            report = try choice.named(id)
        } else {
            let open = try log.openCeremonies()
            guard let found = open.count == 1 ? open.first : try choice.newest() else {
                throw ClientError(
                    .notFound, "unknown-ceremony", "There has been no ceremony in this log.",
                    meaning: "There is nothing to show.",
                    next: "An operator starts one with `ceremonyctl start`.")
            }
            report = found
        }
        guard let document else {
            let history = try CeremonyHistory(of: report, in: log)
            let change = try change(by: report, log)
            let standing = try standing(of: report, at: choice.status.now, log)
            return output.page(
                report.text(at: choice.status.now) + change + history.text + standing,
                history.json(beside: report))
        }
        let roster = try log.roster()
        let statement = try log.statement(of: report, roster)
        let chosen: any Document
        switch document {
        case .statement: chosen = statement
        case .record:
            guard report.record != nil else {
                throw ClientError(
                    .notYet, "not-yet",
                    "\(report.id) has no key record: it is "
                        + "\(report.state.rawValue).", meaning: "There is nothing to sign.",
                    next: "`ceremonyctl show \(report.id)` says how it stands.")
            }
            chosen = try log.record(of: report, statement)
        }
        if output.json {
            output.result(
                [],
                .fields([
                    "document": .strings(chosen.lines), "digest": .string("\(chosen.digest)"),
                ]))
        } else {
            output.bytes(chosen.bytes)
        }
    }
}

extension ShowVerb {
    /// How an authority stands by the signed log: its epochs, and what a ceremony that came to
    /// nothing left and did not touch.
    private func standing(of report: CeremonyReport, at now: Timestamp, _ log: TrustedLog)
        throws(ClientError) -> [String]
    {
        guard let kind = try? Kinds.named(report.kind), kind.isAboutAuthority,
            let picture = try FollowedLog(log).picture(of: report.id, at: now, log)
        else { return [] }
        return ["  by the signed log:"]
            + (picture.subjectStanding.map { "  " + $0 } + picture.standing).map { "  " + $0 }
    }

    /// What a change of the people or of the rules comes to, in the words in which it was started,
    /// against the people and rules of then.
    private func change(by report: CeremonyReport, _ log: TrustedLog) throws(ClientError)
        -> [String]
    {
        guard ClientKinds.part(of: report.kind) is any HouseChange.Type else { return [] }
        let statement = try log.statement(of: report, log.roster())
        guard let difference = RosterDifference(statement, from: try log.roster(at: report.seq))
        else { return [] }
        return ["  what changes with epoch \(difference.new.epoch):"]
            + difference.lines.map { "    " + $0 }
    }
}

/// `list`.
struct ListVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the ceremonies of the log, newest first.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Option(help: "Only those of this subject.")
    var subject: String?

    @Option(help: "Only those in this state, such as PENDING, or open.")
    var state: String?

    @Option(help: "At most so many.")
    var limit = 20

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let choice = try Choice(log)
        let wanted = try state.map { text throws(ClientError) in
            if text.utf8.elementsEqual("open".utf8) { return text }
            let upper = String(
                decoding: text.utf8.map { (0x61...0x7a).contains($0) ? $0 & 0xdf : $0 },
                as: UTF8.self)
            guard let state = CeremonyState(rawValue: upper) else {
                throw .usage(
                    "\(text) is no state.",
                    next:
                        "States: \(CeremonyState.allCases.map(\.rawValue).joined(separator: ", ")), "
                        + "and open."
                )
            }
            return state.rawValue
        }
        var found: [CeremonyReport] = []
        if limit > 0 {
            try log.eachCeremony(subject: subject, state: wanted) { report in
                found.append(report)
                return found.count < limit
            }
        }
        output.page(
            Phrase.table(found.map { $0.line(at: choice.status.now) }),
            .fields(["ceremonies": .array(found.map(\.json))]))
    }
}
