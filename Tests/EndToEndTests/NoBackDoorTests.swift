// There is one way to add an approval, a member or an outcome: a document that somebody signed.
// Everything else that there is gets tried: every method, every option of both programs, the
// database.

import CeremonyRecord
import CeremonyWire
import Testing

@Suite("No way around a signature")
struct NoBackDoorTests {
    @Test("No method but Submit changes the log, whatever it is called with")
    func methods() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let before = try (room.log(), room.everything())
            let text = try WireClient(path: room.socket).call(
                "org.varlink.service.GetInterfaceDescription",
                ["interface": .string(CeremonyInterface.name)])
            let methods = JSON.object(text).field("description").text.lineList
                .filter { $0.hasPrefix("method ") }
                .map { String($0.dropFirst(7).prefix { $0 != "(" }) }
            #expect(methods.count == 25 && methods.contains("Submit"), "\(methods)")
            let key = try #require(SSHPublicKey(line: room.person("frank").publicKey))
            let all: [String: JSON] = [
                "ceremony": .string(id), "kind": .string("new-keeper-key"),
                "subject": .string("other"), "into": .string("house"),
                "initiator": .string("dave"), "reason": .string("x"), "token": .string("house"),
                "key": .string("\(key.fingerprint)"), "seq": .number(0), "from": .number(0),
                "to": .number(1), "state": .string("COMPLETED"), "limit": .number(1),
                "date": .string(try room.today), "clock": .string(try room.today),
                "signatures": .strings([Base64.encode([UInt8](repeating: 0, count: 64))]),
            ]
            let attempts: [[String: JSON]] = [
                [:], all, ["ceremony": .string(id)],
                ["ceremony": .string(id), "approve": .bool(true)],
                [
                    "ceremony": .string(id), "witness": .string("frank"),
                    "state": .string("APPROVED"),
                ],
                ["event": .string(try room.log()[3])], ["lines": .array([.string("x")])],
                ["members": .array([])], ["force": .bool(true)], ["test": .bool(true)],
            ]
            for method in methods where method != "Submit" && method != "Lock" {
                for parameters in attempts + all.map({ [$0: $1] }) {
                    _ = try? room.call(method, parameters)
                }
            }
            for method in [
                "Approve", "Witness", "Append", "AddMember", "SetRoster", "SetPolicy", "Complete",
                "Execute", "Import", "Reset", "Unhalt", "Debug", "Test", "Skip",
            ] {
                #expect(throws: WireError.self) { try room.call(method, all) }
            }
            let empty: [[String: JSON]] = [
                [:], ["document": .array([]), "signature": .string("")],
                ["document": .array([.string("x")]), "signature": .string("")],
                ["signature": .string(""), "force": .bool(true)],
            ]
            for parameters in empty {
                #expect(throws: WireError.self) { try room.call("Submit", parameters) }
            }
            let statement = try room.ceremony(id).field("document")
            for signature in ["", "AAAA", Base64.encode(Array("SSHSIG".utf8))] {
                #expect(throws: WireError.self) {
                    try room.call(
                        "Submit", ["document": statement, "signature": .string(signature)])
                }
            }
            _ = try? room.call("Lock")
            #expect(try room.log() == before.0)
            #expect(try room.everything() == before.1)
        }
    }

    @Test("The options of both programs are those that somebody has looked at")
    func options() throws {
        let room = try CeremonyRoom.copy()
        let client = try Self.options(of: "ceremonyctl", room)
        let daemon = try Self.options(of: "ceremonyd", room)
        // An option that is new here must not be a way to act without a signature. Then it goes in.
        let lookedAt: Set = [
            "accept-no-spare", "approve", "as", "at", "bundle", "ceremony", "chain", "clock",
            "config", "confirm", "continues", "current", "document", "draft", "evidence", "export",
            "final-try",
            "follow", "from", "genesis", "help", "id", "into", "inventory", "json", "key",
            "key-id", "label", "last-try", "limit",
            "module", "more", "open",
            "origin", "output", "pin-fd", "pin-file", "reason", "rehearsal", "sample", "seen",
            "set", "show", "signature", "socket", "state", "status", "subject", "supersede",
            "token",
            "token-lost", "version", "wait", "holder", "member", "remove", "display", "part",
            "new-key", "kind", "roles", "policy", "add-key", "remove-key",
            // Vaults: what is asked for, what is read, and whom a note is about. Each ends in a
            // document to be signed, or in reading; apply-rotation writes a copy without a daemon.
            "revoke", "with-authority", "authority-by", "promoter", "promoter-by",
            "trust-boundary", "cause", "old-status", "peers", "vault", "vouch", "l2", "rotate",
            "reattest", "vault-copy", "never-rotated",
            // Authorities: whose signature comes along, what is compared, and what is shown.
            "possession", "statement", "statement-signature", "fingerprint", "epoch", "for",
            "minutes", "qr", "plain",
            // Rehearsals: a log of their own, and what befalls its participants. RehearsalTests
            // and RehearsalSeedingTests try to get an outcome out of them.
            "people", "keep", "hands-on", "declines", "loses", "crash",
            // Guarded tokens: what is only shown, and PINs that are tried. A brought key that goes
            // from one's own token by its fingerprint.
            "dry-run", "typed-pin", "daemon-final-try", "destroy",
        ]
        #expect(client.contains("signature") && daemon.contains("config"))
        let new = client.union(daemon).subtracting(lookedAt)
        #expect(new.isEmpty, "\(new)")
        // Nothing is taken from the environment but where people's own things are.
        for (program, allowed) in [("ceremonyctl", 3), ("ceremonyd", 0)] {
            let found = try room.house.tool(
                "grep", "-rhoE", "getenv\\(|environment\\[|ProcessInfo",
                Program.sources + "/Sources/" + program
            ).out.lineList
            #expect(found.count <= allowed, "\(program): \(found)")
        }
    }

    @Test(
        "An event that nobody signed, put into the database behind the daemon's back, keeps it from starting"
    )
    func database() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            try room.approve(id, by: ["erin"])
            let lines = try room.log()
            let real = try #require(lines.last)
            try room.stop()
            let database = try #require(
                try room.house.tool("find", room.stateDirectory, "-name", "*.sqlite").out.lineList
                    .first)
            // The triggers refuse what is not an event at the end.
            for statement in ["DELETE FROM event", "UPDATE event SET line = x'7b7d' WHERE seq = 1"]
            {
                let ended = try room.python(
                    """
                    from sqlite3 import connect
                    from sys import argv
                    connect(argv[1]).execute(argv[2])
                    """,
                    database, statement)
                #expect(ended.status != 0 && ended.err.contains("append-only"), "\(ended.err)")
            }
            // erin's signature under frank's name, with chain, tree and head as they would be.
            let key = { (name: String) throws -> String in
                try #require(SSHPublicKey(line: room.person(name).publicKey)).fingerprint
                    .description
            }
            guard case .object(var event) = try JSON(real),
                case .object(var body)? = event["body"]
            else { throw TestTrouble(what: "no event") }
            body["witness"] = .string("frank")
            body["key"] = .string(try key("frank"))
            body["count"] = .number(2)
            event["body"] = .object(body)
            event["seq"] = .number(lines.count)
            event["prev"] = .string(TreeHash.leaf(Array(real.utf8)).hex)
            let forged = JSON.object(event).canonicalBytes
            var tree = MerkleTree()
            for line in lines.map({ Array($0.utf8) }) + [forged] {
                tree.append(leaf: TreeHash.leaf(line))
            }
            let file = room.directory + "/forged"
            try TestFile.write(file, forged)
            let ended = try room.python(
                """
                from sqlite3 import connect
                from sys import argv
                db = connect(argv[1])
                line = open(argv[2], 'rb').read()
                db.execute('INSERT INTO event VALUES (?, ?)', (int(argv[3]), line))
                db.execute('UPDATE head SET size = ?, root = ?',
                           (int(argv[3]) + 1, bytes.fromhex(argv[4])))
                db.commit()
                """, database, file, "\(lines.count)", tree.root.hex)
            try #require(ended.status == 0, "\(ended.err)")
            let started = try room.ceremonyd("run", "--config", room.directory + "/ceremonyd.toml")
            #expect(started.status != 0)
            #expect(started.err.contains("\(lines.count)"), "\(started.err)")
            #expect(started.err.contains("next: "), "\(started.err)")
        }
    }

    /// The long options of a program and of all its verbs, hidden ones included.
    private static func options(of program: String, _ room: CeremonyRoom) throws -> Set<String> {
        let dumped = try room.house.tool(
            Program.products + "/" + program, "--experimental-dump-help")
        var found: Set<String> = []
        func walk(_ command: JSON) {
            for argument in command.field("arguments").list {
                for name in argument.field("names").list where name.field("kind").text == "long" {
                    found.insert(name.field("name").text)
                }
            }
            command.field("subcommands").list.forEach(walk)
        }
        walk(try JSON(dumped.out).field("command"))
        return found
    }
}

extension CeremonyRoom {
    /// Runs a Python program.
    func python(_ program: String, _ arguments: String...) throws -> Ended {
        try house.tool(["python3", "-c", program] + arguments)
    }
}
