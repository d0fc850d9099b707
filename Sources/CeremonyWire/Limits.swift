// Every limit on what crosses a socket, in one place. Both ends, the configuration and the tests
// read them here; nothing else in the product spells such a number out.

/// What the daemon accepts and how long it waits, on the varlink socket and on the unlock socket.
///
/// The defaults are ``standard``. A configuration may change the ones in ``settable``, each within
/// its range. All durations are whole seconds, all sizes bytes.
public struct Limits: Hashable, Sendable {
    /// The most bytes of one call, its closing NUL not counted.
    public var frameBytesMax = 65_536
    /// The most bytes of one reply, its closing NUL not counted. What is larger is asked for in
    /// pages.
    public var replyBytesMax = 1_048_576
    /// How deep arrays and objects may be nested in a call or a reply.
    public var nestingMax = 16
    /// How many connections are held at once.
    public var connectionsMax = 64
    /// How many connections one user is held at once.
    public var connectionsPerUidMax = 16
    /// How long a caller may take from its connection, or from the first byte of a further call, to
    /// the call's last byte.
    public var frameSeconds = 5
    /// How long a connection may stand between two calls.
    public var idleSeconds = 60
    /// How long a reply may wait for a caller that does not read.
    public var writeStallSeconds = 10
    /// How many events wait for one watcher before it is dropped as lagging.
    public var watcherEventsMax = 256
    /// How many bytes of events wait for one watcher before it is dropped as lagging.
    public var watcherBytesMax = 262_144
    /// How many bytes of replies wait in all for callers that do not read.
    public var outboundBytesMax = 16_777_216
    /// How long running calls may still take when the daemon has been told to stop.
    public var stopSeconds = 10
    /// How long a stop may take altogether; then the process ends, whatever a token is doing.
    public var graceSeconds = 30
    /// How long whoever halts the house waits for the log to have it, once the halt file has.
    public var haltSeconds = 5
    /// How long a ticket for the unlock socket is good.
    public var ticketSeconds = 60
    /// How long one connection to the unlock socket may take to hand its secret over.
    public var unlockSeconds = 5

    /// How many bytes unfinished calls may take in all: ``connectionsMax`` times
    /// ``frameBytesMax`` must not be more.
    public static let inboundBytesMax = 41_943_040
    /// The most entries of a page of `List` or `Keys`, and of each list in `Status`.
    public static let pageEntriesMax = 50
    /// How many entries are looked at for one page at most, wanted or not.
    public static let pageLookedAtMax = 1000
    /// So many bytes of entries make a page full, so that it fits a reply with its head.
    public static let pageBytesMax = 900_000
    /// How many bytes are read from a connection at a time.
    public static let readBytes = 4096
    /// How many tickets are good at once; the oldest goes first.
    public static let ticketsMax = 16
    /// The most bytes of a PIN; one byte on the unlock socket says how many there are.
    public static let secretBytesMax = 255
    /// The most bytes of the line with which the unlock socket answers, its LF not counted.
    public static let unlockAnswerBytesMax = 32_768
    /// The longest that anything in the daemon sleeps before it reads the clock again.
    public static let timerSecondsMax = 30

    /// The limits that stand where a configuration says nothing.
    public static let standard = Limits()

    /// The standard limits, to be changed one by one.
    public init() {}
}

extension Limits {
    /// A limit that a configuration may change.
    public struct Setting: Sendable {
        /// The key in the configuration's `[limits]` table.
        public let name: String
        /// What it may be set to.
        public let range: ClosedRange<Int>
        /// Where it is kept.
        public let path: any WritableKeyPath<Limits, Int> & Sendable
    }

    /// The limits that a configuration may change, and how far.
    public static let settable: [Setting] = [
        Setting(name: "connections", range: 4...640, path: \.connectionsMax),
        Setting(name: "connections_per_uid", range: 2...640, path: \.connectionsPerUidMax),
        Setting(name: "frame_seconds", range: 1...60, path: \.frameSeconds),
        Setting(name: "idle_seconds", range: 5...3600, path: \.idleSeconds),
        Setting(name: "write_stall_seconds", range: 1...60, path: \.writeStallSeconds),
        Setting(name: "watcher_events", range: 16...4096, path: \.watcherEventsMax),
        Setting(name: "watcher_bytes", range: 16_384...1_048_576, path: \.watcherBytesMax),
        Setting(name: "stop_seconds", range: 1...120, path: \.stopSeconds),
        Setting(name: "grace_seconds", range: 2...600, path: \.graceSeconds),
        Setting(name: "halt_seconds", range: 1...60, path: \.haltSeconds),
        Setting(name: "ticket_seconds", range: 10...300, path: \.ticketSeconds),
        Setting(name: "unlock_seconds", range: 1...30, path: \.unlockSeconds),
    ]

    /// What is wrong with these limits taken together; empty when they can be kept.
    public var contradictions: [String] {
        var found: [String] = []
        if connectionsPerUidMax > connectionsMax {
            found.append("connections_per_uid is larger than connections")
        }
        if graceSeconds <= stopSeconds {
            found.append("grace_seconds is not more than stop_seconds, which it includes")
        }
        if connectionsMax * frameBytesMax > Limits.inboundBytesMax {
            found.append(
                "\(connectionsMax) connections with \(frameBytesMax) bytes each are more than the "
                    + "\(Limits.inboundBytesMax) bytes that unfinished calls may take")
        }
        return found
    }
}
