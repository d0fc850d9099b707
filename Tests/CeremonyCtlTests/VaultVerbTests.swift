// The verbs about vaults: what a rotation is asked for is what is drafted, the gate says no for as
// long as it has to, and what is due names the vault's own command.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara
import Synchronization
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("vaults")
struct VaultVerbTests {
    private static let policy: Policy = {
        var policy = House.policy
        policy.drillDays = 3660
        policy.rotationDays = ["keeper": 3660, "provara_root": 730]
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return policy
    }()
    private static let revoke = "\(House.keyID(House.vaultRootKey))"
    private static let authority = "\(House.keyID(House.vaultQuorumKey))"

    private static func house() throws -> House {
        var house = try House(policy: policy)
        house.now = .now
        house.hold(House.vaultQuorumKey)
        return house
    }

    /// The draft that `provara rotate` writes, or its refusal.
    private func drafts(_ daemon: PaperDaemon, _ options: String...) throws -> (
        ClientRun, Statement?
    ) {
        let path = "\(daemon.directory)/draft-\(UInt64.random(in: 0 ... .max))"
        let run = try daemon.run(
            [
                "provara", "rotate", "alpha", "--revoke", Self.revoke, "--with-authority",
                Self.authority, "--reason", "it is time", "--as", "dave", "--draft", path,
            ] + options)
        guard run.status == 0 else { return (run, nil) }
        let lines = try Files.read(path).split(separator: 0x0a)
        return (run, try Statement(lines: lines.map { String(decoding: $0, as: UTF8.self) }))
    }

    @Test("The short form asks for what it says, and names the key after its role")
    func rotate() throws {
        let daemon = try PaperDaemon(try Self.house())
        defer { daemon.stop() }
        let (run, first) = try drafts(daemon)
        let statement = try #require(first, "\(run.err)")
        #expect(statement.kind == "provara-rotation" && statement.subject == "alpha-root")
        #expect(statement.fields["boundary"] == House.vaultLast)
        #expect(statement.fields["promoter"] == Self.authority)
        #expect(run.err.contains("Everything that the old key has signed stays trusted"))
        #expect(!run.err.contains("WARNING"))
        let stranger = SoftwareKey(77).fingerprint
        let (full, other) = try drafts(
            daemon, "--subject", "old-root", "--trust-boundary", House.vaultLast, "--cause",
            "key_compromise", "--roles", "root", "--old-status", "revoked", "--peers",
            "gina,zoe=\(stranger)", "--authority-by", "gina")
        let said = try #require(other, "\(full.err)")
        #expect(said.subject == "old-root" && said.fields["roles"] == "root")
        #expect(said.fields["cause"] == "key_compromise")
        #expect(said.accepts.map(\.name) == ["gina"])
        let gina = try #require(said.accepts.first?.fingerprint)
        #expect(said.fields.all("peer") == ["gina \(gina)", "zoe \(stranger)"])
        #expect(full.err.contains("WARNING: keys.json will call the old key `revoked`"))
        #expect(full.err.contains("which gina holds and is asked for"))
    }

    @Test(
        "A draft that is not what was asked for, or does not follow from it, is not signed",
        arguments: [
            "boundary: none", "boundary: evt_" + String(repeating: "b", count: 24),
            "roles: attestation", "cause: device_loss", "old-status: revoked", "vault: beta",
            "promoter: \(House.keyID(House.vaultRootKey))", "authority-by: gina", "actor: mallory",
            "revoke: \(House.keyID(House.vaultQuorumKey))",
        ])
    func lies(_ told: String) throws {
        let daemon = try PaperDaemon(try Self.house())
        defer { daemon.stop() }
        let name = told.prefix { $0 != ":" } + ":"
        daemon.lies { method, reply in
            guard method == "Draft", case .array(let lines)? = reply["document"] else { return }
            reply["document"] = .array(
                lines.map { line in
                    guard case .string(let text) = line, text.hasPrefix(name) else { return line }
                    return .string(told)
                })
        }
        let (run, statement) = try drafts(daemon)
        #expect(statement == nil && run.status == 1, "\(run.err)")
        #expect(run.err.contains("code: draft-differs"), "\(run.err)")
    }

    @Test("A path is told where its name stands, and ids that are none are usage errors")
    func usage() throws {
        let daemon = try PaperDaemon(try Self.house())
        defer { daemon.stop() }
        for arguments in [
            [
                "provara", "rotate", "/srv/alpha", "--revoke", Self.revoke, "--with-authority",
                Self.authority, "--reason", "r",
            ], ["provara", "gate", "./alpha", "L3"],
        ] {
            let run = try daemon.run(arguments)
            #expect(run.status == 64 && run.err.contains("[vaults.NAME]"), "\(run.err)")
        }
        for options in [
            ["--trust-boundary", "evt_1"], ["--promoter", "bp1_zz"], ["--promoter-by", "gina"],
            ["--peers", "nobody"],
        ] {
            let path = daemon.directory + "/draft"
            let run = try daemon.run(
                [
                    "provara", "rotate", "alpha", "--revoke", Self.revoke, "--with-authority",
                    Self.authority, "--reason", "r", "--as", "dave", "--draft", path,
                ] + options)
            #expect(run.status == 64, "\(options) \(run.err)")
        }
        #expect(try daemon.run("provara", "gate", "alpha", "L4").status == 64)
    }

    @Test("The gate is shut from the start until the vault is written and every peer has confirmed")
    func gate() throws {
        var house = try Self.house()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        func gate(_ house: House, _ arguments: String...) throws -> ClientRun {
            daemon.house.withLock { $0 = house }
            return try daemon.run(["provara", "gate"] + arguments)
        }
        let unknown = try gate(house, "alpha", "L3")
        #expect(unknown.status == 66 && unknown.err.contains("was ever about a vault alpha"))
        #expect(unknown.err.contains("code: unknown-vault"))
        #expect(try gate(house, "alpha", "L0").status == 66)
        #expect(try gate(house, "alpha", "L3", "--never-rotated").status == 0)
        let statement = try house.executingVaultRotation(
            authority: House.vaultQuorumKey.publicKey, ["peers": "gina"])
        let executing = try gate(house, "alpha", "L3")
        #expect(executing.status == 1 && executing.err.contains("it is EXECUTING"))
        #expect(executing.err.contains("code: rotation-under-way"))
        // The vault's own name does as well; another vault has nothing to do with it.
        #expect(try gate(house, "01JTEST", "L3").status == 1)
        #expect(try gate(house, "beta", "L3", "--never-rotated").status == 0)
        #expect(try gate(house, "alhpa", "L3").status == 66)
        // That a vault was never rotated opens nothing where one is just being rotated.
        #expect(try gate(house, "alpha", "L3", "--never-rotated").status == 1)
        #expect(try gate(house, "alpha", "L2").status == 0)
        #expect(try gate(house, "alpha", "L2", "--l2").status == 1)
        #expect(try gate(house, "alpha", "L1", "--l2").status == 0)
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        let written = try gate(house, "alpha", "L3")
        #expect(written.status == 1 && written.err.contains("the vault is not written yet"))
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        let waits = try gate(house, "alpha", "L3")
        #expect(waits.status == 1 && waits.err.contains("not confirmed yet by: gina"))
        let act = try house.act(.confirm, by: "gina", on: statement.ceremony)
        try house.decide(house.signed(act).command)
        let open = try gate(house, "alpha", "L3", "--json")
        #expect(open.status == 0 && open.out.contains("\"known\":true"), "\(open.err)")
        // A daemon that cannot show its log lets nobody through.
        daemon.lies { method, reply in
            guard method == "Log", case .array(var lines)? = reply["lines"], lines.count > 1
            else { return }
            lines.removeAll()
            reply["lines"] = .array(lines)
        }
        #expect(try gate(house, "alpha", "L3").status == 1)
    }

    @Test("A rotation that has failed keeps nobody waiting")
    func failed() throws {
        var house = try Self.house()
        let statement = try house.executingVaultRotation(
            authority: House.vaultQuorumKey.publicKey)
        try house.decide(
            .fail(ceremony: statement.ceremony, Failure(reason: "interrupted")))
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("provara", "gate", "alpha", "L3").status == 0)
    }

    @Test("A vault's key that is due names its own command, by age and by a note")
    func due() throws {
        var house = try Self.house()
        let statement = try house.executingVaultRotation(
            authority: House.vaultQuorumKey.publicKey)
        let record = try #require(try house.complete(statement.ceremony, key: 600))
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let command =
            "ceremonyctl provara rotate alpha --revoke "
            + "\(KeyID(publicKey: record.publicKey.point)) --with-authority AUTHORITY --into TOKEN"
        let coming = try daemon.run("due")
        #expect(coming.status == 0 && coming.out.contains(command), "\(coming.out)")
        let path = daemon.directory + "/note"
        let unknown = try daemon.run(
            "note", "who is that", "--rotate", "beta-root", "--as", "dave", "--draft", path)
        #expect(unknown.status == 66 && unknown.err.contains("code: unknown-key"))
        let note = try daemon.run(
            "note", "the officer has left", "--rotate", "alpha-root", "--as", "dave", "--draft",
            path)
        #expect(note.status == 0, "\(note.err)")
        let lines = try Files.read(path).split(separator: 0x0a)
        let act = try Act(lines: lines.map { String(decoding: $0, as: UTF8.self) })
        #expect(act.evidence.map(\.what) == ["rotate"])
        try daemon.house.withLock { house in
            let signed = Signed(act, by: house.person("dave").keys[0], for: .act)
            _ = try house.decide(signed.command)
        }
        let due = try daemon.run("due")
        #expect(due.status == 75, "\(due.out)")
        #expect(due.out.contains("a note of") && due.out.contains(command), "\(due.out)")
        let next = try daemon.run("next", "--as", "dave")
        #expect(next.out.contains(command), "\(next.out)")
    }

    @Test("A violation is told with its rule, its event and its line; contested events are listed")
    func verify() throws {
        let place = try VaultPlace()
        let client = ClientProcess(directory: place.directory)
        let sound = try client.run(
            "provara", "verify", try place.vault("vault_after_compromise", as: "sound"))
        #expect(sound.status == 0, "\(sound.err)")
        #expect(sound.out.contains("IN ORDER") && sound.out.contains("contested: "))
        #expect(sound.out.contains("attested again by") && sound.out.contains("revoked by"))
        let broken = try place.vault("vault_after_rotation", as: "broken")
        var log = try place.text("broken/events/events.ndjson")
        let id = try #require(
            log.components(between: "\"event_id\":\"", and: "\"").dropFirst().first)
        log = log.replacing("\"event_id\":\"\(id)\"", with: "\"event_id\":\"\(id.dropLast())0\"")
        try place.write("broken/events/events.ndjson", log)
        try place.write("broken/identity/private_keys.json", "{\"private_key_b64\":\"AAAA\"}")
        let run = try client.run("provara", "verify", broken)
        #expect(run.status == 1, "\(run.out)")
        #expect(run.out.contains("VIOLATION: ") && run.out.contains("line 2, evt_"), "\(run.out)")
        #expect(run.out.contains("[manifest.stale]") && run.out.contains("NOT IN ORDER"))
        #expect(run.out.contains("warning: ") && run.out.contains("structure.private-key"))
        let json = try client.run("provara", "verify", broken, "--json")
        #expect(json.status == 1 && json.out.split(separator: "\n").count == 1)
        #expect(json.out.contains("\"in_order\":false") && json.out.contains("\"line\":2"))
        #expect(try client.run("provara", "verify", place.directory + "/none").status == 66)
    }
}
