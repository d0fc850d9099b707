// Periodic work. The pauses are relative timers of the event loop, and short: `Task.sleep` hangs
// when the clock is stepped, and whoever does the work reads the clock itself.

import CeremonyWire
import NIOCore
public import ServiceLifecycle

/// Does a piece of work at start and then again after every pause, until the daemon stops.
///
/// One run at a time: the pause begins when the work has ended. A stop ends the pause at once and
/// lets the work finish.
public struct Ticker: Service {
    private let seconds: Int
    private let thread: EventThread
    private let work: @Sendable () async -> Void

    /// Periodic work.
    ///
    /// - Parameter seconds: the pause, 1 to ``CeremonyWire/Limits/timerSecondsMax``.
    public init(
        everySeconds seconds: Int, on thread: EventThread,
        work: @escaping @Sendable () async -> Void
    ) {
        precondition((1...Limits.timerSecondsMax).contains(seconds))
        self.seconds = seconds
        self.thread = thread
        self.work = work
    }

    /// Works until the service group stops or the task is cancelled.
    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            await work()
            let pause = thread.loop.scheduleTask(in: .seconds(Int64(seconds))) {}
            await withTaskCancellationHandler {
                await withGracefulShutdownHandler {
                    // A pause that was cut short is no failure.
                    _ = try? await pause.futureResult.get()
                } onGracefulShutdown: {
                    pause.cancel()
                }
            } onCancel: {
                pause.cancel()
            }
        }
    }
}
