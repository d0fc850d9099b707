// How many calls are being answered, and a way to wait until none is: what a stop needs to know.

import Synchronization

/// Counts running calls, and lets one task wait for the last of them.
final class CallGate: Sendable {
    private struct State {
        var running = 0
        var givenUp = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func enter() {
        state.withLock { $0.running += 1 }
    }

    func leave() {
        wake { $0.running -= 1 }
    }

    /// Ends the waiting though calls are still running.
    func giveUp() {
        wake { $0.givenUp = true }
    }

    /// Waits until no call is running; whether that is so.
    func waitUntilEmpty() async -> Bool {
        await withCheckedContinuation { continuation in
            wake { $0.waiter = continuation }
        }
        return state.withLock { $0.running == 0 }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            guard state.running == 0 || state.givenUp else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
