// Tokens with a keypad of their own: the device asks for the PIN, and no PIN is typed at a terminal
// or crosses a socket, neither for the daemon's token nor for a person's.

import CeremonyRecord
import CeremonyWire
import Glibc
import Testing

@Suite("Tokens that ask for their PIN themselves")
struct KeypadTests {
    private static let hasKeypad = "C_GetTokenInfo * flags 0x100"

    @Test("The daemon's token is unlocked at its own keypad, with no PIN given to anybody")
    func house() throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.module = module.path
        try room.start()
        try module.set(Self.hasKeypad, "C_Login * keypad not-the-pin")
        try room.refuses(74, "wrong-pin") {
            try room.dave.run("unlock", "house", "--clock", room.today, "--json")
        }
        #expect(module.calls(of: "C_Login") == ["C_Login user 1 null 0"])
        #expect(try room.call("Status").field("head").field("sealed").isTrue)

        try module.set(Self.hasKeypad, "C_Login * keypad \(room.house.pin)")
        let unlocked = try room.dave.run("unlock", "house", "--clock", room.today)
        #expect(unlocked.status == 0, "\(unlocked.err)")
        #expect(unlocked.err.contains("Enter the PIN on the keypad of the daemon's token house"))
        #expect(module.calls(of: "C_Login") == ["C_Login user 1 null 0"])
        #expect(try room.complete("keeper-alpha") == "keeper-alpha-1")
    }

    @Test("A token without a keypad is not asked to log in without a PIN")
    func noKeypad() throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.module = module.path
        try room.start()
        try module.set()
        let reply = try room.call("Unlock", ["token": .string("house")])
        do {
            _ = try UnlockClient.redeem(
                ticket: reply.field("ticket").text, secret: nil, path: reply.field("path").text,
                listener: geteuid())
            Issue.record("it was unlocked")
        } catch WireError.refused(let error) {
            #expect(error.parameters["code"] == .string("token-trouble"))
        }
        #expect(module.calls(of: "C_Login").isEmpty)
    }

    @Test("A witness types the PIN on their own token's keypad")
    func witness() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let (alice, module) = (room.alice, try FaultyModule(for: room.alice))
            let statement = try alice.statement(of: id)
            try module.set(Self.hasKeypad, "C_Login * keypad \(alice.pin)")
            let done = try alice.run(
                "witness", id, "--confirm", statement, "--module", module.path)
            #expect(done.status == 0, "\(done.err)")
            #expect(done.err.contains("Enter the PIN on the token alice"))
            #expect(module.calls(of: "C_Login") == ["C_Login user 1 null 0"])
            #expect(try room.ceremony(id).field("approvals").field("have").number == 1)
        }
    }
}
