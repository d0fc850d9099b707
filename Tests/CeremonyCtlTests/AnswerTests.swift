// `answer`: the only raw signatures that the client makes. Whatever the daemon says, what is signed
// is what the log comes to, and it is seen before.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Synchronization
import TestSupport
import Testing

@Suite("answer")
struct AnswerTests {
    private static let policy: Policy = {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return policy
    }()

    /// What a daemon was sent.
    private final class Received: Sendable {
        let answers = Mutex(0)
    }

    /// A daemon that carries a rotation out which waits for gina, whose authority's key is in the
    /// custodian's token.
    private func asking(
        _ gina: Custodian, into token: TokenReference = House.token,
        _ lie: @escaping PaperDaemon.Lie = { _, _ in }
    ) throws -> (PaperDaemon, Received) {
        let key = try #require(SSHPublicKey(line: gina.makeIdentity()))
        var house = try House(policy: Self.policy)
        house.now = .now
        _ = try house.executingVaultRotation(authority: key, into: token)
        let received = Received()
        let daemon = try PaperDaemon(house) { method, reply in
            if method == "Answer" { received.answers.withLock { $0 += 1 } }
            lie(method, &reply)
        }
        return (daemon, received)
    }

    @Test("each message is shown in words and as it is signed, and confirmed by a word of its own")
    func honest() async throws {
        try await withCustodian(tokens: ["gina"]) { gina in
            let (daemon, received) = try asking(gina)
            defer { daemon.stop() }
            let question = try daemon.house.withLock { try $0.question(of: "alpha-root-1") }
            let messages = try #require(question).messages
            let run = try gina.start("answer", "--socket", daemon.directory + "/sock")
            for message in messages {
                try run.expect(
                    message.title == "KEY_REVOCATION"
                        ? "is revoked by" : "the new key takes the place of")
                try run.expect("These bytes are signed, as they are:")
                try run.expect("\(Digest(of: message.bytes))")
                try run.expect("Type the last word")
                #expect(!run.text.contains("PIN to"))
                try run.type(
                    (PGPWords.words(of: Digest(of: message.bytes).bytes).last ?? "") + "\n")
            }
            try run.expect("PIN to sign for alpha-root-1, token gina")
            try run.expect("): ")
            try run.type(SoftHSMStore.pin + "\n")
            #expect(run.finish() == 0, "\(run.text)")
            #expect(received.answers.withLock { $0 } == 1)
            #expect(run.text.contains("cannot be seen from here"))
        }
    }

    @Test(
        "another key, record or possession than the log comes to is signed for by nobody",
        arguments: ["key-id", "own", "possession", "later", "statement", "key", "no-key"])
    func lies(_ what: String) async throws {
        try await withCustodian(tokens: ["gina"]) { gina in
            let (daemon, received) = try asking(gina) { method, reply in
                guard method == "Questions", case .array(var asked)? = reply["questions"],
                    case .object(var question)? = asked.first
                else { return }
                Self.spoil(what, &question)
                asked[0] = .object(question)
                reply["questions"] = .array(asked)
            }
            defer { daemon.stop() }
            let run = try gina.run(
                "answer", "--socket", daemon.directory + "/sock", "--confirm",
                "\(Digest(of: [1]))", "--confirm", "\(Digest(of: [2]))", pin: "not-the-pin")
            #expect(run.status == (what == "no-key" ? 69 : 1), "\(run.err)")
            #expect(
                run.err.contains(what == "no-key" ? "code: protocol" : "code: question-differs"),
                "\(run.err)")
            #expect(received.answers.withLock { $0 } == 0)
            #expect(try gina.run("tokens", "--json").out.contains("\"pin_tries\":\"ok\""))
        }
    }

    private static func spoil(_ what: String, _ reply: inout [String: JSON]) {
        guard case .array(let lines)? = reply["record"],
            var record = try? KeyRecord(
                lines: lines.map { if case .string(let text) = $0 { text } else { "" } })
        else { return }
        var signer = SoftwareKey(600)
        switch what {
        case "key-id": record.keyID = [1]
        case "own":
            signer = House.vaultRootKey
            record.publicKey = signer.publicKey
        case "possession": signer = SoftwareKey(601)
        case "later": record.generated = record.generated + 86_400
        case "statement": record.statement = Digest(of: [1])
        case "key": reply["key"] = .string(SoftwareKey(602).publicKey.line)
        default: reply["key"] = .string("ssh-ed25519 none")
        }
        reply["record"] = .strings(record.lines)
        reply["possession"] = .string(
            Base64.encode(signer.sshsig(over: record.bytes, for: .key)))
    }

    @Test("a daemon that asks for what the log does not say is under way is signed for by nobody")
    func notExecuting() async throws {
        try await withCustodian(tokens: ["gina"]) { gina in
            let (daemon, received) = try asking(gina)
            defer { daemon.stop() }
            let asked = try daemon.house.withLock { try $0.question(of: "alpha-root-1") }
            let question = try #require(asked)
            _ = try daemon.house.withLock {
                try $0.decide(.fail(ceremony: "alpha-root-1", Failure(reason: "interrupted")))
            }
            daemon.lies { method, reply in
                if method == "Answer" { received.answers.withLock { $0 += 1 } }
                guard case .object(var ceremony)? = reply["ceremony"] else { return }
                ceremony["state"] = .string("EXECUTING")
                reply["ceremony"] = .object(ceremony)
            }
            // Nobody is asked by an honest daemon; this one says so all the same.
            daemon.answers("Questions") {
                ["questions": .array([PaperReplies.question(question)])]
            }
            let run = try gina.run(
                "answer", "alpha-root-1", "--socket", daemon.directory + "/sock", pin: "not-the-pin"
            )
            #expect(run.status == 81, "\(run.err)")
            #expect(run.err.contains("FAILED by the signed log"), "\(run.err)")
            #expect(received.answers.withLock { $0 } == 0)
        }
    }

    @Test("a receiving token that is here too must hold the key that is signed for")
    func seen() async throws {
        try await withCustodian(tokens: ["gina", "house"]) { gina in
            let tokens = try gina.run("tokens", "--json").out
            let uri = try #require(
                tokens.components(between: "\"uri\":\"", and: "\"").first {
                    $0.contains("token=house")
                })
            let house = try #require(TokenReference(uri: uri))
            // gina's own key is made first: in the one token, then another one in the other, under
            // the very id that the ceremony has announced.
            let serial = try gina.serial(of: "gina")
            let own = try gina.run(
                "identity", "create", "--token", serial, pin: SoftHSMStore.pin)
            let key = try #require(SSHPublicKey(line: own.out.trimmed))
            var log = try House(policy: Self.policy)
            log.now = .now
            _ = try log.executingVaultRotation(authority: key, into: house)
            let daemon = try PaperDaemon(log)
            defer { daemon.stop() }
            let arguments = [
                "answer", "--socket", daemon.directory + "/sock", "--module", gina.store.modulePath,
                "--token", serial,
            ]
            let before = try gina.client.start(arguments, columns: 400)
            try before.expect("shows no public key of that id")
            try before.expect("or nothing to stop: ")
            try before.type("\n")
            #expect(before.finish() == 1)
            let made = try gina.run(
                "identity", "create", "--token", house.serial, "--id",
                Hex.encode(House.survey.keyID), pin: SoftHSMStore.pin)
            #expect(made.status == 0, "\(made.err)")
            let run = try gina.client.run(arguments)
            #expect(run.status == 1, "\(run.err)")
            #expect(run.err.contains("holds another public key under that id"), "\(run.err)")
        }
    }

    @Test("who has accepted may still say no while it is carried out")
    func declined() throws {
        var house = try House(policy: Self.policy)
        house.now = .now
        _ = try house.executingVaultRotation(authority: House.vaultQuorumKey.publicKey)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let path = daemon.directory + "/no"
        let run = try daemon.run(
            "decline", "--part", "--reason", "not this", "--as", "gina", "--draft", path)
        #expect(run.status == 0, "\(run.err)")
        let act = try Act(
            lines: try Files.read(path).split(separator: 0x0a).map {
                String(decoding: $0, as: UTF8.self)
            })
        #expect(act.role == .participant && act.from == "EXECUTING" && act.to == "EXECUTING")
        let gina = house.person("gina").keys[0]
        let signed = Signed(act, by: gina, for: .act)
        let signature = try daemon.file(
            "no.sig", Array(try SSHSIG(blob: signed.sshsig).armored.utf8))
        #expect(try daemon.run("submit", path, signature).status == 0)
        #expect(
            daemon.house.withLock { $0.state.ceremony(named: "alpha-root-1")?.refused != nil })
        #expect(try daemon.run("answer").status == 81)
    }
}
