// What is done at once when the daemon is told to stop, before the services that were begun earlier
// hear of it: a stop goes through them from the last to the first.

import ServiceLifecycle

/// Does one thing at the beginning of a stop.
struct AtStop: Service {
    private let action: @Sendable () -> Void

    /// - Parameter action: Must not take long: the other services hear of the stop after it.
    init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    /// Waits for the stop, whatever its cause, and does it.
    func run() async throws {
        // A cancellation is a stop as well: another service failed.
        try? await gracefulShutdown()
        action()
    }
}
