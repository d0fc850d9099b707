// What happens next: mostly what helps a ceremony along, so that schedules get somewhere, and often
// enough what nobody in their right mind would do.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

extension Schedule {
    static let everybody = [
        "alice", "bob", "carol", "dave", "erin", "frank", "gina", "robot", "mallory", "hana",
    ]
    static let subjects = ["keeper-alpha", "keeper-beta", "drill-one"]
    static let tokens = [
        House.token, House.otherToken,
        TokenReference(
            label: "third", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "44ee"),
    ]

    /// One step.
    mutating func step() {
        if dice.chance(9) { moveClock() }
        if dice.chance(house.clock == .right ? 2 : 30) {
            house.clock = house.clock == .right ? .stepped(by: 400) : .right
            oracle.isClockInDoubt = house.clock != .right
        }
        if oracle.head - now > 5, dice.chance(25) {
            house.now = Timestamp(seconds: oracle.head + 1)
        }
        if !dice.chance(12) { tick() }
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<3: restart()
        case 3..<8:
            if let again = dice.pick(held) { hand(again.ask, again.signed) }
        case 8..<12: wild()
        case 12..<14: hand(Ask(matter: .refused), nil)
        case 14..<18: speak()
        case 18..<19: if dice.chance(30) { hand(Ask(matter: .invariant), nil) }
        case 19..<22: recover()
        case 22..<36: begin()
        default: goOn()
        }
    }

    private mutating func moveClock() {
        let spans = [
            1, 4, 30, 400, 1000, 3700, 90_000, 700_000, 2_700_000, -3, -8, -400, -90_000,
        ]
        let weights = [8, 4, 8, 8, 6, 3, 2, 1, 1, 2, 2, 2, 1]
        var roll = Int.random(in: 0..<weights.reduce(0, +), using: &dice)
        for (span, weight) in zip(spans, weights) {
            if roll < weight {
                house.now = house.now + span
                return
            }
            roll -= weight
        }
    }

    /// A halt or a note, mostly by somebody who may.
    private mutating func speak() {
        guard dice.chance(75) else {
            return act(dice.chance(40) ? .halt : .note(role: role()), by: anybody())
        }
        dice.chance(35)
            ? act(.halt, by: dice.pick(["alice", "frank", "gina"]) ?? "gina")
            : act(.note(role: "participant"), by: dice.pick(["erin", "dave"]) ?? "erin")
    }

    mutating func anybody() -> String { dice.pick(Schedule.everybody) ?? "alice" }

    private mutating func role() -> String {
        dice.pick(["operator", "keeper", "witness", "auditor", "participant"]) ?? "operator"
    }

    /// A key of that person, by the roster if they are on it.
    mutating func key(of name: String) -> Int {
        dice.pick((oracle.people[name]?.keys ?? []).sorted()) ?? Schedule.firstKey(name)
    }

    static func firstKey(_ name: String) -> Int {
        switch name {
        case "alice": 1
        case "bob": 2
        case "carol": 3
        case "dave": 4
        case "erin": 5
        case "frank": 6
        case "gina": 8
        case "robot": 9
        case "hana": 20
        default: 99
        }
    }

    // MARK: Going on

    private mutating func goOn() {
        let waiting = oracle.order.filter { oracle.isWaiting($0) }
        var list = oracle.live + waiting + waiting
        // What a hindrance waits for comes first.
        let wanted = oracle.halts.isEmpty ? "clock_correction" : "halt_clear"
        list += list.filter { oracle.meetings[$0]?.plan.kind == wanted }
        guard let id = dice.pick(list), let meeting = oracle.meetings[id] else { return begin() }
        switch meeting.phase {
        case .pending: answer(meeting)
        case .approved:
            switch Int.random(in: 0..<100, using: &dice) {
            case 0..<70:
                let name = dice.pick(["dave", meeting.initiator, "alice", "robot"]) ?? "dave"
                act(.execute(id: id, role: role(in: meeting), seen: .approved), by: name)
            case 70..<80: answer(meeting)
            default:
                act(
                    .cancel(id: id, role: role(in: meeting), seen: .approved),
                    by: dice.pick(["dave", meeting.initiator]) ?? "dave")
            }
        case .executing: report(meeting)
        case .completed, .failed, .expired:
            let name = dice.pick(meeting.listed.keys.sorted()) ?? anybody()
            if dice.chance(85) { attest(id, by: name) } else { decline(meeting, by: name) }
        }
    }

    mutating func role(in meeting: Oracle.Meeting) -> String {
        dice.pick(["operator", "operator", "operator", "initiator", "witness"]) ?? "operator"
    }

    private mutating func answer(_ meeting: Oracle.Meeting) {
        let open = meeting.invited.keys.filter {
            !meeting.accepted.contains($0) && !meeting.refused.contains($0)
        }
        if let key = dice.pick(open.sorted()), dice.chance(45), let name = meeting.invited[key] {
            return dice.chance(88)
                ? accept(meeting, by: name, key)
                : act(.refuse(id: meeting.plan.id, seen: meeting.phase), by: name, key: key)
        }
        let fresh = meeting.listed.keys.filter {
            !meeting.yes.contains($0) && !meeting.no.contains($0)
        }
        let name = dice.chance(88) ? dice.pick(fresh.sorted()) ?? anybody() : anybody()
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<88: approve(meeting, by: name)
        case 88..<96: decline(meeting, by: name)
        default:
            act(
                .cancel(id: meeting.plan.id, role: role(in: meeting), seen: meeting.phase),
                by: anybody())
        }
    }

    private mutating func report(_ meeting: Oracle.Meeting) {
        let id = meeting.plan.id
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<75:
            nextKey += 1
            let done = Ask(matter: .complete(id: id, key: nextKey))
            // Whether or not that much was appended before the daemon died.
            if dice.chance(8) {
                crashed(done, nil)
                restart()
            } else {
                hand(done, nil)
            }
        case 75..<82:
            let used = [1, 500, 1000] + oracle.keys.keys.sorted()
            hand(Ask(matter: .complete(id: id, key: dice.pick(used) ?? 1)), nil)
        default:
            let reasons = ["token-error", "deadline", "halted", "prestate-changed", "interrupted"]
            hand(Ask(matter: .fail(id: id, reason: dice.pick(reasons) ?? "token-error")), nil)
        }
    }

    /// An order to recover, of what failed or of anything else.
    private mutating func recover() {
        let id = dice.pick(oracle.debris) ?? dice.pick(oracle.order)
        guard let id, let meeting = oracle.meetings[id] else { return }
        let isLost = dice.chance(35)
        let outcome = dice.pick(isLost ? ["unreachable"] : ["destroyed", "absent"]) ?? ""
        act(
            .recover(
                id: id, isNamed: meeting.began != nil && meeting.plan.token != nil,
                isLost: isLost,
                outcome: dice.chance(90) ? outcome : "unreachable"),
            by: dice.chance(85) ? "dave" : anybody())
    }

    // MARK: What makes no sense

    private mutating func wild() {
        let name = anybody()
        guard let id = dice.pick(oracle.order), let meeting = oracle.meetings[id] else { return }
        let seen = dice.pick([Ask.Phase.pending, .approved, meeting.phase]) ?? .pending
        switch Int.random(in: 0..<9, using: &dice) {
        case 0: approve(meeting, by: name)
        case 1: attest(id, by: name)
        case 2: decline(meeting, by: name)
        case 3: act(.cancel(id: id, role: role(in: meeting), seen: seen), by: name)
        case 4: act(.execute(id: id, role: role(in: meeting), seen: seen), by: name)
        case 5: hand(Ask(matter: .fail(id: id, reason: "deadline")), nil)
        case 6:
            nextKey += 1
            hand(Ask(matter: .complete(id: id, key: nextKey)), nil)
        case 7: accept(meeting, by: name, key(of: name))
        default:
            if var again = dice.pick(held) {
                again.signed.sshsig[again.signed.sshsig.count - 1] ^= 1
                again.ask.isForged = true
                hand(again.ask, again.signed)
            }
        }
    }
}
