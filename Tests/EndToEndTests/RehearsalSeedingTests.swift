// Nothing may seed the outcome of a rehearsal: neither a directory that was prepared, nor the
// environment, nor a log that somebody made before, nor whoever writes into the database between
// two acts. Each is tried here; the only outcome that is ever shown is one that the participants
// signed for, in a log whose founding they signed.

import CeremonyRecord
import Glibc
import Testing

@Suite("Nothing seeds the outcome of a rehearsal")
struct RehearsalSeedingTests {
    @Test("A directory that is there already is refused and left as it is, whatever leads to it")
    func directory() throws {
        let earlier = try Rehearsal()
        #expect(try earlier.run("set-policy", "--people", "4").status == 0)
        let before = try earlier.tool("sh", "-c", "cd \(earlier.kept) && find . | sort").out
        let link = earlier.directory + "/link"
        #expect(try earlier.tool("ln", "-s", earlier.kept, link).status == 0)
        #expect(try earlier.tool("mkdir", earlier.directory + "/empty").status == 0)
        for place in [earlier.kept, link, earlier.directory + "/empty"] {
            let ended = try earlier.begin(["set-policy", "--keep", place]).finish()
            #expect(ended.status == 1 && ended.err.contains("file-exists"), "\(ended.err)")
            #expect(!ended.out.contains("VERIFIED"))
        }
        #expect(try earlier.tool("sh", "-c", "cd \(earlier.kept) && find . | sort").out == before)
    }

    @Test("The environment of whoever starts it reaches no participant")
    func environment() throws {
        let earlier = try Rehearsal()
        #expect(try earlier.run("new-keeper-key", "--people", "4").status == 0)
        let before = try earlier.tool("sh", "-c", "cd \(earlier.kept) && find . | sort").out

        let rehearsal = try Rehearsal()
        // Somebody's home, trust and tokens of an earlier rehearsal, programs before others, and
        // variables that such a program might have.
        let alice = earlier.kept + "/alice"
        let programs = rehearsal.directory + "/programs"
        #expect(try rehearsal.tool("mkdir", programs).status == 0)
        for name in ["ceremonyd", "ceremonyctl", "softhsm2-util", "rm", "sh"] {
            try TestFile.write(
                programs + "/" + name, "#!/bin/sh\ntouch \(rehearsal.directory)/ran\n", mode: 0o755)
        }
        rehearsal.environment = [
            "PATH": programs + ":/usr/bin:/bin", "HOME": alice, "XDG_STATE_HOME": alice + "/state",
            "XDG_CONFIG_HOME": alice + "/config", "SOFTHSM2_CONF": alice + "/softhsm2.conf",
            "CEREMONY_STATE": "COMPLETED", "CEREMONYCTL_REHEARSAL": earlier.kept,
            "TMPDIR": earlier.kept,
        ]
        let ended = try rehearsal.run("new-keeper-key", "--declines", "alice", "--people", "4")
        // What alice's no comes to with three witnesses is what it comes to.
        #expect(ended.status == 81 && ended.out.contains("FAILED, declined"), "\(ended.out)")
        #expect(try rehearsal.verify("--rehearsal").status == 0)
        #expect(!TestFile.exists(rehearsal.directory + "/ran"))
        let after = try earlier.tool("sh", "-c", "cd \(earlier.kept) && find . | sort").out
        #expect(after == before)
        // Nothing of the earlier one is in it.
        let names = ["genesis", "house/house.serial", "alice/alice.serial", "alice/pin"]
        for name in names {
            #expect(
                TestFile.bytes(rehearsal.kept + "/" + name)
                    != TestFile.bytes(earlier.kept + "/" + name), "\(name)")
        }
    }

    @Test(
        "A log that was prepared, put in the daemon's way, is no log of the founders, and is refused"
    )
    func preparedLog() throws {
        let earlier = try Rehearsal()
        #expect(try earlier.run("new-keeper-key").status == 0)

        // The daemon beside this client serves that log instead, in which the key is made already.
        let rehearsal = try Rehearsal()
        let beside = rehearsal.directory + "/bin"
        #expect(try rehearsal.tool("mkdir", beside).status == 0)
        rehearsal.client = beside + "/ceremonyctl"
        #expect(
            try rehearsal.tool("cp", Program.products + "/ceremonyctl", rehearsal.client).status
                == 0)
        let real = Program.products + "/ceremonyd"
        try TestFile.write(
            beside + "/ceremonyd",
            """
            #!/bin/sh
            [ "$1" = run ] || exec \(real) "$@"
            SOFTHSM2_CONF=\(earlier.kept)/house/softhsm2.conf
            export SOFTHSM2_CONF
            sed 's|^path = .*|path = "\(rehearsal.kept)/run/d.sock"|' \
            \(earlier.kept)/ceremonyd.toml >\(rehearsal.directory)/other.toml
            chmod 600 \(rehearsal.directory)/other.toml
            exec \(real) run --config \(rehearsal.directory)/other.toml

            """, mode: 0o755)
        let ended = try rehearsal.run("new-keeper-key")
        #expect(ended.status == 1, "\(ended.out)\(ended.err)")
        #expect(ended.err.contains("founding document should be"), "\(ended.err)")
        #expect(!ended.out.contains("VERIFIED") && !ended.out.contains("COMPLETED"), "\(ended.out)")
    }

    @Test("An approval that somebody writes into the database between two acts comes to nothing")
    func database() throws {
        let rehearsal = try Rehearsal()
        // One act is as long as the next is awaited: bob's approval is the next thing.
        let running = try rehearsal.begin(
            ["new-keeper-key", "--people", "4", "--loses", "bob", "--keep", rehearsal.kept])
        try eventually("alice has approved", within: 120) {
            let said = try rehearsal.said(running)
            try #require(running.isRunning, "\(said)")
            return said.contains("alice witnesses: ok")
        }
        running.signal(SIGSTOP)
        let forged = try rehearsal.forgesApproval(of: "bob", after: "alice")
        try #require(forged.status == 0, "\(forged.err)")
        running.signal(SIGCONT)
        let ended = running.finish()
        #expect(ended.status != 0, "\(ended.out)\(ended.err)")
        #expect(!ended.out.contains("COMPLETED"), "\(ended.out)")
        #expect(
            ended.err.contains("it was changed or replaced while the daemon ran"), "\(ended.err)")
        #expect(!ended.out.contains("VERIFIED"), "\(ended.out)")
    }

    @Test("Evidence that was prepared is not taken for that of the rehearsal")
    func evidence() throws {
        let earlier = try Rehearsal()
        #expect(try earlier.run("new-keeper-key", "--people", "4").status == 0)
        let rehearsal = try Rehearsal()
        let running = try rehearsal.begin(
            ["new-keeper-key", "--declines", "alice", "--people", "4", "--keep", rehearsal.kept])
        try eventually("there is a house", within: 120) {
            TestFile.exists(rehearsal.kept + "/house")
        }
        #expect(
            try rehearsal.tool(
                "cp", "-a", earlier.kept + "/evidence", rehearsal.kept + "/evidence"
            ).status == 0)
        let ended = running.finish()
        #expect(ended.status == 1 && ended.err.contains("not-verified"), "\(ended.err)")
        #expect(!ended.out.contains("VERIFIED") && !ended.out.contains("COMPLETED"), "\(ended.out)")
    }
}

extension Rehearsal {
    /// Writes a further approval into the log's database, as it would be if somebody had given it:
    /// chain, tree and head are right, and only the signature is another's.
    fileprivate func forgesApproval(of name: String, after other: String) throws -> Ended {
        let program = """
            from hashlib import sha256
            from json import dumps, loads
            from sqlite3 import connect
            from sys import argv
            path, name, key, other = argv[1:]
            db = connect(path, timeout=20)
            def leaf(line): return sha256(b'\\0' + line).digest()
            def node(a, b): return sha256(b'\\1' + a + b).digest()
            def root(leaves):
                if len(leaves) == 1: return leaves[0]
                half = 1
                while half * 2 < len(leaves): half *= 2
                return node(root(leaves[:half]), root(leaves[half:]))
            while True:
                rows = db.execute('SELECT line FROM event ORDER BY seq')
                lines = [bytes(row[0]) for row in rows]
                event = loads(lines[-1])
                if event['body'].get('witness') == other: break
            event['body'].update(witness=name, key=key, count=event['body']['count'] + 1)
            event.update(seq=len(lines), prev=leaf(lines[-1]).hex())
            line = dumps(event, sort_keys=True, separators=(',', ':')).encode()
            db.execute('INSERT INTO event VALUES (?, ?)', (len(lines), line))
            tree = root([leaf(l) for l in lines + [line]])
            db.execute('UPDATE head SET size = ?, root = ?', (len(lines) + 1, tree))
            db.commit()
            """
        let line = TestFile.text(kept + "/genesis").lineList.first { $0.hasPrefix("key: \(name) ") }
        let key = try #require(
            SSHPublicKey(
                line: (line ?? "").split(separator: " ").suffix(2).joined(separator: " ")))
        return try tool(
            "python3", "-c", program, kept + "/state/log.sqlite", name, "\(key.fingerprint)", other)
    }
}
