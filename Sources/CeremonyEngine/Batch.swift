// Commands decided one after the other on a working state, to be appended together. What is
// answered depends on what becomes of the whole: a refusal that leans on an event which was never
// written is no refusal.

import CeremonyRecord
import CeremonyRules

/// A batch in the making.
struct Batch {
    /// What became of the batch's events.
    enum Durability {
        /// They are durable and their head is signed, or there are none.
        case signed
        /// They are durable; the log key has not signed. They follow a log of that size.
        case notSigned(EngineError, after: Int)
        /// They are not durable, or that cannot be told.
        case notWritten(EngineError)
    }

    /// A command's decision.
    struct Decided {
        fileprivate let result: Result<Recorded, EngineError>
        /// Whether events of this batch stood before it, or it made some.
        fileprivate let leansOnBatch: Bool
    }

    private(set) var state: State
    private(set) var events: [Event] = []
    private(set) var lines: [[UInt8]] = []
    private let clock: ClockLook
    private let isHaltedBeside: Bool

    /// - Parameter isHaltedBeside: Whether the halt file, or a halt in memory, stands beside the
    ///   log.
    init(state: State, clock: ClockLook, isHaltedBeside: Bool) {
        self.state = state
        self.clock = clock
        self.isHaltedBeside = isHaltedBeside
    }

    /// Decides one command more; a refusal leaves nothing of it.
    mutating func take(_ command: Command) -> Decided {
        let result: Result<Recorded, EngineError>
        do throws(Refusal) {
            // Halt first, everywhere; the file halts before the log can say so (CT-11).
            if isHaltedBeside, !state.isHalted, !command.goesOnWhileHalted(in: state) {
                throw .haltedByFile
            }
            // What follows from time stands before what anybody asks (VAL-2).
            if command.comesAfterTime { adopt(try decide(.tick)) }
            let decision = try decide(command)
            adopt(decision)
            result = .success(
                Recorded(
                    receipt: decision.receipt, isRepeat: decision.isRepeat,
                    events: decision.events))
        } catch {
            result = .failure(EngineError(error))
        }
        return Decided(result: result, leansOnBatch: !lines.isEmpty)
    }

    private func decide(_ command: Command) throws(Refusal) -> Decision {
        try CeremonyRules.decide(state, command, now: clock.now, clock: clock.standing)
    }

    private mutating func adopt(_ decision: Decision) {
        state = decision.state
        events += decision.events
        lines += decision.lines
    }
}

extension Batch.Decided {
    /// What the one who asked is told.
    func answer(_ durability: Batch.Durability) -> Result<Recorded, EngineError> {
        switch durability {
        case .signed: return result
        case .notWritten(let error): return leansOnBatch ? .failure(error) : result
        case .notSigned(let error, let size):
            guard case .success(let recorded) = result,
                let seq = recorded.receipt?.seq ?? recorded.events.first?.seq, seq >= size
            else { return result }
            return .failure(.notSigned(seq, because: error.detail))
        }
    }
}

extension Command {
    /// Whether it may be decided while the house is halted.
    fileprivate func goesOnWhileHalted(in state: State) -> Bool {
        switch self {
        case .submit(let document, _, _):
            (try? AnyDocument(bytes: document)).map { state.goesOn($0, despite: .halted) } ?? false
        case .execute, .recover, .complete, .done: false
        case .fail, .tick, .start, .invariant, .heldHalt, .refused, .unsealTried: true
        }
    }

    /// Whether what is due is written down before it. A halt waits for nothing, and the end of an
    /// execution is told by the one who knows what was left, not by the clock.
    fileprivate var comesAfterTime: Bool {
        switch self {
        case .submit, .execute, .recover, .tick, .refused: true
        case .complete, .done, .fail, .start, .invariant, .heldHalt, .unsealTried: false
        }
    }
}

extension Refusal {
    /// How everything is refused while the halt file stands and the log does not say so yet.
    static let haltedByFile = Refusal(
        .halted, "The house is halted by the halt file.",
        next: "Reading, verifying, export, note, decline, cancel, key-revocation and a set-roster "
            + "that only removes go on; it is cleared by halt-clear once the log says so.",
        requirement: "CT-11")
}
