// Founding a log as its founders do: plan, draft, signatures in tokens and elsewhere; and the
// reader of plans, line by line.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("genesis")
struct GenesisTests {
    @Test("a plan becomes a document that founders sign and ssh-keygen verifies")
    func draftAndSign() async throws {
        try await withCustodian { alice in
            let line = try alice.makeIdentity()
            let serial = try alice.serial(of: "alice")
            // Bob's key is a file; he has no token at all.
            let bobKey = alice.store.directory + "/bob"
            _ = try alice.store.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", bobKey])
            let bobLine = try alice.store.run("cat", [bobKey + ".pub"]).trimmed
            let plan = try alice.write(
                "plan",
                TestDocuments.plan(
                    "member: bob keeper witness Bob", "key: bob none \(bobLine)",
                    "member: alice keeper witness,operator Alice Müller",
                    "key: alice \(serial) \(line)", "policy: overlap-days 14"))
            let file = alice.store.directory + "/genesis.txt"

            let drafted = try alice.client.run("genesis", "draft", plan, "-o", file)
            #expect(drafted.status == 0, "\(drafted.err)")
            let genesis = try Genesis(bytes: Array(alice.store.run("cat", [file]).utf8))
            #expect(drafted.out.trimmed == genesis.digest.description)
            #expect(genesis.members.map(\.name) == ["alice", "bob"])
            #expect(genesis.members[0].roles == [.operator, .witness])
            let policy = try Policy(genesis.policy)
            #expect(policy.overlapDays == 14)
            #expect(policy.initiatorCounts)
            #expect(policy.kinds["new_keeper_key"] == Policy.Entry(threshold: 1, attest: 1))
            #expect(drafted.err.contains("new_keeper_key: 1 must approve"))
            #expect(try alice.client.run("genesis", "draft", plan, "-o", file).status == 1)

            let signed = try alice.run(
                "genesis", "sign", file, "--confirm", genesis.digest.description,
                pin: SoftHSMStore.pin)
            #expect(signed.status == 0, "\(signed.err)")
            #expect(signed.out == file + ".alice.sig\n")
            #expect(signed.err.contains("Not yet here: the signatures of bob."))
            #expect(
                try alice.opensshAccepts(
                    file + ".alice.sig", over: file, by: line, namespace: "ceremonyd-genesis-v1"))

            _ = try alice.store.run(
                "ssh-keygen", ["-Y", "sign", "-f", bobKey, "-n", "ceremonyd-genesis-v1", file])
            let bob = try alice.run("genesis", "sign", file, "--signature", file + ".sig")
            #expect(bob.status == 0, "\(bob.err)")
            #expect(bob.out == file + ".bob.sig\n")
            #expect(bob.err.contains("`ceremonyd init` can be run"))
        }
    }

    @Test("a person's second key signs too, under its own name")
    func secondKey() async throws {
        try await withCustodian(tokens: ["first", "second"]) { alice in
            var lines: [String] = []
            for label in ["second", "first"] {
                let run = try alice.run(
                    "identity", "create", "--token", alice.serial(of: label),
                    pin: SoftHSMStore.pin)
                lines.append(run.out.trimmed)
            }
            let plan = try alice.write(
                "plan",
                TestDocuments.plan(
                    "member: alice keeper witness Alice", "key: alice none \(lines[0])",
                    "key: alice none \(lines[1])", "member: bob keeper witness Bob",
                    "key: bob none \(TestDocuments.strangers[1].line)"))
            let file = alice.store.directory + "/genesis.txt"
            #expect(try alice.client.run("genesis", "draft", plan, "-o", file).status == 0)
            let signed = try alice.run(
                "genesis", "sign", file, "--confirm", file,
                pin: SoftHSMStore.pin + "\n" + SoftHSMStore.pin)
            #expect(signed.out == "\(file).alice.sig\n\(file).alice+2.sig\n", "\(signed.err)")
            for (line, name) in zip(lines, ["alice", "alice+2"]) {
                #expect(
                    try alice.opensshAccepts(
                        "\(file).\(name).sig", over: file, by: line,
                        namespace: "ceremonyd-genesis-v1"))
            }
        }
    }

    @Test("nobody signs a document that does not name their key, or another than was confirmed")
    func refusals() async throws {
        try await withCustodian { alice in
            let line = try alice.makeIdentity()
            let stranger = TestDocuments.strangers[1].line
            let plan = try alice.write(
                "plan",
                TestDocuments.plan(
                    "member: alice keeper witness Alice", "key: alice none \(line)",
                    "member: bob keeper witness Bob", "key: bob none \(stranger)"))
            let file = alice.store.directory + "/genesis.txt"
            #expect(try alice.client.run("genesis", "draft", plan, "-o", file).status == 0)

            let other = try alice.run(
                "genesis", "sign", file, "--json", "--confirm", Digest(of: []).description,
                pin: SoftHSMStore.pin)
            #expect(other.status == 1)
            #expect(other.out.contains("\"code\":\"confirm-mismatch\""))
            let asBob = try alice.run(
                "genesis", "sign", file, "--json", "--as", "bob", "--confirm", file,
                pin: SoftHSMStore.pin)
            #expect(asBob.status == 77)
            let asCarol = try alice.run(
                "genesis", "sign", file, "--as", "carol", "--confirm", file, pin: SoftHSMStore.pin)
            #expect(asCarol.status == 77)
            #expect(!asCarol.err.contains("Signing as"))

            // What is there already is left alone, and that is known before a PIN is asked for.
            try alice.write("genesis.txt.alice.sig", "mine")
            let again = try alice.run(
                "genesis", "sign", file, "--json", "--confirm", file, pin: "not-the-pin")
            #expect(again.status == 1)
            #expect(again.out.contains("\"code\":\"file-exists\""))
            #expect(try alice.store.run("cat", [file + ".alice.sig"]) == "mine")
        }
    }

    @Test("genesis plan prints a template whose examples only have to be replaced")
    func template() async throws {
        try await withCustodian(tokens: []) { alice in
            let run = try alice.client.run("genesis", "plan")
            #expect(run.status == 0)
            let filled = run.out.replacing("VKEY", with: TestDocuments.logKey.vkey)
                .replacing("MAKER", with: "Maker").replacing("MODEL", with: "Model")
            var lines = filled.split(separator: "\n", omittingEmptySubsequences: false)
                .map(String.init)
            var point: UInt8 = 0
            for (index, line) in lines.enumerated() where line.hasPrefix("key: ") {
                lines[index] = line.replacing(
                    "ssh-ed25519 BASE64", with: soundKey(&point).line
                )
                .replacing("SERIAL", with: "\(index)")
            }
            let plan = try alice.write("plan", lines.joined(separator: "\n"))
            let drafted = try alice.client.run("genesis", "draft", plan)
            #expect(drafted.status == 0, "\(drafted.err)")
            #expect(drafted.out.hasPrefix("ceremonyd genesis v1\n"))
            #expect(drafted.err.contains("NO SPARE, not without alice, bob, carol"))
        }
    }

    @Test("what the rules refuse is not drafted, and a production without a spare wants a flag")
    func rules() async throws {
        try await withCustodian(tokens: []) { alice in
            let key = TestDocuments.strangers[1].line
            let people = [
                "member: alice keeper witness,operator Alice", "key: alice none \(key)",
                "member: bob keeper witness Bob", "key: bob none \(TestDocuments.third.line)",
            ]
            func draft(_ lines: [String], _ options: String...) throws -> ClientRun {
                let plan = try alice.write(
                    "plan", TestDocuments.plan(lines.joined(separator: "\n")))
                return try alice.client.run(["genesis", "draft", plan, "--json"] + options)
            }
            #expect(try draft(people).status == 0)
            let unmeetable = try draft(people + ["policy: kinds.new-keeper-key.attest 3"])
            #expect(unmeetable.status == 1)
            #expect(unmeetable.out.contains("\"code\":\"unmeetable\""))

            for bad in [
                "policy: kinds.new-keeper-key.treshold 2", "policy: overlap-days many",
                "policy: initiator-counts 1", "policy: overlap-days.keeper 3",
                "policy: initiator-counts no", "policy: kinds.unknown.threshold 2",
            ] {
                let run = try draft(people + [bad])
                #expect(run.status == 65, "\(bad): \(run.out)")
            }

            var production = TestDocuments.plan(
                (1...2).map { number in
                    let point = number == 1 ? TestDocuments.strangers[1] : TestDocuments.third
                    return "member: m\(number) keeper witness M\nkey: m\(number) none \(point.line)"
                }.joined(separator: "\n")
            )
            .replacing("/rehearsal", with: "").replacing(
                "mode: rehearsal", with: "mode: production"
            )
            .replacing("threshold 1", with: "threshold 2")
            let vkey = try #require(
                NoteKey(name: "example.org/ceremony", publicKey: TestDocuments.logKey.publicKey))
            production = production.split(separator: "\n").map {
                $0.hasPrefix("log-key:")
                    ? "log-key: \(vkey.vkey) pkcs11:token=h;manufacturer=M;model=M;serial=1"
                    : String($0)
            }.joined(separator: "\n")
            let plan = try alice.write("plan", production)
            let refused = try alice.client.run("genesis", "draft", plan, "--json")
            #expect(refused.status == 1)
            #expect(refused.out.contains("\"code\":\"no-spare\""), "\(refused.out)")
            let accepted = try alice.client.run("genesis", "draft", plan, "--accept-no-spare")
            #expect(accepted.status == 0, "\(accepted.err)")
        }
    }

    /// The next sound public key in a search from small numbers.
    private func soundKey(_ start: inout UInt8) -> SSHPublicKey {
        while true {
            start += 1
            if let key = SSHPublicKey(ed25519: [start] + [UInt8](repeating: 7, count: 31)) {
                return key
            }
        }
    }
}

@Suite("genesis plan")
struct GenesisPlanTests {
    @Test(
        "a line that is not understood is named by its number",
        arguments: [
            ("origin: example.org/x\norigin: again", 2), ("colour: red", 1), ("no colon", 1),
            ("mode: drill", 1), ("member: alice", 1), ("member: alice king none Alice", 1),
            ("member: alice keeper witness,witness Alice", 1),
            ("key: alice none ssh-ed25519 AAAA", 1),
            ("member: a keeper none A\nmember: a keeper none A", 2), ("log-key: only", 1),
            ("policy: alone", 1), ("continues: example.org/x 0 sha256:00", 1), ("origin:", 1),
        ])
    func badLines(text: String, line: Int) throws {
        let error = #expect(throws: ClientError.self) { try GenesisPlan(Array(text.utf8)) }
        #expect(error?.status == .malformed)
        #expect(error?.happened.contains("Line \(line) of the plan") == true, "\(error as Any)")
    }

    @Test("what is missing is named", arguments: ["origin", "mode", "log-key", "member", "key"])
    func missing(field: String) throws {
        let whole = TestDocuments.plan(
            "member: alice keeper witness Alice",
            "key: alice none \(TestDocuments.strangers[1].line)")
        #expect(throws: Never.self) { try GenesisPlan(Array(whole.utf8)) }
        let lines = whole.split(separator: "\n").filter {
            !$0.hasPrefix(field + ":") && !(field == "member" && $0.hasPrefix("key:"))
        }
        let error = #expect(throws: ClientError.self) {
            try GenesisPlan(Array(lines.joined(separator: "\n").utf8))
        }
        #expect(error?.code == "plan")
    }

    @Test("a comment behind a key, carriage returns and blanks at line ends do no harm")
    func lenient() throws {
        let key = TestDocuments.strangers[1].line
        let text = TestDocuments.plan(
            "member: alice keeper none Alice \t", "key:  alice  none  \(key) alice@home, my key")
        let plan = try GenesisPlan(Array(text.replacing("\n", with: "\r\n").utf8))
        #expect(plan.members.map(\.display) == ["Alice"])
        #expect(plan.members[0].keys.map(\.key.line) == [key])
    }
}
