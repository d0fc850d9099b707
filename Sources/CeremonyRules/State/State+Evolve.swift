// The fold: one event more. Everything that makes an event legal is checked here and nowhere else;
// the daemon decides by trying, and the offline verifier refuses with the same words. A log in
// which an illegal event stands does not verify.

public import CeremonyRecord
import HashTreeCollections

extension State {
    /// The state after event 0.
    ///
    /// - Parameters:
    ///   - line: The event's bytes as they stand in the log, without LF.
    ///   - predecessor: The whole log that the founding document says it goes on from.
    /// - Throws: ``Refusal`` where the founding is not complete, signed and sensible.
    public static func founded(
        by event: Event, line: [UInt8], after predecessor: State? = nil
    ) throws(Refusal) -> State {
        guard case .logCreated(let body) = event.body, event.seq == 0, event.prev == .zero else {
            throw Refusal(.illegalEvent, "A log begins with its founding, and this one does not.")
        }
        var state = try State(
            founding: body, origin: event.origin, at: event.time, after: predecessor)
        state.extend(event, line: line)
        return state
    }

    /// Takes one event more, or refuses it and stays as it was.
    ///
    /// - Parameter line: The event's bytes as they stand in the log, without LF.
    /// - Throws: ``Refusal`` where the event is not legal at this position.
    public mutating func evolve(_ event: Event, line: [UInt8]) throws(Refusal) {
        var next = self
        try next.checkPlace(of: event)
        try next.checkHalt(event.body)
        let demanded = try next.takeDemand(event.body)
        try next.take(
            event.body, demanded: demanded, at: KeyEntry.Moment(seq: event.seq, time: event.time))
        next.extend(event, line: line)
        self = next
    }

    // MARK: Its place

    private func checkPlace(of event: Event) throws(Refusal) {
        guard event.origin == log.origin else {
            throw Refusal(
                .wrongDocument, "The event is of the log \(event.origin), not \(log.origin).")
        }
        guard event.seq == head.size, event.prev == head.last else {
            throw Refusal(
                .brokenChain, "Event \(event.seq) does not follow from the \(head.size) before it.")
        }
        // The one event that sets the clock back is demanded by its ceremony, with its time.
        if case .clockCorrected(let corrected) = event.body, demands.first == event.body {
            guard event.time == corrected.now else {
                throw Refusal(
                    .illegalEvent, "The clock is corrected to \(corrected.now) by that event.")
            }
            return
        }
        guard event.time >= head.time else {
            throw Refusal(
                .timeBackwards, "Event \(event.seq) is dated \(event.time), before \(head.time).")
        }
    }

    /// Halt first, everywhere (CT-11): what goes on is listed, all else is refused.
    private func checkHalt(_ body: EventBody) throws(Refusal) {
        guard isHalted, demands.isEmpty, !goesOn(body, despite: .halted) else { return }
        throw haltedRefusal
    }

    /// How a halted log refuses.
    var haltedRefusal: Refusal {
        let first = halts.first
        return Refusal(
            .halted,
            "The log is halted since \(first.map { "\($0.time)" } ?? "now"), "
                + "by \(first?.by ?? "the daemon"): \(first?.reason ?? "unknown").",
            next: "Reading, verifying, export, note, decline, cancel, key-revocation, halt-clear "
                + "and a set-roster that only removes go on.",
            requirement: "CT-11")
    }

    /// What is demanded comes next and nothing else; what only a demand makes legal needs one.
    private mutating func takeDemand(_ body: EventBody) throws(Refusal) -> Bool {
        guard let demanded = demands.first else { return false }
        guard body == demanded else {
            throw Refusal(
                .illegalEvent, "\(demanded.type) must stand here, and \(body.type) does.",
                requirement: "FP-4")
        }
        demands.removeFirst()
        return true
    }

    private mutating func take(_ body: EventBody, demanded: Bool, at moment: KeyEntry.Moment)
        throws(Refusal)
    {
        switch body {
        case .rosterSet(let set) where demanded:
            try take(set, at: moment)
            rosterSeq = moment.seq
        case .ceremonyOpened(let opened): try take(opened, at: moment)
        case .ceremonyWitnessed(let answer): try take(answer, at: moment)
        case .ceremonyAccepted(let accepted): try take(accepted, at: moment)
        case .ceremonyDeclined(let declined): try take(declined, at: moment)
        case .ceremonyApproved(let approved) where demanded: try take(approved)
        case .ceremonyExecuting(let executing):
            try take(executing, demanded: demanded, at: moment)
        case .ceremonyCompleted(let completed):
            try take(completed, demanded: demanded, at: moment)
        case .ceremonyAttested(let answer): try take(answer, at: moment)
        case .ceremonyFailed(let failed): try take(failed, demanded: demanded, at: moment)
        case .ceremonyExpired(let expired): try take(expired, demanded: demanded, at: moment)
        case .keyActivated(let activated) where demanded: try take(activated, at: moment)
        case .keyRetired(let retired): try take(retired, at: moment)
        case .keyLapsed(let lapsed): try take(lapsed, demanded: demanded, at: moment)
        case .keyRevoked(let revoked) where demanded: take(revoked, at: moment)
        case .peerConfirmed(let confirmed): try take(confirmed, at: moment)
        case .stepDone(let done): try take(done)
        case .objectDestroyed(let destroyed): try take(destroyed, at: moment)
        case .haltRaised(let raised): try take(raised, at: moment)
        case .haltCleared(let cleared) where demanded: take(cleared)
        case .clockCorrected(let corrected) where demanded:
            take(corrected, at: moment.seq)
        case .logRekeyed(let rekeyed) where demanded: try take(rekeyed, at: moment)
        case .daemonStarted(let started): try take(started, at: moment)
        case .accessRefused(let refused): try take(refused, at: moment)
        case .exceptionNoted(let noted): try take(noted, at: moment)
        case .unsealTried(let tried): try take(tried)
        default:
            throw Refusal(
                .illegalEvent, "\(body.type) is not legal here: nothing in the log demands it.",
                requirement: "FP-4")
        }
    }

    // MARK: The chain

    private mutating func extend(_ event: Event, line: [UInt8]) {
        let leaf = TreeHash.leaf(line)
        head.roots[head.size] = PastRoot(root: head.root, superseded: event.time)
        while let past = head.roots[head.oldest],
            event.time - past.superseded > Limits.prefixAge, head.oldest <= oldestOpening
        {
            head.roots[head.oldest] = nil
            head.oldest += 1
        }
        head.tree.append(leaf: leaf)
        head.last = leaf
        head.time = event.time
    }

    /// Where the oldest ceremony was opened that people may still answer. What they sign about it
    /// is taken for as long as that, and names the log as it was then.
    private var oldestOpening: Int {
        (live + unattested).compactMap { ceremonies[$0]?.opened.seq }.min() ?? Int.max
    }

    /// Refuses a document that names a log this never was, or that it was long ago and no ceremony
    /// is left from then.
    ///
    /// - Throws: ``Refusal`` (`unknown-prefix`).
    func checkPrefix(size: Int, root: Digest) throws(Refusal) {
        let known = size == head.size ? head.root : head.roots[size]?.root
        guard known == root else {
            throw Refusal(
                .unknownPrefix,
                "The document names a log of size \(size) with a root that this log did not have "
                    + "in the last two days.",
                next: "Draft it again. If the log is the right one, somebody shows two histories.")
        }
    }

    /// Refuses a statement whose drafter saw a log that was not the newest any more within the time
    /// for which a draft holds.
    ///
    /// - Throws: ``Refusal`` (`unknown-prefix`, `stale`).
    func checkPrefix(of statement: Statement, at time: Timestamp) throws(Refusal) {
        try checkPrefix(size: statement.treeSize, root: statement.treeRoot)
        guard let past = head.roots[statement.treeSize], time - past.superseded > Limits.draftAge
        else { return }
        throw Refusal(
            .stale,
            "The statement names the log of size \(statement.treeSize), which grew at "
                + "\(past.superseded), and it is \(time) now.",
            next: "A draft holds for \(Limits.draftAge / 60) minutes; draft it again.")
    }
}
