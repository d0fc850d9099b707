// What ceremonies people think of, sensible ones and others.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

extension Schedule {
    // MARK: Beginning

    mutating func begin() {
        var plan: Plan
        switch Int.random(in: 0..<100, using: &dice) {
        case _ where !oracle.halts.isEmpty && dice.chance(60): plan = clearing()
        case _ where oracle.isBehind(now) && dice.chance(60): plan = correction()
        case 0..<34: plan = making(isRotatable ? "key_rotation" : "new_keeper_key")
        case 34..<44: plan = making("key_rotation")
        case 44..<60: plan = making("new_keeper_key")
        case 60..<70: plan = revoking()
        case 70..<74: plan = clearing()
        case 74..<84: plan = people()
        case 84..<91: plan = rules()
        case 91..<95:
            nextLogKey += 1
            plan = Plan(kind: "log_key_change", subject: "house-log")
            plan.logKey = dice.chance(85) ? nextLogKey : 1
        default: plan = correction()
        }
        if dice.chance(10) {
            let same = oracle.live.filter { oracle.meetings[$0]?.plan.subject == plan.subject }
            plan.supersedes = dice.pick(dice.chance(80) ? same : oracle.order)
        }
        draft(
            plan, by: dice.pick(["dave", "dave", "dave", "alice", "gina", "erin", "robot"]) ?? "")
    }

    /// Whether there is a key that could be rotated, half the time.
    private var isRotatable: Bool {
        oracle.keys.keys.contains { oracle.written($0) == "active" } && oracle.order.count % 2 == 0
    }

    private mutating func making(_ kind: String) -> Plan {
        var plan = Plan(kind: kind, subject: dice.pick(Schedule.subjects) ?? "keeper-alpha")
        plan.token = dice.pick(Schedule.tokens)?.serial
        plan.isDrill = plan.subject == "drill-one"
        if kind == "new_keeper_key", dice.chance(25) {
            plan.holder = dice.pick(["alice", "bob", "hana"])
        }
        if kind == "key_rotation", dice.chance(40) {
            plan.key = dice.pick(oracle.keys.keys.sorted())
        }
        return plan
    }

    private mutating func revoking() -> Plan {
        let key = dice.pick(oracle.keys.keys.sorted()) ?? 500
        let subject = oracle.keys[key]?.subject ?? "keeper-alpha"
        var plan = Plan(
            kind: "key_revocation",
            subject: dice.chance(92) ? subject : dice.pick(Schedule.subjects) ?? subject)
        plan.key = key
        return plan
    }

    private mutating func clearing() -> Plan {
        var plan = Plan(kind: "halt_clear", subject: "house-halt")
        let all = oracle.halts.keys.sorted()
        plan.halts = dice.chance(75) ? all : all.filter { _ in dice.chance(60) }
        return plan
    }

    private mutating func correction() -> Plan {
        var plan = Plan(kind: "clock_correction", subject: "house-clock")
        plan.clock =
            dice.chance(80) && now < oracle.head ? now : oracle.head + (dice.chance(50) ? 7 : -400)
        return plan
    }

    private mutating func people() -> Plan {
        var plan = Plan(kind: "set_roster", subject: "house-roster")
        var people = oracle.people
        for _ in 0..<(dice.chance(70) ? 1 : 2) {
            let name = dice.pick(people.keys.sorted()) ?? "alice"
            switch Int.random(in: 0..<100, using: &dice) {
            case 0..<25: people[name] = nil
            case 25..<50:
                people["hana"] = Person(
                    isHuman: true, isKeeper: true, roles: ["witness"],
                    keys: dice.chance(60) ? [20] : [20, 21])
            case 50..<65: people["alice"]?.keys.insert(30)
            case 65..<75:
                if let key = dice.pick((people[name]?.keys ?? []).sorted()) {
                    people[name]?.keys.remove(key)
                }
            case 75..<88: people["gina"]?.roles.formSymmetricDifference(["witness"])
            default:
                // Whoever was there before comes back, with the key that was theirs.
                for founder in House.everybody where people[founder.member.name] == nil {
                    people[founder.member.name] = Person(
                        isHuman: founder.member.kind != .system,
                        isKeeper: founder.member.kind == .keeper,
                        roles: Set(founder.member.roles.map(\.rawValue)),
                        keys: [Schedule.firstKey(founder.member.name)])
                }
            }
        }
        plan.people = people
        return plan
    }

    private mutating func rules() -> Plan {
        var plan = Plan(kind: "set_policy", subject: "house-policy")
        var rules = oracle.rules
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: rules.overlapDays = Int.random(in: 1...40, using: &dice)
        case 1: rules.attestDays = Int.random(in: 1...9, using: &dice)
        case 2: rules.initiatorCounts.toggle()
        case 3: rules.kinds["key_rotation"]?.attest = Int.random(in: 0...3, using: &dice)
        case 4: rules.kinds["new_keeper_key"]?.yes = Int.random(in: 2...9, using: &dice)
        default: rules.kinds["key_revocation"]?.lifetime = dice.chance(50) ? 600 : 3600
        }
        plan.rules = rules
        return plan
    }
}
