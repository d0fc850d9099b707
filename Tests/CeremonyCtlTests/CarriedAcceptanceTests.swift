// A code used on a terminal where there is no daemon: the words are compared at the first contact,
// the key is made, and everything that is handed in later lies beside one another.

import CeremonyRecord
import CeremonyTerminal
import TestSupport
import Testing

@Suite("A code without a daemon")
struct CarriedAcceptanceTests {
    @Test("The words say which log it is, and the acceptance is written with both signatures")
    func written() async throws {
        try await withCustodian { alice in
            let bundle = try CarriedBundle(alice)
            let into = alice.store.directory + "/yes"
            let run = try alice.start(
                "accept", bundle.code.text, "--statement", bundle.statement, "--into", into,
                columns: 400)
            try run.expect("for the first time")
            // The words are not on the screen for whoever would only copy them.
            let words = PGPWords.words(of: bundle.code.invite.digest.bytes).prefix(8)
            #expect(!run.text.contains(words.joined(separator: " ")))
            try run.expect("Words, or nothing to stop: ")
            try run.type(words.dropLast().joined(separator: " ") + " topmost\n")
            try run.expect("Those are not the first words")
            try run.expect("Words, or nothing to stop: ")
            try run.type(words.joined(separator: " ").uppercased() + "\n")
            try run.expect("cannot be seen without its daemon")
            try run.expect("A new key is made in alice")
            try run.expect("): ")
            try run.type(SoftHSMStore.pin + "\n")
            try run.expect("By signing, you accept your part")
            try run.expect("or nothing to stop: ")
            let shown = run.text.components(between: "\r\nsha256:", and: "\r\n")
            let digest = try #require(shown.compactMap { Digest(hex: $0) }.last)
            try run.type(try #require(PGPWords.words(of: digest.bytes).last) + "\n")
            try run.expect("): ")
            try run.type(SoftHSMStore.pin + "\n")
            #expect(run.finish() == 0, "\(run.text)")
            #expect(run.text.contains("ceremonyctl submit \(into) \(into).alice.sig --possession"))
            let acceptance = try Acceptance(bytes: try bundle.read("yes"))
            #expect(acceptance.statement == bundle.code.invite.statement)
            let key = try #require(acceptance.newKey)
            for (file, signer, namespace) in [
                ("yes.alice.sig", bundle.identity, "ceremonyd-accept-v1"),
                ("yes.possession.sig", key, "ceremonyd-possession-v1"),
            ] {
                #expect(
                    try alice.opensshAccepts(
                        alice.store.directory + "/" + file, over: into, by: signer.line,
                        namespace: namespace))
            }
            // The log is known now, and nothing there is written over.
            let again = try alice.run(
                "accept", bundle.code.text, "--statement", bundle.statement, "--into", into)
            #expect(again.status == 1 && again.err.contains("file-exists"), "\(again.err)")
        }
    }

    @Test("A code for a rehearsal teaches the client nothing about the log whose name it bears")
    func rehearsal() async throws {
        try await withCustodian { alice in
            let bundle = try CarriedBundle(alice, mode: .rehearsal)
            func accept(_ name: String, _ options: String...) throws -> ClientRun {
                try alice.client.run(
                    [
                        "accept", bundle.code.text, "--statement", bundle.statement, "--as",
                        "alice", "--draft", alice.store.directory + "/" + name, "--module",
                        alice.store.modulePath, "--pin-fd", "3",
                    ] + options, pin: SoftHSMStore.pin + "\n" + SoftHSMStore.pin)
            }
            let memory =
                alice.store.directory + "/.local/state/ceremonyctl/example.org~ceremony~rehearsal"
            let first = try accept("one")
            #expect(first.status == 0 && first.err.contains("nothing of it is remembered"))
            #expect(!Files.exists(memory + "/genesis"))
            // What was made for this part is found again, and under this label alone.
            let again = try accept("two", "--genesis", "\(Digest(of: [1]))")
            #expect(again.status == 0 && again.err.contains("it is used"), "\(again.err)")
            #expect(Files.exists(memory + "/genesis"))
            let keys = try ["one", "two"].map { try Acceptance(bytes: bundle.read($0)).newKey }
            #expect(keys[0] != nil && keys[0] == keys[1])
            let statement = try Statement(bytes: try bundle.read("statement"))
            let label =
                "guardians-1." + Hex.encode(Array(statement.digest.bytes.prefix(8))) + "."
                + Hex.encode(Array(bundle.identity.fingerprint.bytes.prefix(8)))
            #expect(try alice.run("tokens", "--json").out.contains("\"\(label)\""))
        }
    }

    @Test("A key that lies there under the label is brought only if a token made and keeps it")
    func imported() async throws {
        try await withCustodian { alice in
            let bundle = try CarriedBundle(alice, mode: .rehearsal)
            let statement = try Statement(bytes: try bundle.read("statement"))
            let label =
                "guardians-1." + Hex.encode(Array(statement.digest.bytes.prefix(8))) + "."
                + Hex.encode(Array(bundle.identity.fingerprint.bytes.prefix(8)))
            let key = alice.store.directory + "/key.pem"
            _ = try alice.store.run("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key])
            _ = try alice.store.run(
                "softhsm2-util",
                [
                    "--import", key, "--token", "alice", "--label", label, "--id", "A1", "--pin",
                    SoftHSMStore.pin,
                ])
            let run = try alice.client.run(
                [
                    "accept", bundle.code.text, "--statement", bundle.statement, "--as", "alice",
                    "--draft", alice.store.directory + "/draft", "--module",
                    alice.store.modulePath, "--pin-fd", "3",
                ], pin: SoftHSMStore.pin + "\n" + SoftHSMStore.pin)
            #expect(run.status == 74 && run.err.contains("key-gate"), "\(run.err)")
            #expect(run.err.contains("local"), "\(run.err)")
            #expect(!Files.exists(alice.store.directory + "/draft"))
        }
    }

    @Test("Without the words nothing is signed, no key is made, and nothing is remembered")
    func noWords() async throws {
        try await withCustodian { alice in
            let bundle = try CarriedBundle(alice)
            let run = try alice.start(
                "accept", bundle.code.text, "--statement", bundle.statement)
            for _ in 0..<3 {
                try run.expect("Words, or nothing to stop: ")
                try run.type("adroitness\n")
            }
            #expect(run.finish() == 1)
            #expect(run.text.contains("code: invite-words"))
            #expect(!run.text.contains("PIN to"))
            let script = try alice.run(
                "accept", bundle.code.text, "--statement", bundle.statement)
            #expect(script.status == 1 && script.err.contains("genesis-unknown"), "\(script.err)")
            let other = try alice.run(
                "accept", bundle.code.text, "--statement", bundle.statement, "--genesis",
                "\(Digest(of: [9]))")
            #expect(other.status == 1 && other.err.contains("genesis-mismatch"), "\(other.err)")
            #expect(
                try alice.run("tokens", "--json").out.components(
                    between: "guardians-1", and: "\""
                ).isEmpty)
        }
    }
}

/// What is carried to an invitee: a statement of a production log, its signature, and a code.
private struct CarriedBundle {
    let identity: SSHPublicKey
    let code: InviteCode
    let statement: String
    private let directory: String

    init(_ alice: Custodian, mode: LogMode = .production) throws {
        directory = alice.store.directory
        identity = try #require(SSHPublicKey(line: alice.makeIdentity()))
        _ = try alice.store.run(
            "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", directory + "/dave"])
        let line = String(decoding: try Self.bytes(directory + "/dave.pub"), as: UTF8.self)
        let dave = try #require(
            SSHPublicKey(line: line.split(separator: " ").prefix(2).joined(separator: " ").trimmed))
        let now = Timestamp.now
        var statement = TestDocuments.statement(by: dave, witnesses: [("alice", identity)])
        statement.log = "example.org/ceremony" + (mode == .rehearsal ? "/rehearsal" : "")
        statement.mode = mode
        statement.kind = "membership"
        statement.ceremony = "guardians-1"
        statement.subject = "guardians"
        statement.subjectClass = nil
        statement.drafted = now
        statement.expires = now + 3600
        statement.fields = [
            Field(name: "epoch", value: "1"),
            Field(name: "invite", value: "key alice \(identity.fingerprint)"),
            Field(name: "acceptances", value: "all"),
        ]
        statement.accepts = [
            AcceptLine(set: "members", name: "alice", fingerprint: identity.fingerprint)
        ]
        statement = try statement.checked()
        let invite = Invite(
            log: statement.log, mode: mode, genesis: Digest(of: [1]),
            ceremony: statement.ceremony, statement: statement.digest, initiator: "dave",
            set: "members", invitee: Signatory(name: "alice", fingerprint: identity.fingerprint),
            expires: now + 900, nonce: TestDocuments.nonce)
        self.statement = try alice.write("statement", statement.text)
        _ = try Self.sign(self.statement, .open, in: alice)
        let file = try alice.write("invite", invite.text)
        code = InviteCode(invite, signedBy: try Self.sign(file, .invite, in: alice))
    }

    func read(_ name: String) throws -> [UInt8] { try Self.bytes(directory + "/" + name) }

    private static func bytes(_ path: String) throws -> [UInt8] { try Files.read(path) }

    private static func sign(_ file: String, _ namespace: SignatureNamespace, in alice: Custodian)
        throws -> SSHSIG
    {
        let key = alice.store.directory + "/dave"
        _ = try alice.store.run(
            "ssh-keygen", ["-q", "-Y", "sign", "-f", key, "-n", namespace.rawValue, file])
        return try SSHSIG(armored: try bytes(file + ".sig"))
    }
}
