// One at a time, across suspensions: unlocking, locking and closing are many steps on the same
// token, and two of them mixed would open the log twice or lock what was just unlocked.

import Synchronization

/// A line in which whoever comes waits for those before.
final class Turns: Sendable {
    private struct Line {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let line = Mutex(Line())

    /// Returns when it is the caller's turn; the caller gives it back with ``give()``.
    func take() async {
        await withCheckedContinuation { turn in
            let isFree = line.withLock { line in
                if line.isTaken {
                    line.waiting.append(turn)
                    return false
                }
                line.isTaken = true
                return true
            }
            if isFree { turn.resume() }
        }
    }

    /// Takes the turn if nobody has it.
    func takeIfFree() -> Bool {
        line.withLock { line in
            guard !line.isTaken else { return false }
            line.isTaken = true
            return true
        }
    }

    /// Lets the next one come.
    func give() {
        let next = line.withLock { line -> CheckedContinuation<Void, Never>? in
            guard line.waiting.isEmpty else { return line.waiting.removeFirst() }
            line.isTaken = false
            return nil
        }
        next?.resume()
    }
}
