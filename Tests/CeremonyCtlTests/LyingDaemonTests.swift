// A daemon that lies in one reply, and a client that notices: nothing is signed or handed in on the
// daemon's word alone (DESIGN 2.9).

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Synchronization
import TestSupport
import Testing

@Suite("a daemon that lies")
struct LyingDaemonTests {
    /// A log with one ceremony that waits for approvals; alice's approval is on file.
    private func open(_ lie: @escaping PaperDaemon.Lie = { _, _ in }) throws -> (
        PaperDaemon, signature: String, statement: String
    ) {
        var house = try House()
        house.now = .now
        let statement = try house.open()
        let daemon = try PaperDaemon(house, lie: lie)
        let approval = house.approval(by: "alice", of: statement)
        return (
            daemon,
            try daemon.file("alice.sig", Array(try SSHSIG(blob: approval.sshsig).armored.utf8)),
            try daemon.file("statement.txt", statement.bytes)
        )
    }

    @Test("an honest one takes a signature that was made elsewhere, and the receipt is proved")
    func honest() throws {
        let (daemon, signature, statement) = try open()
        defer { daemon.stop() }
        let run = try daemon.run("witness", "--signature", signature, "--confirm", statement)
        #expect(run.status == 0, "\(run.err)")
        #expect(
            daemon.house.withLock { $0.state.ceremony(named: "keeper-alpha-1")?.approvals.count }
                == 1)
        let again = try daemon.run("witness", "--signature", signature, "--confirm", statement)
        #expect(again.status == 1)
        #expect(again.err.contains("already-answered"))
    }

    @Test(
        "another statement, proof or head is refused, and nothing is handed in",
        arguments: [
            ("Show", "document", "document-differs"), ("Show", "digest", "document-differs"),
            ("Proof", "line", "proof"), ("Proof", "seq", "proof"),
            ("Status", "signature", "checkpoint"), ("Status", "origin", "other-log"),
        ])
    func lies(_ method: String, _ what: String, _ code: String) throws {
        let (daemon, signature, statement) = try open()
        defer { daemon.stop() }
        daemon.lies { asked, reply in
            if asked == method { Lie.spoil(what, &reply) }
        }
        let run = try daemon.run(
            "witness", "keeper-alpha-1", "--signature", signature, "--confirm", statement)
        #expect(run.status == 1, "\(run.err)")
        #expect(run.err.contains("code: \(code)"), "\(run.err)")
        #expect(
            daemon.house.withLock { $0.state.ceremony(named: "keeper-alpha-1")?.approvals.count }
                == 0)
    }

    @Test(
        "a statement that does not follow from the founding is signed by no witness",
        arguments: [("threshold", "policy"), ("person", "witness"), ("prefix", "tree-root")])
    func unfounded(_ what: String, _ line: String) throws {
        let policy = Policy(kinds: [
            "new_keeper_key": Policy.Entry(threshold: 2, people: 2, attest: 2)
        ])
        var house = try House(
            what == "person" ? House.everybody.filter { $0.member.name != "bob" } : House.everybody,
            policy: what == "threshold" ? policy : House.policy)
        house.now = .now
        let statement = try house.open()
        // What the founders signed; the log goes on by other rules.
        house.forge(try #require(try House().lines.first), at: 0)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        daemon.lies { method, reply in
            if method == "Consistency", what == "prefix" { reply["path"] = .strings([]) }
        }
        let approval = house.approval(by: "alice", of: statement)
        let run = try daemon.run(
            "witness", "--signature",
            try daemon.file("sig", Array(try SSHSIG(blob: approval.sshsig).armored.utf8)),
            "--confirm", try daemon.file("statement.txt", statement.bytes))
        #expect(run.status == 1, "\(run.err)")
        #expect(run.err.contains("code: statement-differs"), "\(run.err)")
        #expect(run.err.contains("`\(line)`"), "\(run.err)")
        #expect(
            daemon.house.withLock { $0.state.ceremony(named: "keeper-alpha-1")?.approvals.count }
                == 0)
    }

    @Test("events that are not those of the signed head are noticed before anybody is on a roster")
    func otherEvents() throws {
        let (daemon, signature, statement) = try open()
        defer { daemon.stop() }
        for what in ["missing", "another", "founding"] {
            daemon.lies { method, reply in
                guard method == "Log", case .array(var lines)? = reply["lines"], lines.count > 1
                else { return }
                switch what {
                case "missing": lines.removeAll()
                case "another": lines[1] = lines[0]
                default: lines[0] = lines[1]
                }
                reply["lines"] = .array(lines)
            }
            let run = try daemon.run("witness", "--signature", signature, "--confirm", statement)
            #expect(run.status == 1, "\(run.err)")
            #expect(run.err.contains("code: log-damaged"), "\(run.err)")
        }
        #expect(!daemon.remembers("rosters"))
        daemon.lies { _, _ in }
        let run = try daemon.run("witness", "--signature", signature, "--confirm", statement)
        #expect(run.status == 0, "\(run.err)")
        #expect(daemon.remembers("rosters"))
    }

    @Test("what was read of the log is remembered, and read again where the memory is spoilt")
    func memory() throws {
        var house = try House()
        house.now = .now
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("roster").status == 0)
        _ = try daemon.house.withLock { try $0.open() }
        // What was read before is not asked for again: it could not even be told apart.
        daemon.lies { method, reply in
            guard method == "Log", case .array(let lines)? = reply["lines"], lines.count > 1,
                case .string(let first)? = lines.first, first.contains("log.created")
            else { return }
            reply["lines"] = .array([])
        }
        #expect(try daemon.run("roster").status == 0)
        for spoilt in ["", "3\n", "1 \(String(repeating: "0", count: 64))\n", "no\n"] {
            try daemon.spoil("rosters", spoilt)
            daemon.lies { _, _ in }
            let run = try daemon.run("roster")
            #expect(run.status == 0, "\(run.err)")
        }
    }

    @Test("a receipt that names another event is told as what it is")
    func receipt() throws {
        let (daemon, signature, statement) = try open()
        defer { daemon.stop() }
        daemon.lies { method, reply in
            guard method == "Submit", case .object(var outcome)? = reply["outcome"] else { return }
            outcome["seq"] = .number(1)
            reply["outcome"] = .object(outcome)
        }
        let run = try daemon.run("witness", "--signature", signature, "--confirm", statement)
        #expect(run.status == 1)
        #expect(run.err.contains("code: receipt"))
    }

    @Test(
        "a log that shrank, and one that forked, are refused naming both heads; an older view is not"
    )
    func rollback() throws {
        var house = try House()
        house.now = .now
        let short = house
        try house.open()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)

        let late = Lie.Once()
        daemon.lies { method, reply in
            // A reply that was under way while the log grew: the next one is up to date.
            if method == "Status", late.isFirst { reply["head"] = try? PaperReplies.head(short) }
        }
        #expect(try daemon.run("status").status == 0)

        daemon.lies { method, reply in
            if reply["head"] != nil { reply["head"] = try? PaperReplies.head(short) }
        }
        let shrunk = try daemon.run("status")
        #expect(shrunk.status == 1)
        #expect(shrunk.err.contains("code: log-shrank"))
        let known = try house.checkpoint()
        let root = try Checkpoint(text: known.text).head.root
        #expect(shrunk.err.contains(root.description))
        // The way out of a state directory that was put back is the operator's, and it is named.
        #expect(
            shrunk.err.split { $0.isWhitespace }.joined(separator: " ").contains(
                "reaches event \(house.state.head.size - 1), with the daemon stopped: ceremonyd "
                    + "import --bundle DIR."))

        daemon.lies { _, _ in }
        var fork = short
        try fork.open(subject: "keeper-beta")
        try fork.order(.note, by: "erin")
        daemon.house.withLock { $0 = fork }
        let forked = try daemon.run("status")
        #expect(forked.status == 1)
        #expect(forked.err.contains("code: log-forked"))
    }

    @Test("the client walks all pages of a list, and leaves a list that has no end")
    func pages() throws {
        var house = try House()
        house.now = .now
        try house.open()
        try house.open(subject: "keeper-beta", token: House.otherToken)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        for verb in ["status", "next", "list"] {
            let run = try daemon.run(verb)
            #expect(run.status == 0, "\(run.err)")
            for id in ["keeper-alpha-1", "keeper-beta-1"] { #expect(run.out.contains(id)) }
        }
        // A beginning of an identifier is looked for on every page.
        #expect(try daemon.run("show", "keeper-al").status == 0)
        daemon.lies { method, reply in
            if method == "List" { reply["next"] = .string("keeper-alpha-1") }
        }
        for verb in ["status", "next"] {
            let run = try daemon.run(verb)
            #expect(run.status == 69)
            #expect(run.err.contains("code: protocol"), "\(run.err)")
        }
    }

    @Test("another founding under the same name is refused")
    func otherGenesis() throws {
        let daemon = try PaperDaemon(try House())
        defer { daemon.stop() }
        #expect(try daemon.run("status").status == 0)
        let other = try House { $0.genesis.nonce = String(repeating: "1", count: 32) }
        daemon.house.withLock { $0 = other }
        let run = try daemon.run("status")
        #expect(run.status == 1)
        #expect(run.err.contains("code: genesis-mismatch"))
        #expect(try daemon.run("status", "--genesis", "\(other.genesis.digest)").status == 1)
    }

    @Test("a production log is not believed without its founding digest")
    func production() throws {
        let house = try House(mode: .production) {
            $0.genesis.logKeys[0].uri =
                "pkcs11:token=house;manufacturer=Maker;model=HSM;serial=00aa11bb"
        }
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let run = try daemon.run("status")
        #expect(run.status == 1)
        #expect(run.err.contains("code: genesis-unknown"))
        // A halt goes on, and nothing that it saw is remembered.
        let halt = try daemon.run(
            "halt", "--reason", "smoke", "--as", "alice", "--draft", daemon.directory + "/halt")
        #expect(halt.status == 0, "\(halt.err)")
        #expect(!daemon.remembers("checkpoint"))
        let wrong = try daemon.run("status", "--genesis", "\(Digest(of: []))")
        #expect(wrong.status == 1)
        #expect(wrong.err.contains("code: genesis-mismatch"))
        #expect(try daemon.run("status", "--genesis", "\(house.genesis.digest)").status == 0)
        #expect(try daemon.run("status").status == 0)
        #expect(daemon.remembers("checkpoint"))
    }

    @Test(
        "a draft that is not what was asked for is refused, naming the line",
        arguments: [
            ("subject: keeper-alpha", "subject: keeper-beta", "subject"),
            ("threshold: 3", "threshold: 2", "threshold"),
            ("reason: why not", "reason: because", "reason"),
            ("holder: none", "holder: alice", "holder"),
            ("class: keeper", "class: drill", "class"),
            ("key-id: random", "key-id: 01", "key-id"),
            ("tree-size: 2", "tree-size: 1", "tree-root"),
        ])
    func draft(_ honest: String, _ lie: String, _ line: String) throws {
        var house = try House()
        house.now = .now
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let arguments = [
            "start", "new-keeper-key", "keeper-alpha", "--reason", "why not", "--as", "dave",
            "--draft",
        ]
        let path = daemon.directory + "/draft"
        let good = try ClientProcess(directory: daemon.directory).run(
            arguments + [path, "--socket", daemon.directory + "/sock"])
        #expect(good.status == 0, "\(good.err)")
        daemon.lies { method, reply in
            guard method == "Draft", case .array(let lines)? = reply["document"] else { return }
            reply["document"] = .array(lines.map { $0 == .string(honest) ? .string(lie) : $0 })
        }
        let run = try ClientProcess(directory: daemon.directory).run(
            arguments + [path + "2", "--socket", daemon.directory + "/sock"])
        #expect(run.status == 1, "\(run.err)")
        #expect(run.err.contains("code: draft-differs"))
        #expect(run.err.contains("`\(line)`"))
        #expect(!Files.exists(path + "2"))
    }

    @Test(
        "a rotation is drafted of the active key and with the policy's overlap, or not signed",
        arguments: ["overlap-days: 300", "old-key: other", "old-key: none", "class: drill"])
    func rotation(_ lie: String) throws {
        var house = try House()
        house.now = .now + -3600
        let active = try house.activated()
        let other = try house.activated("keeper-beta", key: 501)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let arguments = [
            "start", "key-rotation", "keeper-alpha", "--reason", "why not", "--as", "dave",
            "--socket", daemon.directory + "/sock", "--draft",
        ]
        let path = daemon.directory + "/draft"
        let good = try ClientProcess(directory: daemon.directory).run(arguments + [path])
        #expect(good.status == 0, "\(good.err)")
        #expect(
            try Statement(lines: KnownLines.of(path)).fields["old-key"]
                == "\(active.fingerprint)")
        let told = lie == "old-key: other" ? "old-key: \(other.fingerprint)" : lie
        daemon.lies { method, reply in
            guard method == "Draft", case .array(let lines)? = reply["document"] else { return }
            let name = told.prefix { $0 != ":" } + ":"
            reply["document"] = .array(
                lines.map { line in
                    guard case .string(let text) = line, text.hasPrefix(name) else { return line }
                    return .string(told)
                })
        }
        let run = try ClientProcess(directory: daemon.directory).run(arguments + [path + "2"])
        #expect(run.status == 1, "\(run.err)")
        #expect(run.err.contains("code: draft-differs"), "\(run.err)")
        #expect(!Files.exists(path + "2"))
    }
}

/// The lines of a document in a file.
private enum KnownLines {
    static func of(_ path: String) throws -> [String] {
        try Files.read(path).split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Ways to spoil a reply.
enum Lie {
    /// Changes one thing about the ceremonies, the proof or the head in a reply.
    static func spoil(_ what: String, _ reply: inout [String: JSON]) {
        switch what {
        case "document":
            spoilCeremony(&reply) { fields in
                guard case .array(var lines)? = fields["document"] else { return }
                lines[5] = .string("kind: another-kind")
                fields["document"] = .array(lines)
            }
        case "digest":
            spoilCeremony(&reply) { $0["digest"] = .string("\(Digest(of: [1]))") }
        case "line":
            guard case .string(let line)? = reply["line"] else { return }
            reply["line"] = .string(line + " ")
        case "seq":
            guard case .string(let proof)? = reply["proof"] else { return }
            reply["proof"] = .string(
                "c2sp.org/tlog-proof@v1\nindex 0"
                    + proof.dropFirst("c2sp.org/tlog-proof@v1\nindex 2".count))
        case "signature":
            guard case .object(var head)? = reply["head"],
                case .string(let note)? = head["checkpoint"],
                let signed = try? SignedNote(Array(note.utf8))
            else { return }
            let key = SoftwareKey(77)
            guard
                let name = NoteKey(
                    name: "example.org/house/rehearsal", publicKey: key.publicKey.point),
                let forged = try? SignedNote(
                    text: signed.text,
                    signatures: [NoteSignature(key.signature(over: signed.text), by: name)])
            else { return }
            head["checkpoint"] = .string(String(decoding: forged.bytes, as: UTF8.self))
            reply["head"] = .object(head)
        case "origin":
            guard case .object(var head)? = reply["head"] else { return }
            head["origin"] = .string("example.org/other/rehearsal")
            reply["head"] = .object(head)
        default: Issue.record("no such lie")
        }
    }

    private static func spoilCeremony(
        _ reply: inout [String: JSON], _ change: (inout [String: JSON]) -> Void
    ) {
        guard case .object(var fields)? = reply["ceremony"] else { return }
        change(&fields)
        reply["ceremony"] = .object(fields)
    }

    /// True the first time that it is asked.
    ///
    /// `@unchecked Sendable`: it is asked under the daemon's own lock only.
    final class Once: @unchecked Sendable {
        private var asked = false
        var isFirst: Bool {
            defer { asked = true }
            return !asked
        }
    }
}
