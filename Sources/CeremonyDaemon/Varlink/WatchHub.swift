// From the one who writes to everybody who watches. Publishing never waits: each watcher has a
// bounded buffer, and one that overflows costs its watcher the watch and nobody else anything.

import CeremonyRecord
public import CeremonyWire
import Synchronization

/// Hands events to watchers, in order and without ever waiting for one.
public final class WatchHub: Sendable {
    /// One event, encoded once for all watchers.
    public struct Event: Sendable {
        /// Where it stands in the log.
        public let seq: Int
        /// The ceremony it is about, if it is about one.
        public let ceremony: String?
        /// The reply's parameters: one JSON object, encoded.
        public let encoded: [UInt8]

        /// An event by its parts.
        public init(seq: Int, ceremony: String?, encoded: [UInt8]) {
            self.seq = seq
            self.ceremony = ceremony
            self.encoded = encoded
        }
    }

    /// A watcher did not keep up. It misses nothing if it asks again from `resumeFrom`.
    public struct Lagged: Error, Hashable, Sendable {
        /// The first event that it was not given.
        public let resumeFrom: Int
    }

    private struct Watchers {
        var byID: [Int: Watcher] = [:]
        var lastID = 0
    }

    private let limits: Limits
    private let watchers = Mutex(Watchers())

    /// A hub without watchers; `limits` says how much waits for one.
    public init(limits: Limits = .standard) {
        self.limits = limits
    }

    /// How many watch.
    public var count: Int { watchers.withLock { $0.byID.count } }

    /// Gives an event to everybody who watches for it. Never waits.
    public func publish(_ event: Event) {
        let watching = watchers.withLock { Array($0.byID.values) }
        for watcher in watching { watcher.offer(event) }
    }

    /// Watches for the length of the body: every event published from now on is given to the
    /// watcher, or the watcher is told that it lagged.
    ///
    /// Whoever also wants events of the past watches first, then reads the log, and then skips what
    /// it has read already.
    ///
    /// - Parameter ceremony: the only ceremony to watch; `nil` watches everything.
    public func watch<R>(
        ceremony: String? = nil, _ body: (Watcher) async throws -> R
    ) async rethrows -> R {
        let watcher = Watcher(ceremony: ceremony, limits: limits)
        let id = watchers.withLock { watchers in
            watchers.lastID += 1
            watchers.byID[watchers.lastID] = watcher
            return watchers.lastID
        }
        defer { watchers.withLock { _ = $0.byID.removeValue(forKey: id) } }
        return try await body(watcher)
    }
}
