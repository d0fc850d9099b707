// The rollback guard (FORMATS section 3): the log token keeps a signed head of the log. At unlock,
// before anything is written or signed, the database must reach it. It is written again when
// ceremonies have ended and at a clean stop, always behind the commit and the signed head, beside
// the answers and never in their way.

import CeremonyRecord
import CeremonyRules

/// Holds the log against the head in its token, and keeps that head up to date.
///
/// Where there are several log tokens, every one that is unlocked is asked and keeps a head. A head
/// is written only between an ``open(on:)`` that agreed and the ``close()`` or ``abandon()`` after
/// it: a database that was refused must never get a head of its own.
actor RollbackGuard {
    private struct Keeping {
        let vault: any KeyVault
        /// What of this log may be on the token: it goes when a newer one is there.
        var held: [[UInt8]] = []
        /// How many events the newest of it covers.
        var size = 0
        /// Whether it held a head with which the log was compared.
        var wasCompared = false
        /// Why the token cannot hold a head; it is not asked again before the next unlock.
        var unable: String?
        /// Why the last head could not be written.
        var trouble: String?
    }

    private let published: Published
    private let proved: ProvedKeys
    private var tokens: [Keeping] = []
    /// The first of the log tokens: the one in use, where one of several keys may sign.
    private var inUse: String?
    /// Whether those who know the newest head were all compared with at this unlock.
    private var isNewest = false
    /// Counts the unlocks, so that what a token answers late is nobody's any more.
    private var life = 0
    /// A head of so many events is to be on the tokens.
    private var wanted = 0
    private var isWriting = false
    private var waitingForRest: [CheckedContinuation<Void, Never>] = []

    init(published: Published, proved: ProvedKeys) {
        self.published = published
        self.proved = proved
    }

    // MARK: At unlock

    /// Compares the log with the heads in its tokens; those that are locked are left alone.
    ///
    /// - Throws: ``EngineError``: `rolled-back` or `forked` with both heads, `head-object` for one
    ///   that is not of this log, the token's trouble. Nothing is known and nothing is written
    ///   then.
    func open(on vaults: [any KeyVault]) async throws(EngineError) {
        abandon()
        var found: [(vault: any KeyVault, heads: HeldHeads)] = []
        for vault in vaults {
            do throws(VaultError) {
                guard try await vault.inspect().isUnlocked else { continue }
                found.append((vault, try await vault.heads()))
            } catch {
                // Another token may be missing, as long as the log key is on one that is not.
                if vaults.count > 1, error.code == .tokenMissing { continue }
                throw RollbackGuard.unreadable(error)
            }
        }
        var opened: [Keeping] = []
        for (vault, heads) in found {
            opened.append(try await compare(heads, on: vault, beside: found.map(\.vault)))
        }
        tokens = opened
        inUse = vaults.first?.name
        // A token that holds no head gets one as soon as something is signed.
        wanted = 1
    }

    /// Compares an open log with the heads in a further token, which keeps one from now on.
    ///
    /// - Throws: ``EngineError``, as ``open(on:)``. The other tokens keep theirs.
    func join(_ vault: any KeyVault) async throws(EngineError) {
        let began = life
        let heads: HeldHeads
        do throws(VaultError) { heads = try await vault.heads() } catch {
            throw RollbackGuard.unreadable(error)
        }
        let others = tokens.map(\.vault).filter { $0.name != vault.name }
        let keeping = try await compare(heads, on: vault, beside: others + [vault])
        guard began == life else { return }
        tokens.removeAll { $0.vault.name == vault.name }
        tokens.append(keeping)
    }

    /// Says whether the log is known to be the newest, when it is known which keys are on which of
    /// the tokens that were compared with.
    func settle() {
        isNewest = isNewest || published.snapshot.state.headKeys.contains(where: isKnown)
        tell()
    }

    /// Whether the tokens that were compared with know every head that a group of keys has signed.
    /// One of the group signed each head, so that all its tokens together do. Of a key and its
    /// standby the one in use is enough; the other may have been away while the log grew.
    private func isKnown(by group: [NoteKey]) -> Bool {
        let compared = Set(tokens.filter(\.wasCompared).map(\.vault.name))
        let places = group.map { proved.tokens(of: $0).intersection(compared) }
        if !group.isEmpty, places.allSatisfy({ !$0.isEmpty }) { return true }
        guard let inUse else { return false }
        return places.contains { $0.contains(inUse) }
    }

    private static func unreadable(_ error: VaultError) -> EngineError {
        EngineError(
            error.code,
            "The head that the log token keeps cannot be read, so that nobody knows whether this "
                + "log is the newest: \(error.detail)",
            next: error.engineError.next ?? "Mend the token's trouble and unlock it again.")
    }

    private func compare(
        _ heads: HeldHeads, on vault: any KeyVault, beside vaults: [any KeyVault]
    ) async throws(EngineError) -> Keeping {
        var keeping = Keeping(vault: vault)
        switch heads {
        case .unable(let why): keeping.unable = why
        case .held(let values):
            let ours = try await compare(values, on: vault.name, beside: vaults)
            keeping.held = values
            keeping.size = ours.map(\.head.size).max() ?? 0
            keeping.wasCompared = keeping.size > 0
        }
        return keeping
    }

    /// The heads on a token: all are of this log, and the database reaches all of them.
    private func compare(
        _ values: [[UInt8]], on name: String, beside vaults: [any KeyVault]
    ) async throws(EngineError) -> [KeptHead] {
        let state = published.snapshot.state
        var heads: [KeptHead] = []
        var stranger: (note: [UInt8], why: NoteError)?
        for value in values {
            do throws(NoteError) { heads.append(try KeptHead(value, of: state)) } catch {
                stranger = stranger ?? (value, error)
            }
        }
        // What is certain first, and of that what reaches farthest.
        heads.sort { ($0.isVerified ? 1 : 0, $0.head.size) > ($1.isVerified ? 1 : 0, $1.head.size) }
        let held =
            heads.allSatisfy(\.isVerified)
            ? [] : await RollbackGuard.keys(on: vaults, origin: state.log.origin)
        for head in heads {
            try head.check(published, against: "The log token \(name)", among: held)
        }
        // One that cannot be read may have been the newest.
        if let (note, why) = stranger {
            throw EngineError(
                .headObject,
                "The object \(HeadObject.label) on \(name) is no head of this log: \(why). It is "
                    + "\(HeadObject.words(of: note)).",
                next: "See whether it is the log token of another log. If it is the right token, "
                    + "somebody has changed the object: compare the log with a checkpoint that "
                    + "others keep (ceremonyd run --seen FILE), and only then destroy it by hand.")
        }
        return heads
    }

    /// The keys on the tokens that were made to sign heads.
    private static func keys(on vaults: [any KeyVault], origin: String) async -> [HeldKey] {
        var held: [HeldKey] = []
        for vault in vaults {
            for point in (try? await vault.points(label: Founding.keyLabel)) ?? [] {
                guard let key = NoteKey(name: origin, publicKey: point) else { continue }
                held.append(HeldKey(key: key, token: vault.name))
            }
        }
        return held
    }

    // MARK: Keeping the head

    /// Hears of events that are durable; returns at once.
    nonisolated func heard(_ events: [Event]) {
        let size = events.last { $0.body.endsSomething }.map { $0.seq + 1 }
        Task { await self.want(size ?? 0) }
    }

    /// Tries again what could not be written. Called by a timer.
    func retry() async { await write() }

    private func want(_ size: Int) async {
        wanted = max(wanted, size)
        await write()
    }

    /// Writes the newest signed head, and takes no more part until the next unlock.
    func close() async {
        while isWriting { await withCheckedContinuation { waitingForRest.append($0) } }
        wanted = max(wanted, published.snapshot.checkpointSize)
        await write()
        abandon()
    }

    /// Writes the newest signed head to a token that goes, and asks it for nothing more.
    func leave(_ name: String) async {
        while isWriting { await withCheckedContinuation { waitingForRest.append($0) } }
        guard tokens.contains(where: { $0.vault.name == name }) else { return }
        wanted = max(wanted, published.snapshot.checkpointSize)
        await write()
        tokens.removeAll { $0.vault.name == name }
        tell()
    }

    /// Takes no more part until the next unlock; no token is asked anything.
    func abandon() {
        life += 1
        tokens = []
        inUse = nil
        isNewest = false
        wanted = 0
        published.update { $0.rollback = .unknown }
    }

    /// Brings the tokens up to what is wanted, as far as that is signed. One at a time: what comes
    /// meanwhile is seen to before this returns.
    private func write() async {
        guard !isWriting else { return }
        isWriting = true
        // One that fails is tried again later; an act is never held up by it.
        var failed: Set<String> = []
        while let (vault, held, note, size) = next(besides: failed) {
            let began = life
            let outcome: Result<HeadKeeping, VaultError>
            do throws(VaultError) {
                outcome = .success(try await vault.keepHead(note, insteadOf: held))
            } catch {
                outcome = .failure(error)
            }
            guard began == life else { continue }
            if case .failure = outcome { failed.insert(vault.name) }
            take(outcome, of: note, size: size, on: vault.name)
        }
        isWriting = false
        for waiting in waitingForRest { waiting.resume() }
        waitingForRest = []
    }

    private func next(besides failed: Set<String>) -> (
        vault: any KeyVault, held: [[UInt8]], note: [UInt8], size: Int
    )? {
        let snapshot = published.snapshot
        guard snapshot.checkpointSize >= wanted, let note = snapshot.checkpoint,
            let token = tokens.first(where: {
                $0.unable == nil && $0.size < wanted && !failed.contains($0.vault.name)
            })
        else { return nil }
        return (token.vault, token.held, note, snapshot.checkpointSize)
    }

    private func take(
        _ outcome: Result<HeadKeeping, VaultError>, of note: [UInt8], size: Int, on name: String
    ) {
        // It may have left while it was written to.
        guard let place = tokens.firstIndex(where: { $0.vault.name == name }) else { return }
        switch outcome {
        case .success(.kept):
            tokens[place].held = [note]
            tokens[place].size = size
            tokens[place].trouble = nil
        case .success(.unable(let why)):
            tokens[place].unable = why
        case .failure(let error):
            // Whether it is there or not, it goes when a newer one is.
            tokens[place].held.append(note)
            tokens[place].trouble = error.detail
        }
        tell()
    }

    /// Publishes what is known.
    private func tell() {
        let unable = tokens.compactMap { token in
            token.unable.map { "\(token.vault.name) cannot hold the head of the log: \($0)." }
        }
        let troubled = tokens.compactMap { token in
            token.trouble.map { "The head could not be written to the log token: \($0)" }
        }
        var standing: RollbackStanding
        if isNewest {
            standing = .kept(0)
            standing.trouble = (troubled + unable).first
        } else {
            standing = .absent(
                notAll ?? unable.first ?? "The log token held no head when it was unlocked.")
            standing.trouble = troubled.first
        }
        standing.covers = tokens.map(\.size).max() ?? 0
        published.update { $0.rollback = standing }
    }

    /// Who was asked, where that was not everybody who may know a newer head.
    private var notAll: String? {
        let asked = tokens.filter(\.wasCompared).map(\.vault.name)
        guard !asked.isEmpty else { return nil }
        return "The log reaches the head on \(asked.joined(separator: " and ")), and another log "
            + "token that was not asked, or held none, may know a newer one."
    }
}

extension EventBody {
    /// Whether a ceremony ended here, or something changed that must not be taken back by an older
    /// copy: how a key stands, who is on the roster, whether the house is halted, the time.
    fileprivate var endsSomething: Bool {
        switch type {
        case "ceremony.completed", "ceremony.failed", "ceremony.expired", "key.activated",
            "key.retired", "key.lapsed", "key.revoked", "object.destroyed", "log.rekeyed",
            "halt.raised", "halt.cleared", "roster.set", "clock.corrected":
            true
        default: false
        }
    }
}
