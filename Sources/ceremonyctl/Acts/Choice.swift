// Which ceremony is meant: the one named, by its whole identifier or the beginning of one, or the
// only one that waits for this person.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// Finding the ceremony that a verb is about.
struct Choice {
    let log: TrustedLog
    let status: StatusReport

    init(_ log: TrustedLog) throws(ClientError) {
        self.log = log
        status = try log.status()
    }

    /// Refuses what the log as it stands takes from nobody, before a token is looked at.
    ///
    /// - Throws: `halted` (80), `sealed` (75); nothing for a draft, which is handed in later.
    func requireOpen(for wish: Wish, _ acting: ActingOptions) throws(ClientError) {
        if log.shown.isHalted, !acting.isDraft, !wish.goesOnWhileHalted,
            !(try log.openCeremonies()).contains(where: \.mayGoOnWhileHalted)
        {
            throw .halted("what was ordered")
        }
        try log.requireUnsealed(acting)
    }

    /// The ceremony for a wish, checked.
    ///
    /// Where none is named: the one that waits for the person; where none does, the only one that
    /// is alive or the newest there was, so that the refusal says what is the matter with it.
    /// - Throws: `unknown-ceremony` (66), `ambiguous-ceremony` (64), and what ``Standing`` throws.
    func ceremony(_ id: String?, for wish: Wish, by person: Member, _ acting: ActingOptions)
        throws(ClientError) -> CeremonyReport
    {
        let isHalted = log.shown.isHalted && !acting.isDraft
        let report = try find(id, for: wish, by: person, isHalted)
        try Standing(report: report, person: person, now: status.now, isHalted: isHalted)
            .check(wish)
        if !acting.isDraft { try requireClock(for: wish, on: report) }
        return report
    }

    /// Refuses what the daemon would refuse for its clock, before anybody is asked for anything.
    ///
    /// Whoever says no is heard. Which ceremonies go on all the same the log itself says.
    /// - Throws: `clock-behind`, `clock-stepped`, `clock-gap` (75).
    private func requireClock(for wish: Wish, on report: CeremonyReport) throws(ClientError) {
        guard status.clock.doubt != nil, wish != .decline, wish != .cancel else { return }
        if wish == .witness {
            let ceremony = try LogCopy(log).state.ceremony(named: report.id)
            if ceremony?.goesOnDespite.contains(.clock) == true { return }
        }
        try requireClock()
    }

    /// The same for what never goes on by such a clock.
    ///
    /// - Throws: `clock-behind`, `clock-stepped`, `clock-gap` (75).
    func requireClock() throws(ClientError) {
        guard let doubt = status.clock.doubt else { return }
        throw ClientError(
            .notYet, "clock-\(status.clock.standing)", doubt,
            meaning: "Nothing was signed and no PIN was asked for.",
            next: status.clock.next ?? "Set the clock of the daemon's machine right.")
    }

    /// A ceremony by its identifier or a unique beginning of it.
    ///
    /// - Throws: `unknown-ceremony` (66), `ambiguous-ceremony` (64).
    func named(_ id: String) throws(ClientError) -> CeremonyReport {
        guard !id.isEmpty else {
            throw .usage(
                "The name of a ceremony is empty.", next: "Name it, or leave the argument out.")
        }
        do {
            return try log.report(on: id)
        } catch {
            guard error.code == "unknown-ceremony" else { throw error }
            var found: [CeremonyReport] = []
            try log.eachCeremony { report in
                if report.id.utf8.starts(with: id.utf8) { found.append(report) }
                return found.count < 10
            }
            guard let first = found.first else { throw error }
            guard found.count == 1 else { throw Choice.ambiguous(found) }
            return first
        }
    }

    /// The newest ceremony; `nil` in a log that has had none.
    func newest() throws(ClientError) -> CeremonyReport? {
        var newest: CeremonyReport?
        try log.eachCeremony { report in
            newest = report
            return false
        }
        return newest
    }

    private func find(_ id: String?, for wish: Wish, by person: Member, _ isHalted: Bool)
        throws(ClientError) -> CeremonyReport
    {
        if let id { return try named(id) }
        let open = try log.openCeremonies()
        let live = open.filter { !$0.state.isEnd }
        let candidates =
            switch wish {
            case .attest: open.filter(\.state.isEnd)
            case .decline: open
            case .witness, .accept, .execute, .cancel, .confirm, .tidy: live
            case .recover:
                try status.debris.map { debris throws(ClientError) in
                    try log.report(on: debris.ceremony)
                }
            }
        let waiting = candidates.filter {
            Standing(report: $0, person: person, now: status.now, isHalted: isHalted).awaits(wish)
        }
        if waiting.count == 1 { return waiting[0] }
        if waiting.count > 1 { throw Choice.ambiguous(waiting) }
        if candidates.count == 1 { return candidates[0] }
        if candidates.count > 1 { throw Choice.ambiguous(candidates) }
        if let only = live.first, live.count == 1 { return only }
        guard let newest = try newest() else {
            throw ClientError(
                .notFound, "unknown-ceremony", "There has been no ceremony in this log.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "An operator starts one with `ceremonyctl start`.")
        }
        return newest
    }

    /// The first of them, each with what it is, and how many more there are.
    static func names(_ reports: [CeremonyReport]) -> String {
        let more = reports.count > 10 ? " and \(reports.count - 10) more" : ""
        return reports.prefix(10).map(\.title).joined(separator: ", ") + more
    }

    static func ambiguous(_ reports: [CeremonyReport]) -> ClientError {
        ClientError(
            .usage, "ambiguous-ceremony",
            "Several ceremonies could be meant: \(names(reports)).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Name the one that is meant.")
    }
}
