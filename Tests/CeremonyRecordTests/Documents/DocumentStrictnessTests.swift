// Every kind of damage to a document, each refused with the line and the field that it concerns.

import CeremonyRecord
import Testing

/// One line of a sample replaced, and what the reader should say of it.
struct Damage: Sendable, CustomTestStringConvertible {
    let document: AnyDocument
    let was: String
    let becomes: String
    let field: String?
    /// How far the complaint is from the damaged line.
    var offset = 0

    var testDescription: String { "\(was) -> \(becomes)" }
}

@Suite("Damaged documents")
struct DocumentStrictnessTests {
    private static func statement(_ was: String, _ becomes: String, _ field: String?) -> Damage {
        Damage(document: .statement(Samples.statement), was: was, becomes: becomes, field: field)
    }
    private static func record(_ was: String, _ becomes: String, _ field: String?) -> Damage {
        Damage(document: .keyRecord(Samples.keyRecord), was: was, becomes: becomes, field: field)
    }
    private static func act(_ was: String, _ becomes: String, _ field: String?) -> Damage {
        Damage(document: .act(Samples.act), was: was, becomes: becomes, field: field)
    }
    private static func acceptance(_ was: String, _ becomes: String, _ field: String?) -> Damage {
        Damage(document: .acceptance(Samples.acceptance), was: was, becomes: becomes, field: field)
    }
    private static func genesis(_ was: String, _ becomes: String, _ field: String?) -> Damage {
        Damage(document: .genesis(Samples.genesis), was: was, becomes: becomes, field: field)
    }

    private static let alice = "witness: alice keeper \(Samples.keys[0].fingerprint)"
    private static let bob = "witness: bob external \(Samples.keys[2].fingerprint)"
    private static let zoe = "key: zoe none \(Samples.keys[2])"

    static let statements = [
        statement("ceremonyd statement v1", "ceremonyd statement v2", nil),
        statement("ceremonyd statement v1", "ceremonyd statement v1 ", nil),
        statement("log: example.org/ceremony", "log: Example.org/ceremony", "log"),
        statement("log: example.org/ceremony", "log:example.org/ceremony", "log"),
        statement("mode: production", "mode: Production", "mode"),
        statement("mode: production", "mode: rehearsal", "mode"),
        statement("ceremony: keeper-alpha-1", "ceremony: keeper alpha", "ceremony"),
        statement("ceremony: keeper-alpha-1", "ceremony: none", "ceremony"),
        statement("ceremony: keeper-alpha-1", "ceremony: ../../etc", "ceremony"),
        statement("supersedes: none", "supersedes: ", "supersedes"),
        statement("supersedes: none", "supersedes: None", "supersedes"),
        statement("subject: keeper-alpha", "subject: keeper-alpha ", "subject"),
        statement("holder: none", "holder: new-key", "holder"),
        statement("algorithm: Ed25519", "algorithm:Ed25519", nil),
        statement("algorithm: Ed25519", "Algorithm: Ed25519", nil),
        statement("algorithm: Ed25519", "algorithm: ", "algorithm"),
        statement("algorithm: Ed25519", "algorithm: a\u{7}b", "algorithm"),
        statement("reason: Erster Schlüssel für die Hüterin", "reason: ", "reason"),
        statement("reason: Erster Schlüssel für die Hüterin", "reason: a\rb", "reason"),
        statement("drafted: 2026-01-15T10:00:00Z", "drafted: 2026-02-30T10:00:00Z", "drafted"),
        statement("drafted: 2026-01-15T10:00:00Z", "drafted: 2026-01-15 10:00:00Z", "drafted"),
        statement("tree-size: 3", "tree-size: 03", "tree-size"),
        statement("tree-size: 3", "tree-size: -3", "tree-size"),
        statement("tree-size: 3", "tree-size: +3", "tree-size"),
        statement("tree-size: 3", "tree-size: 9007199254740992", "tree-size"),
        statement("tree-size: 3", "tree-size: 99999999999999999999", "tree-size"),
        statement("tree-size: 3", "tree-size: ٣", "tree-size"),
        statement("threshold: 2", "treshold: 2", "threshold"),
        statement("excluded: dave erin", "excluded: erin dave", "excluded"),
        statement("excluded: dave erin", "excluded: dave dave", "excluded"),
        statement("excluded: dave erin", "excluded: dave  erin", "excluded"),
        statement("excluded: dave erin", "excluded: dave, erin", "excluded"),
        statement(alice, "witness: none", "witness"),
        statement(alice, alice.replacing("keeper", with: "guest"), "witness"),
        statement(alice, alice + " ", "witness"),
        statement(bob, bob.replacing("SHA256:", with: "sha256:"), "witness"),
        statement(bob, bob.replacing("bob", with: "aaron"), "witness"),
        statement(bob, bob.replacing("bob", with: "alice"), "witness"),
        statement("nonce: \(Samples.nonce)", "nonce: \(Samples.nonce.uppercased())", "nonce"),
        statement("nonce: \(Samples.nonce)", "nonce: \(Samples.nonce)00", "nonce"),
        statement(
            "meaning: I approve this one operation, as described above.",
            "meaning: I approve this one operation, as described above", "meaning"),
    ]

    static let others = [
        record("statement: \(Samples.statement.digest)", "statement: none", "statement"),
        record(
            "public-key: \(Samples.keys[1])", "public-key: \(Samples.keys[1]) comment", "public-key"
        ),
        record(
            "fingerprint: \(Samples.keys[1].fingerprint)",
            "fingerprint: \(Samples.keys[0].fingerprint)", "fingerprint"),
        record("token: \(Samples.token)", "token: \(Samples.token)?pin-value=1234", "token"),
        record("token: \(Samples.token)", "token: \(Samples.token);pin-source=x", "token"),
        record("token: \(Samples.token)", "token: house", "token"),
        record("key-label: keeper-alpha-1", "key-label: kéeper", "key-label"),
        record("key-id: \(Samples.nonce)", "key-id: 0", "key-id"),
        record("key-id: \(Samples.nonce)", "key-id: ", "key-id"),
        record("attestation: none", "attestation: sha256:00", "attestation"),
        record("old-key: none", "old-key: \(Samples.keys[0].fingerprint) revoked", "old-key"),
        act("act: execute", "act: destroy", "act"),
        act("role: operator", "role: root", "role"),
        act("from: APPROVED", "from: ", "from"),
        act("from: APPROVED", "from: AP PROVED", "from"),
        act(
            "evidence: minutes \(Samples.digest("minutes"))",
            "evidence: \(Samples.digest("minutes"))", "evidence"),
        act("evidence: minutes \(Samples.digest("minutes"))", "evidence: none", "evidence"),
        act("justification: all are here", "justification: all are here ", "justification"),
        act("justification: all are here", "justification: e\u{301}", "justification"),
        act("justification: all are here", "justification: \u{202e}", "justification"),
        act("nonce: \(Samples.nonce)", "nonce: none", "nonce"),
        acceptance("set: roster", "set: none", "set"),
        acceptance("key-id: ab", "key-id: AB", "key-id"),
        acceptance("new-key: \(Samples.keys[0])", "new-key: ssh-rsa AAAA", "new-key"),
        genesis("created: 2026-01-15T10:00:00Z", "created: now", "created"),
        genesis(
            "policy: \(Samples.policy.canonicalText)", "policy: {\"kinds\": {}}", "policy"),
        genesis("policy: \(Samples.policy.canonicalText)", "policy: []", "policy"),
        genesis(
            "member: dave external operator,auditor Dave",
            "member: dave external auditor,operator Dave", "member"),
        genesis(
            "member: dave external operator,auditor Dave",
            "member: dave external operator,operator Dave", "member"),
        genesis(
            "member: dave external operator,auditor Dave", "member: dave external  Dave", "member"),
        genesis(
            "member: dave external operator,auditor Dave",
            "member: alice external operator,auditor Dave", "member"),
        genesis(
            "member: dave external operator,auditor Dave",
            "member: dave external operator,auditor", "member"),
        genesis(zoe, zoe.replacing("zoe", with: "dave"), "key"),
        genesis(zoe, zoe.replacing("none", with: "a b"), "key"),
    ]

    @Test("one damaged line is refused where it stands", arguments: statements + others)
    func damage(_ damage: Damage) throws {
        var lines = damage.document.document.lines
        let position = try #require(
            lines.firstIndex { $0.utf8.elementsEqual(damage.was.utf8) }, "no such line")
        lines[position] = damage.becomes
        do {
            let read = try AnyDocument(lines: lines)
            Issue.record("was read as \(read)")
        } catch {
            #expect(error.line == position + 1, "\(error)")
            if error.line > 1 { #expect(error.field == damage.field, "\(error)") }
            #expect(!error.description.isEmpty)
        }
    }

    @Test("a missing line is refused, whichever it is", arguments: Samples.all)
    func missing(_ document: AnyDocument) throws {
        let lines = document.document.lines
        // Lines that may also be absent: others of their name stay, or nobody demands them.
        let free = ["witness:", "key:", "evidence:", "member:", "log-key:"]
        for position in lines.indices {
            let line = lines[position]
            let isField = free.contains { line.utf8.starts(with: $0.utf8) }
            let inBlock = Samples.statement.fields.names.contains {
                line.utf8.starts(with: ($0 + ":").utf8)
            }
            if isField { continue }
            if case .statement = document, inBlock { continue }
            var fewer = lines
            fewer.remove(at: position)
            #expect(throws: DocumentError.self, "without \(line)") {
                try AnyDocument(lines: fewer)
            }
        }
    }

    @Test("a line that stands twice is refused, whichever it is", arguments: Samples.all)
    func repeated(_ document: AnyDocument) throws {
        let lines = document.document.lines
        let free = Samples.statement.fields.names + ["accept", "log-key", "evidence", "key"]
        for position in lines.indices {
            if free.contains(where: { lines[position].utf8.starts(with: ($0 + ":").utf8) }) {
                continue
            }
            var more = lines
            more.insert(lines[position], at: position)
            #expect(throws: DocumentError.self, "\(lines[position])") {
                try AnyDocument(lines: more)
            }
        }
    }

    @Test("two neighbouring lines in the other order are refused", arguments: Samples.all)
    func swapped(_ document: AnyDocument) throws {
        let lines = document.document.lines
        for position in lines.indices.dropLast() {
            var other = lines
            other.swapAt(position, position + 1)
            guard let read = try? AnyDocument(lines: other) else { continue }
            // Where order is meant it is kept: such a text is another document, not this one.
            #expect(read != document)
            #expect(read.document.lines == other)
        }
    }

    @Test(
        "bytes that are not lines ended by one LF are refused",
        arguments: [
            ("", 1), ("no line feed", 1), ("ceremonyd act v1", 1), ("\n", 1), ("\u{feff}", 1),
            ("ceremonyd act v1\r\n", 1), ("ceremonyd act v1\n\n", 2), ("something else\n", 1),
        ])
    func framing(_ text: String, _ line: Int) {
        #expect { try AnyDocument(bytes: Array(text.utf8)) } throws: {
            ($0 as? DocumentError)?.line == line
        }
    }

    @Test("other line ends, a missing last one, and text behind the end are refused")
    func lineEnds() throws {
        for document in Samples.all {
            let bytes = document.bytes
            let damaged: [[UInt8]] = [
                Array(bytes.dropLast()), bytes + [0x0a], bytes + Array("more: x\n".utf8),
                bytes.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }, [0xef, 0xbb, 0xbf] + bytes,
                bytes.map { $0 == 0x0a ? 0x0d : $0 }, bytes + bytes, bytes + [0],
            ]
            for bytes in damaged {
                #expect(throws: DocumentError.self) { try AnyDocument(bytes: bytes) }
            }
        }
    }

    @Test("a third log key is refused, and a text that goes on is told to have ended")
    func tooMany() {
        var genesis = Samples.genesis
        genesis.logKeys = Array(repeating: genesis.logKeys[0], count: 3)
        #expect { try genesis.checked() } throws: {
            ($0 as? DocumentError)?.field == "log-key" && ($0 as? DocumentError)?.line == 7
        }
        let lines = Samples.act.lines
        #expect { try Act(lines: lines + ["more: x"]) } throws: {
            ($0 as? DocumentError)?.problem.contains("has ended") == true
                && ($0 as? DocumentError)?.line == lines.count + 1
        }
    }

    @Test("bytes that are not UTF-8 are refused in their line")
    func notUTF8() {
        var bytes = Samples.act.bytes
        let second = bytes.firstIndex(of: 0x0a)! + 1
        bytes.insert(0xff, at: second)
        #expect { try AnyDocument(bytes: bytes) } throws: { ($0 as? DocumentError)?.line == 2 }
    }

    @Test("a text longer than an event can hold is refused")
    func tooLong() {
        let bytes = [UInt8](repeating: 0x61, count: 60_001)
        #expect { try AnyDocument(bytes: bytes) } throws: { ($0 as? DocumentError)?.line == 0 }
    }

    @Test("a value that would write another document is caught before it is signed")
    func injected() throws {
        var act = Samples.act
        act.justification = "fine\ntree-size: 9"
        #expect(throws: DocumentError.self) { try act.checked() }
        var statement = Samples.statement
        statement.fields.list.append(Field(name: "reason", value: "another"))
        #expect(throws: DocumentError.self) { try statement.checked() }
        statement = Samples.statement
        statement.holder = "none"
        #expect(throws: DocumentError.self) { try statement.checked() }
        #expect(try Samples.statement.checked() == Samples.statement)
    }
}
