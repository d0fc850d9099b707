// One look at a vault at a time. A look reads a whole vault on all processors, and whoever has the
// socket may ask for one: those who come meanwhile wait, few of them, and the rest is told to come
// again. An order that people have signed is not kept waiting behind them.

import CeremonyRecord
import Synchronization

/// For each vault a line in which whoever comes waits for those before.
final class LookTurns: Sendable {
    /// How many may wait for one vault.
    static let mostWaiting = 4

    private struct Line {
        var waiting: [CheckedContinuation<Bool, Never>] = []
        /// How many of them, the first, are sent by a signed order.
        var ordered = 0
    }

    /// The vaults that somebody looks at.
    private let lines = Mutex<[String: Line]>([:])

    /// Looks when it is the caller's turn.
    ///
    /// - Parameter isOrdered: Whether a signed order needs it.
    /// - Throws: ``VaultError``: `overloaded`, and whatever the body throws.
    func looking<R: Sendable>(
        at vault: String, isOrdered: Bool, _ body: () async throws(VaultError) -> R
    ) async throws(VaultError) -> R {
        guard await take(vault, isOrdered) else {
            throw VaultError(
                .overloaded,
                "\(LookTurns.mostWaiting) wait already to have the vault "
                    + "\(Display.neutralised(vault)) looked at.")
        }
        defer { give(vault) }
        return try await body()
    }

    /// - Returns: Whether it is the caller's turn; not where too many wait.
    private func take(_ vault: String, _ isOrdered: Bool) async -> Bool {
        await withCheckedContinuation { turn in
            let answer = lines.withLock { lines -> Bool? in
                guard var line = lines[vault] else {
                    lines[vault] = Line()
                    return true
                }
                guard isOrdered || line.waiting.count < LookTurns.mostWaiting else { return false }
                line.waiting.insert(turn, at: isOrdered ? line.ordered : line.waiting.count)
                if isOrdered { line.ordered += 1 }
                lines[vault] = line
                return nil
            }
            if let answer { turn.resume(returning: answer) }
        }
    }

    private func give(_ vault: String) {
        let next = lines.withLock { lines -> CheckedContinuation<Bool, Never>? in
            guard var line = lines[vault], !line.waiting.isEmpty else {
                lines[vault] = nil
                return nil
            }
            let next = line.waiting.removeFirst()
            line.ordered = max(0, line.ordered - 1)
            lines[vault] = line
            return next
        }
        next?.resume(returning: true)
    }

    /// Whether nobody looks at a vault.
    func isFree(_ vault: String) -> Bool { lines.withLock { $0[vault] == nil } }

    /// How many wait for a vault.
    func waiting(for vault: String) -> Int { lines.withLock { $0[vault]?.waiting.count ?? 0 } }
}
