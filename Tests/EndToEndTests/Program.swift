// A program as a process of its own: the built daemon, the built client, and the stock tools. The
// environment is only what the test gives. Every descriptor of the test's own is closed on exec.

import Glibc
import Testing

/// How a program ended and what it said.
struct Ended: Sendable {
    /// The exit status, or 1000 and the signal that ended it.
    let status: Int32
    let out: String
    let err: String

    /// The output without its last line end.
    var line: String { out.trimmed }
}

/// One process.
@safe final class Program {
    let pid: pid_t
    let outPath: String
    private let errPath: String
    private let isWrapped: Bool
    private var status: Int32?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - command: the path, or a name to be found in /usr/bin, then the arguments.
    ///   - scratch: a directory for what it says.
    ///   - err: where standard error goes, instead of a file in `scratch`.
    ///   - input: a file that it reads, or a descriptor.
    init(
        _ command: [String], environment: [String: String], scratch: String,
        err: String? = nil, input: Input = .file("/dev/null")
    ) throws {
        let number = UInt64.random(in: 0 ... .max)
        outPath = "\(scratch)/said-\(number)"
        errPath = err ?? "\(scratch)/said-\(number).err"
        isWrapped = command[0] == "faketime"
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        switch input {
        case .file(let path):
            unsafe posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0)
        case .descriptor(let descriptor):
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, 0)
        }
        let mode = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 1, outPath, mode, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errPath, mode, 0o600)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, so that no terminal is asked for anything, and
        // POSIX_SPAWN_SETSIGMASK: the threads that run tests block every signal.
        unsafe posix_spawnattr_setflags(&attributes, 0x80 | 0x08)
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        let path =
            command[0].utf8.contains(UInt8(ascii: "/")) ? command[0] : "/usr/bin/" + command[0]
        let argv = CStrings([path] + command.dropFirst())
        let envp = CStrings(environment.map { "\($0)=\($1)" })
        var pid: pid_t = 0
        let code = unsafe posix_spawn(
            &pid, path, &actions, &attributes, argv.pointers, envp.pointers)
        try #require(code == 0, "\(path) was not started: error \(code)")
        self.pid = pid
    }

    /// What a program reads.
    enum Input {
        case file(String)
        case descriptor(Int32)
    }

    deinit {
        // A test that failed half-way leaves no process behind.
        if status == nil {
            signal(SIGKILL)
            _ = wait()
        }
    }

    /// Waits for its end.
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while unsafe waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        return took(raw)
    }

    /// Waits for its end and gives back what it said.
    func finish() -> Ended {
        let status = wait()
        defer {
            unsafe unlink(outPath)
            unsafe unlink(errPath)
        }
        return Ended(
            status: status, out: TestFile.text(outPath), err: TestFile.text(errPath))
    }

    /// Whether it has not ended yet.
    var isRunning: Bool {
        if status != nil { return false }
        var raw: Int32 = 0
        guard unsafe waitpid(pid, &raw, WNOHANG) == pid else { return true }
        _ = took(raw)
        return false
    }

    /// Sends a signal.
    func signal(_ signal: Int32) {
        if isRunning { kill(worker, signal) }
    }

    /// The process that does the work: faketime(1) starts it as its child and waits for it.
    var worker: pid_t {
        guard isWrapped else { return pid }
        let children = TestFile.text("/proc/\(pid)/task/\(pid)/children")
        return children.split(separator: " ").first.flatMap { pid_t($0) } ?? pid
    }

    private func took(_ raw: Int32) -> Int32 {
        let ended = raw & 0x7f == 0 ? raw >> 8 & 0xff : 1000 + (raw & 0x7f)
        status = ended
        return ended
    }

    /// The directory of the sources.
    static let sources = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// The directory in which the build puts executables.
    static let products: String = {
        var path = [UInt8](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        let text = String(decoding: path.prefix(max(count, 0)), as: UTF8.self)
        return text.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }()
}

/// Strings as posix_spawn wants them: a list of C strings, ended by NULL.
@safe private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: strings.count + 1)
        for (index, text) in strings.enumerated() { unsafe pointers[index] = strdup(text) }
        unsafe pointers[strings.count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}

/// Looks again and again whether something has become a fact, for at most the seconds given.
func eventually(
    _ what: String, within seconds: Int = 30, _ isFact: () throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let end = now.tv_sec + seconds
    while try !isFact() {
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        try #require(
            now.tv_sec < end, "\(what): not within \(seconds) s", sourceLocation: sourceLocation)
        poll(nil, 0, 5)
    }
}

/// Files, without Foundation.
enum TestFile {
    static func bytes(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        try #require(descriptor >= 0, "\(path) cannot be written")
        defer { close(descriptor) }
        fchmod(descriptor, mode)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            try #require(count > 0)
            rest = rest.dropFirst(count)
        }
    }

    static func write(_ path: String, _ text: String, mode: mode_t = 0o600) throws {
        try write(path, Array(text.utf8), mode: mode)
    }
}

extension String {
    /// Without line ends and spaces at its end.
    var trimmed: String {
        var bytes = Array(utf8)
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Its lines, without the empty one at the end.
    var lineList: [String] {
        utf8.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
