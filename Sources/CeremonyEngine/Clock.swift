// The clock, injected everywhere: rules measure with what they are given, and tests give what they
// want to see.

public import CeremonyRecord
import Glibc

/// Where the time comes from.
public protocol Clock: Sendable {
    /// Now, in whole UTC seconds.
    var now: Timestamp { get }
    /// For how many seconds the machine has run, asleep or not: nobody sets that.
    var boottime: Int { get }
}

/// The machine's clock.
public struct SystemClock: Clock {
    /// The machine's clock.
    public init() {}

    /// CLOCK_REALTIME, cut to seconds.
    public var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: time.tv_sec)
    }

    /// CLOCK_BOOTTIME, cut to seconds.
    public var boottime: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec
    }
}
