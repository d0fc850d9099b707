// One of each document, small enough to read, with the public keys of RFC 8032 section 7.1. The
// tests damage them, write them into events, and compare them with their golden bytes.

import CeremonyRecord

enum Samples {
    static let origin = "example.org/ceremony"
    static let nonce = "000102030405060708090a0b0c0d0e0f"
    static let token =
        "pkcs11:token=house;serial=0a1b2c3d;model=SoftHSM%20v2;manufacturer=SoftHSM%20project"

    /// The four public keys of RFC 8032, tests 1 to 3 and 1024.
    static let keys: [SSHPublicKey] = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
    ].map { SSHPublicKey(ed25519: Hex.decode($0)!)! }

    static let dave = Signatory(name: "dave", fingerprint: keys[3].fingerprint)
    static let time = Timestamp("2026-01-15T10:00:00Z")!

    static func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

    static let statement = Statement(
        log: origin, mode: .production, ceremony: "keeper-alpha-1", supersedes: nil,
        kind: "new-keeper-key", subject: "keeper-alpha", holder: nil, subjectClass: "keeper",
        fields: [
            Field(name: "algorithm", value: "Ed25519"), Field(name: "token", value: token),
            Field(name: "key-label", value: "keeper-alpha-1"),
            Field(name: "key-id", value: "random"), Field(name: "old-key", value: "none"),
            Field(name: "overlap-days", value: "0"),
        ],
        reason: "Erster Schlüssel für die Hüterin", initiator: dave, drafted: time,
        expires: time + 3600, treeSize: 3, treeRoot: digest("root"), prestate: digest("prestate"),
        policy: digest("policy"), threshold: 2, people: 2, attestThreshold: 2, attestBy: 7,
        excluded: ["dave", "erin"],
        witnesses: [
            Witness(name: "alice", kind: .keeper, fingerprint: keys[0].fingerprint),
            Witness(name: "alice", kind: .keeper, fingerprint: keys[1].fingerprint),
            Witness(name: "bob", kind: .external, fingerprint: keys[2].fingerprint),
        ],
        accepts: [AcceptLine(set: "roster", name: "bob", fingerprint: keys[2].fingerprint)],
        nonce: nonce)

    static let keyRecord = KeyRecord(
        log: origin, mode: .production, ceremony: "keeper-alpha-1", statement: statement.digest,
        kind: "new-keeper-key", subject: "keeper-alpha", publicKey: keys[1], token: token,
        keyLabel: "keeper-alpha-1", keyID: Array(0..<16),
        attributes: [
            "local", "sensitive", "always-sensitive", "never-extractable", "private", "sign",
        ],
        attestation: nil, generated: time + 60, oldKey: nil, overlapDays: 0)

    static let keyEvidence = KeyEvidence(
        attributes: keyRecord.attributes, module: "/usr/lib/softhsm/libsofthsm2.so",
        moduleDigest: digest("module"), token: token, attestation: nil)

    static let act = Act(
        log: origin, mode: .production, act: .execute, ceremony: "keeper-alpha-1",
        document: statement.digest, actor: dave, role: .operator, from: "APPROVED",
        to: "EXECUTING",
        evidence: [
            Evidence(what: "photograph of bag 42", digest: digest("photograph")),
            Evidence(what: "minutes", digest: digest("minutes")),
        ],
        justification: "all are here", treeSize: 7, treeRoot: digest("root"), at: time + 30,
        nonce: nonce)

    static let acceptance = Acceptance(
        log: origin, mode: .production, ceremony: "house-roster-1", statement: digest("statement"),
        kind: "set-roster", subject: "house-roster", set: "roster",
        participant: Signatory(name: "bob", fingerprint: keys[2].fingerprint), newKey: keys[0],
        token: token, keyID: [0xab], at: time, nonce: nonce)

    static let policy = JSON.object([
        "kinds": .object([
            "new_keeper_key": .object(["threshold": .number(2), "people": .number(2)])
        ])
    ])

    static let members = [
        Member(
            name: "alice", display: "Alice Müller", kind: .keeper, roles: [.witness],
            keys: [
                MemberKey(key: keys[0], tokenSerial: "5e1f"),
                MemberKey(key: keys[1], tokenSerial: nil),
            ]),
        Member(
            name: "dave", display: "Dave", kind: .external, roles: [.operator, .auditor],
            keys: [MemberKey(key: keys[3], tokenSerial: nil)]),
        Member(
            name: "zoe", display: "Zoë", kind: .keeper, roles: [],
            keys: [MemberKey(key: keys[2], tokenSerial: nil)]),
    ]

    static let genesis = Genesis(
        log: origin + "/rehearsal", mode: .rehearsal,
        continues: Continues(origin: "example.org/old", size: 12, root: digest("old")),
        logKeys: [LogKey(vkey: "example.org/ceremony/rehearsal+0a0b0c0d+AQID", uri: token)],
        created: time, nonce: nonce, policy: policy, members: members)

    static let invite = Invite(
        log: origin, mode: .production, genesis: digest("genesis"), ceremony: "keeper-alpha-1",
        statement: statement.digest, initiator: "dave", set: "members",
        invitee: Signatory(name: "alice", fingerprint: keys[0].fingerprint), expires: time + 900,
        nonce: nonce)

    static let all: [AnyDocument] = [
        .statement(statement), .keyRecord(keyRecord), .act(act), .acceptance(acceptance),
        .genesis(genesis), .invite(invite),
    ]
}
