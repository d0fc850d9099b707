// A clock that stands still until a test moves it.

import CeremonyEngine
import CeremonyRecord
import Synchronization

final class TestClock: Clock {
    private let time: Mutex<Timestamp>

    init(_ time: Timestamp) { self.time = Mutex(time) }

    var now: Timestamp { time.withLock { $0 } }

    func advance(by seconds: Int) { time.withLock { $0 = $0 + seconds } }

    func set(_ now: Timestamp) { time.withLock { $0 = now } }
}
