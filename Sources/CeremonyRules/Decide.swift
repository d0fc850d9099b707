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
        try decision.tick(at: time)
    case .submit(let document, let sshsig, let possession):
        try decision.submit(document, sshsig, at: time, doubt: doubt) {
            state, signed, document, namespace throws(Refusal) in
            let body = try State.body(state, signed, document, namespace, possession)
            if case (.statement(let statement), .ceremonyOpened) = (document, body) {
                try state.checkOpening(of: statement, by: now)
            }
            return body
        }
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
    case .done(let id, let step, let isLeft):
        let next = state.committed(id)?.afterwards.first { $0.name == step }
        let result = isLeft ? Afterwards.leftUndone : next?.result ?? .object([:])
        try decision.append(
            .stepDone(StepDone(ceremony: id, step: step, result: result)), at: time)
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
    case .unsealTried(let tried):
        try decision.append(.unsealTried(tried), at: time)
    case .refused(let refused):
        try decision.append(.accessRefused(refused), at: time)
    }
    return decision
}

extension Decision {
    /// Writes down what follows from time. One that fails stops none of the others; that one does
    /// at all is no small matter, and halts the house.
    fileprivate mutating func tick(at time: Timestamp) throws(Refusal) {
        for body in state.allDue(at: time) {
            let before = self
            do throws(Refusal) { try append(body, at: time) } catch {
                self = before
                if state.allDue(at: time).contains(body) {
                    stuck.append(body.ceremony ?? body.type)
                }
            }
        }
        let isKnown = state.halts.contains {
            $0.by == nil && $0.reason == Invariant.deadline.rawValue
        }
        guard !stuck.isEmpty, !isKnown else { return }
        try append(
            .haltRaised(
                HaltRaised(signed: nil, invariant: Invariant.deadline.rawValue, effective: nil)),
            at: time)
    }

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
                next: "Sign it again: ceremonyctl sign FILE.",
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
