// Waiting for something that may never come: a call into a token's module cannot be cancelled, only
// left to itself.

import Synchronization

/// What the work comes to, or `nil` where patience is over first. The work goes on all the same.
func outcome<R: Sendable>(
    within patience: @escaping @Sendable () async -> Void,
    of work: @escaping @Sendable () async -> R
) async -> R? {
    let first = Mutex<CheckedContinuation<R?, Never>?>(nil)
    let answer: @Sendable (R?) -> Void = { value in
        first.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }?.resume(returning: value)
    }
    return await withCheckedContinuation { continuation in
        first.withLock { $0 = continuation }
        let waiting = Task {
            await patience()
            answer(nil)
        }
        Task {
            answer(await work())
            waiting.cancel()
        }
    }
}
