// The one thread on which connections are read and written and timers fire. One is enough: local
// sockets are fast, and with a single thread the state of connections needs no locks.

import NIOCore
import NIOPosix

/// A thread with an event loop, shared by the sockets and timers of the daemon.
public struct EventThread: Sendable {
    private let group: MultiThreadedEventLoopGroup

    /// Starts the thread.
    public init() {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Ends the thread. Every service that uses it must have ended before.
    public func shutDown() async throws {
        try await group.shutdownGracefully()
    }

    /// Returns after so many seconds, or as soon as the task is cancelled.
    func pause(seconds: Int) async {
        let pause = loop.scheduleTask(in: .seconds(Int64(seconds))) {}
        await withTaskCancellationHandler {
            // A pause that was cut short is no failure.
            _ = try? await pause.futureResult.get()
        } onCancel: {
            pause.cancel()
        }
    }

    var loop: any EventLoop { group.any() }
}
