// Tokens whose PIN nobody knows: guardians hand in their shares, one after the other, and when
// there are enough of them the token is unlocked. While a new PIN is still to be set there are two
// splits, and this is the one place where an order may cost two tries: the new PIN first, then the
// old one. Every try is on the disk before it is made, and in the log first thing when that can be
// written.

public import CeremonyRecord
public import CeremonyRules
public import Sodium

/// How the unsealing of a token stands.
public struct UnsealStanding: Sendable, Hashable {
    /// The token's name in the configuration.
    public let token: String
    /// Who guards it, and by which splits it opens.
    public let guardianship: Guardianship
    /// Whose shares are here now, for each of the guardianship's epochs in their order.
    public let holders: [[String]]
    /// Whether the token is unlocked.
    public let isUnlocked: Bool
}

/// A share that a guardian hands in.
public struct ReturnedShare: Sendable {
    /// The ceremony in which the PIN was split.
    public let ceremony: String
    /// The share as it was handed out.
    public let secret: SecretBytes

    /// A share.
    public init(ceremony: String, secret: SecretBytes) {
        self.ceremony = ceremony
        self.secret = secret
    }

    /// Several of them, one behind the other, as they are handed over.
    ///
    /// - Parameter ceremonies: Where they were split, in their order.
    /// - Throws: ``EngineError`` (`bad-share`).
    public static func all(_ ceremonies: [String], in secret: SecretBytes?) throws(EngineError)
        -> [ReturnedShare]
    {
        let size = PINBlock.shareSize
        guard let secret, secret.count == ceremonies.count * size else {
            throw EngineError(
                .badShare, "What was handed over is not \(ceremonies.count) shares.",
                next: "Hand them in again: ceremonyctl unseal.")
        }
        do throws(VaultError) {
            return try ceremonies.enumerated().map { place, ceremony throws(VaultError) in
                ReturnedShare(
                    ceremony: ceremony,
                    secret: try PINBlock.copy(of: secret, place * size..<(place + 1) * size))
            }
        } catch {
            throw error.engineError
        }
    }
}

extension Engine {
    /// Bytes of a share.
    public static var shareSize: Int { PINBlock.shareSize }

    /// The share of a new PIN that belongs to a key, for whoever shows that they have that key,
    /// while the ceremony asks them to sign for it.
    ///
    /// - Parameters:
    ///   - nonce: What the request is about, used once.
    ///   - signature: 64 bytes by the key over the ``ShareRequest`` with that nonce.
    /// - Throws: ``EngineError`` (`halted`, `not-yet`, `bad-signature`).
    public func share(
        for key: Fingerprint, of ceremony: String, nonce: String, signature: [UInt8]
    ) throws(EngineError) -> SecretBytes {
        guard !snapshot.isHalted else { throw EngineError(.haltedByFile) }
        let asked = executor.questions.questions(of: ceremony).first { $0.key.fingerprint == key }
        guard let asked, let receipt = asked.share,
            let share = executor.custody.share(receipt.number, of: ceremony)
        else {
            throw EngineError(
                Refusal(
                    .notYet, "No share of \(ceremony) waits for the key \(key) now.",
                    next: "How it stands: ceremonyctl show \(ceremony)."))
        }
        let request = ShareRequest(
            log: receipt.log, mode: receipt.mode, ceremony: ceremony, key: asked.key, nonce: nonce)
        let bytes = SSHSIG.signedBytes(namespace: .shareRequest, message: request.bytes)
        guard asked.key.verifies(signature, of: bytes) else {
            throw EngineError(
                Refusal(
                    .badSignature, "This is no request by the key \(key).",
                    next: "Nothing was handed out. Ask again: ceremonyctl answer \(ceremony).",
                    requirement: "NFR18"))
        }
        return share
    }

    /// Who guards a token of the daemon.
    ///
    /// - Throws: ``EngineError`` (`unknown-token`, `not-guarded`, the token's trouble).
    public func guardianship(of name: String) async throws(EngineError) -> Guardianship {
        try await guardianship(of: try vault(named: name))
    }

    /// How the unsealing of a token stands that has just been looked at; `nil` where nobody guards
    /// it.
    public func unsealing(of name: String, _ description: TokenDescription) -> UnsealStanding? {
        snapshot.state.guardianship(of: description.reference).map { known in
            UnsealStanding(
                token: name, guardianship: known,
                holders: known.epochs.map { executor.custody.holders(of: $0) },
                isUnlocked: description.isUnlocked)
        }
    }

    /// Takes shares that a guardian hands in. With enough of them the token is unlocked, and where
    /// a new PIN waits to be set and the old one is known, it is set.
    ///
    /// One try for each split, and two only where the log leaves open which PIN the token has.
    ///
    /// - Parameters:
    ///   - shares: One guardian's, of each split that they hold a share of.
    ///   - isRehearsal: Whether they only show that they have them: nothing is kept or tried.
    ///   - clock: As for ``unlock(_:pin:allowFinalTry:isTyped:clock:)``.
    /// - Returns: How it stands then.
    /// - Throws: ``EngineError``; what was handed in is kept for a while, except where it is wrong.
    public func handIn(
        _ shares: [ReturnedShare], to name: String, isRehearsal: Bool = false,
        allowFinalTry: Bool = false, clock date: String? = nil
    ) async throws(EngineError) -> UnsealStanding {
        let vault = try vault(named: name)
        await turns.take()
        defer { turns.give() }
        let known = try await guardianship(of: vault)
        for share in shares {
            guard let epoch = known.epochs.first(where: { $0.ceremony == share.ceremony }),
                let split = epoch.split
            else {
                throw EngineError(
                    .badShare, "\(share.ceremony) has split no PIN that \(name) could have now.",
                    next: "Whose shares open it: ceremonyctl unseal \(name) --dry-run.")
            }
            do throws(VaultError) {
                let number = try Custody.number(of: share.secret, split)
                if isRehearsal {
                    let holder = epoch.members[number - 1].name
                    try note(.proved, [holder], epoch.ceremony, split.token)
                } else {
                    try executor.custody.take(share.secret, of: epoch, split, at: watch.reads)
                }
            } catch {
                throw error.engineError
            }
        }
        if isRehearsal {
            if !snapshot.isSealed { try await recordTries() }
            return await standing(of: vault, known)
        }
        try await openUp(vault, known, allowFinalTry, date)
        return await standing(of: vault, try await guardianship(of: vault))
    }

    /// Unlocks the token if its PIN is known now, and sets the new one if it waits.
    private func openUp(
        _ vault: any KeyVault, _ known: Guardianship, _ allowFinalTry: Bool, _ date: String?
    ) async throws(EngineError) {
        let custody = executor.custody
        if try await !isReady(vault, clock: date) {
            // One that was chosen here is known here, and still it takes the shares. One that is
            // known not to be the token's is not tried, however often it is given.
            let candidates = known.epochs.filter { epoch in
                custody.holders(of: epoch).count >= epoch.split?.threshold ?? .max
                    && custody.pin(of: epoch.ceremony) != nil
                    && custody.knowledge(of: epoch.ceremony) != .notSet
            }
            guard !candidates.isEmpty else { return }
            try await logIn(to: vault, clock: date) { () throws(VaultError) in
                try await self.unlock(vault, with: candidates, known, allowFinalTry)
            }
            if !snapshot.isSealed { try await recordTries() }
        }
        if let pending = known.pending, custody.knowledge(of: pending.ceremony) == .set {
            try await executor.rollForward(pending.ceremony)
            for epoch in known.epochs { custody.letGo(epoch.ceremony) }
            return
        }
        guard let old = known.inForce else { return }
        try await setWaitingPIN(of: vault, insteadOf: custody.pin(of: old.ceremony), allowFinalTry)
        // While another PIN waits for its shares, this one is needed once more.
        if known.pending == nil { custody.letGo(old.ceremony) }
    }

    /// Tries the new PIN, then the old one; each once, and written down before.
    private func unlock(
        _ vault: any KeyVault, with candidates: [Authority.Epoch], _ known: Guardianship,
        _ allowFinalTry: Bool
    ) async throws(VaultError) {
        let custody = executor.custody
        for epoch in candidates {
            guard let pin = custody.pin(of: epoch.ceremony), let split = epoch.split else {
                continue
            }
            let holders = custody.holders(of: epoch)
            try note(.unknown, holders, epoch.ceremony, split.token)
            do throws(VaultError) {
                try await vault.unlock(pin: pin, allowFinalTry: allowFinalTry)
            } catch  where error.code == .wrongPIN {
                try note(.wrong, holders, epoch.ceremony, split.token)
                custody.note(.notSet, of: epoch.ceremony)
                if epoch == candidates.last { throw Engine.wrong(error, known, candidates) }
                continue
            }
            try note(.unlocked, holders, epoch.ceremony, split.token)
            custody.note(.set, of: epoch.ceremony)
            if epoch == known.inForce, let pending = known.pending {
                custody.note(.notSet, of: pending.ceremony)
            }
            return
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
                " The PIN that was split is not the token's any more; whoever keeps its security "
                + "officer's PIN can set one."
        }
        return error
    }

    /// Sets the PIN that guardians hold shares of, where it is known here and the log is open. What
    /// became of it is known afterwards, or the token is locked: the next login tells.
    func setWaitingPIN(
        of vault: any KeyVault, insteadOf old: SecretBytes?, _ allowFinalTry: Bool
    ) async throws(EngineError) {
        let custody = executor.custody
        guard let old, !snapshot.isSealed, !snapshot.isHalted,
            let known = try? await guardianship(of: vault), let pending = known.pending,
            let split = pending.split, let new = custody.pin(of: pending.ceremony),
            custody.knowledge(of: pending.ceremony) != .set
        else { return }
        let holders = custody.holders(of: pending)
        do throws(VaultError) {
            custody.note(.changing, of: pending.ceremony)
            try note(.setting, holders, pending.ceremony, split.token)
            try await vault.changePIN(from: old, to: new, allowFinalTry: allowFinalTry)
        } catch {
            let isWrong = error.code == .wrongPIN || error.code == .pinTries
            custody.note(isWrong ? .notSet : .unknown, of: pending.ceremony)
            if isWrong {
                try? note(.notSet, holders, pending.ceremony, split.token)
            } else {
                for epoch in known.epochs { custody.dropShares(of: epoch.ceremony) }
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
        for epoch in known.epochs { custody.letGo(epoch.ceremony) }
    }

    /// Writes the tries into the log that only the file has.
    func recordTries() async throws(EngineError) {
        let all = try unsealFile.tries()
        guard !all.isEmpty else { return }
        for var tried in all {
            // A death between the log and the file leaves here what the log has already.
            if let last = snapshot.state.lastTried, last.token == tried.token,
                tried.tries.starts(with: last.tries)
            {
                tried.tries.removeFirst(last.tries.count)
            }
            guard !tried.tries.isEmpty else { continue }
            _ = try await writer.submit(.unsealTried(tried))
        }
        try unsealFile.remove()
    }

    private func note(
        _ result: UnsealResult, _ shares: [String], _ ceremony: String, _ token: TokenReference
    ) throws(VaultError) {
        let tried = UnsealTry(
            time: watch.reads, ceremony: ceremony, shares: shares, result: result)
        do throws(EngineError) { try unsealFile.note(tried, on: token.uri) } catch {
            throw VaultError(.unsealFile, error.detail)
        }
    }

    /// Refuses a PIN that somebody typed for a token whose PIN nobody can know.
    ///
    /// - Throws: ``EngineError`` (`guarded`).
    public func refuseTypedPIN(of vault: any KeyVault) async throws(EngineError) {
        guard let description = try? await vault.inspect(),
            let known = snapshot.state.guardianship(of: description.reference),
            let epoch = known.inForce, let split = epoch.split
        else { return }
        throw EngineError(
            .guarded,
            "The PIN of \(vault.name) is held in shares by \(known.authority), and \(split.threshold)"
                + " of \(epoch.members.count) give it. No PIN was tried.",
            next: "Each of them runs: ceremonyctl unseal \(vault.name). Where its security officer "
                + "has set another PIN: ceremonyctl unlock \(vault.name) --typed-pin.")
    }

    private func guardianship(of vault: any KeyVault) async throws(EngineError) -> Guardianship {
        let description: TokenDescription
        do throws(VaultError) { description = try await vault.inspect() } catch {
            throw error.engineError
        }
        guard let known = snapshot.state.guardianship(of: description.reference) else {
            throw EngineError(
                .notGuarded, "Nobody holds shares of the PIN of \(vault.name).",
                next: "Whoever keeps its PIN types it: ceremonyctl unlock \(vault.name).")
        }
        return known
    }

    private func standing(of vault: any KeyVault, _ known: Guardianship) async -> UnsealStanding {
        UnsealStanding(
            token: vault.name, guardianship: known,
            holders: known.epochs.map { executor.custody.holders(of: $0) },
            isUnlocked: (try? await vault.inspect())?.isUnlocked ?? false)
    }
}
