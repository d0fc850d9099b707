// Reading a log again: it is opened only if every line, the head and the signed checkpoint are of
// one piece; whatever was changed from outside is refused, and nothing is touched.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Reading a log at the start", .timeLimit(.minutes(5)))
struct ReadingTests {
    @Test("Stopping and starting at every rest point changes nothing")
    func restPoints() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            var engine = try await workshop.open()
            // What a ceremony does between two stops: the engine before, and the one after.
            func restart() async throws {
                await engine.close()
                let before = engine.snapshot
                engine = try workshop.start(ledger: ledger.reopened())
                #expect(engine.state == before.state)
                #expect(engine.snapshot.checkpoint == before.checkpoint)
                engine = try await workshop.open(ledger: ledger)
            }
            try await restart()
            let statement = try await workshop.opened(engine)
            try await restart()
            for name in ["alice", "bob", "carol"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.approval(by: name, of: statement) })
                try await restart()
            }
            try await engine.submit(try workshop.order(engine, statement.ceremony))
            try await restart()
            let record = try #require(engine.state.ceremony(named: statement.ceremony)?.record)
            for name in ["alice", "bob"] {
                try await engine.submit(
                    workshop.people(of: engine) { $0.attestation(by: name, of: record) })
                try await restart()
            }
            #expect(engine.state.key(record.fingerprint)?.status(at: workshop.clock.now) == .active)
        }
    }

    @Test("A line, a head or a checkpoint that was changed from outside is refused")
    func changed() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            _ = try await workshop.approved(engine)
            await engine.close()
            let lines = ledger.lines
            let head = try ledger.head()

            #expect(await opening(try copy(lines, head), workshop) == nil)
            var other = lines
            other[4][other[4].count / 2] ^= 1
            #expect(await opening(try copy(other, head), workshop) != nil)
            #expect(await opening(try copy(lines.dropLast(), head), workshop) != nil)
            #expect(await opening(try copy(lines.dropFirst(), head), workshop) != nil)
            #expect(await opening(try copy([], .empty), workshop) != nil)
            let wrongRoot = StoredHead(
                size: head.size, root: Digest(of: []), checkpoint: head.checkpoint,
                checkpointSize: head.checkpointSize)
            #expect(await opening(try copy(lines, wrongRoot), workshop) != nil)

            // A checkpoint by another key, and one of another root by the right one.
            let forged = Checkpoint(
                origin: Workshop.origin, head: TreeHead(size: head.size, root: head.root))
            let stranger = SoftwareKey(77)
            let name = try #require(
                NoteKey(name: Workshop.origin, publicKey: stranger.publicKey.point))
            let note = try forged.signed(stranger.signature(over: forged.text), by: name)
            let byStranger = StoredHead(
                size: head.size, root: head.root, checkpoint: note.bytes, checkpointSize: head.size)
            #expect(await opening(try copy(lines, byStranger), workshop) != nil)
            let older = StoredHead(
                size: head.size, root: head.root, checkpoint: head.checkpoint,
                checkpointSize: head.size - 1)
            #expect(await opening(try copy(lines, older), workshop) != nil)
        }
    }

    @Test("The refusal of a changed log names the event, and what to do")
    func words() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open()
            _ = try await workshop.approved(engine)
            await engine.close()
            let (lines, head) = (ledger.lines, try ledger.head())
            var flipped = lines
            flipped[4][flipped[4].count / 2] ^= 1
            var swapped = lines
            swapped.swapAt(4, 5)
            let cases: [([[UInt8]], String)] = [
                (flipped, "event 4"), (swapped, "event 4"),
                (lines.dropLast(), "event \(lines.count - 1)"),
            ]
            for (changed, place) in cases {
                do {
                    _ = try workshop.start(ledger: try copy(changed, head))
                    Issue.record("it was opened")
                } catch let refusal as Refusal {
                    #expect(refusal.detail.contains(place), "\(refusal)")
                    let next = try #require(refusal.next)
                    #expect(next.contains("as evidence") && next.contains("ceremonyctl verify"))
                }
            }
        }
    }

    /// A ledger with this content, as somebody's hands could have made it.
    private func copy(_ lines: some Collection<[UInt8]>, _ head: StoredHead) throws -> MemoryLedger
    {
        let ledger = MemoryLedger()
        guard !lines.isEmpty else { return ledger }
        try ledger.append(Array(lines), after: 0, head: head.root, checkpoint: nil)
        if let checkpoint = head.checkpoint {
            try ledger.store(checkpoint: checkpoint, size: min(head.checkpointSize, lines.count))
        }
        return ledger
    }

    private func opening(_ ledger: MemoryLedger, _ workshop: Workshop) async -> String? {
        await refusal { try workshop.start(ledger: ledger) }
    }
}
