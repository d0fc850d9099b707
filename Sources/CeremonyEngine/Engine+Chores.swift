// What the engine does by itself, because time has passed. Each chore stands alone: whoever calls
// them, a timer of the daemon or a test, goes on with the others when one fails. What a chore
// decides is an event of the log and nothing else; its failure is told to the caller.

import CeremonyRecord
import CeremonyRules

extension Engine {
    /// One thing that is looked after again and again.
    public enum Chore: String, Sendable, CaseIterable {
        /// The clock is looked at, also of a sealed log: one that is watched has no gap.
        case clock
        /// The halt file is looked at, also of a sealed log; a halt that the log could not take
        /// when it was raised stands in it as soon as it can.
        case heldHalts = "held-halts"
        /// The end of an execution that could not be told when it came is told now.
        case executions
        /// What a committed ceremony still has to do is done.
        case committed
        /// What has followed from time is written down: expiries, ends of executions, lapses,
        /// retirements.
        case deadlines
        /// Refused access that was folded is written down.
        case refusedAccess = "refused-access"
        /// The head that the log token keeps is written, where that could not be done in time.
        case keptHead = "kept-head"
        /// The keys that are to sign the next head are seen to sign, where they are others than
        /// those that signed the last one: the end of a change of the log key comes by its date.
        case logKeys = "log-keys"
        /// A log whose token is gone is sealed.
        case tokens
    }

    /// Does one of them, where there is anything to do.
    ///
    /// - Throws: ``EngineError``: what kept it from being done. The next time may do better.
    public func perform(_ chore: Chore) async throws(EngineError) {
        if chore == .clock { _ = watch.look() }
        if chore == .heldHalts { halts.look() }
        if chore == .executions {
            executor.lookAtQuestions()
            executor.custody.lookAtShares(at: watch.reads)
        }
        guard !snapshot.isSealed else { return }
        switch chore {
        case .clock: return
        case .heldHalts: if snapshot.isHaltedByFile { try await halts.recordHeld() }
        case .executions: try await endInterrupted()
        case .committed: try await finishCommitted()
        case .deadlines: try await recordWhatIsDue()
        case .refusedAccess: try await recordRefusals()
        case .keptHead: await rollbackGuard.retry()
        case .logKeys: try await proveNextKeys()
        case .tokens: await checkTokens()
        }
    }

    /// Does all of them but the look at the tokens, one after the other, whatever becomes of each.
    public func tick() async {
        for chore in Chore.allCases where chore != .tokens { try? await perform(chore) }
    }

    private func recordWhatIsDue() async throws(EngineError) {
        guard !snapshot.state.allDue(at: time).isEmpty else { return }
        _ = try await writer.submit(.tick)
    }

    private func recordRefusals() async throws(EngineError) {
        guard let refused = refusals.take(at: time) else { return }
        do throws(EngineError) {
            _ = try await writer.submit(.refused(refused))
        } catch {
            // What is recorded and not yet signed must not be counted twice.
            if !error.has(.recordedNotSigned) { refusals.giveBack(refused) }
            throw error
        }
    }
}
