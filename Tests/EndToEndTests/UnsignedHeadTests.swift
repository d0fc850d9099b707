// A log key that fails after the commit: what is recorded waits for its signature, and who watches
// hears of it then. And a database that somebody has changed: no daemon serves it.

import CeremonyRecord
import CeremonyWire
import Testing

@Suite("Unsigned and changed logs")
struct UnsignedHeadTests {
    @Test("A watcher hears of an event when its head is signed: not before, in order, and once")
    func watching() throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.module = module.path
        try room.open()
        let id = try room.start("keeper-alpha")
        let document = try room.ceremony(id).field("document").list.map(\.text)
        let size = try room.log().count
        let early = try Watching(room, from: size - 1)
        #expect(try early.next() == size - 1)

        try module.set("C_SignInit * rv 0x30")
        let error = #expect(throws: WireError.self) {
            try room.erin.hands(document, .approve)
        }
        #expect("\(try #require(error))".contains("recorded-not-signed"))
        #expect(try room.log().count == size + 1)
        // Who comes only now is told what is signed, and no more either.
        let late = try Watching(room, from: size - 1)
        #expect(try late.next() == size - 1)
        #expect(try early.socket.isSilent(milliseconds: 300))
        #expect(try late.socket.isSilent(milliseconds: 300))

        try module.set()
        try room.person("frank").hands(document, .approve)
        for watching in [early, late] {
            #expect(try watching.next() == size)
            #expect(try watching.next() == size + 1)
        }
    }

    @Test("A daemon that finds a changed log names the event, says what to do, and does not run")
    func changed() throws {
        let room = try CeremonyRoom.copy()
        try room.open()
        let id = try room.start("keeper-alpha")
        let seq = try #require(try room.types().firstIndex(of: "ceremony.opened"))
        #expect(id == "keeper-alpha-1")
        try room.stop()
        let path = room.stateDirectory + "/log.sqlite"
        var bytes = TestFile.bytes(path)
        let place = try #require(bytes.firstRange(of: Array("first key of keeper".utf8)))
        bytes[place.lowerBound] = UInt8(ascii: "F")
        try TestFile.write(path, bytes)
        let ended = try room.ceremonyd("run", "--config", room.directory + "/ceremonyd.toml")
        #expect(ended.status == 1, "\(ended.err)")
        #expect(ended.err.contains("event \(seq)"), "\(ended.err)")
        #expect(ended.err.contains("next: ") && ended.err.contains("evidence"), "\(ended.err)")
        #expect(TestFile.bytes(path) == bytes)
    }
}

/// A watch on a connection of its own.
private struct Watching {
    let socket: RawSocket

    init(_ room: CeremonyRoom, from seq: Int) throws {
        socket = try RawSocket(room.socket)
        socket.send(
            Call(CeremonyInterface.name + ".Watch", ["from": .number(seq)], more: true).frame)
    }

    /// The number of the next event.
    func next() throws -> Int {
        try JSON(try #require(try socket.reply())).field("parameters").field("seq").number
    }
}
