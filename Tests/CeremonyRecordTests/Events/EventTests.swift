// Every type of event against its golden line, and every field of every line against removal,
// repetition, another type, and an unknown neighbour.

import CeremonyRecord
import Testing

@Suite("Events")
struct EventTests {
    @Test("a log of every type is written as the file beside the tests")
    func golden() throws {
        let written = [UInt8](SampleEvents.all.map { $0.line + [0x0a] }.joined())
        let file = try Vectors.bytes("events.jsonl")
        #expect(written == file)
        let lines = file.split(separator: 0x0a).map(Array.init)
        #expect(lines.count == SampleEvents.all.count)
        for (line, event) in zip(lines, SampleEvents.all) {
            #expect(try Event(line: line) == event)
        }
    }

    @Test("the samples hold every type of the table")
    func everyType() {
        let types: Set = [
            "log.created", "roster.set", "ceremony.opened", "ceremony.witnessed",
            "ceremony.accepted", "ceremony.declined", "ceremony.approved", "ceremony.executing",
            "ceremony.completed", "ceremony.attested", "ceremony.failed", "ceremony.expired",
            "key.activated", "key.retired", "key.lapsed", "key.revoked", "object.destroyed",
            "halt.raised", "halt.cleared", "log.rekeyed", "daemon.started", "access.refused",
            "exception.noted", "clock.corrected", "step.done", "unseal.tried", "peer.confirmed",
            "time.anchored", "checkpoint.cosigned",
        ]
        #expect(Set(SampleEvents.bodies.map(\.type)) == types)
    }

    @Test("each event holds the leaf hash of the one before")
    func chain() {
        #expect(SampleEvents.all[0].prev == .zero)
        for (event, next) in zip(SampleEvents.all, SampleEvents.all.dropFirst()) {
            #expect(next.prev == Digest(of: [0] + event.line))
        }
    }

    @Test("a signed document's lines give back exactly the bytes that were signed")
    func signedBytes() {
        #expect(SampleEvents.signed.bytes == Samples.act.bytes)
        #expect(SampleEvents.signed.digest == Samples.act.digest)
    }

    @Test("an event that lacks a field is refused, unless the table says that it may")
    func missing() throws {
        for event in SampleEvents.all {
            for (path, damaged) in Mutation.removals(of: event) {
                let name = "\(event.body.type) without \(path)"
                if let read = try? Event(line: damaged) {
                    #expect(Mutation.isOptional(path, in: event), "\(name)")
                    #expect(read.line == damaged, "\(name)")
                } else {
                    #expect(!Mutation.isOptional(path, in: event), "\(name)")
                }
            }
        }
    }

    @Test("a field of another type is refused, whichever it is")
    func retyped() throws {
        for event in SampleEvents.all {
            for value in [JSON.bool(true), .array([]), .object(["a": .number(1)]), .string("")] {
                for (path, damaged) in Mutation.replacements(of: event, by: value) {
                    #expect(throws: EventError.self, "\(event.body.type) \(path) = \(value)") {
                        try Event(line: damaged)
                    }
                }
            }
        }
    }

    @Test("an unknown field is refused, wherever it stands")
    func unknownField() throws {
        for event in SampleEvents.all {
            for (_, damaged) in Mutation.additions(to: event) {
                #expect {
                    try Event(line: damaged)
                } throws: {
                    guard case .malformed(let error) = $0 as? EventError else { return false }
                    return error.problem == .unknownField
                }
            }
        }
    }

    @Test("an unknown type and an unknown version are refused by name")
    func unknown() throws {
        let line = SampleEvents.all[0].line
        #expect(throws: EventError.unknownType("log.made")) {
            try Event(line: Mutation.replace("log.created", with: "log.made", in: line))
        }
        #expect(throws: EventError.version(2)) {
            try Event(line: Mutation.replace("\"v\":1}", with: "\"v\":2}", in: line))
        }
    }

    @Test("an event in another writing of the same JSON is refused")
    func notCanonical() throws {
        for event in SampleEvents.all {
            let line = event.line
            let other = [
                line + [0x0a], [0x20] + line, Mutation.replace(",\"", with: ", \"", in: line),
                Mutation.replace("/", with: "\\/", in: line),
                Mutation.replace("ceremony", with: "cerem\\u006fny", in: line),
            ]
            for bytes in other {
                #expect(throws: EventError.self) { try Event(line: bytes) }
            }
        }
    }

    @Test(
        "fields that do not fit each other are refused",
        arguments: [
            EventBody.haltRaised(HaltRaised(signed: nil, invariant: nil, effective: nil)),
            .haltRaised(HaltRaised(signed: SampleEvents.signed, invariant: "x", effective: nil)),
            .ceremonyOpened(
                CeremonyOpened(
                    ceremony: "a-1", from: .pending, to: .pending, signed: SampleEvents.opening,
                    supersedes: nil)),
            .ceremonyApproved(CeremonyApproved(ceremony: "a-1", from: nil, to: .approved)),
            .ceremonyExecuting(
                CeremonyExecuting(
                    ceremony: "a-1", from: .approved, to: .executing, signed: SampleEvents.signed,
                    intent: nil)),
            .ceremonyAccepted(
                CeremonyAccepted(
                    ceremony: "a-1", from: .pending, to: .pending, set: "s", participant: "bob",
                    signed: SampleEvents.acceptance, newKey: nil, possession: [1])),
        ])
    func contradictory(_ body: EventBody) throws {
        let event = Event(
            origin: Samples.origin, seq: 5, time: Samples.time, prev: .zero, body: body)
        #expect {
            try event.checked()
        } throws: {
            if case .contradictory(body.type, _) = $0 as? EventError { true } else { false }
        }
    }

    @Test(
        "a value that the format does not allow is caught before it is recorded",
        arguments: [
            EventBody.haltCleared(HaltCleared(ceremony: "a-1", halts: [])),
            .haltCleared(HaltCleared(ceremony: "a-1", halts: [4, 4])),
            .haltCleared(HaltCleared(ceremony: "../a", halts: [4])),
            .keyRetired(
                KeyRetired(
                    fingerprint: SampleEvents.key, subject: "none", reason: "x", effective: nil)),
            .keyRetired(
                KeyRetired(
                    fingerprint: SampleEvents.key, subject: "a", reason: "No Code",
                    effective: nil)),
            .stepDone(StepDone(ceremony: "a-1", step: "publish", result: .array([]))),
            .stepDone(
                StepDone(ceremony: "a-1", step: "publish", result: .object(["a": .string("\n")]))),
            .exceptionNoted(
                ExceptionNoted(
                    ceremony: nil,
                    signed: SignedDocument(
                        lines: ["a\nb"], key: SampleEvents.key, sshsig: [1]))),
            .exceptionNoted(
                ExceptionNoted(
                    ceremony: nil,
                    signed: SignedDocument(lines: ["a"], key: SampleEvents.key, sshsig: []))),
            .rosterSet(
                RosterSet(
                    ceremony: nil, epoch: 0, policy: Samples.policy,
                    members: Samples.members.reversed(), holders: nil)),
            .rosterSet(
                RosterSet(
                    ceremony: nil, epoch: 0, policy: Samples.policy, members: [], holders: nil)),
        ])
    func notAllowed(_ body: EventBody) {
        let event = Event(
            origin: Samples.origin, seq: 5, time: Samples.time, prev: .zero, body: body)
        #expect(throws: EventError.self) { try event.checked() }
    }

    @Test("a changed byte is refused or changes what was said", arguments: 0..<100)
    func changed(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for event in SampleEvents.all {
            var line = event.line
            let position = Int.random(in: line.indices, using: &random)
            line[position] ^= UInt8.random(in: 1...255, using: &random)
            guard let read = try? Event(line: line) else { continue }
            #expect(read != event)
            #expect(read.line == line)
        }
    }
}
