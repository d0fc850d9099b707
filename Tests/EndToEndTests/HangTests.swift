// A module that hangs: a call into it cannot be cancelled. A halt is taken all the same, and the
// daemon can be told to stop.

import CeremonyRecord
import Glibc
import Testing

@Suite("A module that hangs")
struct HangTests {
    @Test("A halt is answered while the log token hangs, and stands in the log when it answers")
    func halt() throws {
        try withHangingLog { room, module in
            let halt = try room.alice.draft("halt", "--reason", "nothing moves")
            let witness = try room.begin(approvalBy: room.person("frank"))
            try eventually("the log token hangs") { module.hangs }
            let signature = try room.alice.sign(halt, .act)
            #expect(
                try room.alice.does("submit", halt, signature).contains("held in the halt file"))
            #expect(TestFile.text(room.stateDirectory + "/halt").contains("document"))
            #expect(try room.call("Status").field("head").field("halted").isTrue)
            #expect(try !room.types().contains("halt.raised"))
            try module.release("held")
            try eventually("the log says so") { try room.types().contains("halt.raised") }
            _ = witness.finish()
            try room.stop()
        }
    }

    @Test(
        "A stop that cuts an execution off ends in its time, and the next start says what is left")
    func stopInExecution() throws {
        let prepared = try PreparedExecution()
        let room = try prepared.room.copy()
        room.furtherConfiguration = Self.shortTimes
        let module = try room.openFaulty()
        let rule = "C_GenerateKeyPair 1 hang-after held"
        try module.set(rule)
        try prepared.kill(room, module, rule, with: SIGTERM, ending: 74)
        try prepared.expect("FAILED", in: room, rule)
    }

    @Test("A stop ends in its time though a token hangs, with nothing lost")
    func stop() throws {
        try withHangingLog { room, module in
            let before = try room.log()
            let witness = try room.begin(approvalBy: room.person("frank"))
            try eventually("the log token hangs") { module.hangs }
            room.daemon?.signal(SIGTERM)
            #expect(room.buryDaemon() == 74)
            #expect(room.daemonLog.contains("does not answer"))
            #expect(witness.finish().status == 69)
            // What was durable when the token was asked to sign is there, and so is a held halt.
            room.module = CeremonyRoom.softHSM
            try room.open()
            #expect(try room.log().starts(with: before))
            let types = try room.types(from: before.count)
            #expect(types == ["ceremony.witnessed", "daemon.started"])
        }
    }

    private static let shortTimes = """
        [limits]
        stop_seconds = 1
        grace_seconds = 2
        halt_seconds = 1

        """

    /// A room with a pending ceremony, whose log token will hang when it is to sign the next head.
    private func withHangingLog(_ body: (CeremonyRoom, FaultyModule) throws -> Void) throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.module = module.path
        room.furtherConfiguration = Self.shortTimes
        try room.open()
        try room.start("keeper-alpha")
        try module.hold("held")
        try module.set("C_Sign 1 hang held")
        try body(room, module)
    }
}

extension CeremonyRoom {
    /// Somebody's client, handing an approval in.
    fileprivate func begin(approvalBy person: Person) throws -> Program {
        let document = try ceremony("keeper-alpha-1").field("document").list.map(\.text)
        let statement = try person.write(document)
        return try person.begin([
            "submit", statement, try person.sign(statement, .approve), "--json",
        ])
    }
}
