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
        /// Why the token cannot hold a head; it is not asked again before the next unlock.
        var unable: String?
        /// Why the last head could not be written.
        var trouble: String?
    }

    private let published: Published
    private var tokens: [Keeping] = []
    /// Whether there was a head to compare the log with at this unlock.
    private var hasCompared = false
    /// The log token in use, where it was not there to be asked.
    private var unread: String?
    /// Counts the unlocks, so that what a token answers late is nobody's any more.
    private var life = 0
    /// A head of so many events is to be on the tokens.
    private var wanted = 0
    private var isWriting = false
    private var waitingForRest: [CheckedContinuation<Void, Never>] = []

    init(published: Published) { self.published = published }

    // MARK: At unlock

    /// Compares the log with the heads in its tokens; those that are locked are left alone.
    ///
    /// - Throws: ``EngineError``: `rolled-back` or `forked` with both heads, `head-object` for one
    ///   that is not of this log, the token's trouble. Nothing is known and nothing is written
    ///   then.
    func open(on vaults: [any KeyVault]) async throws(EngineError) {
        abandon()
        var opened: [Keeping] = []
        for vault in vaults {
            let heads: HeldHeads
            do throws(VaultError) {
                guard try await vault.inspect().isUnlocked else { continue }
                heads = try await vault.heads()
            } catch {
                // Another token may be missing, as long as the log key is on one that is not.
                if vaults.count > 1, error.code == .tokenMissing { continue }
                throw RollbackGuard.unreadable(error)
            }
            opened.append(try compare(heads, on: vault))
        }
        tokens = opened
        // A standby may have been away while the log grew: its word alone proves nothing.
        let first = vaults.first?.name
        let isFirstRead = opened.first?.vault.name == first
        hasCompared = isFirstRead && (opened.first?.size ?? 0) > 0
        unread = isFirstRead ? nil : first
        // A token that holds no head gets one as soon as something is signed.
        wanted = 1
        tell()
    }

    private static func unreadable(_ error: VaultError) -> EngineError {
        EngineError(
            error.code,
            "The head that the log token keeps cannot be read, so that nobody knows whether this "
                + "log is the newest: \(error.detail)",
            next: error.engineError.next ?? "Mend the token's trouble and unlock it again.")
    }

    private func compare(_ heads: HeldHeads, on vault: any KeyVault) throws(EngineError) -> Keeping
    {
        var keeping = Keeping(vault: vault)
        switch heads {
        case .unable(let why): keeping.unable = why
        case .held(let values) where values.isEmpty: break
        case .held(let values):
            let ours = try compare(values, on: vault.name)
            keeping.held = ours.map(\.note)
            keeping.size = ours.map(\.kept.head.size).max() ?? 0
        }
        return keeping
    }

    /// The heads of this log among those on the token; the database reaches all of them.
    private func compare(_ values: [[UInt8]], on name: String) throws(EngineError) -> [(
        kept: KeptHead, note: [UInt8]
    )] {
        let state = published.snapshot.state
        var ours: [(kept: KeptHead, note: [UInt8])] = []
        var why = "it is empty"
        for value in values {
            do throws(NoteError) {
                ours.append((try KeptHead(value, of: state), value))
            } catch {
                why = "\(error)"
            }
        }
        guard !ours.isEmpty else {
            throw EngineError(
                .headObject,
                "The object \(HeadObject.label) on \(name) is no head of this log: \(why).",
                next: "See whether it is the log token of another log. If it is the right token, "
                    + "somebody has changed the object: compare the log with a checkpoint that "
                    + "others keep (ceremonyd run --seen FILE), and only then destroy it by hand.")
        }
        for each in ours.sorted(by: { $0.kept.head.size > $1.kept.head.size }) {
            try each.kept.check(published, against: "The log token \(name)")
        }
        return ours
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

    /// Takes no more part until the next unlock; no token is asked anything.
    func abandon() {
        life += 1
        tokens = []
        hasCompared = false
        wanted = 0
        published.update { $0.rollback = .unknown }
    }

    /// Brings the tokens up to what is wanted, as far as that is signed. One at a time: what comes
    /// meanwhile is seen to before this returns.
    private func write() async {
        guard !isWriting else { return }
        isWriting = true
        // One that fails is tried again later; an act is never held up by it.
        var failed: Set<Int> = []
        while let (place, note, size) = next(besides: failed) {
            let began = life
            let token = tokens[place]
            let outcome: Result<HeadKeeping, VaultError>
            do throws(VaultError) {
                outcome = .success(try await token.vault.keepHead(note, insteadOf: token.held))
            } catch {
                outcome = .failure(error)
            }
            guard began == life else { continue }
            if case .failure = outcome { failed.insert(place) }
            take(outcome, of: note, size: size, at: place)
        }
        isWriting = false
        for waiting in waitingForRest { waiting.resume() }
        waitingForRest = []
    }

    private func next(besides failed: Set<Int>) -> (place: Int, note: [UInt8], size: Int)? {
        let snapshot = published.snapshot
        guard snapshot.checkpointSize >= wanted, let note = snapshot.checkpoint,
            let place = tokens.indices.first(where: {
                tokens[$0].unable == nil && tokens[$0].size < wanted && !failed.contains($0)
            })
        else { return nil }
        return (place, note, snapshot.checkpointSize)
    }

    private func take(
        _ outcome: Result<HeadKeeping, VaultError>, of note: [UInt8], size: Int, at place: Int
    ) {
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
        if hasCompared {
            standing = .kept(0)
            standing.trouble = (troubled + unable).first
        } else {
            let away = unread.map {
                "\($0), the first of the log tokens, was not there to be asked: whether this log is "
                    + "the newest is not known."
            }
            standing = .absent(
                away ?? unable.first ?? "The log token held no head when it was unlocked.")
            standing.trouble = troubled.first
        }
        standing.covers = tokens.map(\.size).max() ?? 0
        published.update { $0.rollback = standing }
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
