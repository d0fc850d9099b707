// A server on a socket in a directory of its own, with an interface that does what tests need, and
// clients that misbehave one system call at a time.

import CeremonyDaemon
import CeremonyRecord
import CeremonyWire
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// What the test interface answers; everything it did can be looked at.
final class Laboratory: VarlinkInterface {
    let name = "org.example.lab"
    let description = """
        interface org.example.lab
        method Echo(text: ?string) -> (text: ?string)
        method Whoami() -> (uid: int, pid: int)
        method Large(bytes: int) -> (text: string)
        method Hold() -> ()
        method Watch() -> (seq: int)
        method Silent() -> ()
        method Broken() -> ()
        method Missing() -> ()
        """

    let hub: WatchHub
    /// Lets `Hold` calls go on, and tells that one has begun.
    let held = Gate()
    let release = Gate()
    let watching = Gate()
    let ended = Mutex<[String]>([])

    init(limits: Limits) {
        hub = WatchHub(limits: limits)
    }

    struct Trouble: Error {}

    func call(_ call: Call, from peer: Peer, reply: ReplyStream) async throws {
        var parameters = Parameters(call)
        switch call.member {
        case "Echo":
            let text = try parameters.optionalString("text")
            try await reply.send(text.map { ["text": .string($0)] } ?? [:])
        case "Whoami":
            try await reply.send(["uid": .number(Int(peer.uid)), "pid": .number(Int(peer.pid))])
        case "Large":
            let size = try parameters.int("bytes")
            try await reply.send(["text": .string(String(repeating: "x", count: size))])
        case "Hold":
            held.open()
            await release.wait()
            try await reply.send()
        case "Watch":
            guard reply.wantsMore else { throw VarlinkError.expectedMore }
            defer { ended.withLock { $0.append("watch") } }
            try await hub.watch { watcher in
                watching.open()
                while true {
                    let event = try await watcher.next()
                    try await reply.send(encoded: event.encoded, continues: true)
                }
            }
        case "Silent": return
        case "Broken": throw Trouble()
        default: throw VarlinkError.methodNotImplemented(call.method)
        }
    }

    /// Publishes an event of about the given size.
    func publish(_ seq: Int, bytes: Int = 0) {
        let padding = String(repeating: " ", count: bytes)
        hub.publish(
            WatchHub.Event(
                seq: seq, ceremony: nil, encoded: Array("{\"seq\":\(seq)\(padding)}".utf8)))
    }
}

/// Opens once; whoever waits goes through from then on.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>(
        (false, []))

    func open() {
        let waiters = state.withLock { state in
            defer { state = (true, []) }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// A directory that goes when the test ends.
final class TestDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/cerd-XXXXXX".utf8CString)
        unsafe template.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { _ = unsafe mkdtemp(base) }
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        guard let directory = unsafe opendir(path) else { return }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            unsafe unlink(path + "/" + name)
        }
        unsafe closedir(directory)
        unsafe rmdir(path)
    }
}

/// A running server for the length of a body; it is stopped gracefully afterwards.
func withServer<R>(
    limits: Limits = .standard, in directory: TestDirectory = TestDirectory(),
    _ body: (String, Laboratory, ServiceGroup) async throws -> R
) async throws -> R {
    let path = directory.path + "/s"
    let lab = Laboratory(limits: limits)
    let thread = EventThread()
    let listening = Gate()
    let server = try VarlinkServer(
        path: path, interfaces: [lab],
        info: ServiceInfo(vendor: "v", product: "p", version: "1", url: "https://example.org/"),
        limits: limits, thread: thread,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        onListening: { listening.open() })
    let group = ServiceGroup(
        services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    async let running: Void = {
        defer { listening.open() }
        try await group.run()
    }()
    await listening.wait()
    do {
        let result = try await body(path, lab, group)
        lab.release.open()
        await group.triggerGracefulShutdown()
        try await running
        try await thread.shutDown()
        return result
    } catch {
        lab.release.open()
        await group.triggerGracefulShutdown()
        try? await running
        try? await thread.shutDown()
        throw error
    }
}

/// Runs blocking code on a thread of its own, so that it cannot starve the tasks under test. It
/// stays within the test's task, so what it expects is the test's.
func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withTaskExecutorPreference(ThreadExecutor.shared) {
        try await blocking(body)
    }
}

@concurrent
private func blocking<R: Sendable>(_ body: @Sendable () throws -> R) async throws -> R {
    try body()
}

/// Runs every piece of a task on a thread of its own.
private final class ThreadExecutor: TaskExecutor {
    static let shared = ThreadExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedTaskExecutor()
        do {
            try PlainThread.start { unsafe job.runSynchronously(on: executor) }
        } catch {
            preconditionFailure("no thread: \(error)")
        }
    }
}

/// A connection of which every byte is in the test's hands.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        let socket = try UnixSocket()
        try socket.connect(to: path)
        descriptor = socket.release()
    }

    deinit { close(descriptor) }

    /// Sends without waiting; how many bytes the kernel took.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count <= 0 { break }
            sent += count
        }
        return sent
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Says that nothing more will be sent.
    func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything until the other side closes; fails after the seconds given.
    func readToEnd(seconds: Int = 20) throws -> [UInt8] {
        var all: [UInt8] = []
        while let some = try read(seconds: seconds) { all += some }
        return all
    }

    /// One frame without its NUL.
    func readFrame(seconds: Int = 20) throws -> [UInt8] {
        var frame: [UInt8] = []
        while let byte = try read(1, seconds: seconds)?.first {
            if byte == 0 { return frame }
            frame.append(byte)
        }
        throw WireError.closed
    }

    /// Some bytes; `nil` at the end.
    func read(_ most: Int = 65_536, seconds: Int = 20) throws -> [UInt8]? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, Int32(seconds * 1000)) == 1 else {
            throw WireError.timedOut(seconds: seconds)
        }
        var buffer = [UInt8](repeating: 0, count: most)
        let count = unsafe recv(descriptor, &buffer, most, 0)
        if count < 0, errno == ECONNRESET { return nil }
        guard count >= 0 else { throw SystemError("recv") }
        return count == 0 ? nil : Array(buffer.prefix(count))
    }

    /// Whether nothing has ended the connection within the milliseconds.
    func isOpen(afterMilliseconds milliseconds: Int32) throws -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, milliseconds) == 1 else { return true }
        return try read(1, seconds: 1) != nil
    }

    /// Whether the other side closes within the seconds, though unread bytes are waiting.
    func hasHungUp(withinSeconds seconds: Int) throws -> Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return unsafe poll(&entry, 1, Int32(seconds * 1000)) == 1
    }
}
