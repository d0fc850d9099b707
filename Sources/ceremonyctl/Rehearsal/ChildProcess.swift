// A program that a rehearsal runs, as a process of its own: in a session of its own, so that it can
// ask nobody on this terminal, and with no environment but the one that it is given. Nothing of
// whoever starts the rehearsal, neither their home nor their variables, reaches a participant.

import CeremonyRecord
import CeremonyTerminal
import Glibc

/// How a program ended and what it said.
struct Said {
    /// The exit status; -1 where a signal ended it.
    let status: Int32
    let out: [UInt8]
    let err: [UInt8]

    /// Whether it did what it was asked to.
    var isDone: Bool { status == 0 }

    /// The result that it printed with `--json`.
    ///
    /// - Throws: `rehearsal-trouble` (1) where that is none.
    func json() throws(ClientError) -> JSON {
        do {
            return try JSON(Array(out.prefix { $0 != 0x0a }), .message(bytes: 16_777_216))
        } catch {
            throw .rehearsal("A program of the rehearsal printed no JSON: \(error). " + trouble)
        }
    }

    /// The first thing that it complained about, in its own words.
    var trouble: String {
        let lines = err.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
        let own = lines.first { line in
            ["ceremonyctl: ", "ceremonyd: "].contains { line.utf8.starts(with: $0.utf8) }
        }
        guard let line = own ?? lines.last else {
            return status < 0 ? "It was killed." : "It ended with \(status) and said nothing."
        }
        return Display.neutralised(line)
    }
}

/// One process.
@safe final class ChildProcess {
    private let pid: pid_t
    private let name: String
    private let scratch: String
    private var status: Int32?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - command: a path and the arguments.
    ///   - environment: everything that it finds in its environment.
    ///   - scratch: where what it says is put, as files with this beginning.
    /// - Throws: `rehearsal-trouble` (1) where the system does not start it.
    init(_ command: [String], environment: [String: String], scratch: String)
        throws(ClientError)
    {
        name = command[0]
        self.scratch = scratch
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let mode = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, 1, scratch + ".out", mode, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, scratch + ".err", mode, 0o600)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, POSIX_SPAWN_SETSIGMASK and POSIX_SPAWN_SETSIGDEF: a session of its
        // own, and signals as they are by default.
        unsafe posix_spawnattr_setflags(&attributes, 0x80 | 0x08 | 0x04)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let argv = CStringList(command)
        let envp = CStringList(environment.map { "\($0)=\($1)" })
        var pid: pid_t = 0
        let code = unsafe posix_spawn(
            &pid, command[0], &actions, &attributes, argv.pointers, envp.pointers)
        guard code == 0 else {
            errno = code
            throw .rehearsal("\(command[0]) could not be started: \(systemError()).")
        }
        self.pid = pid
    }

    /// Whether it has not ended yet.
    var isRunning: Bool {
        if status != nil { return false }
        var raw: Int32 = 0
        guard unsafe waitpid(pid, &raw, WNOHANG) == pid else { return true }
        status = raw & 0x7f == 0 ? raw >> 8 & 0xff : -1
        return false
    }

    /// Waits for its end and gives back what it said.
    ///
    /// - Throws: `stopped` (1) where somebody ends the rehearsal meanwhile; it is killed then.
    func finish() throws(ClientError) -> Said {
        while isRunning {
            do { try Interruption.pause(seconds: 1) } catch {
                end(SIGKILL)
                throw error
            }
        }
        return try said()
    }

    /// What it has said up to now.
    func said() throws(ClientError) -> Said {
        Said(
            status: status ?? -1, out: try Files.read(scratch + ".out", bytesMax: 1 << 26),
            err: try Files.read(scratch + ".err", bytesMax: 1 << 26))
    }

    /// Sends it a signal and waits until it is gone.
    func end(_ signal: Int32) {
        guard isRunning else { return }
        kill(pid, signal)
        var raw: Int32 = 0
        while unsafe waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        status = raw & 0x7f == 0 ? raw >> 8 & 0xff : -1
    }

    /// Runs a program to its end.
    static func run(_ command: [String], environment: [String: String], scratch: String)
        throws(ClientError) -> Said
    {
        try ChildProcess(command, environment: environment, scratch: scratch).finish()
    }
}

/// Strings as posix_spawn takes them: pointers to C strings, and NULL.
@safe private final class CStringList {
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

extension ClientError {
    /// A rehearsal cannot go on.
    static func rehearsal(_ happened: String, next: String? = nil) -> ClientError {
        ClientError(
            .refused, "rehearsal-trouble", happened,
            meaning: "The rehearsal has ended without a result. No log but its own was touched.",
            next: next
                ?? "With --keep DIR everything stays where you can look at it; DIR/daemon.err is "
                + "what the daemon said.")
    }
}
