// Halting: the file, then memory, then the log; nothing stands in its way, and once it stands
// everything else stops but what DESIGN section 3 lists.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Halting", .timeLimit(.minutes(5)))
struct HaltTests {
    @Test("A halt is in the file before it is in memory, and in memory before it is in the log")
    func order() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            let statement = try await workshop.opened(engine)
            // The writer is held at the log token, so that the halt cannot reach the log yet.
            let hold = Gate()
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            let inFlight = Task { try await engine.submit(approval) }
            await hold.arrival()
            let halting = Task { try await engine.submit(halt) }
            while await engine.writer.queueCount < 1 { await Task.yield() }
            #expect(engine.snapshot.isHaltedByFile)
            #expect(!engine.state.isHalted)
            guard case .halts(let held) = workshop.haltFile.read(), held.count == 1,
                case .act(let document, _, _) = held[0]
            else {
                Issue.record("the file does not hold the halt")
                return
            }
            #expect(document == halt.document)
            // Already nothing else is taken, in the words of the file.
            let second = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(await refusal { try await engine.submit(second) } == "halted")
            vault.mend(.sign)
            hold.open()
            _ = try await inFlight.value
            #expect(try await halting.value.receipt?.seq == engine.state.head.size - 1)
            #expect(engine.state.halts.map(\.by) == ["gina"])
            #expect(try await engine.submit(halt).isRepeat)
        }
    }

    @Test("A log token that hangs holds no halt up: it is held, and written when the token answers")
    func logTokenHangs() async throws {
        try await Workshop.with { workshop in
            let vault = InterposedVault(try workshop.freshVault())
            let patience = Gate()
            let engine = try workshop.start(vault: vault, haltPatience: { await patience.wait() })
            try await engine.unlock("house", pin: try Workshop.pin())
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            let statement = try await workshop.opened(engine)
            let hold = Gate()
            vault.before(.sign) { () throws(VaultError) in await hold.wait() }
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            let inFlight = Task { try await engine.submit(approval) }
            await hold.arrival()
            let halting = Task { try await engine.submit(halt) }
            await patience.arrival()
            #expect(engine.snapshot.isHalted)
            #expect(workshop.haltFile.read().isHalt)
            patience.open()
            #expect(try await halting.value.receipt == nil)
            #expect(!engine.state.isHalted)
            // Nobody needs to ask again.
            vault.mend(.sign)
            hold.open()
            _ = try await inFlight.value
            while !engine.state.isHalted { await Task.yield() }
            #expect(engine.state.halts.map(\.by) == ["gina"])
        }
    }

    @Test("A halt that no file could take is answered only when the log has it, however long")
    func logTokenHangsWithoutFile() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start(haltPatience: {})
            try await engine.unlock("house", pin: try Workshop.pin())
            try FileManager.default.createDirectory(
                atPath: workshop.haltPath, withIntermediateDirectories: false)
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            #expect(try await engine.submit(halt).receipt != nil)
        }
    }

    @Test(
        "While halted, what people decide is refused; noting, declining, cancelling, locking go on")
    func whatGoesOn() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let alpha = try await workshop.approved(engine)
            let draft = try workshop.people(of: engine) { house in
                house.opening(
                    try house.statement(
                        subject: "keeper-beta",
                        token: TokenReference(
                            label: "annex", manufacturer: "m", model: "m", serial: "1")))
            }
            let approval = workshop.people(of: engine) { $0.approval(by: "frank", of: alpha) }
            let order = try workshop.order(engine, alpha.ceremony)
            try await engine.submit(try workshop.act(.halt, by: "gina", as: .keeper, engine))
            let halted = engine.state.head.size

            for refused in [draft, approval, order] {
                #expect(await refusal { try await engine.submit(refused) } == "halted")
            }
            #expect(
                await refusal { try await engine.submit(document: [1, 2], sshsig: []) } == "halted")
            #expect(await drafting(engine, workshop) == "halted")
            #expect(engine.state.head.size == halted)

            for name in [ActName.note, .cancel] {
                let act = try workshop.act(
                    name, by: "dave", as: .operator, on: name == .cancel ? alpha.ceremony : nil,
                    engine)
                #expect(try await engine.submit(act).receipt != nil)
            }
            engine.noteRefusal(Workshop.knock)
            await engine.tick()
            #expect(engine.state.head.size == halted + 3)
            try await engine.lock("house")
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.state.isHalted)
            #expect(engine.state.halts.count == 1)
            #expect(engine.snapshot.checkpointSize == engine.state.head.size)
        }
    }

    @Test("Sealed refuses everything but a halt, which the file holds until the log can be written")
    func sealed() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let first = try await workshop.open()
            let statement = try await workshop.opened(first)
            let approval = workshop.people(of: first) { $0.approval(by: "alice", of: statement) }
            let note = try workshop.act(.note, by: "erin", as: .auditor, first)
            await first.close()

            let engine = try workshop.start()
            let size = engine.state.head.size
            for refused in [approval, note] {
                #expect(await refusal { try await engine.submit(refused) } == "sealed")
            }
            #expect(
                await refusal { try await engine.submit(document: [1, 2], sshsig: []) } == "sealed")
            #expect(await drafting(engine, workshop) == "sealed")
            await engine.tick()
            // Two keepers halt; one of them twice.
            let halts = try ["gina", "bob"].map {
                try workshop.act(.halt, by: $0, as: .keeper, engine)
            }
            for halt in halts + [halts[0]] {
                let recorded = try await engine.submit(halt)
                #expect(recorded.receipt == nil)
            }
            #expect(engine.snapshot.isHaltedByFile && engine.snapshot.isHalted)
            #expect(ledger.lines.count == size)
            #expect(await refusal { try await engine.submit(approval) } == "halted")
            #expect(await refusal { try await engine.submit(note) } == "sealed")

            // Another life: it is halted from the start, and says so in the log first of all,
            // before its own start and before a ceremony that has expired in between.
            workshop.clock.advance(by: 8 * 3600)
            let again = try workshop.start(ledger: ledger.reopened())
            #expect(again.snapshot.isHalted && !again.state.isHalted)
            try await again.unlock("house", pin: try Workshop.pin())
            let written = workshop.told.events.filter { $0.seq >= size }
            #expect(
                written.map(\.body.type) == [
                    "halt.raised", "halt.raised", "daemon.started", "ceremony.expired",
                ])
            #expect(again.state.halts.map(\.by) == ["gina", "bob"])
            #expect(again.state.halts.map(\.time) == [House.dawn, House.dawn])
            // And once only.
            try await again.lock("house")
            try await again.unlock("house", pin: try Workshop.pin())
            #expect(again.state.halts.count == 2)
        }
    }

    @Test(
        "A halt file that cannot be understood halts, and becomes one halt of the house itself",
        arguments: [
            "", "no JSON\n", "{\"document\":\"AA==\",\"sshsig\":\"AA==\"}\n",
            "{\"document\":\"AA==\",\"since\":\"2026-01-15T00:00:00Z\",\"sshsig\":\"AA==\"}\n",
        ])
    func unreadable(_ content: String) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            try content.write(toFile: workshop.haltPath, atomically: true, encoding: .utf8)
            let engine = try workshop.start()
            #expect(engine.snapshot.isHalted)
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.state.halts.map(\.reason) == ["halt-file"])
            #expect(engine.state.halts.map(\.by) == [nil])
            await engine.close()
            let again = try await workshop.open()
            #expect(again.state.halts.count == 1)
        }
    }

    @Test("A file that may not be read halts as well")
    func folder() async throws {
        try await Workshop.with { workshop in
            try FileManager.default.createDirectory(
                atPath: workshop.haltPath, withIntermediateDirectories: false)
            let engine = try await workshop.open()
            #expect(engine.state.halts.map(\.reason) == ["halt-file"])
            // A keeper's halt cannot go to the file, and goes to the log.
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            #expect(try await engine.submit(halt).receipt != nil)
            #expect(engine.state.halts.count == 2)
        }
    }

    @Test("Where neither file nor log takes the halt, memory does, and it says so")
    func memoryOnly() async throws {
        try await Workshop.with { workshop in
            let engine = try workshop.start()
            try FileManager.default.createDirectory(
                atPath: workshop.haltPath, withIntermediateDirectories: false)
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            #expect(await refusal { try await engine.submit(halt) } == "halt-file")
            #expect(engine.snapshot.isHalted)
        }
    }

    @Test("A log token that is gone does not stand in the way of a halt")
    func tokenGone() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.opened(engine)
            vault.fail(.sign)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "recorded-not-signed")
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            #expect(try await engine.submit(halt).receipt == nil)
            #expect(engine.snapshot.isHalted)
            // It comes back, and the log says it at once.
            vault.mend(.sign)
            try await engine.unlock("house", pin: try Workshop.pin())
            #expect(engine.state.halts.map(\.by) == ["gina"])
        }
    }

    @Test("A halt that the log could not take stands in it as soon as it can, without an unlock")
    func catchesUp() async throws {
        try await Workshop.with { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.opened(engine)
            vault.fail(.sign)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "recorded-not-signed")
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            #expect(try await engine.submit(halt).receipt == nil)
            vault.mend(.sign)
            await engine.tick()
            await engine.tick()
            #expect(engine.state.halts.map(\.by) == ["gina"])
        }
    }

    @Test("Only a keeper's good signature halts")
    func whoMay() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            var halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            halt.sshsig[halt.sshsig.count - 1] ^= 1
            #expect(await refusal { try await engine.submit(halt) } == "bad-signature")
            #expect(!engine.snapshot.isHalted)
            #expect(workshop.haltFile.read() == .absent)
        }
    }

    @Test("A halt taken while the clock was behind is written down when it is right again")
    func clockBehind() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try workshop.start()
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            workshop.clock.advance(by: -86_400)
            #expect(try await engine.submit(halt).receipt == nil)
            workshop.clock.set(House.dawn + 600)
            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(again.state.halts.map(\.by) == ["gina"])
        }
    }

    @Test("A halt dated by the same clock as the daemon's holds, however far that is behind")
    func clockFarBehind() async throws {
        try await Workshop.with { workshop in
            let engine = try await workshop.open()
            let last = engine.state.head.time
            workshop.clock.advance(by: -86_400)
            let halt = try workshop.act(.halt, by: "gina", as: .keeper, engine)
            #expect(try await engine.submit(halt).receipt != nil)
            #expect(engine.state.halts.map(\.time) == [last + -86_400])
            #expect(engine.state.head.time == last)
        }
    }

    @Test("A log key that signs something else halts the house, now and at the next start")
    func logKeyLies() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.opened(engine)
            vault.signWrongly(.logKey)
            let approval = workshop.people(of: engine) { $0.approval(by: "alice", of: statement) }
            #expect(await refusal { try await engine.submit(approval) } == "recorded-not-signed")
            #expect(engine.snapshot.isHalted)
            #expect(engine.snapshot.checkpointSize == engine.state.head.size - 1)
            let second = workshop.people(of: engine) { $0.approval(by: "bob", of: statement) }
            #expect(await refusal { try await engine.submit(second) } == "halted")

            let again = try await workshop.open(ledger: ledger.reopened())
            #expect(again.state.halts.map(\.reason) == ["log-key"])
            #expect(again.state.halts.map(\.by) == [nil])
        }
    }

    /// The refusal of a draft that would be fine at another time.
    private func drafting(_ engine: Engine, _ workshop: Workshop) async -> String? {
        let dave = workshop.people(of: engine) { $0.signatory("dave") }
        return await refusal {
            try await engine.draft(
                Draft(
                    kind: "new-keeper-key", subject: "keeper-gamma", parameters: [:],
                    initiator: dave, reason: "the tests ask for it", drafted: workshop.clock.now,
                    nonce: String(repeating: "f", count: 32)), into: "house")
        }
    }

    /// A hand that writes as much as there is room for; the room kept for halts is some.
    private static func fullDisk(_ file: String, room: Int) -> @Sendable (Int32, [UInt8]) -> Int {
        { descriptor, line in
            let space =
                FileManager.default.fileExists(atPath: file + ".reserve") ? room : line.count
            let count = min(space, line.count)
            guard count > 0 else {
                errno = ENOSPC
                return -1
            }
            return write(descriptor, line, count)
        }
    }

    @Test("On a full disk a halt takes the room that was kept for it, and names who raised it")
    func fullDisk() async throws {
        try await Workshop.with { workshop in
            let path = workshop.haltPath
            let account: @Sendable (HaltFile.Content) -> [String] = {
                $0.held.map { $0.account.by }
            }
            for room in [0, 10] {
                let file = HaltFile(path: path, put: Self.fullDisk(path, room: room))
                file.reserve()
                let size = try FileManager.default.attributesOfItem(atPath: path + ".reserve")[
                    .size]
                #expect(size as? Int == 65_536)
                try file.add(.invariant("chain", since: House.dawn, after: 3))
                #expect(account(file.read()) == ["the daemon"])
                #expect(!FileManager.default.fileExists(atPath: path + ".reserve"))
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }

    @Test(
        "A halt for which there is no room leaves no torn line, and it is said that it may be lost")
    func noRoom() async throws {
        try await Workshop.with { workshop in
            let path = workshop.haltPath
            let whole = HaltFile(path: path)
            try whole.add(.invariant("log-key", since: House.dawn, after: 3))
            let before = whole.read()
            let file = HaltFile(path: path) { descriptor, line in write(descriptor, line, 10) }
            let refused = #expect(throws: EngineError.self) {
                try file.add(.invariant("chain", since: House.dawn, after: 3))
            }
            #expect(refused?.code == "halt-file")
            #expect(refused?.next?.contains("only by the memory of the daemon") == true)
            #expect(whole.read() == before)
            // One that was not there is empty: halted, by nobody knows whom.
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: EngineError.self) {
                try file.add(.invariant("chain", since: House.dawn, after: 3))
            }
            #expect(file.read().isHalt)
        }
    }
}
