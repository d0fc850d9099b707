// One event of every type, chained. Not a legal history: that is the rules' matter. Here only the
// shapes count, so every optional field stands in at least one of them.

import CeremonyRecord

enum SampleEvents {
    static let signed = SignedDocument(
        lines: Samples.act.lines, key: Samples.keys[3].fingerprint, sshsig: [1, 2, 3])
    static let opening = SignedDocument(
        lines: Samples.statement.lines, key: Samples.keys[3].fingerprint, sshsig: [4])
    static let acceptance = SignedDocument(
        lines: Samples.acceptance.lines, key: Samples.keys[2].fingerprint, sshsig: [5])
    static let key = Samples.keys[1].fingerprint
    static let id = "keeper-alpha-1"
    static let later = Samples.time + 86_400

    static let bodies: [EventBody] = log + responses + progress + keys + house

    static let log: [EventBody] = [
        .logCreated(
            LogCreated(
                mode: .rehearsal, vkey: "example.org/ceremony/rehearsal+0a0b0c0d+AQID",
                genesis: Samples.genesis.lines,
                signatures: [
                    GenesisSignature(
                        member: "alice", key: Samples.keys[0].fingerprint, sshsig: [1]),
                    GenesisSignature(
                        member: "alice", key: Samples.keys[1].fingerprint, sshsig: [2]),
                ])),
        .rosterSet(
            RosterSet(
                ceremony: nil, epoch: 0, policy: Samples.policy, members: Samples.members,
                holders: nil)),
        .rosterSet(
            RosterSet(
                ceremony: "house-roster-1", epoch: 1, policy: Samples.policy,
                members: Samples.members,
                holders: [Holder(subject: "keeper-alpha", holder: "alice")])),
        .logRekeyed(
            LogRekeyed(
                ceremony: "house-log-1", vkey: "example.org/ceremony+01020304+AQID",
                bothUntil: later)),
        .timeAnchored(
            TimeAnchored(kind: "rfc3161", treeSize: 4, sha256: Samples.digest("token"))),
        .checkpointCosigned(
            CheckpointCosigned(
                kind: "cosignature-v1", treeSize: 4, sha256: Samples.digest("cosigned"))),
    ]

    static let responses: [EventBody] = [
        .ceremonyOpened(
            CeremonyOpened(
                ceremony: id, from: nil, to: .pending, signed: opening, supersedes: nil)),
        .ceremonyOpened(
            CeremonyOpened(
                ceremony: id, from: nil, to: .pending, signed: opening,
                supersedes: "keeper-alpha-0")),
        .ceremonyWitnessed(
            CeremonyWitnessed(
                ceremony: id, from: .pending, to: .pending, witness: "alice", key: key,
                sshsig: [7], count: 1, threshold: 2)),
        .ceremonyAccepted(
            CeremonyAccepted(
                ceremony: id, from: .pending, to: .pending, set: "roster", participant: "bob",
                signed: acceptance, newKey: Samples.keys[0], possession: [8])),
        .ceremonyDeclined(
            CeremonyDeclined(
                ceremony: id, from: .pending, to: .pending, participant: "dave", signed: signed)),
        .ceremonyAttested(
            CeremonyAttested(
                ceremony: id, from: .completed, to: .completed, witness: "bob", key: key,
                sshsig: [9], count: 2, threshold: 2)),
    ]

    static let progress: [EventBody] = [
        .ceremonyApproved(CeremonyApproved(ceremony: id, from: .pending, to: .approved)),
        .ceremonyExecuting(
            CeremonyExecuting(
                ceremony: id, from: .approved, to: .executing, signed: signed,
                intent: .object(["key_id": .string("00ff"), "label": .string("keeper-alpha-1")]))),
        .ceremonyExecuting(
            CeremonyExecuting(
                ceremony: "house-halt-1", from: .approved, to: .executing, signed: nil,
                intent: nil)),
        .ceremonyCompleted(
            CeremonyCompleted(
                ceremony: id, from: .executing, to: .completed,
                outcome: .object([
                    "record": .strings(Samples.keyRecord.lines),
                    "sig_new": .string(Base64.encode([10])),
                    "evidence": .object(["module": .string("/usr/lib/softhsm/libsofthsm2.so")]),
                ]))),
        .ceremonyFailed(
            CeremonyFailed(
                ceremony: id, from: .executing, to: .failed, reason: "token-lost",
                phase: "generate", detail: "der Token wurde gezogen",
                pkcs11: PKCS11Failure(function: "C_GenerateKeyPair", code: "CKR_DEVICE_REMOVED"),
                left: ["private key 00ff on house"], signed: signed, by: "keeper-alpha-2",
                effective: later)),
        .ceremonyExpired(
            CeremonyExpired(
                ceremony: id, from: .approved, to: .expired, reason: "cancelled", signed: signed,
                by: nil, effective: nil)),
    ]

    static let keys: [EventBody] = [
        .keyActivated(
            KeyActivated(
                ceremony: id, fingerprint: key, subject: "keeper-alpha",
                retires: KeyRetirement(fingerprint: Samples.keys[0].fingerprint, until: later))),
        .keyRetired(
            KeyRetired(
                fingerprint: key, subject: "keeper-alpha", reason: "rotated", effective: later)),
        .keyLapsed(
            KeyLapsed(
                fingerprint: key, subject: "keeper-alpha", reason: "not-attested", effective: nil)),
        .keyRevoked(
            KeyRevoked(
                ceremony: "keeper-alpha-3", fingerprint: key, subject: "keeper-alpha",
                reason: "compromise", boundary: 12, boundaryTime: later)),
        .objectDestroyed(
            ObjectDestroyed(
                ceremony: id, tokenSerial: "0a1b2c3d", keyID: [0, 255], outcome: .absent,
                signed: signed)),
    ]

    static let house: [EventBody] = [
        .haltRaised(HaltRaised(signed: signed, invariant: nil, effective: later)),
        .haltRaised(HaltRaised(signed: nil, invariant: "halt-file", effective: nil)),
        .haltCleared(HaltCleared(ceremony: "house-halt-1", halts: [3, 9])),
        .daemonStarted(
            DaemonStarted(
                version: "1.0.0", commit: "0123abc",
                modules: [
                    LoadedModule(
                        path: "/usr/lib/softhsm/libsofthsm2.so", sha256: Samples.digest("module"))
                ], fence: 2)),
        .accessRefused(
            AccessRefused(
                uid: 1000, gid: 1000, pid: 77, method: "org.example.ceremony.Submit",
                code: "not-on-roster", claimed: "mallory", ceremony: id,
                digest: Samples.digest("x"), count: 3)),
        .exceptionNoted(ExceptionNoted(ceremony: nil, signed: signed)),
        .clockCorrected(
            ClockCorrected(ceremony: "house-clock-1", was: later, now: Samples.time)),
        .stepDone(
            StepDone(ceremony: id, step: "publish", result: .object(["path": .string("a/b")]))),
        .unsealTried(
            UnsealTried(
                token: "pkcs11:token=house;serial=1",
                tries: [
                    UnsealTry(
                        time: Samples.time, ceremony: id, shares: ["alice", "bob"],
                        result: .unlocked)
                ])),
        .peerConfirmed(PeerConfirmed(ceremony: id, peer: "aura-1", signed: signed)),
    ]

    /// The bodies as a chain.
    static let all: [Event] = {
        var events: [Event] = []
        for (seq, body) in bodies.enumerated() {
            events.append(
                Event(
                    origin: Samples.origin, seq: seq, time: Samples.time + seq,
                    prev: events.last?.leafHash ?? .zero, body: body))
        }
        return events
    }()
}
