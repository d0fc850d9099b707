// The built client as a process of its own, with an environment of its own: no home, no
// configuration and no token but what the test gives it.

import CTestTerminal
import Glibc
import Testing

/// One run of `ceremonyctl`: how it ended and what it said.
struct ClientRun {
    let status: Int32
    let out: String
    let err: String
}

/// Starts the client built beside this test.
struct ClientProcess {
    /// Where standard output and error, and the client's home, are kept.
    let directory: String
    /// Variables besides HOME and PATH.
    var environment: [String: String] = [:]

    /// The directory in which the build puts executables.
    static let products: String = {
        var path = [UInt8](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        let text = String(decoding: path.prefix(max(count, 0)), as: UTF8.self)
        return text.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }()

    /// Runs it to its end without a terminal. `pin` goes to descriptor 3.
    func run(_ arguments: String..., pin: String? = nil) throws -> ClientRun {
        try run(arguments, pin: pin)
    }

    /// Runs it to its end without a terminal. `pin` goes to descriptor 3.
    func run(_ arguments: [String], pin: String? = nil) throws -> ClientRun {
        let out = "\(directory)/out-\(UInt64.random(in: 0 ... .max))"
        let err = out + ".err"
        var pipe: [Int32] = [-1, -1]
        if let pin {
            let made = unsafe Glibc.pipe(&pipe)
            try #require(made == 0)
            let bytes = Array((pin + "\n").utf8)
            let written = unsafe write(pipe[1], bytes, bytes.count)
            close(pipe[1])
            try #require(written == bytes.count)
        }
        defer { if pipe[0] >= 0 { close(pipe[0]) } }
        let pid = unsafe try spawn(arguments) { actions in
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            unsafe posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT, 0o600)
            unsafe posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT, 0o600)
            if pin != nil { unsafe posix_spawn_file_actions_adddup2(&actions, pipe[0], 3) }
        }
        let status = wait(for: pid)
        return ClientRun(status: status, out: try text(of: out), err: try text(of: err))
    }

    /// Starts it on a terminal of its own, `columns` wide.
    func start(_ arguments: [String], columns: Int = 100) throws -> TerminalRun {
        var path = [CChar](repeating: 0, count: 64)
        let master = unsafe test_terminal_open(Int32(columns), &path, path.count)
        try #require(master >= 0)
        let slave = path
        let pid = unsafe try spawn(arguments) { actions in
            // The first terminal that the leader of a new session opens becomes its own.
            for descriptor: Int32 in 0...2 {
                unsafe posix_spawn_file_actions_addopen(&actions, descriptor, slave, O_RDWR, 0)
            }
        }
        return TerminalRun(master: master, pid: pid)
    }

    private var executable: String { ClientProcess.products + "/ceremonyctl" }

    private func spawn(
        _ arguments: [String], _ files: (inout posix_spawn_file_actions_t) -> Void
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe files(&actions)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID: the terminal that this test runs on is not the client's.
        // POSIX_SPAWN_SETSIGMASK: the threads that run tests block every signal.
        unsafe posix_spawnattr_setflags(&attributes, 0x80 | 0x08)
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        var environment = environment
        environment["HOME"] = environment["HOME"] ?? directory
        environment["PATH"] = "/usr/bin:/bin"
        let argv = CStrings([executable] + arguments)
        let envp = CStrings(environment.map { "\($0)=\($1)" })
        var pid: pid_t = 0
        let code = unsafe posix_spawn(
            &pid, executable, &actions, &attributes, argv.pointers, envp.pointers)
        try #require(code == 0)
        return pid
    }

    private func text(of path: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe read(descriptor, &chunk, chunk.count)
        return String(decoding: chunk.prefix(max(count, 0)), as: UTF8.self)
    }
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

/// Waits for a child: its exit status, or 1000 and the signal that ended it.
func wait(for pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 1000 + (status & 0x7f)
}

/// A client on a pseudo-terminal: the test reads the screen and types.
final class TerminalRun {
    let pid: pid_t
    private let master: Int32
    private(set) var screen: [UInt8] = []

    init(master: Int32, pid: pid_t) {
        self.master = master
        self.pid = pid
    }

    deinit {
        close(master)
        // A test that failed half-way leaves nobody behind who waits for an answer.
        if !isFinished {
            kill(pid, SIGKILL)
            _ = wait(for: pid)
        }
    }

    /// What has been written to the terminal so far, echo included.
    var text: String { String(decoding: screen, as: UTF8.self) }

    /// Reads until the text has appeared behind everything that was waited for before.
    func expect(_ expected: String) throws {
        let wanted = Array(expected.utf8)
        while true {
            if let place = screen[seen...].firstRange(of: wanted) {
                seen = place.upperBound
                return
            }
            try #require(read(), "the client ended without saying \"\(expected)\":\n\(text)")
        }
    }

    /// Types bytes, as a keyboard would.
    func type(_ text: String) throws {
        let bytes = Array(text.utf8)
        let written = unsafe write(master, bytes, bytes.count)
        try #require(written == bytes.count)
    }

    /// Gives the window another size.
    func resize(columns: Int, rows: Int) {
        _ = test_terminal_resize(master, Int32(columns), Int32(rows))
    }

    /// Whether the terminal shows what is typed.
    var echoes: Bool { test_terminal_echoes(master) == 1 }

    /// Reads to the end and tells how it ended.
    func finish() -> Int32 {
        while read() {}
        if !isAtEnd { kill(pid, SIGKILL) }
        isFinished = true
        return wait(for: pid)
    }

    private var seen = 0
    private var isAtEnd = false
    private var isFinished = false

    private func read() -> Bool {
        var entry = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 30_000) == 1 else { return false }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(master, &chunk, chunk.count)
        guard count > 0 else {
            isAtEnd = true
            return false
        }
        screen += chunk.prefix(count)
        return true
    }
}
