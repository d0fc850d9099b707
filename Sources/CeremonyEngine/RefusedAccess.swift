// Refused access, folded: whoever knocks a thousand times is written down once, with the count, and
// at most once a minute, so that nobody can fill the log by being refused.

import CeremonyRecord
import CeremonyRules
import Synchronization

/// What was refused since it was last written down.
final class RefusedAccess: Sendable {
    private struct Folded {
        var newest: AccessRefused?
        var count = 0
        var written: Timestamp?
    }

    private let folded = Mutex(Folded())

    func note(_ refused: AccessRefused) {
        folded.withLock {
            $0.newest = refused
            $0.count += 1
        }
    }

    /// What is to be written down now; `nil` when there is nothing, or it is too early.
    func take(at now: Timestamp) -> AccessRefused? {
        folded.withLock { folded in
            guard var refused = folded.newest,
                folded.written.map({ now < $0 || now - $0 >= Limits.refusalInterval }) ?? true
            else { return nil }
            refused.count = folded.count
            folded = Folded(newest: nil, count: 0, written: now)
            return refused
        }
    }

    /// Takes back what could not be written down; it counts in with what came since.
    func giveBack(_ refused: AccessRefused) {
        folded.withLock {
            $0.newest = $0.newest ?? refused
            $0.count += refused.count
        }
    }
}
