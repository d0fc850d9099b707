// Tokens whose PIN nobody knows: guardians hand in their shares, one after the other, and when
// there are enough of them the token is unlocked. While a new PIN is still to be set there are two
// splits, and this is the one place where an order may cost two tries: the PIN that is more
// likely the token's comes first. Every try is on the disk before it is made, and in the log first
// thing when that can be written.

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
    ///   - isChosen: Whether the guardian has said that it is these, so that a PIN is tried also
    ///     where nothing shows that it was ever about to be set.
    ///   - clock: As for ``unlock(_:pin:allowFinalTry:isTyped:clock:)``.
    /// - Returns: How it stands then. What keeps a new PIN from being set is told by
    ///   ``trouble(of:)``: the token is open all the same.
    /// - Throws: ``EngineError``; what was handed in is kept for a while.
    public func handIn(
        _ shares: [ReturnedShare], to name: String, isChosen: Bool = false,
        allowFinalTry: Bool = false, clock date: String? = nil
    ) async throws(EngineError) -> UnsealStanding {
        let vault = try vault(named: name)
        // Whoever waits here holds up those who fetch shares: a lock may wait for their ceremony.
        guard turns.takeIfFree() else {
            throw EngineError(
                .overloaded, "A token is just being locked or looked at.",
                next: "Nothing was handed in. Try again in a moment: ceremonyctl unseal \(name).")
        }
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
        let order = Order(
            brought: shares.map(\.ceremony), isChosen: isChosen, allowFinalTry: allowFinalTry,
            clock: date)
        try await openUp(vault, known, order)
        let standing = try await standing(of: vault)
        // While another PIN waits for its shares, this one is needed once more.
        if standing.isUnlocked, standing.guardianship.pending == nil {
            executor.custody.dropShares(of: known.epochs.map(\.ceremony))
        }
        return standing
    }

    /// What a guardian has ordered with their shares.
    private struct Order {
        /// The ceremonies in which what they have brought was split.
        let brought: [String]
        let isChosen: Bool
        let allowFinalTry: Bool
        let clock: String?
    }

    /// Unlocks the token if its PIN is known now, and sets the new one if it waits.
    private func openUp(_ vault: any KeyVault, _ known: Guardianship, _ order: Order)
        async throws(EngineError)
    {
        if try await !isReady(vault, clock: order.clock) {
            let candidates = try candidates(of: known, order)
            guard !candidates.isEmpty else { return }
            try await checkFinalTry(of: vault, for: candidates, known, order.allowFinalTry)
            do throws(EngineError) {
                try await logIn(to: vault, clock: order.clock) { () throws(VaultError) in
                    try await self.unlock(vault, with: candidates, known, order.allowFinalTry)
                }
            } catch  where error.has(.wrongPIN) {
                throw EngineError(
                    .wrongShares, error.detail,
                    next: "What was handed in is kept for a while. How it stands: ceremonyctl "
                        + "status.")
            }
        }
        try await settlePIN(of: vault, known, isChosen: order.isChosen, order.allowFinalTry)
    }

    /// A split, and the PIN that enough of its shares gave.
    struct Candidate {
        let epoch: Authority.Epoch
        let pin: SecretBytes
        let holders: [String]
        /// Whether anything shows that it may be the token's.
        let isLikely: Bool
    }

    /// The PINs that are worth a try, two at most. One that was chosen here still takes the shares.
    ///
    /// A PIN that was about to be set is written down before, so one of which nothing is written is
    /// not the token's, and comes last; without another it is tried only by choice. One to which
    /// the token gave no clear answer comes after those to which it gave none.
    ///
    /// - Throws: ``EngineError`` (`wrong-shares`) where all that was brought is known to be wrong.
    private func candidates(of known: Guardianship, _ order: Order) throws(EngineError)
        -> [Candidate]
    {
        let custody = executor.custody
        let here = known.epochs.compactMap { epoch -> Candidate? in
            let holders = custody.holders(of: epoch)
            guard let split = epoch.split, holders.count >= split.threshold,
                let pin = custody.returnedPIN(of: epoch.ceremony)
            else { return nil }
            return Candidate(
                epoch: epoch, pin: pin, holders: holders,
                isLikely: epoch == known.inForce || mayBeSet(epoch))
        }
        let open = here.filter { !custody.isNot($0.epoch.ceremony) }
        let isHopeless = order.brought.allSatisfy { custody.isNot($0) }
        if open.isEmpty, isHopeless, let first = here.first {
            let error = Engine.wrong(
                VaultError(
                    .wrongPIN,
                    "The shares of epoch \(first.epoch.number) are whole, and their PIN is known "
                        + "not to be the token's: it was not tried again."), known,
                here.map(\.epoch))
            throw EngineError(
                .wrongShares, error.detail,
                next: "No PIN was tried. How it stands: ceremonyctl status.")
        }
        func rank(_ candidate: Candidate) -> Int {
            (candidate.isLikely ? 0 : 1_000) + custody.doubts(about: candidate.epoch.ceremony)
        }
        // Where nothing else is left, what is unlikely is what it must be.
        let isLast =
            known.inForce.map { custody.isNot($0.ceremony) } ?? false
        let ranked = open.enumerated().sorted {
            (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
        }
        .map(\.element)
        guard let best = ranked.first, best.isLikely || isLast || order.isChosen else { return [] }
        return Array(ranked.prefix(2))
    }

    /// With one try left nobody guesses which of two PINs it is.
    private func checkFinalTry(
        of vault: any KeyVault, for candidates: [Candidate], _ known: Guardianship,
        _ allowFinalTry: Bool
    ) async throws(EngineError) {
        guard allowFinalTry, candidates.count(where: \.isLikely) > 1,
            (try? await vault.inspect())?.pinTries == "finalTry"
        else { return }
        executor.custody.dropShares(of: known.epochs.map(\.ceremony))
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
                if !error.isWithoutEffect { custody.noteDoubt(about: ceremony) }
                // Another guardian's share is not to try it again.
                custody.dropShares(of: [ceremony])
                throw error
            }
            try note(.unlocked, candidate)
            custody.note(.set, of: ceremony)
            try rememberOthers(than: candidate.epoch, known)
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
                " What was split is not its PIN any more; whoever keeps its security officer's "
                + "PIN can set one, which is then typed: ceremonyctl unlock TOKEN --typed-pin."
        }
        return error
    }
}
