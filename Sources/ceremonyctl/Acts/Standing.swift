// Whether an act makes sense now, found out before anybody confirms anything or types a PIN. The
// daemon checks it all again; the codes are its own, so that a script sees one word for one cause.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What a person wants to do to a ceremony.
enum Wish: String, Sendable {
    case witness, accept, decline, execute, attest, cancel, recover, confirm, tidy

    /// Whether it goes on while the log is halted, whatever the ceremony.
    var goesOnWhileHalted: Bool { self == .decline || self == .cancel }
}

extension CeremonyReport {
    /// Whether it may go on while the log is halted. What the daemon does not say it is left to
    /// decide.
    var mayGoOnWhileHalted: Bool { goesOnDespite?.contains(Hindrance.halted.rawValue) ?? true }
}

/// How a ceremony stands for one person.
struct Standing {
    let report: CeremonyReport
    let person: Member
    /// The daemon's clock.
    let now: Timestamp
    /// Whether the log is halted.
    var isHalted = false

    /// Whether the ceremony waits for this person to do it.
    func awaits(_ wish: Wish) -> Bool {
        do {
            try check(wish)
            return true
        } catch {
            return false
        }
    }

    /// Refuses what would be refused anyway.
    ///
    /// - Throws: the daemon's own codes, with their exit status.
    func check(_ wish: Wish) throws(ClientError) {
        if isHalted, !wish.goesOnWhileHalted, !report.mayGoOnWhileHalted {
            throw .halted(report.id)
        }
        switch wish {
        case .witness:
            try checkPending()
            try checkAnswer(report.approvals)
        case .accept:
            try checkPending()
        case .decline where report.state == .completed:
            try checkRecord()
            guard report.keyStatus == .registered else {
                throw refusal(
                    .endedOtherwise, "ended", "The key of \(report.id) is active already",
                    next: "Whoever doubts the key raises a halt or writes a note.")
            }
            try checkAnswer(report.attestations)
        case .decline:
            try checkPending()
            try checkAnswer(report.approvals)
        case .attest:
            try checkRecord()
            try checkAnswer(report.attestations)
        case .execute:
            try checkApproved()
            _ = try role(for: wish)
        case .cancel:
            try checkPending()
            _ = try role(for: wish)
        case .recover:
            _ = try role(for: wish)
            try checkDebris()
        case .confirm: try checkUnconfirmed()
        // What is left is found in the signed log.
        case .tidy: break
        }
    }

    /// Refuses a ceremony that takes no acceptance now, whoever is asked: they may be on no roster.
    ///
    /// - Throws: as ``check(_:)``.
    static func checkAccepting(
        _ report: CeremonyReport, _ choice: Choice, _ acting: ActingOptions
    ) throws(ClientError) {
        try ofAnybody(
            report, now: choice.status.now,
            isHalted: choice.log.shown.isHalted && !acting.isDraft
        ).check(.accept)
    }

    /// How it stands for somebody of whom nothing matters but that they are asked.
    static func ofAnybody(_ report: CeremonyReport, now: Timestamp, isHalted: Bool) -> Standing {
        let anybody = Member(name: "none", display: "", kind: .external, roles: [], keys: [])
        return Standing(report: report, person: anybody, now: now, isHalted: isHalted)
    }

    /// The role in which this person may do it.
    ///
    /// - Throws: `wrong-role` (77).
    func role(for wish: Wish) throws(ClientError) -> ActRole {
        if wish == .decline { return .witness }
        if person.roles.contains(.operator) { return .operator }
        guard wish != .recover else {
            throw refusal(
                .notPermitted, "wrong-role",
                "\(person.name) may not recover what \(report.id) left",
                next: "An operator may.", requirement: "FR70")
        }
        if report.initiator.utf8.elementsEqual(person.name.utf8) { return .initiator }
        let answer = report.approvals.row(of: person.name)?.answer
        if let answer, answer != .excluded { return .witness }
        throw refusal(
            .notPermitted, "wrong-role",
            "\(person.name) may not \(wish.rawValue) \(report.id)",
            next: "An operator, the initiator \(report.initiator), or a listed witness may.",
            requirement: "FR70")
    }

    // MARK: States

    private func checkPending() throws(ClientError) {
        guard report.state == .pending || report.state == .approved else { throw left }
        try checkTime()
    }

    private func checkApproved() throws(ClientError) {
        if report.state == .pending {
            try checkTime()
            let missing = report.acceptances.filter { !$0.isComplete }.map {
                "\($0.have) of \($0.need) to \(ClientKinds.part(of: report.kind)?.part(of: $0.set) ?? "accept")"
            }
            throw refusal(
                .notYet, "not-yet",
                "\(report.id) has "
                    + Phrase.list(
                        (report.approvals.isComplete && !missing.isEmpty
                            ? []
                            : ["\(report.approvals.have) of \(report.approvals.need) approvals"])
                            + missing),
                next: "It waits for \(report.next ?? "nothing").", requirement: "CT-12")
        }
        guard report.state == .approved else { throw left }
        try checkTime()
    }

    private func checkRecord() throws(ClientError) {
        switch report.state {
        case .pending, .approved, .executing:
            throw refusal(
                .notYet, "not-yet",
                "\(report.id) is \(report.state.rawValue); there is no key to attest yet",
                next: "What it waits for is shown by: ceremonyctl show \(report.id).",
                requirement: "FP-4")
        case .failed, .expired: throw left
        case .completed: break
        }
        guard let key = report.key else {
            throw refusal(
                .endedOtherwise, "ended", "\(report.id) made no key, so there is nothing to attest",
                next: "What came of it is shown by: ceremonyctl show \(report.id).")
        }
        let isLate = report.attestBy.map { now >= $0 } ?? true
        guard report.keyStatus == .registered || report.keyStatus == .active, !isLate else {
            let next =
                switch report.keyStatus {
                case .active: "It is valid, and needs no more attestations."
                case .registered, .lapsed, nil:
                    "A key that was not attested in time is never valid. Start a new ceremony."
                case .retiring, .retired, .revoked:
                    "What became of it is shown by: ceremonyctl key \(key)."
                }
            let due = report.attestBy.map { "\($0)" } ?? "an unknown time"
            throw refusal(
                .endedOtherwise, "ended",
                "The key of \(report.id) is \(report.keyStatus?.rawValue ?? "unknown")"
                    + (isLate ? "; attestations were due by \(due)" : ""), next: next)
        }
    }

    private func checkUnconfirmed() throws(ClientError) {
        switch report.state {
        case .pending, .approved, .executing:
            throw refusal(
                .notYet, "not-yet",
                "\(report.id) is \(report.state.rawValue); there is nothing to confirm yet",
                next: "What it waits for is shown by: ceremonyctl show \(report.id).",
                requirement: "FP-4")
        case .failed, .expired: throw left
        case .completed: break
        }
        guard report.peers.contains(where: { $0.answer == .open }) else {
            throw refusal(
                .refused, report.peers.isEmpty ? "not-listed" : "already-answered",
                report.peers.isEmpty
                    ? "\(report.id) has no peers" : "\(report.id) waits for no peer any more",
                next: "There is nothing more to do for it.", requirement: "CT-12")
        }
    }

    private func checkDebris() throws(ClientError) {
        if report.state == .executing {
            throw refusal(
                .notYet, "not-yet", "\(report.id) is being carried out",
                next: "Its end is shown by: ceremonyctl watch \(report.id).", requirement: "FP-4")
        }
        guard report.state == .failed, report.intent != nil else {
            throw refusal(
                .refused, "nothing-to-recover",
                "\(report.id) is \(report.state.rawValue), and has left nothing on a token",
                next: "What failed ceremonies left is listed by: ceremonyctl status.",
                requirement: "FP-4")
        }
        if let debris = report.debris, !debris.isOpen {
            throw refusal(
                .endedOtherwise, "ended", "It is recovered: \(debris.line)",
                next: "There is nothing more to do for it.")
        }
    }

    private func checkTime() throws(ClientError) {
        guard now < report.expires else {
            throw refusal(
                .endedOtherwise, "expired", "\(report.id) expired at \(report.expires)",
                next: "Nothing was made. Start it again.", requirement: "VAL-2")
        }
    }

    private var left: ClientError {
        if report.state == .expired, report.end?.reason == "timeout" {
            return refusal(
                .endedOtherwise, "expired", "\(report.id) expired at \(report.expires)",
                next: "Nothing was made. Start it again.", requirement: "VAL-2")
        }
        if report.state == .executing {
            return refusal(
                .endedOtherwise, "ended",
                "\(report.id) is being carried out"
                    + (report.executing.map { " since \($0)" } ?? ""),
                next: "Its end is shown by: ceremonyctl watch \(report.id).", requirement: "FP-4")
        }
        let reason = report.end?.reason.map { " (\($0))" } ?? ""
        return refusal(
            .endedOtherwise, "ended", "\(report.id) is \(report.state.rawValue)\(reason)",
            next: "What it left is shown by: ceremonyctl show \(report.id).", requirement: "FP-4")
    }

    // MARK: People

    private func checkAnswer(_ responses: CeremonyReport.Responses) throws(ClientError) {
        let others = "Others may: \(responses.open.joined(separator: ", "))."
        let isInitiator = report.initiator.utf8.elementsEqual(person.name.utf8)
        guard let row = responses.row(of: person.name) else {
            if isInitiator { throw initiatorExcluded(others) }
            throw refusal(
                .notPermitted, "not-listed",
                "The statement of \(report.id) does not list \(person.name)", next: others,
                requirement: "CT-12")
        }
        switch row.answer {
        case .open: return
        case .excluded where isInitiator: throw initiatorExcluded(others)
        case .excluded where !isHolder:
            throw refusal(
                .notPermitted, "not-listed",
                "\(report.id) is about something that \(person.name) did, so their answer does not "
                    + "count for it", next: others, requirement: "CT-12")
        case .excluded:
            throw refusal(
                .notPermitted, "holder-excluded",
                "\(report.subject) belongs to \(person.name), so their answer does not count",
                next: others, requirement: "CT-12")
        case .gone:
            throw refusal(
                .notPermitted, "not-listed",
                "\(person.name) cannot answer \(report.id): \(row.reason ?? "not listed any more")",
                next: others, requirement: "CT-12")
        case .yes, .no:
            let what = row.answer == .yes ? "said yes" : "declined"
            throw refusal(
                .refused, "already-answered",
                "\(person.name) has \(what) already, at \(row.at.map { "\($0)" } ?? "?")",
                next: "A person's first answer stands; one person counts once, whatever keys they "
                    + "hold.", requirement: "CT-12")
        }
    }

    private var isHolder: Bool {
        report.statement?.holder.map { $0.utf8.elementsEqual(person.name.utf8) } ?? false
    }

    private func initiatorExcluded(_ others: String) -> ClientError {
        refusal(
            .notPermitted, "initiator-excluded",
            "\(person.name) started \(report.id), so their answer does not count for it",
            next: others, requirement: "CT-12")
    }

    private func refusal(
        _ status: ExitStatus, _ code: String, _ what: String, next: String,
        requirement: String? = nil
    ) -> ClientError {
        ClientError(
            status, code, "\(what).", meaning: "Nothing was signed and no PIN was asked for.",
            next: next, requirement: requirement)
    }
}

extension TrustedLog {
    /// Refuses what a sealed log cannot take, before anybody is asked for anything. A draft is only
    /// written, and handed in later.
    ///
    /// - Throws: `sealed` (75).
    func requireUnsealed(_ acting: ActingOptions) throws(ClientError) {
        guard shown.isSealed, !acting.isDraft else { return }
        let commands = DaemonToken.unlocking(try DaemonToken.list(self))
        throw ClientError(
            .notYet, "sealed", "The log token is locked, so nothing can be recorded.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "The operator unlocks it: "
                + (commands.isEmpty ? "ceremonyctl unlock" : Phrase.list(commands)) + ".")
    }
}

extension ClientError {
    /// The log is halted, and what is wanted does not go on then.
    static func halted(_ what: String) -> ClientError {
        ClientError(
            .halted, "halted",
            "The log is halted, and \(what) does not go on before it is cleared.",
            meaning: "Nothing was signed and no PIN was asked for. What is recorded stays valid.",
            next:
                "`ceremonyctl status` says who halted it and why. Keepers clear it: ceremonyctl start "
                + "halt-clear --reason TEXT.", requirement: "CT-11")
    }
}
