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
