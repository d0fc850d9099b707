// The hub without sockets: what one watcher may cost, and what it never costs another.

import CeremonyWire
import Testing

@testable import CeremonyDaemon

@Suite("The watch hub")
struct WatchHubTests {
    private func event(_ seq: Int, ceremony: String? = nil, bytes: Int = 2) -> WatchHub.Event {
        WatchHub.Event(
            seq: seq, ceremony: ceremony, encoded: [UInt8](repeating: 0x20, count: bytes))
    }

    private var limits: Limits {
        var limits = Limits()
        limits.watcherEventsMax = 4
        limits.watcherBytesMax = 1000
        return limits
    }

    @Test("exactly the limit waits; one more and the watcher lags, with the first it missed")
    func count() async throws {
        let hub = WatchHub(limits: limits)
        try await hub.watch { (keepsUp) async throws in
            try await hub.watch { (lags) async throws in
                for seq in 10..<14 { hub.publish(event(seq)) }
                #expect(try await keepsUp.next().seq == 10)
                hub.publish(event(14))
                for seq in 11..<15 { #expect(try await keepsUp.next().seq == seq) }
                for _ in 0..<2 {
                    await #expect(throws: WatchHub.Lagged(resumeFrom: 10)) {
                        try await lags.next()
                    }
                }
                // It stays dropped, and nothing waits for it any more.
                hub.publish(event(15))
                await #expect(throws: WatchHub.Lagged(resumeFrom: 10)) { try await lags.next() }
            }
        }
        #expect(hub.count == 0)
    }

    @Test("bytes are bounded as well, and what was taken no longer counts")
    func bytes() async throws {
        let hub = WatchHub(limits: limits)
        try await hub.watch { (watcher) async throws in
            for seq in 0..<5 {
                hub.publish(event(seq, bytes: 900))
                #expect(try await watcher.next().seq == seq)
            }
            hub.publish(event(5, bytes: 500))
            hub.publish(event(6, bytes: 500))
            hub.publish(event(7, bytes: 1))
            await #expect(throws: WatchHub.Lagged(resumeFrom: 5)) { try await watcher.next() }
        }
    }

    @Test("a watcher of one ceremony is not given another's events, nor filled by them")
    func filter() async throws {
        let hub = WatchHub(limits: limits)
        try await hub.watch(ceremony: "a-1") { (watcher) async throws in
            for seq in 0..<100 { hub.publish(event(seq, ceremony: "b-1")) }
            hub.publish(event(100))
            hub.publish(event(101, ceremony: "a-1"))
            #expect(try await watcher.next().seq == 101)
        }
    }

    @Test("a cancelled watcher ends, waiting or not")
    func cancelling() async throws {
        let hub = WatchHub(limits: limits)
        let watching = Gate()
        let task = Task {
            try await hub.watch { (watcher) async throws in
                watching.open()
                _ = try await watcher.next()
            }
        }
        await watching.wait()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(hub.count == 0)
    }
}
