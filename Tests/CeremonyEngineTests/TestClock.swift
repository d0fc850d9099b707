// A clock that stands still until a test moves it. Time passes for it as for the machine, unless
// the test sets the clock alone.

import CeremonyEngine
import CeremonyRecord
import Synchronization

final class TestClock: Clock {
    private let time: Mutex<(now: Timestamp, set: Int)>

    init(_ time: Timestamp) { self.time = Mutex((time, 0)) }

    var now: Timestamp { time.withLock { $0.now } }

    var boottime: Int { time.withLock { $0.now.seconds - $0.set } }

    func advance(by seconds: Int) { time.withLock { $0.now = $0.now + seconds } }

    func set(_ now: Timestamp) { time.withLock { $0.now = now } }

    /// Somebody sets the clock; for the machine no time passes.
    func step(by seconds: Int) {
        time.withLock {
            $0.now = $0.now + seconds
            $0.set += seconds
        }
    }
}
