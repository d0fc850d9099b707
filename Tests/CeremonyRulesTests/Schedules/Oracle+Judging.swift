// What the oracle says of each thing that is asked, and what it does to the house.

extension Oracle {
    /// Judges something that is asked, and takes it where it must be taken.
    mutating func take(_ ask: Ask, now: Int) -> Verdict {
        let before = self
        let verdict = judge(ask, now: now)
        switch verdict {
        case .taken:
            if let receipt = ask.receipt { taken.insert(receipt) }
        case .either:
            undecided += 1
            if let receipt = ask.receipt { taken.insert(receipt) }
        case .repeated, .refused: self = before
        }
        return verdict
    }

    private mutating func judge(_ ask: Ask, now: Int) -> Verdict {
        let time = time(now)
        if let hindrances = hindrances(of: ask) {
            guard halts.isEmpty || !hindrances.contains("halted") else { return .refused }
            if let receipt = ask.receipt, taken.contains(receipt) {
                return ask.isForged ? .refused : .repeated
            }
            guard !isBehind(now) || !hindrances.contains("clock") else { return .refused }
        }
        guard !ask.isForged else { return .refused }
        if case .open(let plan) = ask.matter, let clock = plan.clock {
            guard (-86_400...300).contains(clock - now) else { return .refused }
        }
        let verdict = judge(ask, at: time)
        // A correction has put the log to a time of its own.
        if verdict != .refused, justCorrected == nil { pass(to: time) }
        return verdict
    }

    private mutating func judge(_ ask: Ask, at time: Int) -> Verdict {
        justCorrected = nil
        switch ask.matter {
        case .open(let plan): return open(plan, ask, time)
        case .approve(let id, let draft): return approve(id, draft, ask, time)
        case .attest(let id): return attest(id, ask, time)
        case .decline(let id, let seen): return decline(id, seen, ask, time)
        case .refuse(let id, let seen): return refuse(id, seen, ask, time)
        case .accept(let id): return accept(id, ask, time)
        case .cancel(let id, let role, let seen): return cancel(id, role, seen, ask, time)
        case .execute(let id, let role, let seen): return execute(id, role, seen, ask, time)
        case .recover: return recover(ask, time)
        case .halt:
            guard isOwn(ask), people[ask.by]?.isKeeper == true, time - ask.at <= 3600 else {
                return .refused
            }
            return act(ask, time, saysNo: true) {
                $0.halts[$0.size] = (ask.by, time)
            }
        case .note(let role):
            guard isOwn(ask), let person = people[ask.by], time - ask.at <= 3600 else {
                return .refused
            }
            let has =
                role == "participant" || person.roles.contains(role)
                || (role == "keeper" && person.isKeeper)
            return has ? act(ask, time) { _ in } : .refused
        case .complete(let id, let key): return complete(id, key, time)
        case .fail(let id, let reason):
            guard let meeting = meetings[id], meeting.phase == .executing else { return .refused }
            let holds =
                switch reason {
                case "deadline": meeting.deadline.map { time >= $0 } ?? false
                case "halted": !halts.isEmpty
                case "prestate-changed":
                    meeting.isMisdated || basis(of: meeting) != meeting.plan.basis
                default: true
                }
            guard holds else { return .refused }
            end(id, .failed, reason, time)
            debris.append(id)
            return .taken
        case .invariant:
            halts[size] = ("", time)
            return .taken
        case .start:
            starts += 1
            return .taken
        case .refused:
            guard lastRefusal.map({ time - $0 >= 60 }) ?? true else { return .refused }
            lastRefusal = time
            return .taken
        }
    }

    /// What stands in the way of it where it is there; `nil` for the daemon's own.
    private func hindrances(of ask: Ask) -> Set<String>? {
        switch ask.matter {
        case .invariant, .start, .refused, .fail: nil
        case .decline, .refuse, .cancel, .halt: []
        case .note: ["clock"]
        case .execute, .attest, .complete, .recover: ["halted", "clock"]
        case .open(let plan): hindrances(of: plan)
        case .approve(let id, _), .accept(let id):
            meetings[id].map { hindrances(of: $0.plan) } ?? ["halted", "clock"]
        }
    }

    private func hindrances(of plan: Plan) -> Set<String> {
        switch plan.kind {
        case "key_revocation": []
        case "halt_clear": []
        case "clock_correction": ["halted"]
        case "set_roster" where onlyRemoves(plan): ["clock"]
        default: ["halted", "clock"]
        }
    }

    private func onlyRemoves(_ plan: Plan) -> Bool {
        (plan.people ?? [:]).allSatisfy { name, after in
            guard let before = plan.peopleBefore?[name] else { return false }
            return after.keys.isSubset(of: before.keys) && after.roles.isSubset(of: before.roles)
        }
    }

    // MARK: Acts

    /// Whether the key that signs is the person's, by the roster as it is now.
    private func isOwn(_ ask: Ask) -> Bool { people[ask.by]?.keys.contains(ask.key) ?? false }

    /// What every act is held to: it names the log as it was of late, and is not from the future,
    /// unless it only says no.
    private mutating func act(
        _ ask: Ask, _ time: Int, saysNo: Bool = false, _ effect: (inout Oracle) -> Void
    ) -> Verdict {
        guard saysNo || ask.at - time <= 300 else { return .refused }
        effect(&self)
        let isKnown =
            ask.size == size || outgrown[ask.size].map { latest - $0 <= 172_800 } ?? false
        return isKnown ? .taken : .either
    }

    private func has(_ role: String, _ ask: Ask, in meeting: Meeting) -> Bool {
        switch role {
        case "initiator": meeting.initiator == ask.by
        case "witness": meeting.listed[ask.by] != nil
        default: people[ask.by]?.roles.contains(role) ?? false
        }
    }

    private func isOpen(_ meeting: Meeting, _ time: Int) -> Bool {
        (meeting.phase == .pending || meeting.phase == .approved) && time < meeting.expires
    }

    private mutating func cancel(
        _ id: String, _ role: String, _ seen: Ask.Phase, _ ask: Ask, _ time: Int
    ) -> Verdict {
        guard let meeting = meetings[id], isOpen(meeting, time), isOwn(ask),
            has(role, ask, in: meeting), seen == .pending || seen == .approved
        else { return .refused }
        return act(ask, time, saysNo: true) { $0.stop(id, "cancelled", time) }
    }

    private mutating func execute(
        _ id: String, _ role: String, _ seen: Ask.Phase, _ ask: Ask, _ time: Int
    ) -> Verdict {
        guard let meeting = meetings[id], meeting.phase == .approved, time < meeting.expires,
            seen == .approved, isOwn(ask), people[ask.by]?.isHuman == true,
            has(role, ask, in: meeting), basis(of: meeting) == meeting.plan.basis
        else { return .refused }
        return act(ask, time) {
            $0.meetings[id]?.phase = .executing
            $0.meetings[id]?.began = time
        }
    }

    /// The end of what a failed execution announced: its own, and named by somebody who operates.
    private mutating func recover(_ ask: Ask, _ time: Int) -> Verdict {
        guard case .recover(let id, let isNamed, let isLost, let outcome) = ask.matter,
            let meeting = meetings[id], meeting.phase == .failed, meeting.began != nil,
            isOwn(ask), let person = people[ask.by], person.isHuman,
            person.roles.contains("operator"), isNamed,
            (outcome == "unreachable") == isLost, time - ask.at <= 3600,
            meeting.recovery == nil || meeting.recovery == "unreachable"
        else { return .refused }
        return act(ask, time) {
            $0.meetings[id]?.recovery = outcome
            if outcome != "unreachable" { $0.debris.removeAll { $0 == id } }
        }
    }

    func basis(of meeting: Meeting) -> String? { basis(of: meeting.plan, oldKey: meeting.oldKey) }

    // MARK: Opening

    /// Whether such a ceremony can be drafted now.
    func mayDraft(_ plan: Plan, by name: String, key: Int) -> Bool {
        guard halts.isEmpty || !hindrances(of: plan).contains("halted"),
            let starter = people[name], starter.keys.contains(key), starter.mayStart,
            basis(of: plan, oldKey: nil) != nil,
            let meeting = meeting(plan, by: name)
        else { return false }
        if let old = plan.supersedes {
            guard let other = meetings[old], other.phase == .pending || other.phase == .approved,
                other.plan.subject == plan.subject || clash(plan, other.plan),
                other.initiator == name || other.yes.isEmpty
            else { return false }
        }
        guard !live.contains(where: { $0 != plan.supersedes && clash(plan, $0) }) else {
            return false
        }
        let able = meeting.listed.count
        return able >= max(meeting.need.yes, meeting.need.attest)
            && meeting.listed.keys.count { meeting.humans.contains($0) } >= meeting.need.humans
    }

    private func clash(_ plan: Plan, _ id: String) -> Bool {
        meetings[id].map { clash(plan, $0.plan) } ?? false
    }

    private func clash(_ one: Plan, _ other: Plan) -> Bool {
        Oracle.making.contains(one.kind) && Oracle.making.contains(other.kind)
            && (one.subject == other.subject || one.token == other.token)
    }

    /// The ceremony that a plan would be now; `nil` where the rules have no such kind.
    func meeting(_ plan: Plan, by name: String) -> Meeting? {
        let isNew = (keysOf[plan.subject] ?? []).isEmpty
        let isAboutKeys = Oracle.making.contains(plan.kind) || plan.kind == "key_revocation"
        let isDrill = isAboutKeys && (isNew ? plan.isDrill : classOf[plan.subject] ?? false)
        guard let need = rules.need(plan.kind, isDrill: isDrill) else { return nil }
        let holder =
            isAboutKeys ? (isNew ? plan.holder : holderOf[plan.subject]) : nil
        let raisers =
            plan.kind == "halt_clear"
            ? Set((plan.halts ?? []).compactMap { halts[$0]?.by }) : []
        let after = plan.people.map { $0.values.reduce(into: Set<Int>()) { $0.formUnion($1.keys) } }
        var listed: [String: Set<Int>] = [:]
        for (other, person) in people where mayApprove(person, plan.kind, isDrill: isDrill) {
            guard other != name || rules.initiatorCounts, other != holder, !raisers.contains(other)
            else { continue }
            // A key that a change takes away is not asked about it.
            let staying = after.map { person.keys.intersection($0) } ?? person.keys
            if !staying.isEmpty { listed[other] = staying }
        }
        let known = people.values.reduce(into: Set<Int>()) { $0.formUnion($1.keys) }
        var invited: [Int: String] = [:]
        for (other, person) in plan.people ?? [:] {
            for key in person.keys where !known.contains(key) { invited[key] = other }
        }
        let active = (keysOf[plan.subject] ?? []).first { written($0) == "active" }
        return Meeting(
            plan: plan, need: need, attestDays: rules.attestDays, overlapDays: rules.overlapDays,
            initiator: name, holder: holder, listed: listed,
            humans: Set(people.filter(\.value.isHuman).keys), invited: invited,
            oldKey: plan.kind == "key_rotation" ? active : nil)
    }

    private mutating func open(_ plan: Plan, _ ask: Ask, _ time: Int) -> Verdict {
        guard mayDraft(plan, by: ask.by, key: ask.key),
            plan.id == "\(plan.subject)-\((count[plan.subject] ?? 0) + 1)",
            let meeting = meeting(plan, by: ask.by),
            basis(of: plan, oldKey: meeting.oldKey) == plan.basis,
            time - plan.drafted >= 0, time - plan.drafted <= 900, time < meeting.expires,
            ask.size == size || outgrown[ask.size].map({ time - $0 <= 900 }) ?? false
        else { return .refused }
        meetings[plan.id] = meeting
        order.append(plan.id)
        count[plan.subject, default: 0] += 1
        if let old = plan.supersedes { stop(old, "superseded", time) }
        return .taken
    }
}
