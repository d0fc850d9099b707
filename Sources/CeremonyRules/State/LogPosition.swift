// A place in the history of a log: the events up to it, and what time it is there. Questions about
// keys are asked at one (DESIGN 2.6).

public import CeremonyRecord

/// A position in a log, and a time.
public struct LogPosition: Hashable, Sendable, CustomStringConvertible {
    /// The last event that counts.
    public let seq: Int
    /// What time it is there.
    public let time: Timestamp

    /// A place of its parts.
    public init(seq: Int, time: Timestamp) {
        self.seq = seq
        self.time = time
    }

    /// Right behind an event; `nil` where there is none of that number.
    public init?(seq: Int, in events: [Event]) {
        guard events.indices.contains(seq) else { return nil }
        self.init(seq: seq, time: events[seq].time)
    }

    /// At a time: behind every event that was dated up to it; `nil` before the first one.
    public init?(time: Timestamp, in events: [Event]) {
        guard let seq = events.lastIndex(where: { $0.time <= time }) else { return nil }
        self.init(seq: seq, time: time)
    }

    /// `2026-01-15T10:00:00Z, event 12`
    public var description: String { "\(time), event \(seq)" }

    /// Whether what stands at a moment counts here.
    public func includes(_ moment: KeyEntry.Moment?) -> Bool {
        moment.map { $0.seq <= seq } ?? false
    }
}
