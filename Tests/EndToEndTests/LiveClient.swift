// A client that waits for a PIN, so that a test can look at it, or take its time.

import Glibc
import Testing

/// A client that has its PIN and waits for a daemon that does not answer.
struct LiveClient {
    let program: Program
    private let door: Int32
    private let person: Person

    /// Starts it; it waits for a PIN on its standard input.
    init(_ room: CeremonyRoom, _ person: Person, _ arguments: [String]) throws {
        self.person = person
        let path = person.path("pin-pipe")
        let made = unsafe mkfifo(path, 0o600) == 0
        try #require(made)
        let door = unsafe open(path, O_RDWR | O_CLOEXEC)
        program = try person.begin(arguments + ["--pin-fd", "0"], input: .descriptor(door))
        self.door = door
        let waiting = program
        // read(2) from the pipe: everything before the PIN is done.
        try eventually("the client wants the PIN") {
            try #require(waiting.isRunning)
            return TestFile.text("/proc/\(waiting.pid)/syscall").hasPrefix("0 0x0 ")
        }
    }

    /// Stops the daemon, types the PIN, and waits until the client waits for the daemon.
    func takePIN(_ pin: String, whileStopped room: CeremonyRoom) throws {
        room.daemon?.signal(SIGSTOP)
        let bytes = Array((pin + "\n").utf8)
        let written = unsafe write(door, bytes, bytes.count)
        try #require(written == bytes.count)
        let program = program
        try eventually("the client waits for the daemon") {
            try #require(program.isRunning)
            // poll(2) is 7 on x86-64, ppoll(2) 271, and 73 where there is only that.
            let call = TestFile.text("/proc/\(program.pid)/syscall").split(separator: " ").first
            return call.map { ["7", "271", "73"].contains($0) } ?? false
        }
    }

    /// Types the PIN, and gives back how the client ends.
    func typePIN(_ pin: String) throws -> Ended {
        let bytes = Array((pin + "\n").utf8)
        let written = unsafe write(door, bytes, bytes.count)
        try #require(written == bytes.count)
        defer { close(door) }
        return program.finish()
    }

    /// Lets the daemon go on and the client end.
    func goOn(_ room: CeremonyRoom) throws {
        room.daemon?.signal(SIGCONT)
        let ended = program.finish()
        close(door)
        #expect(ended.status == 0, "\(ended.err)")
    }
}
