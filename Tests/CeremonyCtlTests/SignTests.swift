// `sign FILE`: who may sign what, in which namespace, with ssh-keygen as the judge; and everything
// that must not be signed.

import CeremonyRecord
import TestSupport
import Testing

@Suite("sign")
struct SignTests {
    @Test(
        "what is none of our documents is refused before any PIN",
        arguments: [
            "junk\n", "", "ceremonyd statement v2\n", "ceremonyd statement v1\n",
            "SSHSIG and whatever\n",
        ])
    func junk(text: String) async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let file = try alice.write("junk", text)
            let run = try alice.run("sign", file, "--json", "--confirm", file, pin: "not-the-pin")
            #expect(run.status == 65)
            #expect(run.out.contains("\"code\":\"not-our-document\""))
            #expect(try alice.run("tokens", "--json").out.contains("\"pin_tries\":\"ok\""))
        }
    }

    @Test("a statement with one bit more than its format allows is refused")
    func damaged() async throws {
        try await withCustodian { alice in
            let key = try #require(SSHPublicKey(line: alice.makeIdentity()))
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("alice", key)])
            let file = try alice.write("s.txt", statement.text + "\n")
            #expect(try alice.run("sign", file, "--confirm", file).status == 65)
        }
    }

    @Test("an initiator who is no witness is told how a statement is opened")
    func initiator() async throws {
        try await withCustodian { alice in
            let key = try #require(SSHPublicKey(line: alice.makeIdentity()))
            let statement = TestDocuments.statement(
                by: key, witnesses: [("bob", TestDocuments.strangers[0])])
            let file = try alice.write("s.txt", statement.text)
            for run in [
                try alice.run("sign", file, "--confirm", file),
                try alice.run("sign", file, "--confirm", file, "--as", "dave"),
            ] {
                #expect(run.status == 77)
                #expect(run.err.contains("code: not-listed"), "\(run.err)")
                #expect(run.err.contains("ceremonyctl sign --open"), "\(run.err)")
            }
            let other = try alice.run("sign", file, "--confirm", file, "--as", "carol")
            #expect(other.status == 77 && !other.err.contains("--open"), "\(other.err)")
        }
    }

    @Test("a witness approves a statement and the initiator opens it, each in its namespace")
    func statement() async throws {
        try await withCustodian { alice in
            let line = try alice.makeIdentity()
            let key = try #require(SSHPublicKey(line: line))
            let statement = TestDocuments.statement(by: key, witnesses: [("alice", key)])
            let file = try alice.write("s.txt", statement.text)
            let approved = try alice.run(
                "sign", file, "--confirm", statement.digest.description, pin: SoftHSMStore.pin)
            #expect(approved.out == file + ".alice.sig\n", "\(approved.err)")
            #expect(
                try alice.opensshAccepts(
                    file + ".alice.sig", over: file, by: line, namespace: "ceremonyd-approve-v1"))
            let opened = try alice.run(
                "sign", file, "--open", "--confirm", statement.digest.hex, pin: SoftHSMStore.pin)
            #expect(opened.out == file + ".dave.sig\n", "\(opened.err)")
            #expect(
                try alice.opensshAccepts(
                    file + ".dave.sig", over: file, by: line, namespace: "ceremonyd-open-v1"))
            #expect(try alice.run("sign", file, "--open", "--approve").status == 64)
        }
    }

    @Test("whoever a statement does not list is refused before any PIN")
    func notListed() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("bob", TestDocuments.strangers[1])])
            let file = try alice.write("s.txt", statement.text)
            let run = try alice.run("sign", file, "--json", "--confirm", file, pin: "not-the-pin")
            #expect(run.status == 77)
            #expect(run.out.contains("\"code\":\"not-listed\""))
            #expect(try alice.run("tokens", "--json").out.contains("\"pin_tries\":\"ok\""))
        }
    }

    @Test("where tokens of two people are here, the one who signs has to be named")
    func twoPeople() async throws {
        try await withCustodian(tokens: ["alice", "bob"]) { here in
            var keys: [SSHPublicKey] = []
            for label in ["alice", "bob"] {
                let run = try here.run(
                    "identity", "create", "--token", here.serial(of: label),
                    pin: SoftHSMStore.pin)
                keys.append(try #require(SSHPublicKey(line: run.out.trimmed)))
            }
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("alice", keys[0]), ("bob", keys[1])])
            let file = try here.write("s.txt", statement.text)
            let several = try here.run("sign", file, "--json", "--confirm", file)
            #expect(several.status == 74)
            #expect(several.out.contains("\"code\":\"ambiguous-signer\""))
            let bob = try here.run(
                "sign", file, "--as", "bob", "--confirm", file, pin: SoftHSMStore.pin)
            #expect(bob.out == file + ".bob.sig\n", "\(bob.err)")
            let alice = try here.run(
                "sign", file, "--token", here.serial(of: "alice"), "--confirm", file,
                pin: SoftHSMStore.pin)
            #expect(alice.out == file + ".alice.sig\n", "\(alice.err)")
        }
    }

    @Test("a key record is attested by the person who says who they are")
    func keyRecord() async throws {
        try await withCustodian { alice in
            let line = try alice.makeIdentity()
            let key = try #require(SSHPublicKey(line: line))
            let record = TestDocuments.record(
                of: TestDocuments.statement(by: key, witnesses: [("alice", key)]))
            let file = try alice.write("r.txt", record.text)
            #expect(try alice.run("sign", file, "--confirm", file).status == 64)
            let run = try alice.run(
                "sign", file, "--as", "alice", "--confirm", file, pin: SoftHSMStore.pin)
            #expect(run.out == file + ".alice.sig\n", "\(run.err)")
            #expect(
                try alice.opensshAccepts(
                    file + ".alice.sig", over: file, by: line, namespace: "ceremonyd-attest-v1"))
        }
    }

    @Test("a signature made elsewhere is taken only for these bytes, this purpose, a listed key")
    func foreign() async throws {
        try await withCustodian { alice in
            let keyFile = alice.store.directory + "/bob"
            _ = try alice.store.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile])
            let public0 = try alice.store.run("cat", [keyFile + ".pub"]).trimmed
            let line = public0.split(separator: " ").prefix(2).joined(separator: " ")
            let key = try #require(SSHPublicKey(line: line))
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("bob", key)])
            let file = try alice.write("s.txt", statement.text)
            func sign(_ path: String, _ namespace: String) throws -> String {
                _ = try alice.store.run(
                    "ssh-keygen", ["-Y", "sign", "-f", keyFile, "-n", namespace, path])
                return path + ".sig"
            }
            let other = try alice.write("other.txt", statement.text + "more\n")
            let wrongBytes = try sign(other, "ceremonyd-approve-v1")
            #expect(try alice.run("sign", file, "--signature", wrongBytes).status == 1)
            let wrongPurpose = try sign(file, "ceremonyd-open-v1")
            #expect(try alice.run("sign", file, "--signature", wrongPurpose).status == 1)
            #expect(try alice.run("sign", file, "--open", "--signature", wrongPurpose).status == 77)
            #expect(try alice.run("sign", file, "--signature", file).status == 65)
            _ = try alice.store.run("rm", [file + ".sig"])
            let right = try sign(file, "ceremonyd-approve-v1")
            let run = try alice.run("sign", file, "--signature", right)
            #expect(run.out == file + ".bob.sig\n", "\(run.err)")
        }
    }
}
