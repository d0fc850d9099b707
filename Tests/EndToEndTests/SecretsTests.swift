// Where PINs are and are not. Every PIN of a room is like no other text, so that a search for its
// bytes finds it and nothing else: in files, in what is logged, in argument lists and environments,
// in the memory of the daemon and of clients.

import CeremonyRecord
import Glibc
import Testing

@Suite("Secrets", .enabled(if: geteuid() == 0, "reading another process's memory wants root"))
struct SecretsTests {
    @Test("No PIN is in a file, an argument list, an environment, or in memory that is not locked")
    func pins() throws {
        let room = try CeremonyRoom.copy()
        try room.start()
        let unlocking = try LiveClient(
            room, room.dave,
            ["unlock", "house", "--clock", try room.today, "--genesis", room.genesis])
        try unlocking.takePIN(room.house.pin, whileStopped: room)
        try expectNoPIN(of: room.house, in: unlocking.program, "the client that unlocks")
        // It has the PIN at this moment, and where the search can see it.
        let held = try ProcessMemory(of: unlocking.program.pid).search(
            for: Array(room.house.pin.utf8))
        #expect(held.count == 1 && held.allSatisfy(\.region.isLocked), "\(held)")
        try expectNoPIN(of: room.house, in: try #require(room.daemon), "the daemon, before it")
        try unlocking.goOn(room)

        let id = try room.start("keeper-alpha")
        let statement = try room.alice.statement(of: id)
        let witnessing = try LiveClient(
            room, room.alice,
            ["witness", id, "--confirm", statement, "--module", CeremonyRoom.softHSM])
        try witnessing.takePIN(room.alice.pin, whileStopped: room)
        try expectNoPIN(of: room.alice, in: witnessing.program, "the client that witnesses")
        try witnessing.goOn(room)

        try room.approve(id, by: ["erin", "frank"])
        try room.execute(id)
        let record = try room.bob.record(of: id)
        try room.bob.does(["attest", id, "--confirm", record] + room.bob.withToken)
        try room.alice.does(["attest", id, "--confirm", record] + room.alice.withToken)
        try expectNoPIN(of: room.house, in: try #require(room.daemon), "the daemon, after the run")
        for name in CeremonyRoom.withTokens {
            try expectNoPIN(
                of: room.person(name), in: try #require(room.daemon), "the daemon and \(name)")
        }
        try room.dave.does("lock")
        try expectNoPIN(of: room.house, in: try #require(room.daemon), "the locked daemon")
        try room.erin.does("export", room.directory + "/evidence")
        try room.stop()
        for name in CeremonyRoom.withTokens + ["house"] { try searchFiles(room, room.person(name)) }
    }

    @Test(
        "The search finds what is there: this process knows the PIN, in memory that is not locked")
    func searchFinds() throws {
        let room = try CeremonyRoom.copy()
        let pin = room.house.pin
        let finds = try ProcessMemory(of: getpid()).search(for: Array(pin.utf8))
        #expect(finds.contains { !$0.region.isLocked })
        try TestFile.write(room.directory + "/note", "the PIN is \(pin), do not tell")
        #expect(try files(in: room, with: pin).contains(room.directory + "/note"))
    }

    private func expectNoPIN(
        of person: Person, in program: Program, _ who: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let pin = Array(person.pin.utf8)
        for file in ["cmdline", "environ"] {
            let bytes = TestFile.bytes("/proc/\(program.pid)/\(file)")
            #expect(!bytes.isEmpty, sourceLocation: sourceLocation)
            #expect(
                bytes.firstRange(of: pin) == nil, "\(who): \(file)", sourceLocation: sourceLocation)
        }
        let finds = try ProcessMemory(of: program.pid).search(for: pin)
        let open = finds.filter { !$0.region.isLocked }
        #expect(open.isEmpty, "\(who): \(open)", sourceLocation: sourceLocation)
        // Half of it would be a trace, too.
        let half = try ProcessMemory(of: program.pid).search(for: Array(pin.prefix(12)))
            .filter { !$0.region.isLocked }
        #expect(half.isEmpty, "\(who): \(half)", sourceLocation: sourceLocation)
    }

    private func searchFiles(_ room: CeremonyRoom, _ person: Person) throws {
        #expect(try files(in: room, with: person.pin) == [person.home + "/pin"])
    }

    private func files(in room: CeremonyRoom, with text: String) throws -> [String] {
        try room.house.tool("grep", "-rlaF", "-e", text, room.directory).out.lineList.sorted()
    }
}

/// A client that has its PIN and waits for a daemon that does not answer.
private struct LiveClient {
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

    /// Lets the daemon go on and the client end.
    func goOn(_ room: CeremonyRoom) throws {
        room.daemon?.signal(SIGCONT)
        let ended = program.finish()
        close(door)
        #expect(ended.status == 0, "\(ended.err)")
    }
}
