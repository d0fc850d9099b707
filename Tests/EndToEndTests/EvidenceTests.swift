// The whole ceremony by the built programs, every witness with a token of their own, and the
// evidence checked by programs that we did not write. And a witness who has none of our programs'
// signing: `show --document`, `ssh-keygen -Y sign`, `submit`.

import CeremonyRecord
import Testing

@Suite("A whole ceremony and its evidence")
struct EvidenceTests {
    @Test("A key is made under the eyes of witnesses, and stock tools verify what they signed")
    func wholeCeremony() throws {
        try withRoom { room in
            let (dave, erin) = (room.dave, room.erin)
            // dave in his token: draft, sign, hand in.
            let statement = dave.path("statement")
            try dave.does(
                ["start", "new-keeper-key", "keeper-alpha", "--into", "house", "--reason", "first"]
                    + ["--draft", statement, "--module", CeremonyRoom.softHSM])
            try dave.does(
                ["sign", statement, "--open", "--as", "dave", "--confirm", statement]
                    + dave.withToken)
            let signature = try #require(
                ["", "+2"].map { "\(statement).dave\($0).sig" }.first(where: TestFile.exists))
            let opened = try JSON(try dave.does("submit", statement, signature, "--json").trimmed)
            let id = opened.field("ceremony").text
            #expect(id == "keeper-alpha-1")

            // alice and bob in their tokens; erin with nothing but ssh-keygen.
            for person in [room.alice, room.bob] {
                try person.does(
                    ["witness", id, "--genesis", room.genesis, "--confirm", statement]
                        + person.withToken)
            }
            let shown = try erin.statement(of: id)
            #expect(TestFile.bytes(shown) == TestFile.bytes(statement))
            try erin.does("submit", shown, try erin.sign(shown, .approve))
            #expect(try room.state(of: id) == "APPROVED")

            let order = try dave.draft("execute", id)
            try dave.does("submit", order, try dave.sign(order, .act))
            let record = try erin.record(of: id)
            for person in [room.alice, room.bob] {
                try person.does(["attest", id, "--confirm", record] + person.withToken)
            }
            try erin.does("submit", record, try erin.sign(record, .attest))
            #expect(try room.ceremony(id).field("key_status").text == "active")
            // The log holds exactly one event for each thing that happened.
            #expect(
                try room.types() == [
                    "log.created", "roster.set", "daemon.started", "ceremony.opened",
                    "ceremony.witnessed", "ceremony.witnessed", "ceremony.witnessed",
                    "ceremony.approved", "ceremony.executing", "ceremony.completed",
                    "ceremony.attested", "ceremony.attested", "ceremony.attested", "key.activated",
                ])
            let evidence = room.directory + "/evidence"
            try dave.does("lock")
            try erin.does("export", evidence)
            try room.verify(evidence)
            try room.verifyByHand(evidence, id, witnesses: ["alice", "bob", "erin"])
            try checkNewKey(room, evidence, id)
        }
    }

    /// The new key as `pkcs11-tool` sees it, and a signature by it that `openssl` verifies.
    private func checkNewKey(_ room: CeremonyRoom, _ evidence: String, _ id: String) throws {
        let (house, folder) = (room.house, "\(evidence)/ceremonies/\(id)")
        let record = TestFile.text(folder + "/key-record.txt").lineList
        let keyID = try #require(
            record.first { $0.utf8.starts(with: "key-id: ".utf8) }?.dropFirst(8).description)
        let login = [
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--login", "--pin", house.pin, "--id",
            keyID,
        ]
        let seen = try house.tool(login + ["--list-objects", "--type", "privkey"]).out
        let access = try #require(seen.lineList.first { $0.contains("Access:") })
        for word in ["sensitive", "always sensitive", "never extractable", "local"] {
            #expect(access.contains(word), "\(seen)")
        }
        let usage = try #require(seen.lineList.first { $0.contains("Usage:") })
        #expect(usage.trimmed.hasSuffix("sign"), "\(seen)")
        let (message, signature) = (room.directory + "/message", room.directory + "/message.sig")
        try TestFile.write(message, "a message for the new key\n")
        let signed = try house.tool(
            login + ["--sign", "--mechanism", "EDDSA", "-i", message, "-o", signature])
        #expect(signed.status == 0, "\(signed.err)")
        let verify = [
            "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder + "/key.pem", "-rawin",
            "-in", message, "-sigfile", signature,
        ]
        #expect(try house.tool(verify).status == 0)
        try TestFile.write(message, "another message\n")
        #expect(try house.tool(verify).status != 0)
    }

    @Test("Evidence with a changed byte, or held against another genesis, is refused")
    func damaged() throws {
        try withRoom { room in
            let id = try room.complete("keeper-alpha")
            let (evidence, erin) = (room.directory + "/evidence", room.erin)
            try erin.does("export", evidence)
            try room.verify(evidence)
            try room.verifyByHand(evidence, id, witnesses: ["erin", "frank", "grace"])
            let other = "sha256:" + String(repeating: "0", count: 64)
            #expect(try erin.run("verify", evidence, "--genesis", other, "--rehearsal").status == 1)
            #expect(try erin.run("verify", evidence, "--rehearsal").status == 1)
            #expect(try erin.run("verify", evidence, "--genesis", room.genesis).status == 1)
            let folder = "\(evidence)/ceremonies/\(id)"
            for file in [
                "log/events.jsonl", "log/checkpoint", "ceremonies/\(id)/statement.txt",
                "ceremonies/\(id)/key-record.txt.grace.sig", "genesis/genesis.txt",
            ] {
                let path = evidence + "/" + file
                let bytes = TestFile.bytes(path)
                try TestFile.write(path, bytes.with(bit: 0, ofByteFromEnd: bytes.count / 2))
                let ended = try erin.run(
                    "verify", evidence, "--genesis", room.genesis, "--rehearsal")
                #expect(ended.status == 1, "\(file) was changed and not missed")
                try TestFile.write(path, bytes)
            }
            try TestFile.write(folder + "/statement.txt.mallory.sig", "x")
            #expect(
                try erin.run("verify", evidence, "--genesis", room.genesis, "--rehearsal").status
                    == 1)
        }
    }
}

extension CeremonyRoom {
    /// Has the client verify evidence, with no daemon, token or configuration to ask.
    func verify(_ evidence: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let ended = try Program(
            wrapped("ceremonyctl") + ["verify", evidence, "--genesis", genesis, "--rehearsal"],
            environment: ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"], scratch: directory
        ).finish()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)", sourceLocation: sourceLocation)
    }

    /// Has jq, sha256sum, openssl and ssh-keygen verify it, as the bundle's README says.
    func verifyByHand(
        _ evidence: String, _ id: String, witnesses: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let script = Program.sources + "/Scripts/lib/verify-by-hand"
        let ended = try house.tool([script, evidence, id] + witnesses)
        #expect(ended.status == 0, "\(ended.out)\(ended.err)", sourceLocation: sourceLocation)
        #expect(
            ended.out.lineList.count { $0.utf8.starts(with: "ok: ".utf8) } == 6 + witnesses.count,
            "\(ended.out)", sourceLocation: sourceLocation)
    }
}
