// The end of the log that nobody has heard of: durable, and not yet covered by a head that the log
// key has signed (FORMATS section 3). It is told when it is covered, in order and once.

import CeremonyRecord

/// Events with their lines, one behind the other.
struct Tail: Sendable {
    private(set) var events: [Event] = []
    private(set) var lines: [[UInt8]] = []

    /// Adds what became durable.
    mutating func append(_ events: [Event], _ lines: [[UInt8]]) {
        self.events += events
        self.lines += lines
    }

    /// Takes out what the head of a log of that size covers.
    mutating func take(upTo size: Int) -> Tail {
        let count = events.count { $0.seq < size }
        var covered = Tail()
        covered.append(Array(events.prefix(count)), Array(lines.prefix(count)))
        events.removeFirst(count)
        lines.removeFirst(count)
        return covered
    }
}
