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

    @Test("chores run at start, and a stop does not wait for the pause")
    func scheduler() async throws {
        let worked = Gate()
        let count = Mutex(0)
        let start = Mutex<UInt64>(0)
        try await withScheduler([
            Scheduler.Chore("work", everySeconds: 30) {
                count.withLock { $0 += 1 }
                worked.open()
            }
        ]) { _ in
            await worked.wait()
            start.withLock { $0 = UnixSocket.now }
        }
        #expect(UnixSocket.now - start.withLock { $0 } < 120_000_000_000)
        #expect(count.withLock { $0 } == 1)
    }

    @Test(
        "a chore that fails, and one that hangs, keep no other from its turn, and are told once",
        .timeLimit(.minutes(1)))
    func failingChore() async throws {
        struct Broken: Error, CustomStringConvertible {
            let description: String
        }
        let runs = Mutex(0)
        let mended = Gate()
        let others = Mutex(0)
        let twice = Gate()
        let hang = Gate()
        let told = try await withScheduler([
            Scheduler.Chore("broken", everySeconds: 1) {
                let run = runs.withLock { runs in
                    runs += 1
                    return runs
                }
                if run < 3 { throw Broken(description: "no token") }
                mended.open()
            },
            Scheduler.Chore("hanging", everySeconds: 1) { await hang.wait() },
            Scheduler.Chore("other", everySeconds: 1) {
                if others.withLock({ others in
                    others += 1
                    return others
                }) == 2 {
                    twice.open()
                }
            },
        ]) { _ in
            await twice.wait()
            await mended.wait()
            hang.open()
        }
        let text = told.map { String(decoding: $0, as: UTF8.self) }
        #expect(text.count { $0.contains("a chore was not done") } == 1)
        #expect(text.first?.contains("no token") == true)
        #expect(text.first?.contains("broken") == true)
    }

    /// Runs a scheduler until the body has ended, and says what it told.
    @discardableResult
    private func withScheduler(
        _ chores: [Scheduler.Chore], _ body: (ServiceGroup) async -> Void
    ) async throws -> [[UInt8]] {
        let thread = EventThread()
        let lines = Mutex<[[UInt8]]>([])
        let logger = Logger(label: "test") { label in
            JSONLogHandler(label: label) { line in lines.withLock { $0.append(line) } }
        }
        let group = ServiceGroup(
            services: [Scheduler(chores, on: thread, logger: logger)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        await body(group)
        await group.triggerGracefulShutdown()
        try await running
        try await thread.shutDown()
        return lines.withLock { $0 }
    }

    @Test("a stop that does not end is ended when its time is over, and not before")
    func gracePeriod() async throws {
        let thread = EventThread()
        let (isOver, working, stuck) = (Gate(), Gate(), Gate())
        let start = Mutex<UInt64>(0)
        let group = ServiceGroup(
            services: [
                // As a token that hangs does to whoever looks at it.
                Scheduler(
                    [
                        Scheduler.Chore("stuck", everySeconds: 30) {
                            working.open()
                            await stuck.wait()
                        }
                    ], on: thread, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
                GracePeriod(seconds: 1, on: thread) { isOver.open() },
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
