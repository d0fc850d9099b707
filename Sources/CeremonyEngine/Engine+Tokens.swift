// Unlocking and locking: how a log is opened for writing and sealed again, and what is put in order
// on the way (DESIGN section 3, Sealed and Recovery).

import CeremonyRecord
import CeremonyRules
public import Sodium

extension Engine {
    /// Unlocks a token; with the log token the log is opened for writing, or with the last of them
    /// where its heads need several keys.
    ///
    /// One try. On opening, the log is held against the head that the token keeps; then held halts
    /// are recorded before anything else, then the start, then the end of executions that were
    /// interrupted, then what followed from time. A token that is unlocked and answers stays as it
    /// is, whatever PIN is given: closing it would take it from under an execution.
    ///
    /// - Parameter clock: Today's date, read off a clock that somebody trusts. The log is not
    ///   opened without it by a clock that was set or not watched for long, nor where the last
    ///   event is old: what follows from time would follow from that clock at once.
    /// - Throws: ``EngineError``. The log token is locked again where the log could not be opened.
    public func unlock(
        _ name: String, pin: SecretBytes?, allowFinalTry: Bool = false, clock date: String? = nil
    ) async throws(EngineError) {
        let vault = try vault(named: name)
        await turns.take()
        defer { turns.give() }
        let isLogToken = logTokens.contains(name)
        if await vault.isAtWork, !isLogToken || !snapshot.isSealed {
            if isLogToken {
                if date != nil { try settleClock(date) }
                try await settle()
            }
            return
        }
        // A log whose token does not answer any more is sealed, whether or not anybody saw it go.
        // One that is only to sign in future takes nothing from under an open log.
        if isLogToken, !snapshot.isSealed, await !othersSuffice(besides: name) { await seal() }
        if isLogToken, snapshot.isSealed { try checkClock(date) }
        do throws(VaultError) {
            try await vault.unlock(pin: pin, allowFinalTry: allowFinalTry)
        } catch {
            throw error.engineError
        }
        guard isLogToken, snapshot.isSealed else { return }
        do throws(EngineError) {
            let tokens = logTokens.compactMap { name in vaults.first { $0.name == name } }
            let signer = HeadSigner(vaults: tokens) { [halts] in
                halts.raise(.logKey)
            }
            try settleClock(date)
            // While the log key is being changed it takes two tokens; the first one waits.
            if try await isAwaited(by: signer) { return }
            try await open(with: signer)
        } catch {
            await seal()
            await vault.lock()
            throw error
        }
    }

    /// Whether another token, which is locked, must be unlocked before heads can be signed.
    private func isAwaited(by signer: HeadSigner) async throws(EngineError) -> Bool {
        let needed = neededKeys
        guard needed.count > 1 else { return false }
        do throws(EngineError) {
            try await signer.prove(needed)
            return false
        } catch  where error.has(.tokenLocked) {
            return true
        }
    }

    /// Who must be able to sign for the log to go on, by the clock as far as it is taken for right.
    private var neededKeys: [[NoteKey]] {
        let (snapshot, look) = (snapshot, watch.look())
        return snapshot.neededKeys(at: snapshot.state.time(of: look.standing, at: look.now))
    }

    /// Whether so many other log tokens are at work as the heads need keys.
    private func othersSuffice(besides name: String) async -> Bool {
        var atWork = 0
        for other in logTokens where other != name {
            if let vault = try? vault(named: other), await vault.isAtWork { atWork += 1 }
        }
        return atWork >= neededKeys.count
    }

    private func open(with signer: HeadSigner) async throws(EngineError) {
        // Before anything is signed or written: an older copy must not become a second history.
        try await rollbackGuard.open(on: signer.vaults)
        try await writer.open(with: signer)
        try await halts.recordHeld()
        _ = try await writer.submit(
            .start(version: build.version, commit: build.commit, modules: build.modules))
        try await endInterrupted()
        _ = try await writer.submit(.tick)
        published.update { $0.isSealed = false }
    }

    /// What a log token that had failed for a while has left undone.
    private func settle() async throws(EngineError) {
        try await writer.signHead()
        try await halts.recordHeld()
        try await endInterrupted()
    }

    /// Every execution that nobody carries on ends as FAILED, with what it left named.
    func endInterrupted() async throws(EngineError) {
        let state = snapshot.state
        for id in state.live {
            guard let ceremony = state.ceremony(named: id), ceremony.state == .executing,
                !executor.executions.isUnderWay(id)
            else { continue }
            let failure = Failure(
                reason: "interrupted",
                detail: "the execution was interrupted, and nobody carries it on",
                left: await remains(of: ceremony))
            do throws(EngineError) {
                _ = try await writer.submit(.fail(ceremony: id, failure))
            } catch  where error.code == RefusalCode.ended.rawValue {
                continue  // It ended while its token was being looked at.
            }
        }
    }

    private func remains(of ceremony: Ceremony) async -> [String] {
        for vault in vaults {
            if let remains = await ceremony.remains(on: vault) { return remains }
        }
        return ceremony.traces
    }

    /// Locks a token when the executions under way have ended; with the log token the log is
    /// sealed.
    ///
    /// From the call on nothing new is taken. A token that hangs holds this up until the execution
    /// ends; whoever cannot wait halts, or ends the process.
    ///
    /// - Throws: ``EngineError`` (`unknown-token`).
    public func lock(_ name: String) async throws(EngineError) {
        let vault = try vault(named: name)
        await turns.take()
        defer { turns.give() }
        var seals = logTokens.contains(name)
        if seals, await othersSuffice(besides: name) { seals = false }
        if seals { published.update { $0.isSealed = true } }
        await executor.executions.ended()
        if seals { await seal(keepingHead: true) }
        await vault.lock()
    }

    /// Looks whether the log token is still there; a log whose token is gone is sealed. Called by a
    /// timer, so it waits for no execution: what the token holds up, the clock must be able to end.
    public func checkTokens() async {
        guard !snapshot.isSealed, await goneLogToken != nil, turns.takeIfFree() else { return }
        defer { turns.give() }
        // An unlock may have ended between the look and the turn.
        guard let gone = await goneLogToken else { return }
        await seal()
        await gone.lock()
    }

    /// A token whose log key was to sign the heads and that is not at work any more.
    private var goneLogToken: (any KeyVault)? {
        get async {
            var gone: (any KeyVault)?
            var atWork = 0
            for name in logTokens {
                guard let vault = try? vault(named: name) else { continue }
                if (try? await vault.inspect())?.isUnlocked == true {
                    atWork += 1
                } else {
                    gone = gone ?? vault
                }
            }
            return atWork < neededKeys.count ? gone : nil
        }
    }

    /// Stores the signed head and closes every token, when the executions under way have ended.
    public func close() async {
        await turns.take()
        defer { turns.give() }
        published.update { $0.isSealed = true }
        await executor.executions.ended()
        await seal(keepingHead: true)
        for vault in vaults { await vault.lock() }
    }

    /// - Parameter keepingHead: Whether the token is still there to be given the newest head.
    private func seal(keepingHead: Bool = false) async {
        published.update { $0.isSealed = true }
        await writer.seal()
        if keepingHead {
            await rollbackGuard.close()
        } else {
            await rollbackGuard.abandon()
        }
    }
}

extension KeyVault {
    /// Whether it is unlocked and truly answers: a token that was pulled out does not.
    fileprivate var isAtWork: Bool {
        get async {
            guard let description = try? await inspect(), description.isUnlocked else {
                return false
            }
            return (try? await random(16)) != nil
        }
    }
}
