// What a change of the people or of the rules comes to, in plain words: who comes, who goes, which
// key, which threshold. Made here from the roster of the verified log and from the statement's own
// `change:` line, so that nobody has to compare JSON by eye.

import CeremonyRecord
import CeremonyRules

/// The step from one roster to the next.
struct RosterDifference {
    let old: Roster
    let new: Roster
    let holders: [Holder]

    /// The step that a statement orders; `nil` where its change cannot be read.
    init?(_ statement: Statement, from roster: Roster) {
        guard let text = statement.fields["change"], let change = try? RosterChange(text) else {
            return nil
        }
        self.init(change, from: roster)
    }

    /// The step that a change makes.
    init?(_ change: RosterChange, from roster: Roster) {
        var policy = roster.policy
        if let json = change.policy {
            guard let read = try? Policy(json) else { return nil }
            policy = read
        }
        old = roster
        holders = change.holders ?? []
        new = Roster(
            epoch: roster.epoch + 1, members: change.members ?? roster.members, policy: policy)
    }

    /// One line for each thing that becomes other than it is.
    var lines: [String] {
        var lines: [String] = []
        for member in new.members where old.member(named: member.name) == nil {
            lines.append(
                "COMES   \(member.name), \(member.display): \(member.kind.rawValue), "
                    + RosterDifference.roles(member))
            lines += member.keys.map { "  with key \(RosterDifference.text($0))" }
        }
        for member in old.members where new.member(named: member.name) == nil {
            lines.append("GOES    \(member.name), \(member.display): \(member.kind.rawValue)")
        }
        for member in new.members {
            guard let before = old.member(named: member.name), before != member else { continue }
            lines += RosterDifference.changes(of: before, to: member)
        }
        for holder in holders {
            lines.append("HOLDER  \(holder.subject) belongs to \(holder.holder) from then on")
        }
        lines += RosterDifference.changes(from: old.policy.json, to: new.policy.json, at: "")
        return lines
    }

    private static func changes(of before: Member, to after: Member) -> [String] {
        var lines: [String] = []
        if before.kind != after.kind {
            lines.append(
                "CHANGES \(after.name): from \(before.kind.rawValue) to \(after.kind.rawValue)")
        }
        if before.roles != after.roles {
            lines.append("CHANGES \(after.name): from \(roles(before)) to \(roles(after))")
        }
        if !before.display.utf8.elementsEqual(after.display.utf8) {
            lines.append("CHANGES \(after.name): is shown as \(after.display)")
        }
        lines += after.keys.filter { !before.keys.contains($0) }.map {
            "NEW KEY \(after.name): \(text($0))"
        }
        lines += before.keys.filter { !after.keys.contains($0) }.map {
            "NO KEY  \(after.name): \(text($0)) is taken off"
        }
        return lines
    }

    private static func changes(from old: JSON?, to new: JSON?, at path: String) -> [String] {
        guard old != new else { return [] }
        guard case .object(let before)? = old, case .object(let after)? = new else {
            return [
                "RULE    \(path): from \(old?.canonicalText ?? "nothing") to "
                    + "\(new?.canonicalText ?? "nothing")"
            ]
        }
        return Set(before.keys).union(after.keys).sorted().flatMap { name in
            changes(
                from: before[name], to: after[name], at: path.isEmpty ? name : "\(path).\(name)")
        }
    }

    private static func roles(_ member: Member) -> String {
        member.roles.isEmpty ? "no role" : member.roles.map(\.rawValue).joined(separator: ", ")
    }

    private static func text(_ held: MemberKey) -> String {
        "\(held.key.fingerprint)" + (held.tokenSerial.map { " on token \($0)" } ?? "")
    }
}
