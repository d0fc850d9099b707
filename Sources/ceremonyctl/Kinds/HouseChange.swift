// The two kinds that change the house itself, its people and its rules: their `change:` line is
// made from options, read back against the roster of the verified log, and told in plain words.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A kind whose statement has a `change:` line and the epoch that it leads to.
protocol HouseChange: ClientKind {
    init(_ difference: RosterDifference)
    /// The step that it orders.
    var difference: RosterDifference { get }
}

extension HouseChange {
    /// The change can be read, and is the next epoch's.
    static func difference(in statement: Statement, under roster: Roster) -> String? {
        guard RosterDifference(statement, from: roster) != nil else { return "change" }
        return statement.fields["epoch"] == String(roster.epoch + 1) ? nil : "epoch"
    }

    init(_ statement: Statement, _ log: TrustedLog, _ roster: Roster) throws(ClientError) {
        guard let difference = RosterDifference(statement, from: roster) else {
            throw ClientError(
                .refused, "statement-differs", "The change that is ordered cannot be read.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Tell the operator and the other custodians.", requirement: "VAL-2")
        }
        self.init(difference)
    }

    /// What changes, and who is left then.
    func tell(_ status: StatusReport) {
        Talk.paragraph("What changes with epoch \(difference.new.epoch):")
        for line in difference.lines { Talk.paragraph("  " + Display.neutralised(line)) }
        Talk.paragraph("Who is left then:")
        for kind in outlook { Talk.paragraph("  " + kind.text) }
    }

    /// What changes.
    var gist: [String] { difference.lines }

    /// Of the people as they will be, under the rules as they will be.
    var outlook: [Outlook] { difference.new.outlook() }
}

/// Other people, keys, roles or holders.
struct RosterSetting: HouseChange {
    static let kind: any CeremonyKind.Type = SetRoster.self
    let difference: RosterDifference

    init(_ difference: RosterDifference) { self.difference = difference }

    /// From the options about people, unless the whole change was given.
    static func parameters(
        _ chosen: [String: String], _ options: KindOptions, under roster: Roster
    ) throws(ClientError) -> [String: String] {
        guard chosen["change"] == nil else { return chosen }
        let change = try RosterEdit(options: options.people).people(from: roster)
        return chosen.merging(["change": change.text]) { $1 }
    }
}

/// Other rules.
struct PolicySetting: HouseChange {
    static let kind: any CeremonyKind.Type = SetPolicy.self
    let difference: RosterDifference

    init(_ difference: RosterDifference) { self.difference = difference }

    /// From `--policy` and `--set`, unless the whole change was given.
    static func parameters(
        _ chosen: [String: String], _ options: KindOptions, under roster: Roster
    ) throws(ClientError) -> [String: String] {
        guard chosen["change"] == nil else { return chosen }
        let change = try RosterEdit(options: options.people).rules(
            from: roster.policy, setting: chosen)
        return ["change": change.text]
    }
}
