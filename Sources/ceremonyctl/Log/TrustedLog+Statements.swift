// A statement held against the log, by whoever is about to sign it: who starts a ceremony and who
// witnesses it compare the same lines. Roster and policy decide how many must agree and who they
// are, so that a daemon cannot lower either (DESIGN 2.9, FORMATS section 4).

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension TrustedLog {
    /// The first line of a statement that does not follow from the log, its roster and its policy;
    /// `nil` where all of them do.
    ///
    /// - Parameter roster: the one that was in force where the statement was drafted.
    /// - Throws: as ``call(_:_:seconds:)``.
    func difference(in statement: Statement, _ roster: Roster) throws(ClientError) -> String? {
        if !statement.log.utf8.elementsEqual(genesis.log.utf8) { return "log" }
        if statement.mode != genesis.mode { return "mode" }
        if let line = Self.policyDifference(in: statement, roster.policy) { return line }
        if let line = Self.peopleDifference(in: statement, roster) { return line }
        // The drafter may have seen an earlier state of the signed log, never another log.
        let seen = TreeHead(size: statement.treeSize, root: statement.treeRoot)
        return try isPrefix(seen) ? nil : "tree-root"
    }

    private static func policyDifference(in statement: Statement, _ policy: Policy) -> String? {
        if statement.policy != policy.digest { return "policy" }
        guard let entry = policy.entry(kind: statement.kind, class: statement.subjectClass) else {
            return "kind"
        }
        if statement.threshold != entry.threshold { return "threshold" }
        if statement.people != entry.people { return "people" }
        if statement.attestThreshold != entry.attest { return "attest-threshold" }
        if statement.attestBy != policy.attestDays { return "attest-by" }
        return statement.expires == statement.drafted + entry.lifetime ? nil : "expires"
    }

    /// Everybody with the role of a witness is asked, with every key, besides those whom the
    /// statement has to exclude: its initiator, where the policy says so, and the holder.
    private static func peopleDifference(in statement: Statement, _ roster: Roster) -> String? {
        let initiator = statement.initiator
        guard let (member, _) = roster.member(holding: initiator.fingerprint), member.mayStart,
            member.name.utf8.elementsEqual(initiator.name.utf8)
        else { return "initiator" }
        guard let kind = try? Kinds.named(statement.kind) else { return "kind" }
        let eligible = roster.members.filter {
            kind.mayApprove($0, class: statement.subjectClass)
        }
        let barred = kind.barredKeys(by: statement.fields, in: roster)
        let excluded = eligible.filter { member in
            let starts = member.name.utf8.elementsEqual(initiator.name.utf8)
            let holds = statement.holder.map { member.name.utf8.elementsEqual($0.utf8) } ?? false
            return (starts && !roster.policy.initiatorCounts) || holds
                || (kind.excludesOthers && contains(statement.excluded, member.name))
                || member.keys.allSatisfy { barred.contains($0.key.fingerprint) }
        }.map(\.name)
        guard statement.excluded.count == excluded.count,
            excluded.allSatisfy({ contains(statement.excluded, $0) })
        else { return "excluded" }
        let asked = eligible.filter { !contains(excluded, $0.name) }.flatMap { member in
            member.keys.map(\.key.fingerprint).filter { !barred.contains($0) }.map {
                Witness(name: member.name, kind: member.kind, fingerprint: $0)
            }
        }
        let isSame =
            statement.witnesses.count == asked.count
            && Set(statement.witnesses) == Set(asked)
        guard isSame else { return "witness" }
        let accepts = kind.acceptances(by: statement.fields, in: roster).flatMap(\.lines)
        guard statement.accepts == accepts else { return "accept" }
        return ClientKinds.part(of: statement.kind)?.difference(in: statement, under: roster)
    }

    private static func contains(_ names: [String], _ name: String) -> Bool {
        names.contains { $0.utf8.elementsEqual(name.utf8) }
    }
}
