// What the oracle says of answers, and of what comes out of a ceremony.

extension Oracle {
    // MARK: Approving and accepting

    mutating func approve(_ id: String, _ draft: Int, _ ask: Ask, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], meeting.plan.draft == draft, isAnswerable(meeting, time),
            isAsked(ask, in: meeting), !meeting.yes.contains(ask.by), !meeting.no.contains(ask.by)
        else { return .refused }
        meetings[id]?.yes.insert(ask.by)
        return decideIfComplete(id, time)
    }

    mutating func accept(_ id: String, _ ask: Ask, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], isAnswerable(meeting, time),
            meeting.invited[ask.key] == ask.by,
            !meeting.accepted.contains(ask.key), !meeting.refused.contains(ask.key),
            ask.at - time <= 300, meeting.plan.drafted - ask.at <= 300,
            roles[ask.key] == nil || roles[ask.key] == ask.by
        else { return .refused }
        meetings[id]?.accepted.insert(ask.key)
        roles[ask.key] = ask.by
        return decideIfComplete(id, time)
    }

    /// A participant's no to their part.
    mutating func refuse(_ id: String, _ seen: Ask.Phase, _ ask: Ask, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], isAnswerable(meeting, time),
            meeting.invited[ask.key] == ask.by, seen == .pending || seen == .approved,
            !meeting.accepted.contains(ask.key), !meeting.refused.contains(ask.key)
        else { return .refused }
        meetings[id]?.refused.insert(ask.key)
        if meeting.phase == .pending { stop(id, "declined", time) }
        return isRecent(ask) ? .taken : .either
    }

    mutating func decline(_ id: String, _ seen: Ask.Phase, _ ask: Ask, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], isAsked(ask, in: meeting) else { return .refused }
        let verdict = isRecent(ask) ? Verdict.taken : .either
        if meeting.phase == .completed {
            guard seen == .completed, isAttestable(meeting, time), let key = meeting.key,
                keys[key]?.active == nil, !hasAttested(ask.by, meeting)
            else { return .refused }
            meetings[id]?.disowned.insert(ask.by)
            lapseIfOutOfReach(id, time)
            return verdict
        }
        guard isAnswerable(meeting, time), seen == .pending || seen == .approved,
            !meeting.yes.contains(ask.by), !meeting.no.contains(ask.by)
        else { return .refused }
        meetings[id]?.no.insert(ask.by)
        let no = meeting.no.union([ask.by])
        let left = canStillAnswer(meeting).union(meeting.yes).subtracting(no)
        if meeting.phase == .pending,
            !meeting.isEnough(left, meeting.need.yes, meeting.need.humans)
        {
            stop(id, "declined", time)
        }
        return verdict
    }

    private func isRecent(_ ask: Ask) -> Bool {
        ask.size == size || outgrown[ask.size].map { latest - $0 <= 172_800 } ?? false
    }

    private func isAnswerable(_ meeting: Meeting, _ time: Int) -> Bool {
        (meeting.phase == .pending || meeting.phase == .approved) && time < meeting.expires
    }

    /// Whether the person is on the roster with that key, and listed with it.
    private func isAsked(_ ask: Ask, in meeting: Meeting) -> Bool {
        people[ask.by]?.keys.contains(ask.key) == true
            && meeting.listed[ask.by]?.contains(ask.key) == true
    }

    /// Those listed who are still there with a key that is listed.
    private func canStillAnswer(_ meeting: Meeting) -> Set<String> {
        Set(
            meeting.listed.filter { name, listed in
                !(people[name]?.keys ?? []).isDisjoint(with: listed)
            }.keys)
    }

    /// The state after the answer that completes what was still open; what has no steps is done.
    private mutating func decideIfComplete(_ id: String, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], meeting.phase == .pending,
            meeting.isEnough(meeting.yes, meeting.need.yes, meeting.need.humans),
            meeting.accepted.count == meeting.invited.count
        else { return .taken }
        meetings[id]?.phase = .approved
        guard !Oracle.making.contains(meeting.plan.kind) else { return .taken }
        head = time
        guard basis(of: meeting) == meeting.plan.basis else { return .refused }
        meetings[id]?.began = time
        end(id, .completed, nil, time)
        sweep(head: time, at: time)
        carryOut(meeting, time)
        return .taken
    }

    private mutating func carryOut(_ meeting: Meeting, _ time: Int) {
        let plan = meeting.plan
        switch plan.kind {
        case "key_revocation": if let key = plan.key { keys[key]?.revoked = time }
        case "halt_clear": for seq in plan.halts ?? [] { halts[seq] = nil }
        case "log_key_change":
            if let key = plan.logKey {
                logKeys.append(key)
                roles[key] = "the log"
            }
        case "set_roster":
            epoch += 1
            people = plan.people ?? [:]
            for (name, person) in people { for key in person.keys { roles[key] = name } }
        case "set_policy":
            epoch += 1
            rules = plan.rules ?? rules
        case "clock_correction":
            let now = plan.clock ?? time
            for id in live { stop(id, "prestate-changed", now) }
            head = now
            justCorrected = now
            misdate(after: now)
            return
        default: break
        }
        sweep(head: time, at: time)
        if plan.kind == "set_roster" {
            for id in order where isWaiting(id) { lapseIfOutOfReach(id, time) }
        }
    }

    /// Nothing that happened before happened after that; what began by the wrong clock begins now,
    /// and what is over by it stays so.
    private mutating func misdate(after now: Int) {
        func bounded(_ time: Int?) -> Int? { time.map { min($0, now) } }
        lastRefusal = bounded(lastRefusal)
        outgrown = outgrown.mapValues { min($0, now) }
        for id in order {
            let meeting = meetings[id]
            meetings[id]?.isMisdated = true
            meetings[id]?.began = bounded(meeting?.began)
            meetings[id]?.ended = bounded(meeting?.ended)
        }
        for (number, key) in keys {
            var key = key
            if key.isWrittenOff {
                key.until = bounded(key.until)
            } else if let began = key.untilBegan, let until = key.until, began > now {
                key.until = until - (began - now)
                key.untilBegan = now
            }
            key.active = bounded(key.active)
            key.revoked = bounded(key.revoked)
            key.lapsed = bounded(key.lapsed)
            keys[number] = Key(
                subject: key.subject, meeting: key.meeting, isDrill: key.isDrill,
                made: min(key.made, now), active: key.active, until: key.until,
                untilBegan: key.untilBegan, isWrittenOff: key.isWrittenOff, revoked: key.revoked,
                lapsed: key.lapsed)
        }
    }

    // MARK: Keys

    mutating func complete(_ id: String, _ number: Int, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], meeting.phase == .executing,
            let deadline = meeting.deadline, let began = meeting.began, time < deadline,
            began - time <= 5, roles[number] == nil, !meeting.isMisdated,
            basis(of: meeting) == meeting.plan.basis
        else { return .refused }
        let before = head
        end(id, .completed, nil, time)
        meetings[id]?.key = number
        let subject = meeting.plan.subject
        if (keysOf[subject] ?? []).isEmpty {
            classOf[subject] = meeting.plan.isDrill
            holderOf[subject] = meeting.holder
        }
        keys[number] = Key(
            subject: subject, meeting: id, isDrill: classOf[subject] ?? false, made: time)
        keysOf[subject, default: []].append(number)
        roles[number] = "the key of \(subject)"
        sweep(head: before, at: time)
        if meeting.need.attest == 0 { activate(id, time) }
        return .taken
    }

    mutating func attest(_ id: String, _ ask: Ask, _ time: Int) -> Verdict {
        guard let meeting = meetings[id], isAttestable(meeting, time), isAsked(ask, in: meeting),
            !hasAttested(ask.by, meeting)
        else { return .refused }
        meetings[id]?.attested.insert(ask.by)
        let (all, humans) = meeting.attestNeed
        if let key = meeting.key, keys[key]?.active == nil,
            meeting.isEnough(meeting.attested.union([ask.by]), all, humans)
        {
            activate(id, time)
        }
        return .taken
    }

    private func hasAttested(_ name: String, _ meeting: Meeting) -> Bool {
        meeting.attested.contains(name) || meeting.disowned.contains(name)
    }

    private func isAttestable(_ meeting: Meeting, _ time: Int) -> Bool {
        guard meeting.phase == .completed, let key = meeting.key, let by = meeting.attestBy else {
            return false
        }
        return time < by && ["registered", "active"].contains(standing(key, at: time))
    }

    /// Whether its key waits for attestations, as far as the log says.
    func isWaiting(_ id: String) -> Bool {
        meetings[id]?.key.map { written($0) == "registered" } ?? false
    }

    /// The key is valid from here on, and the one before it has an end.
    private mutating func activate(_ id: String, _ time: Int) {
        guard let meeting = meetings[id], let key = meeting.key else { return }
        keys[key]?.active = time
        if let old = meeting.oldKey, standing(old, at: time) == "active" {
            keys[old]?.until = time + meeting.overlapDays * 86_400
            keys[old]?.untilBegan = time
        }
        sweep(head: time, at: time)
    }

    private mutating func lapseIfOutOfReach(_ id: String, _ time: Int) {
        guard let meeting = meetings[id], let key = meeting.key else { return }
        let (all, humans) = meeting.attestNeed
        let left = canStillAnswer(meeting).union(meeting.attested).subtracting(meeting.disowned)
        guard !meeting.isEnough(left, all, humans) else { return }
        keys[key]?.lapsed = time
        sweep(head: time, at: time)
    }
}
