// Tokens that are not there, not the only one, not able, or whose PIN was mistyped: a person's own
// and the daemon's. Before a PIN is asked for it is clear that one makes sense; none is tried
// twice.

import CeremonyRecord
import Glibc
import Testing

@Suite("Tokens that are refused")
struct TokenRefusalTests {
    @Test("A wrong PIN of a witness costs one try, and only one")
    func wrongPIN() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let (alice, module) = (room.alice, try FaultyModule(for: room.alice))
            let (statement, wrong) = (try alice.statement(of: id), alice.home + "/wrong-pin")
            try TestFile.write(wrong, "not-the-pin\n")
            let arguments = ["witness", id, "--confirm", statement, "--module", module.path]
            try module.set()
            try room.refuses(74, "pin-wrong", says: "The PIN of the token alice") {
                try alice.run(arguments + ["--json", "--pin-file", wrong])
            }
            #expect(module.calls(of: "C_Login").count == 1)
            #expect(module.calls(of: "C_Sign").isEmpty)
            #expect(
                try alice.tool("pkcs11-tool", "--module", CeremonyRoom.softHSM, "-L")
                    .out.contains("user PIN count low"))
            // The right one is still good, and the person is told before that one was wrong.
            let done = try alice.run(arguments + ["--pin-file", alice.home + "/pin"])
            #expect(done.status == 0, "\(done.err)")
        }
    }

    @Test("A wrong PIN of the house token costs one try, and the log stays sealed")
    func wrongHousePIN() throws {
        let room = try CeremonyRoom.copy()
        let module = try FaultyModule(for: room.house)
        room.module = module.path
        try room.start()
        let wrong = room.dave.home + "/wrong-pin"
        try TestFile.write(wrong, "not-the-pin\n")
        try module.set()
        try room.refuses(74, "wrong-pin") {
            try room.dave.run(
                "unlock", "house", "--clock", try room.today, "--pin-file", wrong, "--json")
        }
        #expect(module.calls(of: "C_Login").count == 1)
        #expect(try room.call("Status").field("head").field("sealed").isTrue)
        try room.refuses(75, "sealed") {
            try room.dave.run(
                [
                    "start", "new-keeper-key", "keeper-alpha", "--into", "house", "--reason", "x",
                    "--json",
                ] + room.dave.withToken)
        }
        try room.unlock()
        #expect(try room.start("keeper-alpha") == "keeper-alpha-1")
    }

    @Test(
        "A witness whose token is missing, not the only one, or unable is told so, with no PIN asked"
    )
    func ownToken() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let (alice, bob) = (room.alice, room.bob)
            let module = try FaultyModule(for: alice)
            let arguments = [
                "witness", id, "--json", "--module", module.path, "--pin-file", alice.home + "/pin",
            ]
            try module.set("C_GetMechanismList * hide 0x1057")
            try room.refuses(74, "no-identity-key", says: "holds an Ed25519 key") {
                try alice.run(arguments)
            }
            try module.set()
            // bob plugs his token in beside hers.
            for token in try bob.tokenDirectories {
                let copied = try alice.tool(
                    "cp", "-a", "\(bob.home)/tokens/\(token)", alice.home + "/tokens/")
                try #require(copied.status == 0)
            }
            try room.refuses(74, "ambiguous-signer", says: "alice with") {
                try alice.run(arguments)
            }
            try room.refuses(74, "token-ambiguous", says: "2 tokens could be meant") {
                try alice.run("identity", "check", "--json", "--module", module.path)
            }
            for token in try alice.tokenDirectories {
                try #require(
                    try alice.tool("rm", "-r", "\(alice.home)/tokens/\(token)").status == 0)
            }
            try room.refuses(74, "no-token", says: "No token is to be seen here") {
                try alice.run(arguments)
            }
            #expect(module.calls(of: "C_Login").isEmpty)
        }
    }

    @Test("No ceremony starts for a receiving token that is missing, not the only one, or unable")
    func receivingToken() throws {
        let room = try CeremonyRoom.copy()
        try room.addTokens()
        try room.open()
        for (token, code) in [
            ("gone", "token-missing"), ("twins", "token-ambiguous"), ("plain", "token-unable"),
        ] {
            let options = ["new-keeper-key", "keeper-alpha", "--into", token, "--reason", "x"]
            try room.refuses(74, token == "plain" ? code : "token-trouble") {
                try room.dave.run(["start"] + options + ["--json"] + room.dave.withToken)
            }
            let key = try #require(SSHPublicKey(line: room.dave.publicKey)).fingerprint
            let draft: JSON = .object([
                "kind": .string(options[0]), "subject": .string(options[1]), "into": .string(token),
                "initiator": .string("dave"), "key": .string("\(key)"), "reason": .string("x"),
            ])
            try room.refuses(74, code) {
                try room.dave.run("call", "Draft", draft.canonicalText, "--json")
            }
        }
    }

    @Test(
        "An execution whose token is locked or gone does not begin, and the ceremony stays approved"
    )
    func execution() throws {
        let room = try CeremonyRoom.copy()
        try room.addSpare()
        try room.open()
        let id = try room.start("keeper-alpha", "--into", "spare")
        try room.approve(id)
        let order = try room.dave.write(try room.executeOrder(id, by: room.dave))
        try room.refuses(75, "token-locked", says: "spare") {
            try room.dave.run(["execute", id, "--json"] + room.dave.withToken)
        }
        try room.refuses(75, "token-locked", says: "spare") { try room.dave.submit(order, .act) }
        try room.pullOut("spare")
        try room.refuses(74, "token-missing") {
            try room.dave.run(["execute", id, "--json"] + room.dave.withToken)
        }
        try room.refuses(74, "token-missing") { try room.dave.submit(order, .act) }
        #expect(try room.state(of: id) == "APPROVED")
    }
}

extension Person {
    /// What is in the person's token store.
    var tokenDirectories: [String] {
        get throws { try tool("ls", home + "/tokens").out.lineList }
    }
}

extension CeremonyRoom {
    /// One more token of the daemon, which is sound: `spare`.
    func addSpare(at module: String = CeremonyRoom.softHSM) throws {
        let before = try house.tokenDirectories
        try house.makeToken("spare")
        let new = try #require(try house.tokenDirectories.first { !before.contains($0) })
        try TestFile.write(house.home + "/directory-of-spare", new)
        try configureToken("spare", label: "spare", at: module)
    }

    private func configureToken(_ name: String, label: String, at module: String) throws {
        let serial = label == "gone" ? "0123456789abcdef" : try house.serial(of: label)
        furtherConfiguration += """
            [tokens.\(name)]
            uri = "pkcs11:token=\(label);serial=\(serial)"
            module = "\(module)"

            """
    }

    /// Three tokens besides that are not sound: `gone`, `twins` and `plain`.
    func addTokens() throws {
        try addSpare()
        let plain = try FaultyModule(for: house, "plain")
        try plain.set("C_GetMechanismList * hide 0x1055", "C_GetMechanismList * hide 0x1057")
        let twins = try FaultyModule(for: house, "twins")
        try twins.set("C_GetSlotList * twice")
        try configureToken("twins", label: "spare", at: twins.path)
        try configureToken("plain", label: "spare", at: plain.path)
        try configureToken("gone", label: "gone", at: Self.softHSM)
        furtherModules = [plain.path, twins.path]
    }

    /// Takes a token away from under the daemon.
    func pullOut(_ name: String) throws {
        let directory = TestFile.text(house.home + "/directory-of-" + name)
        let moved =
            unsafe rename(
                "\(house.home)/tokens/\(directory)", "\(house.home)/pulled-out-\(name)") == 0
        try #require(moved)
    }
}
