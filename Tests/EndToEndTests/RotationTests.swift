// A key's life after its birth, with the built programs, real tokens, a clock moved by faketime,
// and consumers who have nothing but ssh-keygen and what `keys --export` gave them.

import CeremonyRecord
import Testing

@Suite("A key is rotated, retired and revoked")
struct RotationTests {
    @Test("Past the overlap the old key is retired, and ssh-keygen enforces the overlap")
    func overlap() throws {
        try withRoom { room in
            let old = try room.keyMade(by: room.complete("keeper-alpha"))
            let id = try room.opens(["key-rotation", "keeper-alpha", "--into", "house"])
            try room.approve(id)
            try room.execute(id)
            try room.attest(id)
            let new = try room.keyMade(by: id)
            let shown = try room.key(old.fingerprint)
            #expect(shown.field("verdict").text == "accepted")
            #expect(try room.key(new.fingerprint).field("verdict").text == "signs")
            let until = try #require(Timestamp(shown.field("key").field("until").text))

            // Both sign in their tokens while both are valid.
            let message = room.directory + "/message"
            try TestFile.write(message, "a message for the years to come\n")
            try room.sign(message, with: old, to: message + ".old.sig")
            try room.sign(message, with: new, to: message + ".new.sig")

            // The daemon is off when the overlap ends. Unlocking is all that anybody does.
            let before = try room.log().count
            try room.stop()
            room.clock = "+31d"
            try room.start()
            try room.unlock()
            let after = try room.events(from: before)
            #expect(
                after.map { $0.field("type").text }.sorted() == ["daemon.started", "key.retired"])
            let retired = try #require(after.first { $0.field("type").text == "key.retired" })
            #expect(retired.field("body").field("fingerprint").text == old.fingerprint)
            #expect(retired.field("body").field("effective").text == "\(until)")
            let recorded = try #require(Timestamp(retired.field("time").text))
            #expect(recorded > until)
            let told = try room.erin.does("log", "--from", "\(before)")
            #expect(told.contains("since \(until)"))
            #expect(told.contains("\(recorded)"))
            let history = try room.key(old.fingerprint).field("history").list.last
            #expect(history?.field("what").text == "retired")
            #expect(history?.field("from").text == "\(until)")
            #expect(history?.field("recorded").text == "\(recorded)")
            let listed = try JSON(
                try room.erin.does("keys", "keeper-alpha", "--status", "retired", "--json").trimmed)
            #expect(
                listed.field("keys").list.map { $0.field("fingerprint").text } == [
                    old.fingerprint
                ])

            // What consumers hold it against.
            let keys = room.directory + "/keys"
            try room.erin.does("keys", "--export", keys)
            func accepts(_ name: String, at time: Timestamp) throws -> Bool {
                try room.verifies(message, "\(message).\(name).sig", keys, at: time)
            }
            #expect(try accepts("old", at: until + -86_400))
            #expect(try accepts("old", at: until + -1))
            #expect(try !accepts("old", at: until))
            #expect(try !accepts("old", at: until + 86_400))
            #expect(try accepts("new", at: until + -1))
            #expect(try accepts("new", at: until + 86_400))
            let born = try #require(Timestamp(shown.field("key").field("activated").text))
            #expect(try accepts("old", at: born))
            #expect(try !accepts("old", at: born + -1))
            #expect(try !accepts("new", at: born + -1))
            for key in [old, new] {
                let pem = "\(keys)/pem/\(key.hex).pem"
                let read = try room.house.tool("openssl", "pkey", "-pubin", "-in", pem, "-noout")
                #expect(read.status == 0, "\(read.err)")
            }
            // It appears whole or not at all, and never over something else.
            let there = try room.erin.run("keys", "--export", keys)
            #expect(there.status == 1)
            #expect(there.err.contains("file-exists"))

            // As of then, as of now, and never once more.
            let then = try room.key(old.fingerprint, "--at", "\(until + -1)")
            #expect(then.field("key").field("status").text == "retiring")
            #expect(then.field("allowed").isTrue)
            #expect(try !room.key(old.fingerprint).field("allowed").isTrue)
            let again = try room.dave.run(
                "start", "key-rotation", "keeper-alpha", "--into", "house", "--reason", "again",
                "--set", "old-key=\(old.fingerprint)", "--as", "dave", "--draft",
                room.directory + "/again", "--json")
            #expect(again.status == 1)
            #expect(try JSON(again.line).field("error").field("code").text == "wrong-key")
            let evidence = room.directory + "/evidence"
            try room.erin.does("export", evidence)
            try room.verify(evidence)
        }
    }

    @Test("Two keepers revoke a key at once; its successor names it")
    func revocation() throws {
        try withRoom { room in
            let old = try room.keyMade(by: room.complete("keeper-alpha"))
            let trusted = try room.log().count - 1
            let note = try room.erin.draft("note", "the bag was found open")
            try room.erin.submits(note, .act)
            let message = room.directory + "/message"
            try TestFile.write(message, "signed by nobody knows whom\n")
            try room.sign(message, with: old, to: message + ".sig")

            let before = try room.log().count
            let id = try room.opens([
                "key-revocation", "keeper-alpha", "--set", "key=\(old.fingerprint)", "--set",
                "cause=compromise", "--set", "boundary=\(trusted)",
            ])
            let shown = try room.bob.does("show", id)
            for line in [old.fingerprint, "compromise", "\(trusted)"] {
                #expect(shown.contains(line), "\(shown)")
            }
            try room.approve(id, by: ["alice", "bob"])
            #expect(
                try room.types(from: before) == [
                    "ceremony.opened", "ceremony.witnessed", "ceremony.witnessed",
                    "ceremony.approved", "ceremony.executing", "ceremony.completed", "key.revoked",
                ])
            #expect(try room.erin.does("log").contains("trusted up to event \(trusted)"))

            // What stands before the boundary stays; what came after is contested.
            let kept = try room.key(old.fingerprint, "--at", "\(trusted)")
            #expect(kept.field("verdict").text == "signs")
            let doubtful = try room.key(old.fingerprint, "--at", "\(trusted + 1)")
            #expect(doubtful.field("verdict").text == "contested")
            #expect(doubtful.field("key").field("status").text == "active")
            #expect(try room.key(old.fingerprint).field("verdict").text == "refused")
            #expect(
                try room.erin.does("key", old.fingerprint, "--at", "\(trusted + 1)")
                    .contains("contested"))

            try expectRevoked(room, old, message)
        }
    }

    /// A successor can be made and names it; stock tools refuse what it signed, whatever the date.
    private func expectRevoked(_ room: CeremonyRoom, _ old: MadeKey, _ message: String) throws {
        let next = try room.start("keeper-alpha")
        let lines = try room.ceremony(next).field("document").list.map(\.text)
        #expect(lines.contains("old-key: \(old.fingerprint) revoked"))
        try room.approve(next)
        try room.execute(next)
        try room.attest(next)
        let new = try room.keyMade(by: next)
        #expect(try room.ceremony(next).field("record").list.map(\.text).contains("old-key: none"))

        let keys = room.directory + "/keys"
        try room.erin.does("keys", "--export", keys)
        #expect(!TestFile.text(keys + "/allowed_signers").contains(old.line))
        #expect(TestFile.text(keys + "/allowed_signers").contains(new.line))
        #expect(TestFile.text(keys + "/revoked_keys").contains(old.line))
        let now = try #require(
            Timestamp(try room.call("Status").field("status").field("now").text))
        #expect(try !room.verifies(message, message + ".sig", keys, at: now))
        // Whoever still has an old list is told by the new list of revoked keys.
        try TestFile.write(keys + "/old_signers", "keeper-alpha \(old.line)\n")
        #expect(
            try room.verifies(message, message + ".sig", keys, list: "old_signers", at: now)
                == false)
        try TestFile.write(keys + "/revoked_keys", "")
        #expect(try room.verifies(message, message + ".sig", keys, list: "old_signers", at: now))

        let chain = try room.key(old.fingerprint, "--chain").field("chain").list
        #expect(chain.map { $0.field("effect").text } == ["made", "revoked"])
        let parts = chain.map { $0.field("links").list.map { $0.field("part").text } }
        #expect(
            parts[0] == ["initiator"] + [String](repeating: "witness", count: 3)
                + ["executor", "new-key"] + [String](repeating: "attester", count: 3))
        #expect(parts[1] == ["initiator", "witness", "witness"])
        #expect(try room.erin.does("key", old.fingerprint, "--chain").contains("Revoked by"))
    }

    @Test("A key is trusted up to a time after the log's last event")
    func boundaryTime() throws {
        let room = try CeremonyRoom.copy()
        room.daemonClockFile = room.directory + "/clock"
        try TestFile.write(room.directory + "/clock", "+0d\n")
        try room.open()
        let key = try room.keyMade(by: room.complete("keeper-alpha"))
        let last = try #require(Timestamp(try room.events().last?.field("time").text ?? ""))
        // Nothing happens for a while, and what is signed in the first part of it is trusted.
        try TestFile.write(room.directory + "/clock", "+250s\n")
        func order(_ seconds: Int) -> [String] {
            [
                "key-revocation", "keeper-alpha", "--set", "key=\(key.fingerprint)", "--set",
                "cause=compromise", "--set", "boundary-time=\(last + seconds)",
            ]
        }
        try room.refuses(64, "bad-parameter", says: "nobody can trust a key beyond that") {
            try room.dave.run(
                ["start"] + order(3600) + ["--reason", "x", "--as", "dave", "--json"]
                    + ["--draft", room.dave.path("draft")])
        }
        let id = try room.opens(order(100))
        try room.approve(id, by: ["alice", "bob"])
        #expect(try room.erin.does("log").contains("trusted up to \(last + 100)"))
        for (seconds, verdict) in [(99, "signs"), (100, "signs"), (101, "contested")] {
            let shown = try room.key(key.fingerprint, "--at", "\(last + seconds)")
            #expect(shown.field("verdict").text == verdict, "\(seconds)")
        }
    }

    @Test("A revocation waits for no halt to be cleared")
    func halted() throws {
        try withRoom { room in
            let old = try room.keyMade(by: room.complete("keeper-alpha"))
            let other = try room.opens(["key-rotation", "keeper-alpha", "--into", "house"])
            try room.alice.submits(try room.alice.draft("halt", "--reason", "a bag is open"), .act)
            let id = try room.opens([
                "key-revocation", "keeper-alpha", "--set", "key=\(old.fingerprint)", "--set",
                "cause=loss",
            ])
            let asked = try room.bob.does("next", "--as", "bob")
            #expect(asked.contains("witness \(id)"))
            #expect(!asked.contains("witness \(other)"))
            try room.refuses(80, "halted") {
                try room.bob.run(["witness", other, "--json"] + room.bob.withToken)
            }
            try room.refuses(80, "halted") {
                try room.dave.run(
                    "start", "key-rotation", "keeper-alpha", "--into", "house", "--reason", "x",
                    "--as", "dave", "--draft", room.directory + "/x", "--json")
            }
            let statement = try room.bob.statement(of: id)
            try room.bob.does(["witness", id, "--confirm", statement] + room.bob.withToken)
            try room.approve(id, by: ["alice"])
            #expect(try room.types().suffix(2) == ["key.revoked", "ceremony.failed"])
            #expect(try room.state(of: other) == "FAILED")
        }
    }

    @Test("A drill is the rotation of a key that is there for it, by two keepers")
    func drill() throws {
        try withRoom { room in
            let first = try room.start("drill-a", "--set", "class=drill")
            try room.approve(first, by: ["alice", "bob"])
            try room.execute(first)
            try room.attest(first, by: ["alice", "bob"])
            let old = try room.keyMade(by: first)
            let id = try room.opens(["key-rotation", "drill-a", "--into", "house"])
            #expect(try room.ceremony(id).field("approvals").field("need").number == 2)
            try room.approve(id, by: ["alice", "bob"])
            try room.execute(id)
            try room.attest(id, by: ["alice", "bob"])
            #expect(try room.ceremony(id).field("key_status").text == "active")
            #expect(try room.key(old.fingerprint).field("key").field("status").text == "retiring")
            // The same people do not rotate a keeper's key.
            _ = try room.complete("keeper-alpha")
            let real = try room.opens(["key-rotation", "keeper-alpha", "--into", "house"])
            #expect(try room.ceremony(real).field("approvals").field("need").number == 3)
        }
    }

    @Test("The roster is shown as it was")
    func roster() throws {
        try withRoom { room in
            let now = try room.erin.does("roster")
            let then = try JSON(try room.erin.does("roster", "--at", "1", "--json").trimmed)
            #expect(then.field("epoch").number == 1)
            #expect(then.field("members").list.count == 8)
            #expect(then.field("at").field("seq").number == 1)
            #expect(
                try room.erin.does("roster", "--at", "2").lineList.dropFirst()
                    == now.lineList.dropFirst())
            #expect(try room.erin.run("roster", "--at", "99").status == 66)
            #expect(try room.erin.run("roster", "--at", "2020-01-01T00:00:00Z").status == 66)
            #expect(try room.erin.run("roster", "--at", "yesterday").status == 64)
        }
    }
}

/// A key that a ceremony made, and where it is in the house token.
struct MadeKey {
    let record: KeyRecord

    var fingerprint: String { "\(record.fingerprint)" }
    var line: String { record.publicKey.line }
    /// The fingerprint as file names have it.
    var hex: String { Hex.encode(record.fingerprint.bytes) }
}

extension CeremonyRoom {
    /// Somebody starts a ceremony of any kind with their key file; gives back its identifier.
    func opens(_ order: [String], by name: String = "dave") throws -> String {
        let person = person(name)
        let path = person.path("draft")
        try person.does(
            ["start"] + order + ["--reason", "it is time", "--as", name, "--draft", path])
        return try person.submits(path, .open).field("ceremony").text
    }

    /// The key that came out of a ceremony.
    func keyMade(by id: String) throws -> MadeKey {
        MadeKey(
            record: try KeyRecord(lines: try ceremony(id).field("record").list.map(\.text)))
    }

    /// What the client says of one key.
    func key(_ fingerprint: String, _ options: String...) throws -> JSON {
        try JSON(try erin.does(["key", fingerprint, "--json"] + options).trimmed)
    }

    /// Signs a file as a consumer's program would: straight through PKCS#11.
    func sign(_ message: String, with key: MadeKey, to path: String) throws {
        let bytes = SSHSIG.signedBytes(namespace: .probe, message: TestFile.bytes(message))
        try TestFile.write(path + ".bytes", bytes)
        let signed = try house.tool(
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--token-label", "house", "--login",
            "--pin", house.pin, "--id", Hex.encode(key.record.keyID), "--sign", "--mechanism",
            "EDDSA", "-i", path + ".bytes", "-o", path + ".raw")
        try #require(signed.status == 0, "\(signed.err)")
        let signature = try SSHSIG(
            signature: TestFile.bytes(path + ".raw"), key: key.record.publicKey, namespace: .probe)
        try TestFile.write(path, signature.armored)
    }

    /// Whether `ssh-keygen` takes keeper-alpha's signature by the exported files, as of a time.
    func verifies(
        _ message: String, _ signature: String, _ keys: String, list: String = "allowed_signers",
        at time: Timestamp
    ) throws -> Bool {
        let compact = "\(time)".filter { !"-:T".contains($0) }
        let ended = try house.tool(
            [
                "ssh-keygen", "-Y", "verify", "-f", "\(keys)/\(list)", "-r",
                "\(keys)/revoked_keys", "-I", "keeper-alpha", "-n",
                SignatureNamespace.probe.rawValue, "-O", "verify-time=\(compact)", "-s", signature,
            ], input: message)
        return ended.status == 0
    }
}
