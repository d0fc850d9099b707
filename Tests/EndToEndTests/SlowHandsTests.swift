// People read what they sign, look for their token and type: longer than the daemon keeps a line on
// which nothing is said.

import Glibc
import Testing

@Suite("A person may take their time")
struct SlowHandsTests {
    @Test("A line that the daemon ends meanwhile is made anew, and nothing has to be typed twice")
    func idle() throws {
        let room = try CeremonyRoom.copy()
        room.furtherConfiguration = "[limits]\nidle_seconds = 5\n"
        try room.open()
        let id = try room.start("keeper-alpha")
        let client = try LiveClient(
            room, room.alice,
            [
                "witness", id, "--confirm", try room.alice.statement(of: id), "--module",
                CeremonyRoom.softHSM,
            ])
        try eventually("the daemon ends the line") { room.daemonLog.contains("idleTimeout") }
        let ended = try client.typePIN(room.alice.pin)
        #expect(ended.status == 0, "\(ended.err)")
        #expect(try room.types().last == "ceremony.witnessed")
    }
}
