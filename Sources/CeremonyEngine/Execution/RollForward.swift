// What committed ceremonies still have to do: done right after the commit, and again whenever the
// log is opened or a timer looks, until it is done. Nothing of it can undo the commit.

import CeremonyRecord
import CeremonyRules
import Synchronization

extension Executor {
    /// Does what a committed ceremony still has to do, as far as it can be done now.
    ///
    /// - Throws: ``EngineError``: what kept it from being done; what it would have done is still to
    ///   be done.
    func rollForward(_ id: String) async throws(EngineError) {
        // Whoever is at it already goes on.
        guard !executions.isUnderWay(id), rolling.beginAlone(id) else { return }
        defer { rolling.end(id) }
        try await finish(id)
    }

    /// The same by whoever has the execution in hand.
    func finish(_ id: String) async throws(EngineError) {
        while let ceremony = published.snapshot.state.unfinished.first(where: { $0.id == id }),
            let next = ceremony.afterwards.first
        {
            // Halt first, everywhere (CT-11): what is committed can wait.
            guard !published.snapshot.isHalted else { throw EngineError(.haltedByFile) }
            await boundary("afterwards-\(next.name)")
            let isDone: Bool
            do throws(VaultError) {
                isDone = try await perform(
                    next.step, isWithdrawn: published.snapshot.state.isWithdrawn(ceremony))
            } catch {
                // Waiting for people is no trouble, and hides none that there was.
                if error.code != .pinAwaited || troubles.of(id) == nil {
                    troubles.note(error.detail, of: id)
                }
                throw error.engineError
            }
            troubles.forget(id)
            await boundary("afterwards-\(next.name)-done")
            _ = try await writer.submit(.done(ceremony: id, step: next.name, isLeft: !isDone))
        }
    }

    /// - Parameter isWithdrawn: Whether it is better left: then only what is begun is finished.
    /// - Returns: Whether it is done; `false` where it was left.
    private func perform(_ step: Step, isWithdrawn: Bool) async throws(VaultError) -> Bool {
        switch step {
        case .setPIN(let token, let ceremony):
            return try custody.isSet(ceremony, of: token, isWithdrawn: isWithdrawn)
        case .publish(let publication):
            return try await desk.publish(publication, onlyIfBegun: isWithdrawn)
        default:
            throw VaultError(
                .executionFailed, "The step \(step.name) is none that follows a commit.")
        }
    }
}

extension Engine {
    /// Begins to go on with everything that is committed, and waits for none of it.
    func beginToFinish() {
        let task = Task { () -> Void in try? await finishCommitted() }
        rolling.withLock { $0 = task }
    }

    /// Returns when that has ended, well or not.
    func hasFinished() async { await rolling.withLock { $0 }?.value }

    /// Goes on with everything that committed ceremonies still have to do. One that cannot go on
    /// stops none of the others.
    ///
    /// - Throws: ``EngineError``: the first trouble.
    func finishCommitted() async throws(EngineError) {
        var trouble: EngineError?
        for ceremony in snapshot.state.unfinished {
            do throws(EngineError) { try await executor.rollForward(ceremony.id) } catch {
                // A PIN waits for people, and that is no trouble.
                if !error.has(.pinAwaited) { trouble = trouble ?? error }
            }
        }
        if let trouble { throw trouble }
    }

    /// Why a committed ceremony could not go on when that was last tried; `nil` where nothing kept
    /// it.
    public func trouble(of ceremony: String) -> String? { executor.troubles.of(ceremony) }
}
