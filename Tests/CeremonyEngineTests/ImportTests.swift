// Completing an older copy of the log from evidence: all of it or nothing, and only what continues
// this very log.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Importing the events that a log has lost", .timeLimit(.minutes(5)))
struct ImportTests {
    @Test("An older copy is completed from evidence, and opens again as the newest")
    func completed() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let older = try await workshop.grown(ledger)
            let (before, newest) = (try older.head(), try ledger.head())
            let imported = try Import.run(
                events: ledger.exported, checkpoint: try #require(newest.checkpoint), into: older)
            #expect(imported.origin == Workshop.origin)
            #expect(imported.before == TreeHead(size: before.size, root: before.root))
            #expect(imported.after == TreeHead(size: newest.size, root: newest.root))
            let isWhole = older.lines == ledger.lines
            #expect(isWhole)
            #expect(try older.head() == newest)
            let again = try Import.run(
                events: ledger.exported, checkpoint: try #require(newest.checkpoint), into: older)
            #expect(again.before == again.after)
            let engine = try await workshop.open(ledger: older)
            #expect(engine.isKnownNewest)
            await engine.close()
        }
    }

    @Test("An import that was cut off is run again")
    func cutOff() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let older = try await workshop.grown(ledger)
            let (before, newest) = (try older.head(), try ledger.head())
            let note = try #require(newest.checkpoint)
            func run() throws -> Import {
                try Import.run(events: ledger.exported, checkpoint: note, into: older)
            }
            older.script([.refuse])
            #expect(await refusal { try run() } == "log-not-written")
            #expect(try older.head() == before)
            older.script([nil, .refuse])
            #expect(await refusal { try run() } == "log-not-written")
            #expect(try older.head().checkpointSize == before.checkpointSize)
            #expect(try run().before.size == newest.size)
            #expect(try older.head() == newest)
        }
    }

    @Test("Everything else is refused with its name, and nothing is touched")
    func refused() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let older = try await workshop.grown(ledger)
            let newest = try ledger.head()
            let note = try #require(newest.checkpoint)
            let lines = ledger.lines
            func expect(
                _ code: String, _ says: String, _ events: [UInt8], _ note: [UInt8],
                into target: MemoryLedger, _ place: SourceLocation = #_sourceLocation
            ) throws {
                let before = (target.lines, try target.head())
                let error = #expect(throws: EngineError.self, sourceLocation: place) {
                    try Import.run(events: events, checkpoint: note, into: target)
                }
                #expect(error?.code == code, "\(error as Any)", sourceLocation: place)
                #expect(
                    error?.detail.contains(says) == true, "\(error as Any)", sourceLocation: place)
                let isTouched = target.lines != before.0
                #expect(!isTouched, sourceLocation: place)
                #expect(try target.head() == before.1, sourceLocation: place)
            }
            // Another history, and evidence that is older than what is here.
            let fork = try workshop.otherHistory(of: ledger, size: newest.size - 1)
            try expect("forked", "\(newest.root)", ledger.exported, note, into: fork)
            try expect("forked", "event 2", ledger.exported, note, into: fork)
            try expect(
                "bad-bundle", "older", older.exported,
                try #require(try older.head().checkpoint), into: ledger)
            // Another log altogether.
            let stranger = MemoryLedger()
            try await Workshop.with(ledger: stranger) { other in
                _ = try await other.grown(stranger)
                try expect(
                    "bad-bundle", "another founding", stranger.exported,
                    try #require(try stranger.head().checkpoint), into: older)
            }
            // Evidence that is torn, cut, changed behind our end, or not covered by its checkpoint.
            try expect("bad-bundle", "no end", ledger.exported.dropLast(), note, into: older)
            try expect("bad-bundle", "empty", [], note, into: older)
            try expect(
                "bad-checkpoint", "\(newest.size - 1)", MemoryLedger.exported(lines.dropLast()),
                note, into: older)
            var changed = lines
            changed[lines.count - 1][lines[lines.count - 1].count / 2] ^= 1
            try expect(
                "bad-bundle", "does not verify", MemoryLedger.exported(changed), note, into: older)
            // A byte that changed on the way is damage and no fork.
            for place in [2, lines.count - 1] {
                var flipped = lines
                flipped[place][lines[place].count / 2] ^= 1
                try expect(
                    "bad-bundle", "damaged", MemoryLedger.exported(flipped), note, into: ledger)
            }
            try expect(
                "bad-checkpoint", "covers", ledger.exported,
                try #require(try older.head().checkpoint), into: older)
            try expect("bad-checkpoint", "note", ledger.exported, [1, 2], into: older)
            let head = TreeHead(size: newest.size, root: newest.root)
            let forged = Checkpoint(origin: Workshop.origin, head: head)
            let key = try #require(
                NoteKey(name: Workshop.origin, publicKey: SoftwareKey(77).publicKey.point))
            let other = try forged.signed(SoftwareKey(77).signature(over: forged.text), by: key)
            try expect("bad-checkpoint", "not signed", ledger.exported, other.bytes, into: older)
        }
    }
}

extension MemoryLedger {
    /// The lines as an export writes them.
    fileprivate var exported: [UInt8] { MemoryLedger.exported(lines) }

    fileprivate static func exported(_ lines: some Collection<[UInt8]>) -> [UInt8] {
        lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    }
}
