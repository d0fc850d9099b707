// The end of halts: the log says first that they are cleared, then the file loses exactly those.
// What was raised meanwhile holds on, in the file, in memory and in the log; a crash in between
// raises nothing again.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Clearing halts", .timeLimit(.minutes(5)))
struct HaltClearTests {
    @Test("A cleared halt leaves log, memory and file, and the house goes on, also after a restart")
    func cleared() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            try await workshop.halt(engine, by: "alice")
            let statement = try await workshop.clearing(engine, by: "alice")
            try await workshop.approve(statement, "bob", engine)
            #expect(engine.snapshot.isHalted)
            #expect(workshop.haltFile.read().isHalt)
            try await workshop.approve(statement, "gina", engine)
            #expect(!engine.snapshot.isHalted && !engine.snapshot.isHaltedByFile)
            #expect(workshop.haltFile.read() == .absent)
            _ = try await workshop.opened(engine)
            await engine.close()
            let size = engine.state.head.size
            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(!again.snapshot.isHalted)
            #expect(again.state.head.size == size + 1)
        }
    }

    @Test("A halt raised meanwhile stays in the file, in memory and in the log")
    func meanwhile() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            try await workshop.halt(engine, by: "alice")
            let statement = try await workshop.clearing(engine)
            try await workshop.approve(statement, "bob", engine)
            try await workshop.halt(engine, by: "gina")
            try await workshop.approve(statement, "carol", engine)
            #expect(engine.state.halts.map(\.by) == ["gina"])
            #expect(engine.snapshot.isHaltedByFile)
            #expect(try workshop.namesInHaltFile() == ["gina"])
            #expect(engine.snapshot.isHalted)
            await engine.close()
            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(again.state.halts.map(\.by) == ["gina"])
            #expect(try workshop.namesInHaltFile() == ["gina"])
        }
    }

    @Test("A crash before the file is rewritten raises nothing again, and the file goes then")
    func crash() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            try await workshop.halt(engine, by: "alice")
            engine.halts.raise(.logKey)
            await engine.tick()
            #expect(engine.state.halts.map(\.reason) == ["the tests ask for it", "log-key"])
            let held = try Data(contentsOf: URL(filePath: workshop.haltPath))
            try await workshop.clear(engine, "bob", "gina")
            #expect(workshop.haltFile.read() == .absent)
            await engine.close()
            try held.write(to: URL(filePath: workshop.haltPath))
            let size = engine.state.head.size

            let again = try workshop.start(ledger: ledger.reopened())
            #expect(again.snapshot.isHalted)
            try await again.unlock("house", pin: try Workshop.pin())
            #expect(!again.snapshot.isHalted)
            #expect(workshop.haltFile.read() == .absent)
            #expect(again.state.head.size == size + 1)
        }
    }

    @Test("A broken invariant that only the file holds is no cleared one, whatever the clock says")
    func clockSetBack() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            engine.halts.raise(.chain)
            await engine.tick()
            try await workshop.clear(engine, "bob", "gina")
            #expect(!engine.snapshot.isHalted)
            // It is seen broken again, by a clock that was set back, and the daemon dies.
            workshop.clock.advance(by: -2)
            engine.halts.raise(.chain)
            await engine.close()
            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(again.state.halts.map(\.reason) == ["chain"])
            #expect(again.snapshot.isHalted)
        }
    }

    @Test("A crash before the file is rewritten leaves a halt that nobody cleared where it was")
    func crashBesides() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            try await workshop.halt(engine, by: "alice")
            let statement = try await workshop.clearing(engine)
            try await workshop.halt(engine, by: "gina")
            let held = try Data(contentsOf: URL(filePath: workshop.haltPath))
            try await workshop.approve(statement, "bob", engine)
            try await workshop.approve(statement, "carol", engine)
            await engine.close()
            try held.write(to: URL(filePath: workshop.haltPath))
            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(again.state.halts.map(\.by) == ["gina"])
            #expect(try workshop.namesInHaltFile() == ["gina"])
        }
    }

    @Test(
        "A file that cannot be read is cleared like any halt, and kept under another name",
        arguments: ["", "no JSON\n", "{\"document\":\"AA==\",\"sshsig\":\"AA==\"}\n"])
    func unreadable(_ content: String) async throws {
        try await Workshop.with { workshop in
            try content.write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
            let engine = try await workshop.open()
            #expect(engine.state.halts.map(\.reason) == ["halt-file"])
            await engine.tick()
            #expect(engine.state.halts.count == 1)
            try await workshop.clear(engine, "bob", "gina")
            #expect(!engine.snapshot.isHalted)
            #expect(workshop.haltFile.read() == .absent)
            let aside = try String(
                contentsOfFile: workshop.haltPath + ".unreadable-1", encoding: .utf8)
            #expect(aside == content)
        }
    }

    @Test("A halt beside what cannot be read stays when only that is cleared")
    func unreadableBeside() async throws {
        try await Workshop.with { workshop in
            try "no JSON\n".write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
            let engine = try await workshop.open()
            let statement = try await workshop.clearing(engine)
            try await workshop.halt(engine, by: "gina")
            try await workshop.approve(statement, "bob", engine)
            try await workshop.approve(statement, "carol", engine)
            #expect(engine.state.halts.map(\.by) == ["gina"])
            #expect(try workshop.namesInHaltFile() == ["gina"])
            #expect(FileManager.default.fileExists(atPath: workshop.haltPath + ".unreadable-1"))
        }
    }

    @Test(
        "A halt that no file could take is cleared like any other, and so is what stood in its way")
    func memoryOnly() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start()
            try FileManager.default.createDirectory(
                atPath: workshop.haltPath, withIntermediateDirectories: false)
            let halt = try workshop.act(.halt, by: "alice", as: .keeper, engine)
            #expect(await refusal { try await engine.submit(halt) } == "halt-file")
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.state.halts.map(\.by) == ["alice", nil])
            try await workshop.clear(engine, "bob", "gina")
            #expect(!engine.snapshot.isHalted)
            #expect(workshop.haltFile.read() == .absent)
        }
    }

    @Test(
        "Where the file cannot be rewritten the house stays halted, and the next look tries again")
    func stuck() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            try await workshop.halt(engine, by: "alice")
            let statement = try await workshop.clearing(engine)
            try await workshop.halt(engine, by: "gina")
            let inTheWay = workshop.haltPath + ".new"
            try FileManager.default.createDirectory(
                atPath: inTheWay, withIntermediateDirectories: false)
            try await workshop.approve(statement, "bob", engine)
            try await workshop.approve(statement, "carol", engine)
            #expect(try workshop.namesInHaltFile() == ["alice", "gina"])
            #expect(engine.snapshot.isHaltedByFile)
            try FileManager.default.removeItem(atPath: inTheWay)
            await engine.tick()
            #expect(try workshop.namesInHaltFile() == ["gina"])
        }
    }

    @Test("A halt file made by hand while the daemon runs halts, and taking it away clears nothing")
    func byHand() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            await engine.tick()
            #expect(!engine.snapshot.isHalted)
            try "".write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
            await engine.tick()
            #expect(engine.state.halts.map(\.reason) == ["halt-file"])
            // What it says now is another halt than the one before.
            let statement = try await workshop.clearing(engine)
            try "stop!\n".write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
            await engine.tick()
            #expect(engine.state.halts.map(\.reason) == ["halt-file", "halt-file"])
            try await workshop.approve(statement, "bob", engine)
            try await workshop.approve(statement, "gina", engine)
            #expect(engine.state.halts.count == 1)
            #expect(workshop.haltFile.read().isHalt)
            try FileManager.default.removeItem(atPath: workshop.haltPath)
            await engine.tick()
            #expect(engine.snapshot.isHaltedByFile && engine.state.isHalted)
            try await workshop.clear(engine, "bob", "gina")
            #expect(!engine.snapshot.isHalted)
        }
    }

    @Test("A halt file made by hand beside a sealed log halts, and stays in memory without it")
    func byHandSealed() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start()
            try "".write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
            await engine.tick()
            #expect(engine.snapshot.isHalted)
            try FileManager.default.removeItem(atPath: workshop.haltPath)
            await engine.tick()
            #expect(engine.snapshot.isHalted)
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.state.halts.map(\.reason) == ["halt-file"])
        }
    }

    @Test("A keeper's halt put into the file by hand is that keeper's halt")
    func signedByHand() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let act = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            try workshop.haltFile.add(
                .act(document: act.document, sshsig: act.sshsig, since: workshop.clock.now))
            await engine.tick()
            #expect(engine.state.halts.map(\.by) == ["gina"])
        }
    }

    @Test(
        "A broken invariant halts once, and again when it is seen while its clearing is asked for")
    func invariants() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            for _ in 0..<3 {
                engine.halts.raise(.chain)
                await engine.tick()
            }
            #expect(engine.state.halts.map(\.reason) == ["chain"])
            let statement = try await workshop.clearing(engine)
            workshop.clock.advance(by: 1)
            for _ in 0..<3 {
                engine.halts.raise(.chain)
                await engine.tick()
            }
            #expect(engine.state.halts.map(\.reason) == ["chain", "chain"])
            try await workshop.approve(statement, "bob", engine)
            try await workshop.approve(statement, "gina", engine)
            #expect(engine.state.halts.count == 1)
            #expect(engine.snapshot.isHaltedByFile)
            try await workshop.clear(engine, "bob", "gina")
            #expect(!engine.snapshot.isHalted)
        }
    }

    @Test("Stored lines that are not those recorded are not vouched for, and halt the house")
    func chain() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            var lines = ledger.lines
            try engine.vouch(for: lines, from: 0, count: lines.count)
            try engine.vouch(for: Array(lines[1...]), from: 1, count: lines.count - 1)
            #expect(!engine.snapshot.isHalted)
            #expect(
                await refusal { try engine.vouch(for: [lines[0]], from: 1, count: 1) }
                    == "broken-chain")
            #expect(engine.snapshot.isHalted)
            lines.removeLast()
            #expect(
                await refusal {
                    try engine.vouch(for: lines, from: 0, count: lines.count + 1)
                } == "broken-chain")
            await engine.tick()
            #expect(engine.state.halts.map(\.reason) == ["chain"])
        }
    }
}

extension Workshop {
    /// A keeper halts the house.
    func halt(_ engine: Engine, by name: String) async throws {
        try await engine.submit(try act(.halt, by: name, as: .keeper, engine))
    }

    /// Opens the clearing of every halt in force.
    func clearing(_ engine: Engine, by name: String = "dave") async throws -> Statement {
        let (statement, signed) = try people(of: engine) { house in
            let statement = try house.statement(
                HaltClear.name, by: name, subject: "house-halt", token: nil)
            return (statement, house.opening(statement))
        }
        try await engine.submit(signed)
        return statement
    }

    /// Somebody approves.
    func approve(_ statement: Statement, _ name: String, _ engine: Engine) async throws {
        try await engine.submit(people(of: engine) { $0.approval(by: name, of: statement) })
    }

    /// Clears every halt in force.
    func clear(_ engine: Engine, _ names: String...) async throws {
        let statement = try await clearing(engine)
        for name in names { try await approve(statement, name, engine) }
    }

    /// Whose acts the halt file holds.
    func namesInHaltFile() throws -> [String] {
        try haltFile.read().held.map { held in
            guard case .act(let document, _, _) = held,
                case .act(let act) = try AnyDocument(bytes: document)
            else { throw Missing(what: "an act in the halt file") }
            return act.actor.name
        }
    }
}
