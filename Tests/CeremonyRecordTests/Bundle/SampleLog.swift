// A short history in the order in which a log would tell it, with signatures by the keys given.
// What the rules would say to it does not matter here: a bundle only lays down what stands there.

import CeremonyRecord

struct SampleLog {
    typealias Signer = (_ key: Int, _ space: SignatureNamespace, _ message: [UInt8]) throws ->
        [UInt8]

    let keys: [SSHPublicKey]
    let genesis: Genesis
    let statement: Statement
    let act: Act
    let record: KeyRecord
    let events: [Event]

    /// Alice has keys 0 and 1, bob key 2, dave key 3; the ceremony makes key 4.
    init(keys: [SSHPublicKey], sign: Signer) throws {
        self.keys = keys
        let names = ["alice", "alice", "bob", "dave"]
        let dave = Signatory(name: "dave", fingerprint: keys[3].fingerprint)
        var genesis = Samples.genesis
        genesis.log = Samples.origin
        genesis.mode = .production
        genesis.members = ["alice", "bob", "dave"].map { name in
            Member(
                name: name, display: name, kind: .keeper, roles: [.operator],
                keys: names.indices.filter { names[$0] == name }.map {
                    MemberKey(key: keys[$0], tokenSerial: nil)
                })
        }
        var statement = Samples.statement
        statement.accepts = []
        statement.initiator = dave
        statement.witnesses = names.indices.map {
            Witness(name: names[$0], kind: .keeper, fingerprint: keys[$0].fingerprint)
        }
        var act = Samples.act
        act.actor = dave
        act.document = statement.digest
        var record = Samples.keyRecord
        record.publicKey = keys[4]
        record.statement = statement.digest
        let id = statement.ceremony

        func signed(_ document: some Document, _ key: Int, _ space: SignatureNamespace) throws
            -> SignedDocument
        {
            SignedDocument(
                lines: document.lines, key: keys[key].fingerprint,
                sshsig: try sign(key, space, document.bytes))
        }
        func witnessed(_ key: Int, _ count: Int) throws -> EventBody {
            .ceremonyWitnessed(
                CeremonyWitnessed(
                    ceremony: id, from: .pending, to: .pending, witness: names[key],
                    key: keys[key].fingerprint, sshsig: try sign(key, .approve, statement.bytes),
                    count: count, threshold: 2))
        }
        func attested(_ key: Int, _ count: Int) throws -> EventBody {
            .ceremonyAttested(
                CeremonyAttested(
                    ceremony: id, from: .completed, to: .completed, witness: names[key],
                    key: keys[key].fingerprint, sshsig: try sign(key, .attest, record.bytes),
                    count: count, threshold: 2))
        }
        var note = Samples.act
        note.act = .note
        note.actor = dave
        note.ceremony = nil

        let outcome = KeyOutcome(
            record: record, possession: try sign(4, .key, record.bytes), endorsement: nil,
            evidence: Samples.keyEvidence)
        let bodies: [EventBody] = [
            .logCreated(
                LogCreated(
                    mode: .production, vkey: genesis.logKeys[0].vkey, genesis: genesis.lines,
                    signatures: try names.indices.map {
                        GenesisSignature(
                            member: names[$0], key: keys[$0].fingerprint,
                            sshsig: try sign($0, .genesis, genesis.bytes))
                    })),
            .rosterSet(
                RosterSet(
                    ceremony: nil, epoch: 0, policy: genesis.policy, members: genesis.members,
                    holders: nil)),
            .ceremonyOpened(
                CeremonyOpened(
                    ceremony: id, from: nil, to: .pending, signed: try signed(statement, 3, .open),
                    supersedes: nil)),
            try witnessed(1, 1), try witnessed(2, 2),
            .ceremonyApproved(CeremonyApproved(ceremony: id, from: .pending, to: .approved)),
            .ceremonyExecuting(
                CeremonyExecuting(
                    ceremony: id, from: .approved, to: .executing, signed: try signed(act, 3, .act),
                    intent: .object(["label": .string("x")]))),
            .ceremonyCompleted(
                CeremonyCompleted(
                    ceremony: id, from: .executing, to: .completed, outcome: outcome.json)),
            try attested(0, 1), try attested(2, 2),
            .exceptionNoted(ExceptionNoted(ceremony: nil, signed: try signed(note, 3, .act))),
            .keyRevoked(
                KeyRevoked(
                    ceremony: id, fingerprint: keys[4].fingerprint, subject: "keeper-alpha",
                    reason: "compromise", boundary: nil, boundaryTime: nil)),
        ]
        self.genesis = genesis
        self.statement = statement
        self.act = act
        self.record = record
        events = SampleLog.chain(bodies)
    }

    static func chain(_ bodies: [EventBody]) -> [Event] {
        var events: [Event] = []
        for (seq, body) in bodies.enumerated() {
            events.append(
                Event(
                    origin: Samples.origin, seq: seq, time: Samples.time + seq,
                    prev: events.last?.leafHash ?? .zero, body: body))
        }
        return events
    }
}
