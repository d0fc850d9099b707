// The machine's clock, and what people know of the true time.

import CeremonyEngine
import CeremonyRecord

/// A clock that only the simulation moves.
///
/// `@unchecked Sendable`: the loop has one thread, and time stands still between its steps.
final class MachineClock: Clock, @unchecked Sendable {
    /// What time it truly is.
    private(set) var truth: Timestamp
    /// How far the machine's clock is off.
    private(set) var error = 0
    private let began: Timestamp

    init(_ time: Timestamp) {
        truth = time
        began = time
    }

    var now: Timestamp { truth + error }
    var boottime: Int { truth - began }

    /// Time passes.
    func pass(_ seconds: Int) { truth = truth + seconds }

    /// Somebody sets the machine's clock.
    func set(error seconds: Int) { error = seconds }
}

/// The clock as one process reads it.
struct ProcessClock: Clock {
    let machine: MachineClock
    let life: Life
    /// A process that is over has waited long enough for anybody, and its clock was never set.
    private static let longer = 40_000

    var now: Timestamp { machine.now + (life.isDead ? ProcessClock.longer : 0) }
    var boottime: Int { machine.boottime + (life.isDead ? ProcessClock.longer : 0) }
}
