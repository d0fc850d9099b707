// The daemon dies in the middle of an execution; what it left is destroyed by an operator's signed
// order, or given up with its token, and the house goes on. Seen with `pkcs11-tool`.

import CeremonyRecord
import Glibc
import Testing

@Suite("Recovery after a crash")
struct RecoveryTests {
    @Test("What a dead daemon left is shown, destroyed by order, and the next ceremony works")
    func destroyed() throws {
        let prepared = try PreparedExecution()
        let room = prepared.room
        let id = prepared.id
        // The key is there, and its first signature is not.
        let module = try room.openFaulty()
        try module.set("C_Sign 2 hang held")
        try prepared.kill(room, module, "C_Sign 2 hang held")
        room.module = CeremonyRoom.softHSM
        try room.start()
        try room.unlock()
        let keyID = try room.ceremony(id).field("executing").field("intent").field("key_id").text
        #expect(try room.objects(withID: keyID) == 2)

        #expect(try room.dave.does("next", "--as", "dave").contains("ceremonyctl recover \(id)"))
        #expect(try room.erin.does("status").contains("ceremonyctl recover \(id)"))
        #expect(try room.erin.does("show", id).contains("ceremonyctl recover \(id)"))
        #expect(try room.standings() == ["log-key": 2, "orphan": 2])

        // Another key id, and nobody but an operator.
        let wrong = String(repeating: "0", count: 32)
        try room.refuses(1, "key-id") {
            try room.dave.run(
                "recover", id, "--as", "dave", "--draft", room.dave.path("draft"), "--key-id",
                wrong, "--json")
        }
        try room.refuses(77, "wrong-role") {
            try room.erin.run(
                "recover", id, "--as", "erin", "--draft", room.erin.path("draft"), "--key-id",
                keyID, "--json")
        }
        // Without a terminal nobody types it, and what is said then helps.
        let unwritten = room.dave.path("draft")
        for option in [["--draft", unwritten], room.dave.withToken] {
            let ended = try room.dave.run(["recover", id, "--as", "dave", "--json"] + option)
            #expect(ended.status == 64, "\(ended.err)")
            #expect(try JSON(ended.line).field("error").field("code").text == "no-terminal")
            #expect(ended.err.contains("--key-id") || ended.line.contains("--key-id"))
            #expect(!ended.line.contains("--confirm"), "\(ended.line)")
            #expect(!ended.line.contains("--pin-file"), "\(ended.line)")
        }
        #expect(!TestFile.exists(unwritten))
        // The token is here.
        try room.refuses(1, "token-here") {
            try room.dave.run(
                "recover", id, "--token-lost", "--as", "dave", "--draft",
                room.dave.path("draft"), "--key-id", keyID, "--json")
        }

        let order = try room.dave.draft("recover", "--key-id", keyID)
        let outcome = try room.dave.submits(order, .act)
        #expect(outcome.field("events").list.map(\.text) == ["object.destroyed"])
        #expect(
            outcome.field("now").field("debris").field("outcome").text == "destroyed",
            "\(outcome.canonicalText)")
        #expect(try room.objects(withID: keyID) == 0)
        let event = try #require(
            try room.events().last { $0.field("type").text == "object.destroyed" })
        #expect(event.field("body").field("key_id").text == keyID)
        #expect(event.field("body").field("outcome").text == "destroyed")
        #expect(try room.erin.does("status").contains("recover") == false)
        #expect(try room.standings() == ["log-key": 2])
        // The same order again is answered; another one is too late.
        #expect(try room.dave.submits(order, .act).field("repeat").isTrue)
        try room.refuses(81, "ended") {
            try room.dave.run(
                "recover", id, "--as", "dave", "--draft", room.dave.path("draft"), "--key-id",
                keyID, "--json")
        }

        #expect(try room.complete("keeper-alpha") == "keeper-alpha-2")
        #expect(try room.standings() == ["log-key": 2, "active": 2])
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        #expect(
            TestFile.exists(
                "\(evidence)/ceremonies/\(id)/acts/\(event.field("seq").number)-recover-dave.txt"))
        try room.verify(evidence)
    }

    @Test("A token that is lost in an execution is given up by order, and stays listed")
    func tokenLost() throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.furtherModules = [module.path]
        try room.addSpare(at: module.path)
        try room.open()
        let pin = room.house.home + "/pin"
        try room.dave.does("unlock", "spare", "--clock", try room.today, "--pin-file", pin)
        let id = try room.start("keeper-alpha", "--into", "spare")
        try room.approve(id)
        let order = try room.dave.draft("execute", id)
        // It goes while the key is being read back, and does not come back.
        try module.set("C_GetAttributeValue * rv 0x32", "C_DestroyObject * rv 0x32")
        #expect(try room.dave.submit(order, .act).status == 81)
        #expect(try room.state(of: id) == "FAILED")
        try room.stop()
        try room.pullOut("spare")
        try room.start()
        try room.unlock()

        let keyID = try room.ceremony(id).field("executing").field("intent").field("key_id").text
        try room.refuses(74, "token-missing") {
            try room.dave.run(
                "recover", id, "--as", "dave", "--draft", room.dave.path("draft"), "--key-id",
                keyID, "--json")
        }
        let given = try room.dave.draft("recover", id, "--token-lost", "--key-id", keyID)
        let outcome = try room.dave.submits(given, .act)
        #expect(outcome.field("now").field("debris").field("outcome").text == "unreachable")
        let debris = try room.call("Status").field("status").field("debris").list
        #expect(debris.map { $0.field("key_id").text } == [keyID])
        #expect(try room.erin.does("status").contains("given up by dave"))
        #expect(try room.dave.does("next", "--as", "dave").contains("recover") == false)
        let inventory = try JSON(try room.erin.does("tokens", "--inventory", "--json"))
        #expect(
            inventory.field("debris_elsewhere").list.map { $0.field("key_id").text } == [keyID])
        #expect(try room.complete("keeper-alpha", "--into", "house") == "keeper-alpha-2")
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
    }
}

extension CeremonyRoom {
    /// dave has what a ceremony left destroyed, and says what became of it.
    func recover(_ id: String) throws -> String {
        let keyID = try ceremony(id).field("executing").field("intent").field("key_id").text
        let outcome = try dave.submits(try dave.draft("recover", id, "--key-id", keyID), .act)
        return outcome.field("now").field("debris").field("outcome").text
    }

    /// How many objects of each standing are on the house token, besides a head object.
    func standings() throws -> [String: Int] {
        let inventory = try JSON(try erin.does("tokens", "--inventory", "--json"))
        let objects = inventory.field("tokens").list.first?.field("objects").list ?? []
        var counts: [String: Int] = [:]
        for object in objects where object.field("standing").text != "head-object" {
            counts[object.field("standing").text, default: 0] += 1
        }
        return counts
    }
}
