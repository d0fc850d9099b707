// Documents for the tests of signing, around keys that the test's tokens really hold.

import CeremonyRecord
import CeremonyRules

enum TestDocuments {
    static let origin = "example.org/ceremony/rehearsal"
    static let time = Timestamp("2026-01-15T10:00:00Z")!
    static let nonce = "000102030405060708090a0b0c0d0e0f"

    /// The public keys of RFC 8032 section 7.1, tests 1 and 2: nobody here holds their private
    /// halves.
    static let strangers = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ].map { SSHPublicKey(ed25519: Hex.decode($0)!)! }

    static let token =
        "pkcs11:token=house;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;serial=12"
    /// The one of test 3.
    static let third = SSHPublicKey(
        ed25519: Hex.decode("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")!)!

    static let logKey = NoteKey(name: origin, publicKey: strangers[0].point)!

    /// A plan of a rehearsal; `people` are `member:` and `key:` lines.
    static func plan(_ people: String...) -> String {
        // As few as every kind allows: two keepers can found a log, and a halt needs both.
        let least = Dictionary(
            uniqueKeysWithValues: Kinds.all.map { (Policy.fieldName($0.name), $0.leastThreshold) })
        let thresholds = Policy.standard.kinds.keys.sorted().map {
            "policy: kinds.\($0).threshold \(least[$0] ?? 1)\n"
        }
        return """
            # A plan for a test.
            origin: \(origin)
            mode: rehearsal
            continues: none
            log-key: \(logKey.vkey) \(token)
            policy: initiator-counts yes

            """ + thresholds.joined() + people.joined(separator: "\n") + "\n"
    }

    static func statement(
        by initiator: SSHPublicKey, witnesses: [(String, SSHPublicKey)], reason: String = "a test"
    ) -> Statement {
        Statement(
            log: origin, mode: .rehearsal, ceremony: "keeper-alpha-1", supersedes: nil,
            kind: "new-keeper-key", subject: "keeper-alpha", holder: nil, subjectClass: "keeper",
            fields: [
                Field(name: "algorithm", value: "Ed25519"),
                Field(name: "token", value: "pkcs11:token=house;serial=12"),
                Field(name: "key-label", value: "keeper-alpha-1"),
                Field(name: "key-id", value: "random"), Field(name: "old-key", value: "none"),
                Field(name: "overlap-days", value: "0"),
            ],
            reason: reason, initiator: Signatory(name: "dave", fingerprint: initiator.fingerprint),
            drafted: time, expires: time + 3600, treeSize: 3, treeRoot: Digest(of: [1]),
            prestate: Digest(of: [2]), policy: Digest(of: [3]), threshold: 2, people: 2,
            attestThreshold: 2, attestBy: 7, excluded: ["dave"],
            witnesses: witnesses.map {
                Witness(name: $0.0, kind: .keeper, fingerprint: $0.1.fingerprint)
            }, accepts: [], nonce: nonce)
    }

    static func record(of statement: Statement) -> KeyRecord {
        KeyRecord(
            log: origin, mode: .rehearsal, ceremony: statement.ceremony,
            statement: statement.digest, kind: statement.kind, subject: statement.subject,
            publicKey: strangers[1], token: "pkcs11:token=house;serial=12",
            keyLabel: "keeper-alpha-1", keyID: [1, 2],
            attributes: [
                "local", "sensitive", "always-sensitive", "never-extractable", "private", "sign",
            ], attestation: nil, generated: time + 60, oldKey: nil, overlapDays: 0)
    }
}

extension Document {
    /// The bytes as text, to be written to a file.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
