// Statements: what is wanted in plain words becomes what a client would draft, and the oracle says
// before whether it can be drafted at all.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

extension Schedule {
    /// Drafts a ceremony, and opens it now or later.
    mutating func draft(_ plan: Plan, by name: String) {
        var plan = plan
        let key = Schedule.firstKey(name)
        numbers += 1
        plan.draft = numbers
        plan.drafted = oracle.time(now)
        plan.peopleBefore = oracle.people
        plan.id = "\(plan.subject)-\((oracle.count[plan.subject] ?? 0) + 1)"
        let oldKey = oracle.meeting(plan, by: name)?.oldKey
        plan.basis = oracle.basis(of: plan, oldKey: oldKey) ?? ""
        let isExpected = oracle.mayDraft(plan, by: name, key: key)
        do throws(Refusal) {
            let statement = try house.statement(
                kind(of: plan), by: name, subject: plan.subject,
                token: Schedule.tokens.first { $0.serial == plan.token }, holder: plan.holder,
                supersedes: plan.supersedes, parameters: parameters(of: plan),
                drafted: Timestamp(seconds: plan.drafted))
            guard isExpected else {
                return broken.append("\(name) can draft \(plan) and should not")
            }
            statements[plan.draft] = statement
            let ask = Ask(
                matter: .open(plan), by: name, key: key, number: numbers, at: now,
                size: oracle.size)
            let signed = house.opening(statement)
            if dice.chance(20) { held.append((ask, signed)) }
            if dice.chance(90) { hand(ask, signed) }
        } catch {
            counts.refused[error.code.rawValue, default: 0] += 1
            if isExpected { broken.append("\(name) cannot draft \(plan): \(error)") }
        }
    }

    private func kind(of plan: Plan) -> String {
        String(plan.kind.map { $0 == "_" ? "-" : $0 })
    }

    private mutating func parameters(of plan: Plan) -> [String: String] {
        var all: [String: String] = [:]
        switch plan.kind {
        case "new_keeper_key": if plan.isDrill { all["class"] = "drill" }
        case "key_rotation": all["old-key"] = plan.key.map { "\(fingerprint($0))" }
        case "key_revocation":
            all["key"] = plan.key.map { "\(fingerprint($0))" }
            all["cause"] = "loss"
        case "halt_clear":
            all["halts"] = plan.halts.map { $0.map { "\($0)" }.joined(separator: ",") }
        case "set_roster": all["change"] = RosterChange(members: members(of: plan)).text
        case "set_policy": all["change"] = RosterChange(policy: policy(of: plan).json).text
        case "log_key_change":
            all["new-log-key"] = plan.logKey.map {
                Founding.vkey(house.state.log.origin, of: SoftwareKey($0))
            }
        default: all["now"] = plan.clock.map { "\(Timestamp(seconds: $0))" }
        }
        return all
    }

    private func members(of plan: Plan) -> [Member] {
        (plan.people ?? [:]).sorted { $0.key < $1.key }.map { name, person in
            var member = house.person(name).member
            member.roles = Role.allCases.filter { person.roles.contains($0.rawValue) }
            let present = house.state.roster.member(named: name)?.keys ?? []
            let known = present + member.keys
            member.keys = person.keys.sorted().map { number in
                let key = SoftwareKey(number).publicKey
                return known.first { $0.key == key } ?? MemberKey(number)
            }
            return member
        }
    }

    private func policy(of plan: Plan) -> Policy {
        var policy = house.state.roster.policy
        guard let rules = plan.rules else { return policy }
        policy.overlapDays = rules.overlapDays
        policy.attestDays = rules.attestDays
        policy.initiatorCounts = rules.initiatorCounts
        for (kind, need) in rules.kinds {
            policy.kinds[kind] = Policy.Entry(
                threshold: need.yes, people: need.humans, attest: need.attest,
                lifetime: need.lifetime, execution: need.execution)
        }
        return policy
    }
}
