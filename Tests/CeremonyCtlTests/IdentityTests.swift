// A custodian's own key, and the list of tokens: the built client against real SoftHSM tokens, and
// OpenSSH and pkcs11-tool looking at what came of it.

import TestSupport
import Testing

@Suite("identity")
struct IdentityTests {
    @Test("create makes a key that OpenSSH reads, show prints it again, check has it sign")
    func createShowCheck() async throws {
        try await withCustodian { alice in
            let line = try alice.makeIdentity()
            let file = try alice.write("id.pub", line + "\n")
            let known = try alice.store.run("ssh-keygen", ["-l", "-f", file])
            #expect(known.contains("ED25519"))

            let shown = try alice.run("identity", "show")
            #expect(shown.status == 0)
            #expect(shown.out == line + "\n")

            let checked = try alice.run("identity", "check", pin: SoftHSMStore.pin)
            #expect(checked.status == 0, "\(checked.err)")
            #expect(checked.out == line + "\n")

            let objects = try alice.store.pkcs11Tool(
                "--login", "--pin", SoftHSMStore.pin, "--list-objects", "--type", "privkey")
            #expect(objects.contains("ceremony-identity"))
            #expect(objects.contains("sensitive, always sensitive, never extractable, local"))
        }
    }

    @Test("create is refused where there is an identity key, and leaves that one alone")
    func createTwice() async throws {
        try await withCustodian { alice in
            let line = try alice.makeIdentity()
            let again = try alice.run("identity", "create", "--json", pin: SoftHSMStore.pin)
            #expect(again.status == 1)
            #expect(again.out.contains("\"code\":\"identity-exists\""))
            #expect(try alice.run("identity", "show").out == line + "\n")
        }
    }

    @Test("create is refused where only the private half of an identity key is left")
    func createOverPrivateHalf() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            _ = try alice.store.pkcs11Tool(
                "--login", "--pin", SoftHSMStore.pin, "--delete-object", "--type", "pubkey",
                "--label", "ceremony-identity")
            let again = try alice.run("identity", "create", "--json", pin: SoftHSMStore.pin)
            #expect(again.status == 1)
            #expect(again.out.contains("\"code\":\"identity-exists\""))
        }
    }

    @Test("a wrong PIN ends with 74, says that one try was used, and makes nothing")
    func wrongPIN() async throws {
        try await withCustodian { alice in
            let run = try alice.run("identity", "create", "--json", pin: "not-the-pin")
            #expect(run.status == 74)
            #expect(run.out.contains("\"code\":\"pin-wrong\""))
            #expect(run.out.contains("One PIN try was used; it was not repeated."))
            #expect(try alice.run("tokens", "--json").out.contains("\"pin_tries\":\"low\""))
            #expect(try alice.run("identity", "show").status == 74)
            _ = try alice.makeIdentity()
            #expect(try alice.run("tokens", "--json").out.contains("\"pin_tries\":\"ok\""))
        }
    }

    @Test("with two tokens nothing is done before one is named")
    func ambiguousToken() async throws {
        try await withCustodian(tokens: ["alice", "spare"]) { alice in
            let run = try alice.run("identity", "create", "--json", pin: SoftHSMStore.pin)
            #expect(run.status == 74)
            #expect(run.out.contains("\"code\":\"token-ambiguous\""))
            #expect(run.out.contains("alice") && run.out.contains("spare"))

            let serial = try alice.serial(of: "spare")
            let named = try alice.run(
                "identity", "create", "--token", serial, pin: SoftHSMStore.pin)
            #expect(named.status == 0, "\(named.err)")
            let byURI = try alice.run(
                "identity", "show", "--token", "pkcs11:token=spare;serial=\(serial)")
            #expect(byURI.out == named.out)
            #expect(try alice.run("identity", "show", "--token", "nosuch").status == 74)
            #expect(try alice.run("identity", "show", "--token", "pkcs11:color=red").status == 64)
        }
    }

    @Test("a PIN file is used only when it is private, regular and no link")
    func pinFile() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let path = try alice.write("pin", SoftHSMStore.pin + "\n", mode: 0o644)
            let open = try alice.run("identity", "check", "--json", "--pin-file", path)
            #expect(open.status == 64)
            #expect(open.out.contains("\"code\":\"pin-file\""))
            #expect(open.out.contains("its mode is 644, not 600"))

            try alice.write("pin", SoftHSMStore.pin + "\n", mode: 0o600)
            #expect(try alice.run("identity", "check", "--pin-file", path).status == 0)

            _ = try alice.store.run("ln", ["-s", path, path + "-link"])
            let link = try alice.run("identity", "check", "--json", "--pin-file", path + "-link")
            #expect(link.status == 64)
            #expect(link.out.contains("it is a symbolic link"))
            #expect(try alice.run("identity", "check", "--pin-file", "/nowhere").status == 66)
            #expect(try alice.run("identity", "check", pin: "").status == 64)
        }
    }

    @Test("without a terminal and without a PIN option nothing is asked, and no try is used")
    func noTerminal() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let run = try alice.run("identity", "check", "--json")
            #expect(run.status == 64)
            #expect(run.out.contains("\"code\":\"no-terminal\""))
        }
    }
}

@Suite("tokens")
struct TokensTests {
    @Test("a label with control sequences is spelt out on the screen and escaped in JSON")
    func hostileLabel() async throws {
        try await withCustodian(tokens: ["ev\u{1b}[31m\u{202e}il"]) { eve in
            let text = try eve.run("tokens")
            #expect(text.status == 0)
            #expect(!text.out.utf8.contains(0x1b))
            #expect(!text.out.unicodeScalars.contains("\u{202e}"))
            let json = try eve.run("tokens", "--json")
            #expect(json.out.contains("ev\\u001b[31m\\u202eil"))
            #expect(json.out.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x0a })
            let refused = try eve.run("identity", "show")
            #expect(refused.status == 74)
            #expect(!refused.err.utf8.contains(0x1b))
        }
    }

    @Test("a module that is not there, is no module, or sees nothing is told apart")
    func modules() async throws {
        try await withCustodian(tokens: []) { nobody in
            let text = try nobody.write("text.so", "not a library")
            let run = try nobody.run("tokens", "--json", "--module", "/no.so", "--module", text)
            #expect(run.status == 0)
            #expect(run.out.contains("\"path\":\"/no.so\",\"state\":\"no-module\""))
            #expect(run.out.contains("\"path\":\"\(text)\",\"state\":\"cannot-load\""))
            #expect(run.out.contains("invalid ELF header") || run.out.contains("file too short"))
            #expect(run.out.contains("\"state\":\"no-device\""))
            let show = try nobody.run("identity", "show", "--json")
            #expect(show.status == 74)
            #expect(show.out.contains("\"code\":\"no-token\""))
        }
    }

    @Test("modules come from the file in the client's configuration where none is named")
    func modulesFile() async throws {
        try await withCustodian { alice in
            _ = try alice.store.run(
                "mkdir", ["-p", alice.store.directory + "/.config/ceremonyctl"])
            try alice.write(
                ".config/ceremonyctl/modules", "# mine\n\n\(alice.store.modulePath)\n")
            let run = try alice.client.run("tokens", "--json")
            #expect(run.out.contains("\"label\":\"alice\""))
            try alice.write(".config/ceremonyctl/modules", "relative.so\n")
            #expect(try alice.client.run("tokens").status == 78)
        }
    }
}
