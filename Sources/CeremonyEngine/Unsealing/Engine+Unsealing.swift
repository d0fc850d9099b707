// Tokens whose PIN nobody knows: guardians hand in their shares, one after the other, and when
// there are enough of them the token is unlocked. While a new PIN is still to be set there are two
// splits, and this is the one place where an order may cost two tries: the new PIN first, then the
// old one. Every try is on the disk before it is made, and in the log first thing when that can be
// written.

import CeremonyRecord
import CeremonyRules
import Sodium

extension Engine {
    /// Takes shares that a guardian hands in. With enough of them the token is unlocked, and where
    /// a new PIN waits to be set and the old one is known, it is set.
    ///
    /// One try, and two only where the log leaves open which PIN the token has.
    ///
    /// - Parameters:
    ///   - shares: One guardian's, of each split that they hold a share of.
    ///   - clock: As for ``unlock(_:pin:allowFinalTry:isTyped:clock:)``.
    /// - Returns: How it stands then. What keeps a new PIN from being set is told by
    ///   ``trouble(of:)``: the token is open all the same.
    /// - Throws: ``EngineError``; what was handed in is kept for a while.
    public func handIn(
        _ shares: [ReturnedShare], to name: String, allowFinalTry: Bool = false,
        clock date: String? = nil
    ) async throws(EngineError) -> UnsealStanding {
        let vault = try vault(named: name)
        await turns.take()
        defer { turns.give() }
        let known = try await guardianship(of: vault)
        for share in shares {
            guard let epoch = known.epochs.first(where: { $0.ceremony == share.ceremony }),
                let split = epoch.split
            else {
                // One of several may be of a split that is over since it was asked for.
                if shares.count > 1 { continue }
                throw EngineError(
                    .badShare, "\(share.ceremony) has split no PIN that \(name) could have now.",
                    next: "Whose shares open it: ceremonyctl tokens.")
            }
            do throws(VaultError) {
                try executor.custody.take(share.secret, of: epoch, split, at: watch.reads)
            } catch {
                throw error.engineError
            }
        }
        try await openUp(vault, known, shares.map(\.ceremony), allowFinalTry, date)
        let standing = await standing(of: vault, try await guardianship(of: vault))
        // While another PIN waits for its shares, this one is needed once more.
        if standing.isUnlocked, standing.guardianship.pending == nil {
            executor.custody.dropShares()
        }
        return standing
    }

    /// Unlocks the token if its PIN is known now, and sets the new one if it waits.
    private func openUp(
        _ vault: any KeyVault, _ known: Guardianship, _ brought: [String],
        _ allowFinalTry: Bool, _ date: String?
    ) async throws(EngineError) {
        if try await !isReady(vault, clock: date) {
            let candidates = try candidates(of: known, brought)
            guard !candidates.isEmpty else { return }
            try await checkFinalTry(of: vault, for: candidates, known, allowFinalTry)
            try await logIn(to: vault, clock: date) { () throws(VaultError) in
                try await self.unlock(vault, with: candidates, known, allowFinalTry)
            }
        }
        try await settlePIN(of: vault, known, allowFinalTry)
    }

    /// A split, and the PIN that enough of its shares gave.
    private struct Candidate {
        let epoch: Authority.Epoch
        let pin: SecretBytes
        let holders: [String]
    }

    /// The PINs that are worth a try, two at most. One that was chosen here still takes the shares.
    /// One to which the token gave no clear answer comes after the others.
    ///
    /// - Parameter brought: What the order has brought shares of.
    /// - Throws: ``EngineError`` (`wrong-pin`) where all of that is known to be wrong.
    private func candidates(of known: Guardianship, _ brought: [String]) throws(EngineError)
        -> [Candidate]
    {
        let custody = executor.custody
        let here = known.epochs.compactMap { epoch -> Candidate? in
            let holders = custody.holders(of: epoch)
            guard let split = epoch.split, holders.count >= split.threshold,
                let pin = custody.returnedPIN(of: epoch.ceremony)
            else { return nil }
            return Candidate(epoch: epoch, pin: pin, holders: holders)
        }
        let open = here.filter { custody.knowledge(of: $0.epoch.ceremony) != .notSet }
        let isHopeless = brought.allSatisfy { custody.knowledge(of: $0) == .notSet }
        if open.isEmpty, isHopeless, let first = here.first {
            throw Engine.wrong(
                VaultError(
                    .wrongPIN,
                    "The shares of epoch \(first.epoch.number) are whole, and their PIN is known "
                        + "not to be the token's: it was not tried again."), known,
                here.map(\.epoch)
            ).engineError
        }
        let sure = open.filter { custody.doubts(about: $0.epoch.ceremony) == 0 }
        let doubtful = open.filter { custody.doubts(about: $0.epoch.ceremony) > 0 }
        return Array((sure + doubtful).prefix(2))
    }

    /// With one try left nobody guesses which of two PINs it is.
    private func checkFinalTry(
        of vault: any KeyVault, for candidates: [Candidate], _ known: Guardianship,
        _ allowFinalTry: Bool
    ) async throws(EngineError) {
        guard allowFinalTry, candidates.count > 1,
            (try? await vault.inspect())?.pinTries == "finalTry"
        else { return }
        executor.custody.dropShares()
        throw EngineError(
            .pinTries,
            "\(vault.name) has one try left, and it is not known which of two PINs it has.",
            next: "Nothing was tried. Hand in the shares of one epoch only: ceremonyctl unseal "
                + "\(vault.name) --epoch N --daemon-final-try.")
    }

    /// Tries one PIN, then the other; each once, and written down before.
    private func unlock(
        _ vault: any KeyVault, with candidates: [Candidate], _ known: Guardianship,
        _ allowFinalTry: Bool
    ) async throws(VaultError) {
        let custody = executor.custody
        for (place, candidate) in candidates.enumerated() {
            let ceremony = candidate.epoch.ceremony
            try note(.unknown, candidate)
            do throws(VaultError) {
                // The second of two is not the one for which a last try was allowed.
                try await vault.unlock(
                    pin: candidate.pin, allowFinalTry: allowFinalTry && place == 0)
            } catch  where error.code == .wrongPIN {
                try note(.wrong, candidate)
                custody.note(.notSet, of: ceremony)
                guard place + 1 < candidates.count else {
                    throw Engine.wrong(error, known, candidates.map(\.epoch))
                }
                continue
            } catch {
                custody.noteDoubt(about: ceremony)
                throw error
            }
            try note(.unlocked, candidate)
            custody.note(.set, of: ceremony)
            try rememberOthers(than: candidate.epoch, known)
            return
        }
    }

    /// The token has one PIN: the others that it might have are not set.
    private func rememberOthers(than epoch: Authority.Epoch?, _ known: Guardianship)
        throws(VaultError)
    {
        for other in known.waiting where other != epoch {
            executor.custody.note(.notSet, of: other.ceremony)
            guard snapshot.state.lastUnsealing(of: other.ceremony).map(\.isOpen) ?? false,
                let token = other.split?.token
            else { continue }
            try note(.notSet, [], other.ceremony, token)
        }
    }

    /// What it means that the token did not take a PIN that shares gave.
    private static func wrong(
        _ error: VaultError, _ known: Guardianship, _ tried: [Authority.Epoch]
    ) -> VaultError {
        var error = error
        let untried = known.epochs.first { !tried.contains($0) }
        if let untried {
            error.detail +=
                " The shares of epoch \(tried[0].number) do not open it now; those of epoch "
                + "\(untried.number) may."
        } else if known.inForce == nil {
            error.detail +=
                " The PIN that was split is not set yet: the one before it is typed, by whoever "
                + "keeps it."
        } else {
            error.detail +=
                " What was split is not its PIN any more; whoever keeps its security officer's "
                + "PIN can set one, which is then typed: ceremonyctl unlock TOKEN --typed-pin."
        }
        return error
    }

    // MARK: A new PIN

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
        guard let pin else { return }
        try await setWaitingPIN(of: vault, insteadOf: pin, allowFinalTry)
    }

    /// The token is open: what that shows is rolled forward, and the new PIN is set if the old one
    /// was handed in too.
    private func settlePIN(of vault: any KeyVault, _ known: Guardianship, _ allowFinalTry: Bool)
        async throws(EngineError)
    {
        // A sealed log still waits for another key, and a halted one for its keepers.
        guard !snapshot.isSealed else { return }
        try await recordTries()
        guard !snapshot.isHalted else { return }
        await rollForward(known)
        guard let now = try? await guardianship(of: vault), let pending = now.pending,
            let old = now.inForce, executor.custody.knowledge(of: old.ceremony) != .notSet,
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
    private func rollForward(_ known: Guardianship) async {
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
        do throws(VaultError) {
            try note(.setting, holders, pending.ceremony, split.token)
        } catch {
            throw error.engineError
        }
        custody.note(.unknown, of: pending.ceremony)
        do throws(VaultError) {
            try await vault.changePIN(from: old, to: new, allowFinalTry: allowFinalTry)
        } catch {
            if error.isWithoutEffect {
                custody.note(.notSet, of: pending.ceremony)
                try? note(.notSet, holders, pending.ceremony, split.token)
            } else {
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

    // MARK: Tries

    /// Writes the tries into the log that only the file has. What the rules refuse is of another
    /// log, or older than this one: it is put aside, and keeps nobody from opening the log.
    func recordTries() async throws(EngineError) {
        let all = try unsealFile.tries()
        guard !all.isEmpty else { return }
        var isRefused = false
        for tried in all {
            var rest = tried.tries[...]
            // A death between the log and the file leaves here what the log has already.
            if let last = snapshot.state.lastTries(on: tried.token), rest.starts(with: last.tries) {
                rest = rest.dropFirst(last.tries.count)
            }
            while !rest.isEmpty {
                let some = UnsealTried(token: tried.token, tries: Array(rest.prefix(64)))
                rest = rest.dropFirst(64)
                do throws(EngineError) {
                    _ = try await writer.submit(.unsealTried(some))
                } catch  where error.code == RefusalCode.illegalEvent.rawValue {
                    isRefused = true
                }
            }
        }
        if isRefused { try unsealFile.putAside() } else { try unsealFile.remove() }
    }

    private func note(_ result: UnsealResult, _ candidate: Candidate) throws(VaultError) {
        guard let token = candidate.epoch.split?.token else { return }
        try note(result, candidate.holders, candidate.epoch.ceremony, token)
    }

    private func note(
        _ result: UnsealResult, _ shares: [String], _ ceremony: String, _ token: TokenReference
    ) throws(VaultError) {
        let tried = UnsealTry(
            time: watch.reads, ceremony: ceremony, shares: shares, result: result)
        do throws(EngineError) { try unsealFile.note(tried, on: token.uri) } catch {
            var trouble = VaultError(.unsealFile, error.detail)
            trouble.isWithoutEffect = true
            throw trouble
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

    /// Whether the last that is known of it is that it was about to be set.
    private func mayBeSet(_ epoch: Authority.Epoch) -> Bool {
        let here = (try? unsealFile.tries())?.flatMap(\.tries).last {
            $0.ceremony == epoch.ceremony && $0.result != .proved
        }?.result
        let last = here ?? snapshot.state.lastUnsealing(of: epoch.ceremony)
        return last.map(\.isOpen) ?? false
            && executor.custody.knowledge(of: epoch.ceremony) == .unknown
    }
}
