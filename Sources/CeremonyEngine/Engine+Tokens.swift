// Unlocking and locking: how a log is opened for writing and sealed again, and what is put in order
// on the way (DESIGN section 3, Sealed and Recovery).

import CeremonyRecord
import CeremonyRules
public import Sodium

extension Engine {
    /// Unlocks a token; with the log token the log is opened for writing, or with the last of them
    /// where its heads need several keys. A further log token joins an open log.
    ///
    /// One try. On opening, the log is held against the head that the token keeps; then held halts
    /// are recorded before anything else, then the start, then the end of executions that were
    /// interrupted, then what followed from time. A token that is unlocked and answers stays as it
    /// is, whatever PIN is given: closing it would take it from under an execution. But where
    /// guardians hold shares of a new PIN, the given one is changed for that.
    ///
    /// - Parameter isTyped: Whether the PIN is one that somebody knows although guardians hold
    ///   shares of it: its security officer has set it.
    /// - Parameter clock: Today's date, read off a clock that somebody trusts. The log is not
    ///   opened without it by a clock that was set or not watched for long, nor where the last
    ///   event is old: what follows from time would follow from that clock at once.
    /// - Throws: ``EngineError``. The log token is locked again where the log could not be opened.
    public func unlock(
        _ name: String, pin: SecretBytes?, allowFinalTry: Bool = false, isTyped: Bool = false,
        clock date: String? = nil
    ) async throws(EngineError) {
        let vault = try vault(named: name)
        await turns.take()
        defer { turns.give() }
        if !isTyped, pin != nil { try await refuseTypedPIN(of: vault) }
        let isOpen = try await isReady(vault, clock: date)
        if !isOpen {
            try await logIn(to: vault, clock: date) { () throws(VaultError) in
                try await vault.unlock(pin: pin, allowFinalTry: allowFinalTry)
            }
        }
        try await settleTypedPIN(of: vault, pin, hasOpened: !isOpen, allowFinalTry)
    }

    /// Whether the token is at work, so that no PIN is needed; a log token is put in order then.
    func isReady(_ vault: any KeyVault, clock date: String?) async throws(EngineError) -> Bool {
        let isLogToken = logTokens.contains(vault.name)
        guard await vault.isAtWork, !isLogToken || !snapshot.isSealed else { return false }
        if isLogToken {
            if date != nil { try settleClock(date) }
            try await settle()
            await headSigner.look(for: headKeys, on: vault)
        }
        return true
    }

    /// Logs in, once, and with the log token opens the log.
    ///
    /// - Parameter unlock: The login; it is made when nothing is in its way any more.
    func logIn(
        to vault: any KeyVault, clock date: String?,
        _ unlock: () async throws(VaultError) -> Void
    ) async throws(EngineError) {
        let name = vault.name
        let isLogToken = logTokens.contains(name)
        // A log whose token does not answer any more is sealed, whether or not anybody saw it go.
        // One that is only to sign in future takes nothing from under an open log.
        if isLogToken, !snapshot.isSealed, await !othersSuffice(besides: name) { await seal() }
        if isLogToken, snapshot.isSealed { try checkClock(date) }
        provedKeys.forget(name)
        do throws(VaultError) {
            try await unlock()
        } catch {
            throw error.engineError
        }
        guard isLogToken else { return }
        guard snapshot.isSealed else { return try await join(vault) }
        do throws(EngineError) {
            try settleClock(date)
            let signer = headSigner
            // While the log key is being changed it takes two tokens; the first one waits.
            if try await isAwaited(by: signer) { return }
            try await open(with: signer)
        } catch {
            await seal()
            await close(vault)
            throw error
        }
    }

    private func open(with signer: HeadSigner) async throws(EngineError) {
        // Before anything is signed or written: an older copy must not become a second history.
        try await rollbackGuard.open(on: signer.vaults)
        try await writer.open(with: signer)
        try await halts.recordHeld()
        _ = try await writer.submit(
            .start(version: build.version, commit: build.commit, modules: build.modules))
        try await recordTries()
        try await endInterrupted()
        _ = try await writer.submit(.tick)
        for vault in signer.vaults { await signer.look(for: headKeys, on: vault) }
        await rollbackGuard.settle()
        published.update { $0.isSealed = false }
        // What was committed before the daemon died is gone on with, and a timer tries again. A
        // disk that does not answer keeps neither the unlocking nor the tokens waiting.
        beginToFinish()
    }

    /// A further log token comes to an open log: its head is held against the log as at an opening.
    /// Where it knows a newer log or another one nothing more may be written.
    private func join(_ vault: any KeyVault) async throws(EngineError) {
        do throws(EngineError) {
            try await rollbackGuard.join(vault)
        } catch {
            guard let code = EngineError.Code(rawValue: error.code),
                [.rolledBack, .forked].contains(code)
            else {
                await close(vault)
                throw error
            }
            await seal()
            await close(vault)
            throw EngineError(
                code,
                error.detail + " The log was open, and is sealed: what was recorded since it was "
                    + "unlocked stands in a copy that is not the newest.", next: error.next)
        }
        await headSigner.look(for: headKeys, on: vault)
        await rollbackGuard.settle()
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
            await discardStaged(of: ceremony)
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
        let isLogToken = logTokens.contains(name)
        var seals = isLogToken
        if seals, await othersSuffice(besides: name) { seals = false }
        if seals { published.update { $0.isSealed = true } }
        await executor.executions.ended()
        if seals {
            await seal(keepingHead: true)
        } else if isLogToken {
            await rollbackGuard.leave(name)
        }
        await close(vault)
    }

    /// Looks whether the keys that the heads need are still at work; a log without them is sealed.
    /// Called by a timer, so it waits for no execution: what the token holds up, the clock must be
    /// able to end.
    public func checkTokens() async {
        guard !snapshot.isSealed, await goneLogTokens != nil, turns.takeIfFree() else { return }
        defer { turns.give() }
        // An unlock may have ended between the look and the turn.
        guard let gone = await goneLogTokens else { return }
        await seal()
        for vault in gone { await close(vault) }
    }

    /// Stores the signed head and closes every token, when the executions under way have ended.
    public func close() async {
        await turns.take()
        defer { turns.give() }
        published.update { $0.isSealed = true }
        stopAsking()
        await executor.executions.ended()
        await seal(keepingHead: true)
        for vault in vaults { await close(vault) }
    }

    /// A call to the token has brought no answer, so nobody knows what it has done: it is closed,
    /// and with a log token the log is sealed.
    func seal(withoutAnswerOf vault: any KeyVault) async {
        if logTokens.contains(vault.name), await !othersSuffice(besides: vault.name) {
            await seal()
        }
        await close(vault)
    }

    private func close(_ vault: any KeyVault) async {
        // Whoever opens it again brings what it takes; of a token that is gone nobody knows which
        // it was.
        let known = try? await guardianship(of: vault)
        let isThere = (try? await vault.inspect()) != nil
        executor.custody.dropShares(of: isThere ? known?.epochs.map(\.ceremony) ?? [] : nil)
        await vault.lock()
        provedKeys.forget(vault.name)
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
    var isAtWork: Bool {
        get async {
            guard let description = try? await inspect(), description.isUnlocked else {
                return false
            }
            return (try? await random(16)) != nil
        }
    }
}
