// The way from a task that answers a call back to the connection on its loop. It outlives the
// connection: a call whose caller has left runs to its end, and its reply then goes nowhere.

import CeremonyWire
import NIOCore
import Synchronization

/// Where replies go, seen from the task that makes them.
///
/// It also ends watches. The task may say that it takes many replies at the very moment its caller
/// leaves, so both facts are under one lock, and whichever comes second cancels the task.
final class CallerSink: ReplySink {
    private struct State {
        var connection: NIOLoopBound<Connection>?
        var task: Task<Void, Never>?
        var isWatching = false
        var watchesEnd = false
    }

    private let loop: any EventLoop
    private let state = Mutex(State())

    init(loop: any EventLoop) {
        self.loop = loop
    }

    /// On the loop: the connection is open.
    func connect(to connection: Connection) {
        let bound = NIOLoopBound(connection, eventLoop: loop)
        state.withLock { $0.connection = bound }
    }

    /// On the loop: the connection is gone.
    func disconnect() {
        state.withLock { $0.connection = nil }
        endWatches()
    }

    /// On the loop: this task answers the call that was just read.
    func answers(_ task: Task<Void, Never>) {
        update { $0.task = task }
    }

    /// Cancels the task if it answers with many replies, now or as soon as it says so.
    func endWatches() {
        update { $0.watchesEnd = true }
    }

    func takesMany() {
        update { $0.isWatching = true }
        onLoop { $0.isWatching() }
    }

    func write(_ frame: [UInt8]) async throws(ReplyStream.Fault) {
        guard let bound = state.withLock({ $0.connection }) else { throw .callerGone }
        let promise = loop.makePromise(of: Void.self)
        loop.execute { bound.value.write(frame, promise) }
        do {
            try await promise.futureResult.get()
        } catch {
            throw .callerGone
        }
    }

    /// The bytes were no call: the connection is told so and closes. A caller that does not read
    /// is closed by the time that any reply may wait.
    func malformed() async {
        try? await write(Reply(.notACall).frame)
        onLoop { $0.close(.malformed) }
    }

    /// The answer is complete.
    func finished() {
        update {
            $0.task = nil
            $0.isWatching = false
        }
        onLoop { $0.answered() }
    }

    private func update(_ change: (inout State) -> Void) {
        let cancelled = state.withLock { state -> Task<Void, Never>? in
            change(&state)
            return state.isWatching && state.watchesEnd ? state.task : nil
        }
        cancelled?.cancel()
    }

    private func onLoop(_ body: @escaping @Sendable (Connection) -> Void) {
        guard let bound = state.withLock({ $0.connection }) else { return }
        loop.execute { body(bound.value) }
    }
}
