// What goes on while halted is a list (DESIGN section 3): every document that anybody can hand in,
// against a log that is halted by itself, by the file alone, and by the file while it is sealed.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("What goes on while halted", .timeLimit(.minutes(5)))
struct HaltTableTests {
    /// What holds the house halted.
    enum Cause: CaseIterable { case log, file, fileOfSealedLog }

    /// Everything that can be handed in, and whether it is taken.
    private static let table: [(what: String, goesOn: Bool)] = [
        ("opening", false), ("opening of a rotation", false), ("approval", false),
        ("repeated approval", false), ("attestation", false), ("execution", false),
        ("recovery", false), ("nonsense", false),
        ("opening of a clearing", true), ("opening of a revocation", true),
        ("approval of a revocation", true), ("decline", true), ("decline of a record", true),
        ("cancel", true), ("note", true), ("halt", true),
    ]

    @Test("Exactly what is listed goes on, whatever halts the house", arguments: Cause.allCases)
    func table(_ cause: Cause) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            var engine = try await workshop.open()
            let documents = try await documents(workshop, engine)
            switch cause {
            case .log: try await workshop.halt(engine, by: "gina")
            case .file:
                try "".write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
                engine.halts.look()
            case .fileOfSealedLog:
                await engine.close()
                try "".write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
                engine = try workshop.start(ledger: ledger.reopened())
            }
            #expect(engine.state.isHalted == (cause == .log))
            #expect(engine.snapshot.isHalted)
            for (what, goesOn) in Self.table {
                // The clearing and the revocation are drafted from the halted log.
                guard cause == .log || what != "opening of a clearing" else { continue }
                let signed = try documents[what] ?? clearing(workshop, engine)
                let size = engine.state.head.size
                let code = await refusal { try await engine.submit(signed) }
                if what == "halt" {
                    #expect(code == nil, "\(what)")
                } else if goesOn {
                    let expected = cause == .fileOfSealedLog ? "sealed" : nil
                    #expect(code == expected, "\(what)")
                } else {
                    #expect(code == "halted", "\(what)")
                    #expect(engine.state.head.size == size, "\(what)")
                }
            }
        }
    }

    @Test("What no document asks for goes on: starts, locks, ends by time, failures, reading")
    func withoutDocuments() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let pending = try await workshop.opened(engine)
            try await workshop.halt(engine, by: "gina")
            workshop.clock.advance(by: 8 * 3600)
            await engine.tick()
            #expect(engine.state.ceremony(named: pending.ceremony)?.state == .expired)
            engine.noteRefusal(Workshop.knock)
            await engine.tick()
            try await engine.lock("house")
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(
                workshop.told.events.suffix(4).map(\.body.type) == [
                    "halt.raised", "ceremony.expired", "access.refused", "daemon.started",
                ])
            #expect(engine.inclusionProof(of: 0, in: engine.state.head.size) != nil)
        }
    }

    private func clearing(_ workshop: Workshop, _ engine: Engine) throws -> Signed {
        try workshop.people(of: engine) { house in
            house.opening(
                try house.statement(HaltClear.name, subject: "house-halt", token: nil))
        }
    }

    /// One of each but the opening of a clearing, for which there must be a halt.
    private func documents(_ workshop: Workshop, _ engine: Engine) async throws
        -> [String: Signed]
    {
        let old = try await workshop.completed(engine, subject: "keeper-old")
        for name in ["alice", "bob", "carol"] {
            try await engine.submit(
                workshop.people(of: engine) { $0.attestation(by: name, of: old) })
        }
        let key = try #require(engine.state.allKeys.first).publicKey.fingerprint
        let record = try await workshop.completed(engine, subject: "keeper-new")
        let revocation = try await opened(
            workshop, engine, subject: "keeper-old", ["key": "\(key)", "cause": "loss"])
        let approved = try await workshop.approved(engine)
        var signed: [String: Signed] = [:]
        for (what, name, actor, role, id) in [
            ("execution", ActName.execute, "dave", ActRole.operator, approved.ceremony),
            ("decline", .decline, "frank", .witness, approved.ceremony),
            ("decline of a record", .decline, "bob", .witness, record.ceremony),
            ("cancel", .cancel, "dave", .operator, approved.ceremony),
            ("recovery", .recover, "dave", .operator, nil),
            ("note", .note, "erin", .auditor, nil), ("halt", .halt, "bob", .keeper, nil),
        ] {
            signed[what] = try workshop.act(name, by: actor, as: role, on: id, engine)
        }
        signed["nonsense"] = Signed(document: [1, 2], sshsig: [])
        try workshop.people(of: engine) { house in
            signed["approval"] = house.approval(by: "frank", of: approved)
            signed["repeated approval"] = house.approval(by: "alice", of: approved)
            signed["attestation"] = house.attestation(by: "alice", of: record)
            signed["approval of a revocation"] = house.approval(by: "alice", of: revocation)
            let elsewhere = TokenReference(
                label: "annex", manufacturer: "m", model: "m", serial: "1")
            signed["opening"] = house.opening(
                try house.statement(subject: "keeper-beta", token: elsewhere))
            signed["opening of a rotation"] = house.opening(
                try house.statement(
                    KeyRotation.name, subject: "keeper-old", token: elsewhere))
            signed["opening of a revocation"] = house.opening(
                try house.statement(
                    KeyRevocation.name, subject: "keeper-old", token: nil,
                    parameters: ["key": "\(key)", "cause": "compromise"]))
        }
        return signed
    }

    private func opened(
        _ workshop: Workshop, _ engine: Engine, subject: String, _ parameters: [String: String]
    ) async throws -> Statement {
        let (statement, opening) = try workshop.people(of: engine) { house in
            let statement = try house.statement(
                KeyRevocation.name, subject: subject, token: nil, parameters: parameters)
            return (statement, house.opening(statement))
        }
        try await engine.submit(opening)
        return statement
    }
}
