// Events of random content, every type: what is written is read back as it was.

import CeremonyRecord
import Testing

@Suite("Random events")
struct EventRoundTripTests {
    @Test("a random event of every type is read back as it was", arguments: 0..<100)
    func roundTrip(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let bodies = random.bodies()
        #expect(Set(bodies.map(\.type)).count == 29)
        for body in bodies {
            let event = Event(
                origin: Samples.origin, seq: random.number(), time: random.time(),
                prev: random.digest(), body: body)
            let read = try Event(line: event.line)
            #expect(read == event)
            #expect(read.leafHash == Digest(of: [0] + event.line))
        }
    }
}

extension SeededGenerator {
    mutating func signed() -> SignedDocument {
        SignedDocument(
            lines: documents().randomElement(using: &self)!.document.lines, key: fingerprint(),
            sshsig: bytes(Int.random(in: 1...300, using: &self)))
    }
    mutating func ceremonyState() -> CeremonyState {
        CeremonyState.allCases.randomElement(using: &self)!
    }
    mutating func code() -> String {
        ["timeout", "token-lost", "rfc3161", "a-b-c"].randomElement(using: &self)!
    }
    mutating func object() -> JSON {
        .object([
            "a": .number(number()), "b": .string(freeText()), "c": .array([.bool(true)]),
            "d": .object([:]),
        ])
    }

    mutating func bodies() -> [EventBody] {
        logBodies() + responses() + progress() + keysAndHouse()
    }

    private mutating func logBodies() -> [EventBody] {
        [
            .logCreated(
                LogCreated(
                    mode: .production, vkey: identifier(), genesis: genesis().lines,
                    signatures: some(1...4) {
                        GenesisSignature(
                            member: $0.identifier(), key: $0.fingerprint(), sshsig: $0.bytes(90))
                    })),
            .rosterSet(
                RosterSet(
                    ceremony: maybe { $0.identifier() }, epoch: number(), policy: object(),
                    members: members(),
                    holders: maybe {
                        $0.some(0...3) { Holder(subject: $0.identifier(), holder: $0.identifier()) }
                    })),
            .logRekeyed(LogRekeyed(ceremony: identifier(), vkey: identifier(), bothUntil: time())),
            .timeAnchored(TimeAnchored(kind: code(), treeSize: number(), sha256: digest())),
            .checkpointCosigned(
                CheckpointCosigned(kind: code(), treeSize: number(), sha256: digest())),
        ]
    }

    private mutating func responses() -> [EventBody] {
        let key = maybe { $0.key() }
        return [
            .ceremonyOpened(
                CeremonyOpened(
                    ceremony: identifier(), from: nil, to: .pending, signed: signed(),
                    supersedes: maybe { $0.identifier() })),
            .ceremonyWitnessed(
                CeremonyWitnessed(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    witness: identifier(),
                    key: fingerprint(), sshsig: bytes(90), count: number(), threshold: number())),
            .ceremonyAccepted(
                CeremonyAccepted(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    set: identifier(),
                    participant: identifier(), signed: signed(), newKey: key,
                    possession: key == nil ? nil : maybe { $0.bytes(90) })),
            .ceremonyDeclined(
                CeremonyDeclined(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    participant: identifier(),
                    signed: signed())),
            .ceremonyAttested(
                CeremonyAttested(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    witness: identifier(),
                    key: fingerprint(), sshsig: bytes(90), count: number(), threshold: number())),
        ]
    }

    private mutating func progress() -> [EventBody] {
        let hasSteps = Bool.random(using: &self)
        return [
            .ceremonyApproved(
                CeremonyApproved(ceremony: identifier(), from: ceremonyState(), to: ceremonyState())
            ),
            .ceremonyExecuting(
                CeremonyExecuting(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    signed: hasSteps ? signed() : nil, intent: hasSteps ? object() : nil)),
            .ceremonyCompleted(
                CeremonyCompleted(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    outcome: object())),
            .ceremonyFailed(
                CeremonyFailed(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    reason: code(),
                    phase: maybe { $0.code() }, detail: maybe { $0.freeText() },
                    pkcs11: maybe { _ in PKCS11Failure(function: "C_Sign", code: "CKR_OK") },
                    left: maybe { $0.some(0...3) { $0.freeText() } }, signed: maybe { $0.signed() },
                    by: maybe { $0.identifier() }, effective: maybe { $0.time() })),
            .ceremonyExpired(
                CeremonyExpired(
                    ceremony: identifier(), from: ceremonyState(), to: ceremonyState(),
                    reason: code(),
                    signed: maybe { $0.signed() }, by: maybe { $0.identifier() },
                    effective: maybe { $0.time() })),
        ]
    }

    private mutating func keysAndHouse() -> [EventBody] {
        let raised = maybe { $0.signed() }
        return [
            .keyActivated(
                KeyActivated(
                    ceremony: identifier(), fingerprint: fingerprint(), subject: identifier(),
                    retires: maybe {
                        KeyRetirement(fingerprint: $0.fingerprint(), until: $0.time())
                    })),
            .keyRetired(
                KeyRetired(
                    fingerprint: fingerprint(), subject: identifier(), reason: code(),
                    effective: maybe { $0.time() })),
            .keyLapsed(
                KeyLapsed(
                    fingerprint: fingerprint(), subject: identifier(), reason: code(),
                    effective: maybe { $0.time() })),
            .keyRevoked(
                KeyRevoked(
                    ceremony: identifier(), fingerprint: fingerprint(), subject: identifier(),
                    reason: code(), boundary: maybe { $0.number() },
                    boundaryTime: maybe { $0.time() })),
            .objectDestroyed(
                ObjectDestroyed(
                    ceremony: identifier(), tokenSerial: identifier(), keyID: bytes(16),
                    outcome: DestructionOutcome.allCases.randomElement(using: &self)!,
                    signed: signed())),
            .haltRaised(
                HaltRaised(
                    signed: raised, invariant: raised == nil ? code() : nil,
                    effective: maybe { $0.time() })),
            .haltCleared(HaltCleared(ceremony: identifier(), halts: [0, 7, JSON.numberMax])),
            .daemonStarted(
                DaemonStarted(
                    version: identifier(), commit: identifier(),
                    modules: some(0...3) {
                        LoadedModule(path: "/" + $0.identifier(), sha256: $0.digest())
                    }, fence: number())),
            .accessRefused(
                AccessRefused(
                    uid: number(), gid: number(), pid: number(), method: identifier(),
                    code: code(), claimed: maybe { $0.identifier() },
                    ceremony: maybe { $0.identifier() }, digest: maybe { $0.digest() },
                    count: number())),
            .exceptionNoted(
                ExceptionNoted(ceremony: maybe { $0.identifier() }, signed: signed())),
            .clockCorrected(ClockCorrected(ceremony: identifier(), was: time(), now: time())),
            .stepDone(StepDone(ceremony: identifier(), step: code(), result: object())),
            .unsealTried(
                UnsealTried(
                    token: "pkcs11:token=house",
                    tries: some(1...3) {
                        UnsealTry(
                            time: $0.time(), ceremony: $0.identifier(),
                            shares: $0.some(0...3) { $0.identifier() },
                            result: UnsealResult.allCases.randomElement(using: &$0)!)
                    })),
            .peerConfirmed(
                PeerConfirmed(ceremony: identifier(), peer: identifier(), signed: signed())),
        ]
    }
}
