// A PIN that was split becomes the token's: after the commit, when the one before it is given once
// more, and never without being written down before. What opens the token tells which of several it
// has; a PIN that somebody types is tried only where somebody can know it.

import CeremonyRecord
import CeremonyRules
import Sodium

extension Engine {
    /// Somebody has typed the PIN, and it has opened the token: what was split and is not in force
    /// is not set. With the log open, the new PIN is set where it is known here.
    ///
    /// - Throws: ``EngineError``: why it was not set; the token is open all the same.
    func settleTypedPIN(
        of vault: any KeyVault, _ pin: SecretBytes?, hasOpened: Bool, _ allowFinalTry: Bool
    ) async throws(EngineError) {
        guard let known = try? await guardianship(of: vault), !known.waiting.isEmpty else { return }
        if hasOpened {
            do throws(VaultError) { try rememberOthers(than: nil, known) } catch {
                throw error.engineError
            }
        }
        guard !snapshot.isSealed, !snapshot.isHalted else { return }
        try await recordTries()
        await rollForward(known)
        guard let pin, let pending = try? await guardianship(of: vault).pending else { return }
        do throws(EngineError) {
            try await setWaitingPIN(of: vault, insteadOf: pin, allowFinalTry)
        } catch {
            executor.troubles.note(error.detail, of: pending.ceremony)
            // A token that will not have the new PIN is open all the same.
            if await !vault.isAtWork || error.has(.wrongPIN) { throw error }
        }
    }

    /// The token is open: what that shows is rolled forward, and the new PIN is set if the old one
    /// was handed in too.
    ///
    /// - Parameter isChosen: Whether it is to be set although the token has twice given no answer.
    func settlePIN(
        of vault: any KeyVault, _ known: Guardianship, isChosen: Bool, _ allowFinalTry: Bool
    ) async throws(EngineError) {
        // A sealed log still waits for another key, and a halted one for its keepers.
        guard !snapshot.isSealed else { return }
        try await recordTries()
        guard !snapshot.isHalted else { return }
        await rollForward(known)
        guard let now = try? await guardianship(of: vault), let pending = now.pending,
            isChosen || executor.custody.doubts(about: pending.ceremony) < 2,
            let old = now.inForce, !executor.custody.isNot(old.ceremony),
            let pin = executor.custody.returnedPIN(of: old.ceremony)
        else { return }
        do throws(EngineError) {
            try await setWaitingPIN(of: vault, insteadOf: pin, allowFinalTry)
        } catch {
            if error.has(.wrongPIN) { executor.custody.note(.notSet, of: old.ceremony) }
            executor.troubles.note(error.detail, of: pending.ceremony)
            // A token that was closed for want of an answer is not open.
            if await !vault.isAtWork { throw error }
        }
    }

    /// The oldest first: what is left makes way for what comes after it.
    func rollForward(_ known: Guardianship) async {
        for epoch in known.waiting.reversed() {
            try? await executor.rollForward(epoch.ceremony)
        }
    }

    /// Sets the PIN that guardians hold shares of, where it is known here. What became of it is
    /// known afterwards, or the token is locked: the next login tells.
    private func setWaitingPIN(
        of vault: any KeyVault, insteadOf old: SecretBytes, _ allowFinalTry: Bool
    ) async throws(EngineError) {
        let custody = executor.custody
        guard let known = try? await guardianship(of: vault), let pending = known.pending,
            let split = pending.split, let new = custody.pin(of: pending.ceremony),
            custody.knowledge(of: pending.ceremony) != .set
        else { return }
        let holders = custody.holders(of: pending)
        // From here on nobody leaves it for a later one; one that has come already is seen now.
        guard custody.beginSetting(pending.ceremony) else { return }
        do throws(VaultError) {
            let now = try? await guardianship(of: vault)
            guard now?.pending == pending else {
                return custody.note(.notSet, of: pending.ceremony)
            }
            try note(.setting, holders, pending.ceremony, split.token)
        } catch {
            custody.note(.notSet, of: pending.ceremony)
            throw error.engineError
        }
        do throws(VaultError) {
            try await vault.changePIN(from: old, to: new, allowFinalTry: allowFinalTry)
        } catch {
            if error.isWithoutEffect {
                custody.note(.notSet, of: pending.ceremony)
                try? note(.notSet, holders, pending.ceremony, split.token)
            } else {
                custody.noteDoubt(about: pending.ceremony)
                await seal(withoutAnswerOf: vault)
            }
            throw error.engineError
        }
        custody.note(.set, of: pending.ceremony)
        do throws(VaultError) { try note(.set, holders, pending.ceremony, split.token) } catch {
            throw error.engineError
        }
        try await recordTries()
        try await executor.rollForward(pending.ceremony)
    }

    /// The token has one PIN: the others that it might have are not set.
    func rememberOthers(than epoch: Authority.Epoch?, _ known: Guardianship)
        throws(VaultError)
    {
        for other in known.waiting where other != epoch {
            executor.custody.note(.notSet, of: other.ceremony)
            guard lastWord(of: other).map(\.isOpen) ?? false, let token = other.split?.token
            else { continue }
            try note(.notSet, [], other.ceremony, token)
        }
        // What somebody typed has opened it, so the shares of the one in force do not.
        if epoch == nil, let inForce = known.inForce {
            executor.custody.note(.notSet, of: inForce.ceremony)
        }
    }

    /// Refuses a PIN that somebody typed for a token whose PIN nobody can know, or which may have
    /// been changed for one that nobody knows.
    ///
    /// - Throws: ``EngineError`` (`guarded`, the token's trouble).
    public func refuseTypedPIN(of vault: any KeyVault) async throws(EngineError) {
        let description: TokenDescription
        do throws(VaultError) { description = try await vault.inspect() } catch {
            throw error.engineError
        }
        guard let known = snapshot.state.guardianship(of: description.reference),
            let epoch = known.inForce ?? known.waiting.first(where: mayBeSet),
            let split = epoch.split
        else { return }
        throw EngineError(
            .guarded,
            "The PIN of \(vault.name) is "
                + (known.inForce == nil ? "perhaps changed for one that is " : "")
                + "held in shares by \(known.authority), and \(split.threshold) of "
                + "\(epoch.members.count) give it. No PIN was tried.",
            next: "Each of them runs: ceremonyctl unseal \(vault.name). Who knows its PIN all the "
                + "same, because its security officer has set one or it was not changed: "
                + "ceremonyctl unlock \(vault.name) --typed-pin.")
    }

    /// Whether it may be the token's PIN, or is: it was about to be set, or has opened the token,
    /// and nothing says that it is not.
    func mayBeSet(_ epoch: Authority.Epoch) -> Bool {
        switch executor.custody.knowledge(of: epoch.ceremony) {
        case .set: return true
        case .notSet, .left: return false
        case .unknown:
            switch lastWord(of: epoch) {
            case .setting, .unknown, .set, .unlocked: return true
            case .notSet, .wrong, .proved, nil: return false
            }
        }
    }

    /// What was last done with its PIN: the file knows it before the log does.
    private func lastWord(of epoch: Authority.Epoch) -> UnsealResult? {
        let here = (try? unsealFile.tries())?.flatMap(\.tries).last {
            $0.ceremony == epoch.ceremony && $0.result != .proved
        }
        return here?.result ?? snapshot.state.lastUnsealing(of: epoch.ceremony)
    }
}
