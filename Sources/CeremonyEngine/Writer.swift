// The only one who writes. Commands wait in a bounded queue; one task takes a batch, decides it on
// a working state, appends once, has the head signed once, publishes the state, answers. Nothing is
// decided while an append is in flight, and a failed append leaves nothing behind but the answer
// (DESIGN 2.2).

public import CeremonyRecord
public import CeremonyRules

/// What became of a command.
public struct Recorded: Sendable {
    /// Where the document stands, now or from before; `nil` for the daemon's own reports, and for a
    /// halt that is held in the halt file until the log can be written.
    public let receipt: Receipt?
    /// Whether exactly this had been taken before, so that nothing was recorded.
    public let isRepeat: Bool
    /// The events that it came to.
    public let events: [Event]
}

/// The single writer of a log.
///
/// Everything that changes is changed between two suspensions: the loop is the only one that
/// decides and appends, whoever else comes in while it waits for the token finds the state as
/// published.
actor Writer {
    private struct Waiting {
        let command: Command
        let answer: CheckedContinuation<Result<Recorded, EngineError>, Never>
    }

    /// So many commands wait at most; more are told to come again.
    static let queueMax = 256
    /// So many commands are made durable together at most.
    static let batchMax = 64

    private let ledger: any Ledger
    private let watch: ClockWatch
    private let published: Published
    private let appended: @Sendable ([Event], [[UInt8]]) -> Void
    private let otherLog: @Sendable () -> Void
    private let ended: @Sendable (LedgerError) -> Void
    private var signer: HeadSigner?
    private var isOpen = false
    /// The ledger cannot say what is on the disk: nothing is written any more.
    private var isEnded = false
    private var queue: [Waiting] = []
    private var isWorking = false
    private var waitingForRest: [CheckedContinuation<Void, Never>] = []
    /// What is durable and not yet covered by a signed head: nobody has heard of it.
    private var unheard: Tail

    /// - Parameters:
    ///   - unheard: What the ledger holds behind its signed head.
    ///   - appended: Hears of every event once, in order, when a signed head covers it.
    ///   - otherLog: Hears that the store holds another number of events than were appended.
    ///   - ended: Hears that the log must be read again from the disk; the process is to end.
    init(
        ledger: any Ledger, watch: ClockWatch, published: Published, unheard: Tail,
        appended: @escaping @Sendable ([Event], [[UInt8]]) -> Void,
        otherLog: @escaping @Sendable () -> Void,
        ended: @escaping @Sendable (LedgerError) -> Void
    ) {
        self.ledger = ledger
        self.watch = watch
        self.published = published
        self.unheard = unheard
        self.appended = appended
        self.otherLog = otherLog
        self.ended = ended
    }

    /// Opens the log for writing, beginning with a signature of the head where that has none.
    ///
    /// - Throws: ``EngineError``: the log key's trouble; the log is as it was then.
    func open(with signer: HeadSigner) async throws(EngineError) {
        let (snapshot, look) = (published.snapshot, watch.look())
        let time = snapshot.state.time(of: look.standing, at: look.now)
        try await signer.prove(snapshot.neededKeys(at: time))
        try await signHead(with: signer)
        self.signer = signer
        isOpen = true
    }

    /// Takes nothing more; returns when the batch in flight has ended and the signed head is
    /// stored.
    func seal() async {
        isOpen = false
        if isWorking { await withCheckedContinuation { waitingForRest.append($0) } }
        storeCheckpoint()
        signer = nil
    }

    /// Decides a command and makes it durable; returns when the head that covers it is signed.
    ///
    /// - Throws: ``EngineError``: a refusal of the rules, `sealed`, `overloaded`,
    ///   `recorded-not-signed` (it is recorded), `log-not-written` (it is not), `stopping` (that
    ///   cannot be told).
    func submit(_ command: Command) async throws(EngineError) -> Recorded {
        guard queue.count < Writer.queueMax || !command.isBounded else {
            throw EngineError(
                .overloaded, "\(Writer.queueMax) commands are waiting already.",
                next: "Nothing was recorded. Try again in a moment.")
        }
        let result = await withCheckedContinuation { answer in
            queue.append(Waiting(command: command, answer: answer))
            guard !isWorking else { return }
            isWorking = true
            Task { await self.work() }
        }
        return try result.get()
    }

    /// How many commands wait.
    var queueCount: Int { queue.count }
    /// Whether the log is open for writing.
    var isTaking: Bool { isOpen }

    /// Signs the durable head if that is still to be done.
    func signHead() async throws(EngineError) {
        guard let signer, isOpen else { throw .sealed }
        try await signHead(with: signer)
    }

    /// Has the keys that are to sign the next head sign something that means nothing; the log says
    /// how that ended until they have signed again.
    ///
    /// - Throws: ``EngineError``: `sealed`, and the first key's trouble.
    func prove(_ keys: [[NoteKey]]) async throws(EngineError) {
        guard let signer, isOpen else { throw .sealed }
        do throws(EngineError) { try await signer.prove(keys) } catch {
            signer.proved.failed(error)
            throw error
        }
    }

    private func signHead(with signer: HeadSigner) async throws(EngineError) {
        let state = published.snapshot.state
        guard published.snapshot.checkpointSize < state.head.size else { return }
        let note = try await signer.sign(state)
        published.update { $0.take(note, size: state.head.size) }
        tell()
    }

    /// Tells what a signed head covers now, and nothing of it twice.
    private func tell() {
        let covered = unheard.take(upTo: published.snapshot.checkpointSize)
        if !covered.events.isEmpty { appended(covered.events, covered.lines) }
    }

    /// Stores the newest signed checkpoint, so that a clean stop leaves a signed log.
    private func storeCheckpoint() {
        let snapshot = published.snapshot
        guard !isEnded, let checkpoint = snapshot.checkpoint,
            snapshot.checkpointSize == snapshot.state.head.size
        else { return }
        do throws(LedgerError) {
            try ledger.store(checkpoint: checkpoint, size: snapshot.checkpointSize)
        } catch {
            // One that is not stored is signed again at the next unlock: the same head.
            if error.endsProcess { end(error) }
        }
    }

    // MARK: The loop

    private func work() async {
        while !queue.isEmpty {
            let batch = Array(queue.prefix(Writer.batchMax))
            queue.removeFirst(batch.count)
            await commit(batch)
        }
        isWorking = false
        for waiting in waitingForRest { waiting.resume() }
        waitingForRest = []
    }

    private func commit(_ commands: [Waiting]) async {
        do throws(EngineError) {
            if isEnded { throw .stopping }
            // Nothing more is appended until the head before is signed; and while it was being
            // signed the log may have been sealed.
            try await signHead()
            guard isOpen else { throw .sealed }
        } catch {
            for waiting in commands { waiting.answer.resume(returning: .failure(error)) }
            return
        }
        let snapshot = published.snapshot
        var batch = Batch(
            state: snapshot.state, clock: watch.look(), isHaltedBeside: snapshot.isHaltedByFile)
        let decided = commands.map { batch.take($0.command) }
        let durability = await makeDurable(batch)
        for (waiting, decided) in zip(commands, decided) {
            waiting.answer.resume(returning: decided.answer(durability))
        }
    }

    private func makeDurable(_ batch: Batch) async -> Batch.Durability {
        guard !batch.lines.isEmpty, let signer else { return .signed }
        let before = published.snapshot
        // Where other keys sign from here on than before, after a change or because its day has
        // come, they must be there: what they cannot sign could never be signed.
        if batch.state.headKeys != before.state.headKeys {
            do throws(EngineError) { try await signer.prove(batch.state.headKeys) } catch {
                // What a change would need is no trouble of the log as it stands.
                if batch.state.logKeys == before.state.logKeys { signer.proved.failed(error) }
                return .notWritten(error)
            }
        }
        do throws(LedgerError) {
            try ledger.append(
                batch.lines, after: before.state.head.size, head: batch.state.head.root,
                checkpoint: before.checkpoint)
        } catch {
            if error.endsProcess {
                end(error)
                return .notWritten(.stopping)
            }
            if case .wrongSize = error { otherLog() }
            return .notWritten(
                EngineError(
                    .logNotWritten, "\(error).",
                    next: "Look at the disk. A repeat of the same document is safe."))
        }
        let head = batch.state.head
        let note: Result<[UInt8], EngineError>
        do throws(EngineError) {
            note = .success(try await signer.sign(batch.state))
        } catch {
            note = .failure(error)
        }
        // What is durable is shown, signed or not; a snapshot says how far the signature reaches.
        published.append(leaves: batch.lines.map(TreeHash.leaf))
        published.update {
            $0.state = batch.state
            if case .success(let note) = note { $0.take(note, size: head.size) }
        }
        for case .clockCorrected(let corrected) in batch.events.map(\.body) {
            watch.corrected(to: corrected.now)
        }
        unheard.append(batch.events, batch.lines)
        tell()
        switch note {
        case .success: return .signed
        case .failure(let error): return .notSigned(error, after: before.state.head.size)
        }
    }

    private func end(_ error: LedgerError) {
        isEnded = true
        ended(error)
    }
}

extension Command {
    /// Whether it has to wait its turn outside when too many wait. What the daemon itself has begun
    /// has an end to report, and no limit stands in the way of a halt.
    fileprivate var isBounded: Bool {
        switch self {
        case .submit, .execute, .tick, .refused: true
        case .recover, .complete, .done, .fail, .start, .invariant, .heldHalt,
            .unsealTried:
            false
        }
    }
}
