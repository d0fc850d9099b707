// Log lines, periodic work, and how the daemon stops.

import CeremonyDaemon
import CeremonyRecord
import CeremonyWire
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Services")
struct ServicesTests {
    @Test("a log line is one JSON object in printable ASCII, whatever is logged")
    func logLines() throws {
        let lines = Mutex<[[UInt8]]>([])
        var logger = Logger(label: "test") { label in
            JSONLogHandler(label: label) { line in lines.withLock { $0.append(line) } }
        }
        logger[metadataKey: "always"] = "1"
        let hostile = "a\n\u{1b}[2J\u{202e}\u{7f}\u{85}\"\\\u{1F511}"
        logger.info("\(hostile)", metadata: ["list": ["x", "\(hostile)"]])
        logger.debug("not written")
        let written = lines.withLock { $0 }
        #expect(written.count == 1)
        let line = try #require(written.first)
        #expect(line.last == 0x0a)
        #expect(line.dropLast().allSatisfy { (0x20...0x7e).contains($0) })
        let value = try JSON(line.dropLast(), .message(bytes: 10_000))
        guard case .object(let fields) = value else { return }
        #expect(fields["message"] == .string(hostile))
        #expect(
            fields["data"]
                == .object(["always": .string("1"), "list": .strings(["x", hostile])]))
        #expect(fields["level"] == .string("info"))
    }

    @Test("periodic work runs at start, and a stop does not wait for the pause")
    func ticker() async throws {
        let thread = EventThread()
        let worked = Gate()
        let count = Mutex(0)
        let ticker = Ticker(everySeconds: 30, on: thread) {
            count.withLock { $0 += 1 }
            worked.open()
        }
        let group = ServiceGroup(
            services: [ticker], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        await worked.wait()
        let start = UnixSocket.now
        await group.triggerGracefulShutdown()
        try await running
        #expect(UnixSocket.now - start < 120_000_000_000)
        #expect(count.withLock { $0 } == 1)
        try await thread.shutDown()
    }

    @Test("a stop that does not end is ended when its time is over, and not before")
    func gracePeriod() async throws {
        let thread = EventThread()
        let (isOver, working, stuck) = (Gate(), Gate(), Gate())
        let start = Mutex<UInt64>(0)
        let group = ServiceGroup(
            services: [
                // As a token that hangs does to whoever looks at it.
                Ticker(everySeconds: 30, on: thread) {
                    working.open()
                    await stuck.wait()
                }, GracePeriod(seconds: 1, on: thread) { isOver.open() },
            ], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        await working.wait()
        start.withLock { $0 = UnixSocket.now }
        await group.triggerGracefulShutdown()
        await isOver.wait()
        #expect(UnixSocket.now - start.withLock { $0 } > 900_000_000)
        stuck.open()
        try await running
        try await thread.shutDown()
    }

    @Test("a stop that ends in its time is left alone")
    func graceNotUsed() async throws {
        let thread = EventThread()
        let isOver = Mutex(false)
        let group = ServiceGroup(
            services: [GracePeriod(seconds: 30, on: thread) { isOver.withLock { $0 = true } }],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        await group.triggerGracefulShutdown()
        try await running
        try await thread.shutDown()
        #expect(!isOver.withLock { $0 })
    }

    @Test("a stop finishes the running call, tells the watcher, closes the idle, removes the path")
    func gracefulStop() async throws {
        let directory = TestDirectory()
        try await withServer(in: directory) { path, lab, group in
            let idle = try RawClient(path)
            idle.send(Call("org.example.lab.Echo").frame)
            _ = try await onThread { try idle.readFrame() }
            let watcher = try RawClient(path)
            watcher.send(Call("org.example.lab.Watch", more: true).frame)
            await lab.watching.wait()
            let running = try RawClient(path)
            running.send(Call("org.example.lab.Hold").frame)
            await lab.held.wait()

            await group.triggerGracefulShutdown()
            try await onThread { () throws in
                #expect(try idle.readToEnd() == [])
                #expect(try watcher.readToEnd() == Reply(.stopping).frame)
                #expect(throws: (any Error).self) { try RawClient(path) }
            }
            lab.release.open()
            let answer = try await onThread { try running.readToEnd() }
            #expect(answer == Reply().frame)
        }
    }

    @Test("a call that does not end does not hold the stop up for longer than its time")
    func boundedStop() async throws {
        var limits = Limits()
        limits.stopSeconds = 1
        let lab = Mutex<Laboratory?>(nil)
        let start = Mutex<UInt64>(0)
        let directory = TestDirectory()
        try await withServer(limits: limits, in: directory) { path, laboratory, group in
            lab.withLock { $0 = laboratory }
            let client = try RawClient(path)
            client.send(Call("org.example.lab.Hold").frame)
            await laboratory.held.wait()
            start.withLock { $0 = UnixSocket.now }
            await group.triggerGracefulShutdown()
            let answer = try await onThread { try client.readToEnd(seconds: 8) }
            #expect(answer == [])
        }
        let took = UnixSocket.now - start.withLock { $0 }
        #expect(took > 900_000_000 && took < 60_000_000_000)
    }
}
