// Documents of random content: what is written is read back as it was, and one changed byte never
// reads back as the same document. Seeds make a failure repeatable.

import CeremonyRecord
import Testing

@Suite("Random documents")
struct DocumentRoundTripTests {
    @Test("a random document is read back as it was", arguments: 0..<200)
    func roundTrip(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for document in random.documents() {
            #expect(try AnyDocument(bytes: document.bytes) == document)
        }
    }

    @Test("a changed byte is refused or changes what was said", arguments: 0..<50)
    func changed(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for document in random.documents() {
            var bytes = document.bytes
            let position = Int.random(in: bytes.indices, using: &random)
            bytes[position] ^= UInt8.random(in: 1...255, using: &random)
            guard let read = try? AnyDocument(bytes: bytes) else { continue }
            #expect(read != document)
            #expect(read.bytes == bytes)
        }
    }
}

extension SeededGenerator {
    mutating func identifier() -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let count = Int.random(in: 1...20, using: &self)
        return String((0..<count).map { _ in letters.randomElement(using: &self)! })
    }

    mutating func freeText() -> String {
        let words = ["key", "Schlüssel", "鍵", "lost", "o'clock", "(1)", "§ 3", "naïve"]
        let count = Int.random(in: 1...6, using: &self)
        return (0..<count).map { _ in words.randomElement(using: &self)! }.joined(separator: " ")
    }

    mutating func digest() -> Digest { Digest(bytes: bytes(32))! }
    mutating func fingerprint() -> Fingerprint { Fingerprint(ofBlob: bytes(32)) }
    mutating func key() -> SSHPublicKey { Samples.keys.randomElement(using: &self)! }
    mutating func nonce() -> String { Hex.encode(bytes(16)) }
    mutating func time() -> Timestamp {
        Timestamp(seconds: Int.random(in: 0...253_402_300_799, using: &self))
    }
    mutating func number() -> Int { Int.random(in: 0...JSON.numberMax, using: &self) }
    mutating func maybe<T>(_ make: (inout SeededGenerator) -> T) -> T? {
        Bool.random(using: &self) ? make(&self) : nil
    }
    mutating func some<T>(_ count: ClosedRange<Int>, _ make: (inout SeededGenerator) -> T) -> [T] {
        (0..<Int.random(in: count, using: &self)).map { _ in make(&self) }
    }
    mutating func signatory() -> Signatory {
        Signatory(name: identifier(), fingerprint: fingerprint())
    }
    mutating func names(_ count: ClosedRange<Int>) -> [String] {
        Set(some(count) { $0.identifier() }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    mutating func statement() -> Statement {
        Statement(
            log: Samples.origin, mode: .production, ceremony: identifier(),
            supersedes: maybe { $0.identifier() }, kind: identifier(), subject: identifier(),
            holder: maybe { $0.identifier() }, subjectClass: maybe { $0.identifier() },
            fields: Fields(
                some(0...6) { Field(name: "x-" + $0.identifier(), value: $0.identifier()) }),
            reason: freeText(), initiator: signatory(), drafted: time(), expires: time(),
            treeSize: number(), treeRoot: digest(), prestate: digest(), policy: digest(),
            threshold: number(), people: number(), attestThreshold: number(), attestBy: number(),
            excluded: names(0...4),
            witnesses: names(1...6).map {
                Witness(
                    name: $0, kind: PersonKind.allCases.randomElement(using: &self)!,
                    fingerprint: fingerprint())
            },
            accepts: some(0...3) {
                AcceptLine(
                    set: $0.identifier(), name: $0.identifier(), fingerprint: $0.fingerprint())
            }, nonce: nonce())
    }

    mutating func keyRecord() -> KeyRecord {
        KeyRecord(
            log: Samples.origin, mode: .production, ceremony: identifier(), statement: digest(),
            kind: identifier(), subject: identifier(), publicKey: key(), token: Samples.token,
            keyLabel: identifier(), keyID: bytes(Int.random(in: 1...255, using: &self)),
            attributes: names(0...6), attestation: maybe { $0.digest() }, generated: time(),
            oldKey: maybe { $0.fingerprint() }, overlapDays: number())
    }

    mutating func act() -> Act {
        Act(
            log: Samples.origin + "/rehearsal", mode: .rehearsal,
            act: ActName.allCases.randomElement(using: &self)!, ceremony: maybe { $0.identifier() },
            document: maybe { $0.digest() }, actor: signatory(),
            role: ActRole.allCases.randomElement(using: &self)!,
            from: maybe { _ in "PENDING" }, to: maybe { _ in "FAILED" },
            evidence: some(0...4) { Evidence(what: $0.identifier(), digest: $0.digest()) },
            justification: freeText(), treeSize: number(), treeRoot: digest(), at: time(),
            nonce: nonce())
    }

    mutating func acceptance() -> Acceptance {
        Acceptance(
            log: Samples.origin, mode: .production, ceremony: identifier(), statement: digest(),
            kind: identifier(), subject: identifier(), set: identifier(), participant: signatory(),
            newKey: maybe { $0.key() }, token: maybe { _ in Samples.token },
            keyID: maybe { $0.bytes(16) }, at: time(), nonce: nonce())
    }

    mutating func members() -> [Member] {
        names(1...5).map { name in
            Member(
                name: name, display: freeText(),
                kind: PersonKind.allCases.randomElement(using: &self)!,
                roles: Role.allCases.filter { _ in Bool.random(using: &self) },
                keys: some(1...3) {
                    MemberKey(key: $0.key(), tokenSerial: $0.maybe { $0.identifier() })
                })
        }
    }

    mutating func genesis() -> Genesis {
        Genesis(
            log: Samples.origin, mode: .production,
            continues: maybe {
                Continues(origin: "example.org/old", size: $0.number(), root: $0.digest())
            },
            logKeys: some(1...2) { LogKey(vkey: $0.identifier(), uri: Samples.token) },
            created: time(), nonce: nonce(), policy: Samples.policy, members: members())
    }

    mutating func invite() -> Invite {
        let mode: LogMode = Bool.random(using: &self) ? .production : .rehearsal
        return Invite(
            log: Samples.origin + (mode == .rehearsal ? "/rehearsal" : ""), mode: mode,
            genesis: digest(), ceremony: identifier(), statement: digest(),
            initiator: identifier(), set: identifier(), invitee: signatory(), expires: time(),
            nonce: nonce())
    }

    mutating func documents() -> [AnyDocument] {
        [
            .statement(statement()), .keyRecord(keyRecord()), .act(act()),
            .acceptance(acceptance()), .genesis(genesis()), .invite(invite()),
        ]
    }
}
