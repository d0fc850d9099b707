// Exit statuses and error codes that scripts rely on: of the command line, and of what the daemon
// or the line to it answers.

import CeremonyRecord
import CeremonyTerminal
import CeremonyWire
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("command line")
struct CommandLineTests {
    @Test(
        "what makes no sense ends with 64",
        arguments: [
            ["nosuch"], ["genesis", "plan", "--nosuch"], ["genesis", "draft"], ["sign"],
            ["identity", "check", "--pin-fd", "3", "--pin-file", "x"],
            ["identity", "check", "--pin-fd", "-1"], ["identity", "check", "--pin-fd", "three"],
            ["identity", "create", "--id", "xyz"], ["sign", "x", "--open", "--approve"],
            ["identity", "check", "--pin", "1234"],
        ])
    func usage(arguments: [String]) async throws {
        try await withCustodian(tokens: []) { nobody in
            let told = try nobody.client.run(arguments)
            #expect(told.status == 64)
            #expect(told.err.contains("  meaning: Nothing was signed and nothing was sent.\n"))
            #expect(told.err.hasSuffix("  code: usage (exit 64)\n"), "\(told.err)")
            let json = try nobody.client.run(arguments + ["--json"])
            #expect(json.status == 64)
            #expect(json.out.hasPrefix("{\"error\":{\"code\":\"usage\""), "\(json.out)")
            #expect(json.out.utf8.filter { $0 == 0x0a }.count == 1)
        }
    }

    @Test("--json and --socket may stand before the verb, between its words, and after it")
    func globalOptions() async throws {
        try await withCustodian(tokens: []) { nobody in
            for arguments in [
                ["--json", "--socket", "/x", "genesis", "plan"],
                ["genesis", "--json", "plan", "--socket", "/x"],
                ["genesis", "plan", "--socket", "/x", "--json"],
            ] {
                let run = try nobody.client.run(arguments)
                #expect(run.status == 0)
                #expect(run.out.hasPrefix("{\"template\":"))
            }
        }
    }

    @Test("help is a result")
    func help() async throws {
        try await withCustodian(tokens: []) { nobody in
            let run = try nobody.client.run("--help")
            #expect(run.status == 0)
            #expect(run.out.contains("USAGE: ceremonyctl") && run.err.isEmpty)
        }
    }

    @Test("a file that is not there ends with 66")
    func missingFile() async throws {
        try await withCustodian(tokens: []) { nobody in
            let sign = try nobody.client.run("sign", "/nowhere")
            #expect(sign.status == 66)
            let draft = try nobody.client.run("genesis", "draft", "/nowhere")
            #expect(draft.status == 66)
        }
    }
}

@Suite("errors of the daemon")
struct WireErrorTests {
    @Test("a refusal keeps the daemon's code, sentence, requirement and exit status")
    func refusal() {
        let error = ClientError(
            .refused(
                VarlinkError(
                    CeremonyInterface.name + ".Refused",
                    [
                        "code": .string("same-person"), "message": .string("Alice has signed."),
                        "requirement": .string("FR69"), "exit": .number(77),
                    ])))
        #expect(error.code == "same-person")
        #expect(error.happened == "Alice has signed.")
        #expect(error.requirement == "FR69")
        #expect(error.status == .notPermitted)
    }

    @Test(
        "an exit status that is none of ours, or says done, is a refusal",
        arguments: [0, 2, 255, -1])
    func strangeStatus(exit: Int) {
        let parameters: [String: JSON] = ["exit": exit < 0 ? .string("77") : .number(exit)]
        let error = ClientError(
            .refused(VarlinkError(CeremonyInterface.name + ".Refused", parameters)))
        #expect(error.status == .refused)
        #expect(error.code == "refused")
    }

    @Test("what the line can do wrong has its own ending")
    func line() {
        #expect(ClientError(.timedOut(seconds: 3)).status == .notYet)
        #expect(ClientError(.closed).status == .unreachable)
        #expect(
            ClientError(.wrongListener(path: "/x", uid: 5, expected: [0])).status == .notPermitted)
        #expect(ClientError(.refused(.stopping)).code == "stopping")
        #expect(ClientError(.refused(.invalidParameter("x"))).status == .malformed)
        #expect(ClientError(.refused(VarlinkError("org.other.Thing"))).code == "protocol")
    }

    @Test("where nobody listens, the connection says so with 69")
    func nobodyListens() throws {
        let error = #expect(throws: ClientError.self) { try Connection(socket: "/nowhere/s") }
        #expect(error?.status == .unreachable)
        #expect(error?.code == "daemon-unreachable")
    }
}
