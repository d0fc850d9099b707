// Notes, checkpoints and proofs against texts that were put together independently in Python, and
// two keys that the Go project published (Vectors/note.json).

import CeremonyRecord
import Testing

@Suite("Signed notes and checkpoints")
struct NoteTests {
    let log: NoteKey
    let second: NoteKey
    let cosigner: NoteKey
    let text: [UInt8]
    let signature: [UInt8]
    let note: [UInt8]
    let proof: [UInt8]
    let line: [UInt8]
    let time: Int
    let vectors: JSONFields

    init() throws {
        var vectors = try Vectors.fields("note.json")
        self.vectors = vectors
        log = try vectors.parsed("log", as: "a vkey", NoteKey.init(vkey:))
        second = try vectors.parsed("second", as: "a vkey", NoteKey.init(vkey:))
        cosigner = try vectors.parsed("cosigner", as: "a vkey", NoteKey.init(vkey:))
        text = Array(try vectors.string("text").utf8)
        signature = try vectors.parsed("signature", as: "hex", Hex.decode)
        note = Array(try vectors.string("note").utf8)
        proof = Array(try vectors.string("proof").utf8)
        line = Array(try vectors.string("line").utf8)
        time = try vectors.number("time")
    }

    @Test("A note and a key that the Go project published are accepted")
    func published() throws {
        var vectors = vectors
        for var known in try vectors.objects("known") {
            let key = try known.parsed("vkey", as: "a vkey", NoteKey.init(vkey:))
            let note = Array(try known.string("note").utf8)
            try SignedNote(note).verify(by: key)
            #expect(try SignedNote(note).bytes == note)
        }
        let golang = try vectors.string("golang")
        #expect(NoteKey(vkey: golang)?.vkey == golang)
        #expect(NoteKey(vkey: golang)?.name == "sum.golang.org")
    }

    @Test("A vkey is read only as it is written")
    func vkeys() throws {
        let vkey = log.vkey
        #expect(NoteKey(name: log.name, publicKey: log.publicKey) == log)
        for bad in [
            "", "+", "++", vkey + "=", vkey + "\n", " " + vkey, vkey.uppercased(),
            vkey.replacing("example.org", with: "example.com"), String(vkey.dropLast()),
            vkey.replacing("+", with: " "), "a b" + vkey,
        ] {
            #expect(NoteKey(vkey: bad) == nil, "\(bad)")
        }
        #expect(NoteKey(name: "a+b", publicKey: log.publicKey) == nil)
        #expect(NoteKey(name: "", publicKey: log.publicKey) == nil)
        #expect(NoteKey(name: "é", publicKey: log.publicKey) == nil)
        #expect(NoteKey(name: "a", publicKey: [1] + [UInt8](repeating: 0, count: 31)) == nil)
    }

    @Test("The checkpoint is written as C2SP says, and only a signature that holds goes on it")
    func checkpoint() throws {
        let checkpoint = try Checkpoint(text: text)
        #expect(checkpoint.origin == "example.org/ceremony")
        #expect(checkpoint.head.size == 11)
        #expect(checkpoint.text == text)
        var note = try checkpoint.signed(signature, by: log)
        #expect(self.note.starts(with: note.bytes))
        #expect(throws: NoteError.signatureInvalid(by: log.name)) {
            try checkpoint.signed(signature.reversed(), by: log)
        }
        #expect(throws: NoteError.signatureInvalid(by: log.name)) {
            try checkpoint.signed(signature, by: second)
        }
        for line in try SignedNote(self.note).signatures.dropFirst() {
            note = try note.adding(line)
        }
        #expect(note.bytes == self.note)
        #expect(throws: NoteError.malformed("two signature lines by one key")) {
            try note.adding(NoteSignature(signature, by: log))
        }
    }

    @Test("A note holds for each key that signed it, and for all keys that are asked for")
    func keys() throws {
        let note = try SignedNote(note)
        #expect(try note.verify(by: log) == nil)
        #expect(try note.verify(by: second) == nil)
        #expect(try note.verify(by: cosigner) == time)
        #expect(try Checkpoint(note, signedBy: [log, second]).head.size == 11)
        let alone = try Checkpoint(text: text).signed(signature, by: log)
        #expect(throws: NoteError.notSigned(by: log.name)) {
            try Checkpoint(alone, signedBy: [log, second])
        }
        #expect(throws: NoteError.notSigned(by: log.name)) { try Checkpoint(alone, signedBy: []) }
        #expect(throws: NoteError.otherOrigin(log.name)) {
            try Checkpoint(note, signedBy: [cosigner])
        }
    }

    @Test("A line of the log key does not count as a cosignature, nor the other way round")
    func kinds() throws {
        let asCosigner = try #require(
            NoteKey(name: log.name, publicKey: log.publicKey, kind: .cosignature))
        #expect(asCosigner.id != log.id)
        #expect(throws: NoteError.notSigned(by: log.name)) {
            try SignedNote(note).verify(by: asCosigner)
        }
    }

    @Test(
        "A checkpoint text has one form",
        arguments: [
            "example.org/ceremony\n11\n", "example.org/ceremony\n011\n%\n",
            "example.org/ceremony\n+11\n%\n", "example.org/ceremony\n11\n%",
            "example.org/ceremony\n11\n%\nmore\n", "example.org/ceremony\n11\n%\n\n",
            "Example.org\n11\n%\n", "\n11\n%\n", "example.org/ceremony\n\n%\n",
            "example.org/ceremony\n9007199254740992\n%\n", "example.org/ceremony\n11\nAAAA\n",
            "example.org/ceremony \n11\n%\n", "example.org/ceremony\r\n11\n%\n",
        ])
    func checkpointForm(text: String) {
        let root = Base64.encode([UInt8](repeating: 7, count: 32))
        #expect(throws: NoteError.self) {
            try Checkpoint(text: Array(text.replacing("%", with: root).utf8))
        }
    }

    @Test("No single damaged byte of a note leaves all its signatures standing")
    func damage() throws {
        for index in note.indices {
            var damaged = note
            damaged[index] ^= 1
            #expect(throws: NoteError.self) {
                let note = try SignedNote(damaged)
                _ = try Checkpoint(note, signedBy: [log, second])
                try note.verify(by: cosigner)
            }
        }
    }

    @Test("A note cut anywhere is refused or lacks a signature")
    func truncation() throws {
        for count in 0..<note.count {
            #expect(throws: NoteError.self) {
                try SignedNote(Array(note[..<count])).verify(by: cosigner)
            }
        }
    }

    @Test("Lines by unknown keys are carried and say nothing")
    func unknownKeys() throws {
        let foreign = Array("— other.example AAAAAAAAAAAA\n".utf8)
        let longer = try SignedNote(note + foreign)
        #expect(longer.bytes == note + foreign)
        try longer.verify(by: log)
    }

    @Test("A proof is read, written and verified for its line only")
    func logProof() throws {
        let read = try LogProof(proof)
        #expect(read.bytes == proof)
        #expect(try read.verify(line: line, signedBy: [log]).head.size == 11)
        #expect(throws: NoteError.notIncluded) {
            try read.verify(line: line + [0x20], signedBy: [log])
        }
        #expect(throws: NoteError.notSigned(by: log.name)) {
            try read.verify(line: line, signedBy: [second])
        }
        let tree = MerkleTree(leaves: (0..<11).map { TreeHash.leaf(Array("line \($0)".utf8)) })
        let own = try #require(tree.inclusionProof(of: 6, in: 11))
        #expect(try LogProof(own, checkpoint: read.checkpoint) == read)
        let other = try #require(tree.inclusionProof(of: 6, in: 10))
        #expect(throws: NoteError.self) { try LogProof(other, checkpoint: read.checkpoint) }
    }

    @Test("No damaged or shortened proof verifies")
    func proofDamage() throws {
        let end = proof.count - lastLineLength(proof)
        for index in 0..<end {
            var damaged = proof
            damaged[index] ^= 1
            #expect(throws: NoteError.self) {
                try LogProof(damaged).verify(line: line, signedBy: [log])
            }
        }
        for count in 0..<end {
            #expect(throws: NoteError.self) {
                try LogProof(Array(proof[..<count])).verify(line: line, signedBy: [log])
            }
        }
    }

    /// The length of the last line, the cosignature that the log's key says nothing about.
    private func lastLineLength(_ bytes: [UInt8]) -> Int {
        (bytes.split(separator: 0x0a).last?.count ?? 0) + 1
    }
}

@Suite("Names of logs")
struct OriginTests {
    @Test(
        "Only the letters of the rule name a log",
        arguments: [
            ("abc", true), ("ab", false), ("example.org/ceremony", true), ("9abc", false),
            ("Abc", false), ("a_c", false), ("a c", false), ("a-.", true), ("ab\n", false),
            (String(repeating: "a", count: 43), true), (String(repeating: "a", count: 44), false),
            ("ab\u{e9}", false), ("ab:", false), ("", false),
        ])
    func form(text: String, isValid: Bool) {
        #expect(Origin.isValid(text) == isValid)
    }

    @Test("A rehearsal's name ends in /rehearsal and a production's does not")
    func mode() {
        #expect(Origin.isValid("example.org/c/rehearsal", mode: .rehearsal))
        #expect(!Origin.isValid("example.org/c/rehearsal", mode: .production))
        #expect(Origin.isValid("example.org/c", mode: .production))
        #expect(!Origin.isValid("example.org/c", mode: .rehearsal))
        #expect(Origin.isValid("example.org/myrehearsal", mode: .production))
    }
}
