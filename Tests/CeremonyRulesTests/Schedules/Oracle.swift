// A second opinion on what the rules do: the same house in dictionaries, sets and numbers, written
// from DESIGN and not from the rules. It says of each thing that is asked whether it must be taken,
// and how everything stands afterwards.

/// What the log must say, as far as a schedule can reach it.
struct Oracle: Sendable {
    /// What becomes of something that is asked.
    enum Verdict: String, Sendable {
        case taken
        /// It was taken before: the same answer, and nothing more.
        case repeated
        case refused
        /// Not told here.
        case either
    }

    /// A ceremony.
    struct Meeting: Sendable {
        let plan: Plan
        let need: HouseRules.Need
        let attestDays: Int
        let overlapDays: Int
        let initiator: String
        let holder: String?
        /// Who may answer: the keys that are listed, by name.
        let listed: [String: Set<Int>]
        let humans: Set<String>
        /// Whose part it is to accept, by key.
        let invited: [Int: String]
        /// Which key it follows.
        let oldKey: Int?
        var phase = Ask.Phase.pending
        var reason: String?
        var yes: Set<String> = []
        var no: Set<String> = []
        var accepted: Set<Int> = []
        var refused: Set<Int> = []
        var attested: Set<String> = []
        var disowned: Set<String> = []
        var began: Int?
        var ended: Int?
        var key: Int?
        /// Whether the clock that dated it was wrong.
        var isMisdated = false
        /// What was found of what it left.
        var recovery: String?

        var expires: Int { plan.drafted + need.lifetime }
        var deadline: Int? { began.map { $0 + need.execution } }
        var attestBy: Int? { ended.map { $0 + attestDays * 86_400 } }
        var attestNeed: (all: Int, humans: Int) {
            (need.attest, min(need.humans, need.attest))
        }

        func isEnough(_ names: Set<String>, _ all: Int, _ humans: Int) -> Bool {
            names.count >= all && names.intersection(self.humans).count >= humans
        }
    }

    /// A key, with the times at which something became of it.
    struct Key: Sendable {
        let subject: String
        let meeting: String
        let isDrill: Bool
        let made: Int
        var active: Int?
        var until: Int?
        /// When the time began that ends then.
        var untilBegan: Int?
        var isWrittenOff = false
        var revoked: Int?
        var lapsed: Int?
    }

    static let making: Set<String> = ["new_keeper_key", "key_rotation"]
    static let ofKeepers: Set<String> = [
        "key_revocation", "halt_clear", "set_roster", "clock_correction",
    ]

    var people: [String: Person]
    var rules: HouseRules
    var epoch = 1
    let founded: Int
    var head: Int
    var size: Int
    /// When the event came that made the log longer than this.
    var outgrown: [Int: Int] = [:]
    var latest: Int
    var meetings: [String: Meeting] = [:]
    /// In the order of opening.
    var order: [String] = []
    var keys: [Int: Key] = [:]
    var keysOf: [String: [Int]] = [:]
    var classOf: [String: Bool] = [:]
    var holderOf: [String: String] = [:]
    var count: [String: Int] = [:]
    /// Who raised the halts in force, by position; empty for the daemon.
    var halts: [Int: (by: String, time: Int)] = [:]
    var taken: Set<String> = []
    /// Key numbers in any role: a person's name, or what else it is.
    var roles: [Int: String] = [:]
    var logKeys: [Int] = [1000]
    var starts = 0
    var lastRefusal: Int?
    /// The time that the last thing taken has put the log to, where it has.
    var justCorrected: Int?
    /// Whether whoever watches the clock does not believe it.
    var isClockInDoubt = false
    /// What failed and may have left something, oldest first.
    var debris: [String] = []
    /// What was undecided, for the count.
    var undecided = 0

    init(people: [String: Person], rules: HouseRules, now: Int, size: Int) {
        self.people = people
        self.rules = rules
        founded = now
        head = now
        latest = now
        self.size = size
        for (name, person) in people { for key in person.keys { roles[key] = name } }
        roles[1000] = "the log"
    }

    // MARK: Time

    func time(_ now: Int) -> Int { isBehind(now) ? head : max(now, head) }
    /// Whether what time it is cannot be told.
    func isBehind(_ now: Int) -> Bool { head - now > 5 || isClockInDoubt }

    /// Those that are under way, oldest first.
    var live: [String] { order.filter { meetings[$0]?.phase.isOver == false } }

    /// What follows from time is written down.
    mutating func tick(_ now: Int) {
        guard !isBehind(now) else { return }
        let time = time(now)
        var isFirst = true
        for id in live {
            guard let meeting = meetings[id] else { continue }
            if meeting.phase == .executing, let deadline = meeting.deadline, time >= deadline {
                end(id, .failed, "deadline", time)
                debris.append(id)
                isFirst = false
            } else if meeting.phase != .executing, time >= meeting.expires {
                end(id, .expired, "timeout", time)
                isFirst = false
            }
        }
        for (number, key) in keys.sorted(by: { $0.value.made < $1.value.made })
        where key.lapsed == nil && key.revoked == nil && key.active == nil {
            guard let by = meetings[key.meeting]?.attestBy, time >= by else { continue }
            keys[number]?.lapsed = time
            sweep(head: isFirst ? head : time, at: time)
            isFirst = false
        }
        for (number, key) in keys where !key.isWrittenOff && key.revoked == nil {
            guard let until = key.until, time >= until else { continue }
            keys[number]?.isWrittenOff = true
            isFirst = false
        }
        if !isFirst { pass(to: time) }
    }

    mutating func pass(to time: Int) {
        head = time
        latest = max(latest, time)
    }

    // MARK: How it stands

    /// The word for a key at a time.
    func standing(_ number: Int, at time: Int) -> String? {
        guard let key = keys[number] else { return nil }
        if key.revoked != nil { return "revoked" }
        if key.active == nil {
            let late = meetings[key.meeting]?.attestBy.map { time >= $0 } ?? false
            return key.lapsed != nil || late ? "lapsed" : "registered"
        }
        guard let until = key.until else { return "active" }
        return !key.isWrittenOff && time < until ? "retiring" : "retired"
    }

    /// Every key's word at a time.
    func standings(at time: Int) -> [Int: String] {
        Dictionary(
            uniqueKeysWithValues: keys.keys.compactMap { number in
                standing(number, at: time).map { (number, $0) }
            })
    }

    // MARK: Ends

    mutating func end(_ id: String, _ phase: Ask.Phase, _ reason: String?, _ time: Int) {
        meetings[id]?.phase = phase
        meetings[id]?.reason = reason
        meetings[id]?.ended = time
    }

    /// The end of something under way that a person or a change puts to it.
    mutating func stop(_ id: String, _ reason: String, _ time: Int) {
        switch meetings[id]?.phase {
        case .pending: end(id, .failed, reason, time)
        case .approved: end(id, .expired, reason, time)
        default: break
        }
    }

    /// Ends whatever depends on something that is not so any more.
    ///
    /// - Parameter head: The time of the event before this change.
    mutating func sweep(head: Int, at time: Int) {
        var there = self
        there.head = head
        for id in live {
            guard let meeting = meetings[id] else { continue }
            if there.basis(of: meeting.plan, oldKey: meeting.oldKey) != meeting.plan.basis {
                stop(id, "prestate-changed", time)
            }
        }
    }

    /// What a ceremony depends on, in words; `nil` where it could not be held at all.
    func basis(of plan: Plan, oldKey: Int?) -> String? {
        guard isPossible(plan, oldKey: oldKey) else { return nil }
        let mine = (keysOf[plan.subject] ?? []).compactMap { number -> String? in
            guard let key = keys[number], key.lapsed == nil else { return nil }
            return "\(number) \(key.active ?? key.made) \(key.until ?? 0) \(key.revoked ?? 0)"
        }
        var words = "\(mine) epoch \(epoch)"
        switch plan.kind {
        case "halt_clear":
            words += (plan.halts ?? []).map { " \($0) \(halts[$0]?.by ?? "")" }.joined()
        case "clock_correction": words += " was \(head)"
        case "log_key_change": words += " log \(logKeys.last ?? 0)"
        default: break
        }
        return words
    }

    /// Whether the log as it stands allows the operation.
    private func isPossible(_ plan: Plan, oldKey: Int?) -> Bool {
        let all = keysOf[plan.subject] ?? []
        let words = all.map { written($0) }
        switch plan.kind {
        case "new_keeper_key":
            // The successor of a key that is retiring may be revoked: then nothing is in the way.
            let isLost = words.last { $0 != "lapsed" } == "revoked"
            let inTheWay = ["registered", "active"] + (isLost ? [] : ["retiring"])
            let isFree = !words.contains { inTheWay.contains($0) }
            let holder = all.isEmpty ? plan.holder : nil
            return isFree && (holder.map { people[$0] != nil } ?? true)
        case "key_rotation":
            guard !words.contains("registered"), !words.contains("retiring") else { return false }
            guard let active = all.first(where: { written($0) == "active" }) else { return false }
            return (oldKey ?? plan.key ?? active) == active
        case "key_revocation":
            guard let number = plan.key, let key = keys[number] else { return false }
            return key.subject == plan.subject && key.revoked == nil && key.lapsed == nil
        case "halt_clear":
            let listed = plan.halts ?? halts.keys.sorted()
            return !listed.isEmpty && listed.allSatisfy { halts[$0] != nil }
        case "clock_correction": return plan.clock.map { $0 < head && $0 >= founded } ?? false
        case "log_key_change": return plan.logKey.map { roles[$0] == nil } ?? false
        case "set_roster": return plan.people.map { isSound($0) && $0 != people } ?? false
        case "set_policy":
            return plan.rules.map { $0 != rules && isMeetable(people, $0) } ?? false
        default: return false
        }
    }

    /// The word for a key at the end of the log, where a lapse counts once it is written down.
    func written(_ number: Int) -> String {
        guard let key = keys[number] else { return "" }
        if key.revoked == nil, key.lapsed == nil, key.active == nil { return "registered" }
        return standing(number, at: head) ?? ""
    }

    // MARK: Who is left

    private func isSound(_ people: [String: Person]) -> Bool {
        var seen: Set<Int> = []
        for (name, person) in people {
            guard !person.keys.isEmpty else { return false }
            for key in person.keys {
                guard seen.insert(key).inserted, roles[key] == nil || roles[key] == name else {
                    return false
                }
            }
        }
        return isMeetable(people, rules)
    }

    func mayApprove(_ person: Person, _ kind: String, isDrill: Bool) -> Bool {
        Oracle.ofKeepers.contains(kind) || (isDrill && Oracle.making.contains(kind))
            ? person.isKeeper : person.roles.contains("witness")
    }

    private func isMeetable(_ people: [String: Person], _ rules: HouseRules) -> Bool {
        rules.kinds.allSatisfy { kind, need in
            people.contains { starter, person in
                guard person.mayStart else { return false }
                let isDrill = kind == "drill"
                let witnesses = people.filter { name, other in
                    (rules.initiatorCounts || name != starter)
                        && mayApprove(
                            other, isDrill ? "key_rotation" : kind, isDrill: isDrill)
                }
                return witnesses.count >= max(need.yes, need.attest)
                    && witnesses.values.count(where: \.isHuman) >= need.humans
            }
        }
    }
}
