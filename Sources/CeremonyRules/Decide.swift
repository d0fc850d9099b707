// Deciding: a command becomes the events that it would be, and the fold says whether they are
// legal. There is no second set of rules here; what evolve refuses is refused, in its words.

public import CeremonyRecord
import HashTreeCollections

/// Decides a command on a state. Pure: the same inputs give the same events.
///
/// While the clock cannot be acted on, everything that goes on all the same is dated by the last
/// event, and nothing follows from time.
///
/// - Parameters:
///   - now: The clock; a little behind the log, the log's time is used (DESIGN, Time).
///   - clock: What is known of the clock besides what the log shows of it.
/// - Returns: The events to append together, with everything that they demand after them.
/// - Throws: ``Refusal``; the state is unchanged and nothing is to be appended.
public func decide(
    _ state: State, _ command: Command, now: Timestamp, clock: ClockStanding = .right
) throws(Refusal) -> Decision {
    let time = state.time(of: clock, at: now)
    let doubt = state.refusal(of: clock, at: now)
    var decision = Decision(state: state)
    switch command {
    case .tick:
        guard doubt == nil else { return decision }
        for body in state.allDue(at: time) {
            let before = decision
            do throws(Refusal) { try decision.append(body, at: time) } catch {
                decision = before
                // One that fails stops none of the others; that one does at all is no small matter.
                if decision.state.allDue(at: time).contains(body) {
                    decision.stuck.append(body.ceremony ?? body.type)
                }
            }
        }
        let isKnown = state.halts.contains {
            $0.by == nil && $0.reason == Invariant.deadline.rawValue
        }
        if !decision.stuck.isEmpty, !isKnown {
            try decision.append(
                .haltRaised(
                    HaltRaised(
                        signed: nil, invariant: Invariant.deadline.rawValue, effective: nil)),
                at: time)
        }
    case .submit(let document, let sshsig):
        try decision.submit(document, sshsig, at: time, doubt: doubt, as: State.body)
    case .execute(let document, let sshsig, let intent):
        try decision.submit(document, sshsig, at: time, doubt: doubt) {
            state, signed, _, namespace throws(Refusal) in
            try state.execution(signed, for: namespace, intent)
        }
    case .recover(let document, let sshsig, let outcome):
        try decision.submit(document, sshsig, at: time, doubt: doubt) {
            state, signed, _, namespace throws(Refusal) in
            try state.destruction(signed, for: namespace, outcome)
        }
    case .heldHalt(let document, let sshsig, let since):
        try decision.submit(document, sshsig, at: time, doubt: nil) {
            _, signed, _, _ throws(Refusal) in
            .haltRaised(
                HaltRaised(signed: signed, invariant: nil, effective: since < time ? since : nil))
        }
    case .complete(let id, let outcome):
        // Whether its time is over cannot be told, so it is not committed.
        if let doubt { throw doubt }
        try decision.append(
            .ceremonyCompleted(
                CeremonyCompleted(
                    ceremony: id, from: .executing, to: .completed, outcome: outcome)),
            at: time)
    case .fail(let id, let failure):
        try decision.append(
            .ceremonyFailed(
                CeremonyFailed(
                    ceremony: id, from: .executing, to: .failed, reason: failure.reason,
                    phase: failure.phase, detail: failure.detail, pkcs11: failure.pkcs11,
                    left: failure.left.isEmpty ? nil : failure.left, signed: nil, by: nil,
                    effective: state.lateness(of: failure, in: id, at: time))),
            at: time)
    case .start(let version, let commit, let modules):
        try decision.append(
            .daemonStarted(
                DaemonStarted(
                    version: version, commit: commit, modules: modules, fence: state.fence + 1)),
            at: time)
    case .invariant(let name, let since):
        let effective = since.flatMap { $0 < time ? $0 : nil }
        try decision.append(
            .haltRaised(HaltRaised(signed: nil, invariant: name, effective: effective)), at: time)
    case .refused(let refused):
        try decision.append(.accessRefused(refused), at: time)
    }
    return decision
}

extension Decision {
    /// Appends an event and everything that it demands.
    fileprivate mutating func append(_ body: EventBody, at time: Timestamp) throws(Refusal) {
        var time = time
        var next: EventBody? = body
        while let body = next {
            // From here on the log goes on at the time that its keepers say it is.
            if case .clockCorrected(let corrected) = body { time = corrected.now }
            let event = Event(
                origin: state.log.origin, seq: state.head.size, time: time, prev: state.head.last,
                body: body)
            let line = event.line
            try state.evolve(event, line: line)
            do { _ = try event.checked() } catch {
                throw Refusal(.malformed, "The event cannot be written: \(error).")
            }
            events.append(event)
            lines.append(line)
            next = state.demands.first
        }
    }

    /// Reads a document and its signature, answers a repeat, and appends what it comes to.
    fileprivate mutating func submit(
        _ bytes: [UInt8], _ sshsig: [UInt8], at time: Timestamp, doubt: Refusal?,
        as body: (State, SignedDocument, AnyDocument, SignatureNamespace) throws(Refusal) ->
            EventBody
    ) throws(Refusal) {
        let document = try? AnyDocument(bytes: bytes)
        let goesOn = document.map { state.goesOn($0, despite: .halted) } ?? false
        guard !state.isHalted || goesOn else { throw state.haltedRefusal }
        guard let document else { throw State.unreadable(bytes) }
        let signature: SSHSIG
        do { signature = try SSHSIG(blob: sshsig) } catch {
            throw Refusal(
                .badSignature, "The signature cannot be read: \(error).",
                next: "Nothing was recorded. Sign it again: ceremonyctl sign FILE.",
                requirement: "NFR18")
        }
        guard let namespace = SignatureNamespace(rawValue: signature.namespace) else {
            throw Refusal(
                .wrongNamespace,
                "\(Display.neutralised(signature.namespace)) is no purpose known here.",
                next: "ceremonyctl sign chooses the right purpose by itself.",
                requirement: "NFR18")
        }
        let signed = SignedDocument(
            lines: document.document.lines, key: signature.key.fingerprint, sshsig: sshsig)
        if let receipt = state.receipt(signed.digest, by: signed.key, for: namespace) {
            try state.checkRepeat(signed, signature, namespace)
            self.receipt = receipt
            isRepeat = true
            return
        }
        if let doubt, !state.goesOn(document, despite: .clock) { throw doubt }
        try append(try body(state, signed, document, namespace), at: time)
        receipt = Receipt(
            seq: events.first?.seq ?? 0,
            ceremony: state.receipt(
                signed.digest, by: signed.key, for: namespace)?.ceremony)
    }
}

extension State {
    /// Since when a failure has held that an executor reports after its deadline.
    fileprivate func lateness(of failure: Failure, in id: String, at time: Timestamp) -> Timestamp?
    {
        guard failure.reason == "deadline", let deadline = ceremonies[id]?.executionDeadline,
            time > deadline
        else { return nil }
        return deadline
    }

    /// What must be written down because time has passed.
    ///
    /// Its cost depends on what is alive, never on the length of the log.
    public func allDue(at time: Timestamp) -> [EventBody] {
        live.compactMap { dueEnd(of: $0, at: time) }
            + unattested.compactMap { id in
                ceremonies[id].flatMap { dueLapse(of: $0, at: time) }.map { .keyLapsed($0) }
            }
            + retiring.compactMap { dueRetirement(of: $0, at: time).map { .keyRetired($0) } }
    }

    /// The end that time has put to a ceremony under way.
    private func dueEnd(of id: String, at time: Timestamp) -> EventBody? {
        guard let ceremony = ceremonies[id] else { return nil }
        switch ceremony.state {
        case .pending, .approved:
            let end = ceremony.statement.expires
            guard time >= end else { return nil }
            return .ceremonyExpired(
                CeremonyExpired(
                    ceremony: id, from: ceremony.state, to: .expired, reason: "timeout",
                    signed: nil, by: nil, effective: time > end ? end : nil))
        case .executing:
            guard let deadline = ceremony.executionDeadline, time >= deadline else { return nil }
            return .ceremonyFailed(
                CeremonyFailed(
                    ceremony: id, from: .executing, to: .failed, reason: "deadline", phase: nil,
                    detail: nil, pkcs11: nil, left: ceremony.traces, signed: nil, by: nil,
                    effective: time > deadline ? deadline : nil))
        case .completed, .failed, .expired: return nil
        }
    }

    /// When ``allDue(at:)`` will next have something; `nil` when nothing waits for time.
    public var nextDue: Timestamp? {
        let ends = live.compactMap { id -> Timestamp? in
            guard let ceremony = ceremonies[id] else { return nil }
            return ceremony.state == .executing
                ? ceremony.executionDeadline : ceremony.statement.expires
        }
        return
            (ends + unattested.compactMap { ceremonies[$0]?.attestDeadline }
            + retiring.compactMap { keys[$0]?.until }).min()
    }

    /// The event that a person's document and the purpose of its signature come to.
    fileprivate static func body(
        _ state: State, _ signed: SignedDocument, _ document: AnyDocument,
        _ namespace: SignatureNamespace
    ) throws(Refusal) -> EventBody {
        switch (document, namespace) {
        case (.statement(let statement), .open):
            return .ceremonyOpened(
                CeremonyOpened(
                    ceremony: statement.ceremony, from: nil, to: .pending, signed: signed,
                    supersedes: statement.supersedes))
        case (.statement(let statement), .approve):
            let ceremony = try state.ceremony(statement.ceremony)
            try state.checkExactly(signed, ceremony.digest, "the statement of \(ceremony.id)")
            let name = try state.checkMayAnswer(ceremony, ceremony.approvals, by: signed.key)
            return .ceremonyWitnessed(
                CeremonyWitnessed(
                    ceremony: ceremony.id, from: ceremony.state, to: ceremony.state, witness: name,
                    key: signed.key, sshsig: signed.sshsig, count: ceremony.approvals.count + 1,
                    threshold: ceremony.approvals.threshold))
        case (.keyRecord(let record), .attest):
            let ceremony = try state.ceremony(record.ceremony)
            try state.checkExactly(
                signed, ceremony.record?.digest, "the key record of \(ceremony.id)")
            let name = try state.checkMayAnswer(ceremony, ceremony.attestations, by: signed.key)
            return .ceremonyAttested(
                CeremonyAttested(
                    ceremony: ceremony.id, from: .completed, to: .completed, witness: name,
                    key: signed.key, sshsig: signed.sshsig, count: ceremony.attestations.count + 1,
                    threshold: ceremony.attestations.threshold))
        case (.acceptance(let acceptance), .accept):
            let ceremony = try state.ceremony(acceptance.ceremony)
            return .ceremonyAccepted(
                CeremonyAccepted(
                    ceremony: ceremony.id, from: ceremony.state, to: ceremony.state,
                    set: acceptance.set, participant: acceptance.participant.name, signed: signed,
                    newKey: acceptance.newKey, possession: nil))
        case (.act(let act), .act): return try state.body(of: act, signed)
        default:
            throw Refusal(
                .wrongNamespace,
                "A \(type(of: document.document).title) is not signed under "
                    + "\(namespace.rawValue) to be submitted.",
                next: "ceremonyctl sign chooses the right purpose by itself.", requirement: "NFR18")
        }
    }

    private func body(of act: Act, _ signed: SignedDocument) throws(Refusal) -> EventBody {
        switch act.act {
        case .decline, .cancel:
            guard let id = act.ceremony else {
                throw Refusal(
                    .wrongDocument, "The act names no ceremony.",
                    next: "Draft it again with ceremonyctl, for one of those in: ceremonyctl list.")
            }
            let ceremony = try ceremony(id)
            if act.act == .decline {
                let participant = roster.member(holding: signed.key)?.member.name
                return .ceremonyDeclined(
                    CeremonyDeclined(
                        ceremony: id, from: ceremony.state, to: ceremony.state,
                        participant: participant ?? act.actor.name, signed: signed))
            }
            if ceremony.state == .approved {
                return .ceremonyExpired(
                    CeremonyExpired(
                        ceremony: id, from: .approved, to: .expired, reason: "cancelled",
                        signed: signed, by: nil, effective: nil))
            }
            guard ceremony.state == .pending else { throw leftState(ceremony) }
            return .ceremonyFailed(
                CeremonyFailed(
                    ceremony: id, from: .pending, to: .failed, reason: "cancelled", phase: nil,
                    detail: act.justification, pkcs11: nil, left: nil, signed: signed, by: nil,
                    effective: nil))
        case .halt: return .haltRaised(HaltRaised(signed: signed, invariant: nil, effective: nil))
        case .note: return .exceptionNoted(ExceptionNoted(ceremony: act.ceremony, signed: signed))
        case .execute, .recover:
            throw Refusal(
                .wrongDocument, "This act is not taken in this way.",
                next: "It is handed in by: ceremonyctl \(act.act.rawValue).")
        }
    }

    fileprivate func execution(
        _ signed: SignedDocument, for namespace: SignatureNamespace, _ intent: JSON?
    ) throws(Refusal) -> EventBody {
        guard namespace == .act, let act = try? Act(lines: signed.lines), act.act == .execute,
            let id = act.ceremony
        else {
            throw Refusal(
                .wrongDocument, "This is not an order to execute a ceremony.",
                next: "Draft one with: ceremonyctl execute.")
        }
        return .ceremonyExecuting(
            CeremonyExecuting(
                ceremony: id, from: .approved, to: .executing, signed: signed, intent: intent))
    }

    fileprivate func destruction(
        _ signed: SignedDocument, for namespace: SignatureNamespace, _ outcome: DestructionOutcome
    ) throws(Refusal) -> EventBody {
        guard namespace == .act, let act = try? Act(lines: signed.lines), act.act == .recover,
            let id = act.ceremony
        else {
            throw Refusal(
                .wrongDocument, "This is not an order to recover what was left.",
                next: "Draft one with: ceremonyctl recover.")
        }
        guard let object = try ceremony(id).announced else {
            throw nothingToRecover(try ceremony(id))
        }
        return .objectDestroyed(
            ObjectDestroyed(
                ceremony: id, tokenSerial: object.tokenSerial, keyID: object.keyID, outcome: outcome,
                signed: signed))
    }

    fileprivate func checkExactly(_ signed: SignedDocument, _ digest: Digest?, _ what: String)
        throws(Refusal)
    {
        guard signed.digest == digest else {
            throw Refusal(
                .wrongDocument,
                "The document is not \(what): \(signed.digest) instead of "
                    + "\(digest.map { "\($0)" } ?? "none, for there is none yet").",
                next: "Sign exactly the bytes that ceremonyctl show --document prints.",
                requirement: "CT-12")
        }
    }

    /// A repeat proves the same thing again, so its signature must hold as well.
    func checkRepeat(
        _ signed: SignedDocument, _ signature: SSHSIG, _ namespace: SignatureNamespace
    ) throws(Refusal) {
        do {
            try signature.verify(message: signed.bytes, namespace: namespace, by: signature.key)
        } catch {
            throw Refusal(
                .badSignature, "The signature does not verify: \(error).",
                next: "What was taken before stands. Sign it again: ceremonyctl sign FILE.",
                requirement: "NFR18")
        }
    }

    static func unreadable(_ bytes: [UInt8]) -> Refusal {
        do {
            _ = try AnyDocument(bytes: bytes)
            return Refusal(
                .wrongDocument, "This document is not taken here.",
                next: "Nothing was recorded. ceremonyctl submit knows where it belongs.")
        } catch {
            return Refusal(
                .malformed, "This is not a document that people sign here: \(error).",
                next: "Nothing was recorded.")
        }
    }
}
