// The one owner of time in the daemon: everything that is done again and again is a chore here. The
// pauses are relative timers of the event loop, and short: `Task.sleep` hangs when the clock is
// stepped, and whoever does the work reads the clock itself. Each chore has a loop of its own, so
// that one that fails, or waits for a token that does not answer, keeps no other from its turn.

import CeremonyWire
public import Logging
import NIOCore
public import ServiceLifecycle

/// Does every chore at start and then again after its pause, until the daemon stops.
///
/// A chore is never run twice at once: its pause begins when it has ended. A chore that throws is
/// run again after its pause; the daemon's own log says so when its trouble begins, changes and
/// ends. A stop ends the pauses at once and lets the work finish.
public struct Scheduler: Service {
    /// One thing that is done again and again.
    public struct Chore: Sendable {
        fileprivate let name: String
        fileprivate let seconds: Int
        fileprivate let work: @Sendable () async throws -> Void

        /// A chore.
        ///
        /// - Parameters:
        ///   - name: What it is called in the daemon's own log.
        ///   - seconds: The pause, 1 to ``CeremonyWire/Limits/timerSecondsMax``.
        public init(
            _ name: String, everySeconds seconds: Int,
            work: @escaping @Sendable () async throws -> Void
        ) {
            precondition((1...Limits.timerSecondsMax).contains(seconds))
            self.name = name
            self.seconds = seconds
            self.work = work
        }
    }

    private let chores: [Chore]
    private let thread: EventThread
    private let logger: Logger

    /// The chores of a daemon.
    public init(_ chores: [Chore], on thread: EventThread, logger: Logger) {
        self.chores = chores
        self.thread = thread
        self.logger = logger
    }

    /// Works until the service group stops or the task is cancelled.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for chore in chores { group.addTask { await attend(to: chore) } }
        }
    }

    private func attend(to chore: Chore) async {
        var trouble: String?
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let before = trouble
            do {
                try await chore.work()
                trouble = nil
            } catch {
                trouble = "\(error)"
            }
            if trouble != before { tell(trouble, of: chore) }
            await pause(seconds: chore.seconds)
        }
    }

    private func tell(_ trouble: String?, of chore: Chore) {
        guard let trouble else {
            logger.notice("a chore is done again", metadata: ["chore": "\(chore.name)"])
            return
        }
        logger.warning(
            "a chore was not done and is tried again",
            metadata: ["chore": "\(chore.name)", "error": "\(trouble)"])
    }

    private func pause(seconds: Int) async {
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
