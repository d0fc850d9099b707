// Which executions this process has announced and not ended. Those are carried on here; any other
// that the log shows as EXECUTING was interrupted.

import Synchronization

/// The executions under way.
final class Executions: Sendable {
    private struct Content {
        var running: [String: Int] = [:]
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let content = Mutex(Content())

    /// The execution of a ceremony is about to be announced.
    func begin(_ ceremony: String) {
        content.withLock { $0.running[ceremony, default: 0] += 1 }
    }

    /// Begins what nothing else may be under way beside; `false` where something is.
    func beginAlone(_ ceremony: String) -> Bool {
        content.withLock { content in
            guard content.running[ceremony] == nil else { return false }
            content.running[ceremony] = 1
            return true
        }
    }

    /// It has ended, or could not be announced.
    func end(_ ceremony: String) {
        let waiting = content.withLock { content -> [CheckedContinuation<Void, Never>] in
            let count = (content.running[ceremony] ?? 0) - 1
            content.running[ceremony] = count > 0 ? count : nil
            guard content.running.isEmpty else { return [] }
            defer { content.waiting = [] }
            return content.waiting
        }
        for each in waiting { each.resume() }
    }

    /// Whether somebody in this process carries the ceremony on.
    func isUnderWay(_ ceremony: String) -> Bool {
        content.withLock { $0.running[ceremony] != nil }
    }

    /// Returns when none is under way.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isIdle = content.withLock { content in
                if !content.running.isEmpty { content.waiting.append(continuation) }
                return content.running.isEmpty
            }
            if isIdle { continuation.resume() }
        }
    }
}
