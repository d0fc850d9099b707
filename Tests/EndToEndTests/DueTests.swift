// What is due by the clock of daemon and client: told to whoever may read, with nothing unlocked.

import CeremonyRecord
import CeremonyWire
import Testing

@Suite("What is due")
struct DueTests {
    @Test("A drill falls due by the clock, and a sealed daemon, no token and no terminal say so")
    func drill() throws {
        let room = try CeremonyRoom.copy()
        try room.start()
        let early = try room.dave.run("due")
        #expect(early.status == 0, "\(early.err)")
        #expect(early.out.contains("SEALED"))
        #expect(early.out.contains("--set class=drill"))
        try room.stop()

        room.clock = "+31d"
        try room.start()
        let before = try room.log()
        let due = try room.dave.run("due", "--json")
        #expect(due.status == 75, "\(due.err)")
        let said = try JSON(due.line)
        #expect(said.field("due").list.map { $0.field("matter").text } == ["drill"])
        #expect(said.field("sealed").isTrue)
        // The daemon says the same to any client, a page at a time, and writes nothing down for it.
        let page = try room.call("Deadlines", ["limit": .number(1)])
        #expect(page.field("due").number == 1)
        #expect(page.field("deadlines").list.map { $0.field("matter").text } == ["drill"])
        let next = try room.call("Deadlines", ["from": page.field("total")])
        #expect(next.field("deadlines").list.isEmpty)
        #expect(try room.dave.does("status").contains("DUE:        A drill is held"))
        #expect(try room.log() == before)
        try room.stop()
        #expect(try room.dave.run("due").status == 69)
    }
}
