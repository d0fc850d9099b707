// The end of a stop that does not end: a call into a token's module cannot be cancelled, and a
// module that hangs must not keep the process. Everything is durable before it has effect, so
// nothing is lost; what was being executed is found and closed at the next start.

import NIOCore
public import ServiceLifecycle

/// Gives a stop its time: says when that is over.
///
/// The last service of a group, so that it is the first to hear of the stop. The time runs on the
/// event thread until that is shut down, which ends the period.
public struct GracePeriod: Service {
    private let seconds: Int
    private let thread: EventThread
    private let isOver: @Sendable () -> Void

    /// A period that has not begun.
    ///
    /// - Parameters:
    ///   - seconds: how long everything may take together, from the signal to the end.
    ///   - isOver: ends the process.
    public init(
        seconds: Int, on thread: EventThread, isOver: @escaping @Sendable () -> Void
    ) {
        self.seconds = seconds
        self.thread = thread
        self.isOver = isOver
    }

    /// Waits for the stop, whatever its cause, and begins the period.
    public func run() async throws {
        // A cancellation is a stop as well: another service failed.
        try? await gracefulShutdown()
        thread.loop.scheduleTask(in: .seconds(Int64(seconds)), isOver)
    }
}
