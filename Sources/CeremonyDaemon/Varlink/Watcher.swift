// One watcher's bounded buffer, between the writer and the task that answers a `Watch` call.

import CeremonyWire
import Synchronization

/// What waits for one watcher.
public final class Watcher: Sendable {
    private typealias Waiter = CheckedContinuation<WatchHub.Event, any Error>

    private struct State {
        var waiting: [WatchHub.Event] = []
        var bytes = 0
        var lagged: WatchHub.Lagged?
        var isCancelled = false
        var waiter: Waiter?
    }

    private let ceremony: String?
    private let limits: Limits
    private let state = Mutex(State())

    init(ceremony: String?, limits: Limits) {
        self.ceremony = ceremony
        self.limits = limits
    }

    /// Waits for the next event.
    ///
    /// To be called by one task at a time.
    ///
    /// - Throws: ``WatchHub/Lagged`` when too much had to wait; `CancellationError` when the task
    ///   is cancelled.
    public func next() async throws -> WatchHub.Event {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                let result = state.withLock { state -> Result<WatchHub.Event, any Error>? in
                    if state.isCancelled { return .failure(CancellationError()) }
                    if let lagged = state.lagged { return .failure(lagged) }
                    guard !state.waiting.isEmpty else {
                        state.waiter = waiter
                        return nil
                    }
                    let event = state.waiting.removeFirst()
                    state.bytes -= event.encoded.count
                    return .success(event)
                }
                if let result { waiter.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                state.isCancelled = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Takes an event, or drops everything and notes where to resume.
    func offer(_ event: WatchHub.Event) {
        if let ceremony, event.ceremony != ceremony { return }
        let waiter = state.withLock { state -> Waiter? in
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            guard state.lagged == nil else { return nil }
            state.waiting.append(event)
            state.bytes += event.encoded.count
            if state.waiting.count > limits.watcherEventsMax
                || state.bytes > limits.watcherBytesMax
            {
                state.lagged = WatchHub.Lagged(resumeFrom: state.waiting[0].seq)
                state.waiting = []
                state.bytes = 0
            }
            return nil
        }
        waiter?.resume(returning: event)
    }
}
