// The rollback guard (FORMATS section 3): the log token keeps a signed head of the log. At unlock,
// before anything is written or signed, the database must reach it. It is written again when
// ceremonies have ended and at a clean stop, always behind the commit and the signed head, beside
// the answers and never in their way.

import CeremonyRecord
import CeremonyRules

/// Holds the log against the head in its token, and keeps that head up to date.
///
/// A head is written only between an ``open(on:)`` that agreed and the ``close()`` or
/// ``abandon()`` after it: a database that was refused must never get a head of its own.
actor RollbackGuard {
    private struct Keeping {
        let vault: any KeyVault
        /// What of this log may be on the token: it goes when a newer one is there.
        var held: [[UInt8]] = []
        /// How many events the newest of it covers.
        var size = 0
        /// The token cannot hold a head, and is not asked again before the next unlock.
        var isUnable = false
    }

    private let published: Published
    private var keeping: Keeping?
    /// Counts the unlocks, so that what a token answers late is nobody's any more.
    private var life = 0
    /// A head of so many events is to be on the token.
    private var wanted = 0
    private var isWriting = false
    private var waitingForRest: [CheckedContinuation<Void, Never>] = []

    init(published: Published) { self.published = published }

    // MARK: At unlock

    /// Compares the log with the head in its token, which has just been unlocked.
    ///
    /// - Throws: ``EngineError``: `rolled-back` or `forked` with both heads, `head-object` for one
    ///   that is not of this log, the token's trouble. Nothing is known and nothing is written
    ///   then.
    func open(on vault: any KeyVault) async throws(EngineError) {
        abandon()
        let heads: HeldHeads
        do throws(VaultError) {
            heads = try await vault.heads()
        } catch {
            throw EngineError(
                error.code,
                "The head that the log token keeps cannot be read, so that nobody knows whether "
                    + "this log is the newest: \(error.detail)",
                next: error.engineError.next ?? "Mend the token's trouble and unlock it again.")
        }
        var opened = Keeping(vault: vault)
        var standing: RollbackStanding
        switch heads {
        case .unable(let why):
            opened.isUnable = true
            standing = .absent(RollbackGuard.unable(why))
        case .held(let values) where values.isEmpty:
            wanted = 1
            standing = .absent("The log token held no head when it was unlocked.")
        case .held(let values):
            let ours = try compare(values, on: vault.name)
            opened.held = ours.map(\.note)
            opened.size = ours.map(\.kept.head.size).max() ?? 0
            standing = .kept(opened.size)
        }
        keeping = opened
        published.update { $0.rollback = standing }
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

    private static func unable(_ why: String) -> String {
        "The log token cannot hold the head of the log: \(why)."
    }

    // MARK: Keeping the head

    /// Hears of events that are durable; returns at once.
    nonisolated func heard(_ events: [Event]) {
        let size = events.last { $0.body.endsSomething }.map { $0.seq + 1 }
        Task { await self.want(size ?? 0) }
    }

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

    /// Takes no more part until the next unlock; the token is not asked anything.
    func abandon() {
        life += 1
        keeping = nil
        wanted = 0
        published.update { $0.rollback = .unknown }
    }

    /// Brings the token up to what is wanted, as far as that is signed. One at a time: what comes
    /// meanwhile is seen to before this returns.
    private func write() async {
        guard !isWriting else { return }
        isWriting = true
        while let keeping, let next = newest(for: keeping) {
            let began = life
            let outcome: Result<HeadKeeping, VaultError>
            do throws(VaultError) {
                outcome = .success(
                    try await keeping.vault.keepHead(next.note, insteadOf: keeping.held))
            } catch {
                outcome = .failure(error)
            }
            guard began == life else { continue }
            take(outcome, of: next.note, size: next.size)
            // It is tried again with the next event; an act is never held up by it.
            if case .failure = outcome { break }
        }
        isWriting = false
        for waiting in waitingForRest { waiting.resume() }
        waitingForRest = []
    }

    private func newest(for keeping: Keeping) -> (note: [UInt8], size: Int)? {
        let snapshot = published.snapshot
        guard !keeping.isUnable, keeping.size < wanted, snapshot.checkpointSize >= wanted,
            let note = snapshot.checkpoint
        else { return nil }
        return (note, snapshot.checkpointSize)
    }

    private func take(_ outcome: Result<HeadKeeping, VaultError>, of note: [UInt8], size: Int) {
        var standing = published.snapshot.rollback
        switch outcome {
        case .success(.kept):
            keeping?.held = [note]
            keeping?.size = size
            standing.covers = size
            standing.trouble = nil
        case .success(.unable(let why)):
            keeping?.isUnable = true
            if standing.knowledge == .absent {
                standing.detail = RollbackGuard.unable(why)
            } else {
                standing.trouble = RollbackGuard.unable(why)
            }
        case .failure(let error):
            // Whether it is there or not, it goes when a newer one is.
            keeping?.held.append(note)
            standing.trouble = "The head could not be written to the log token: \(error.detail)"
        }
        published.update { $0.rollback = standing }
    }
}

extension EventBody {
    /// Whether a ceremony ended here, or a key changed how it stands.
    fileprivate var endsSomething: Bool {
        switch type {
        case "ceremony.completed", "ceremony.failed", "ceremony.expired", "key.activated",
            "key.retired", "key.lapsed", "key.revoked", "object.destroyed", "log.rekeyed":
            true
        default: false
        }
    }
}
