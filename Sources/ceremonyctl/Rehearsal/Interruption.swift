// Being told to stop while other processes run: a rehearsal that is interrupted ends its daemon and
// takes its directory away first. So the signals that would end this process are not delivered but
// waited for, together with the news that a child has ended.

import CeremonyTerminal
import Glibc

/// The signals by which somebody ends a rehearsal.
enum Interruption {
    private static let ending = [SIGINT, SIGTERM, SIGHUP]

    /// Holds the signals back from now on. Children do not inherit that (``ChildProcess``).
    static func hold() {
        var signals = awaited
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits until somebody wants an end.
    static func wait() {
        while next(within: 3600) == false {}
    }

    /// Waits until a child has ended or the time is over, whatever comes first.
    ///
    /// - Throws: `stopped` (1) where somebody wants an end.
    static func pause(seconds: Double) throws(ClientError) {
        guard next(within: seconds) else { return }
        throw ClientError(
            .refused, "stopped", "The rehearsal was interrupted.",
            meaning: "It came to no end; nothing of it counts anywhere else.",
            next: "Start it again when you want to.")
    }

    /// Whether a signal that ends it came within that time. `false` also where a child ended.
    private static func next(within seconds: Double) -> Bool {
        var signals = awaited
        let whole = Int(seconds)
        var span = timespec(
            tv_sec: whole, tv_nsec: Int((seconds - Double(whole)) * 1_000_000_000))
        return ending.contains(unsafe sigtimedwait(&signals, nil, &span))
    }

    private static var awaited: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in ending + [SIGCHLD] { unsafe sigaddset(&signals, signal) }
        return signals
    }
}
