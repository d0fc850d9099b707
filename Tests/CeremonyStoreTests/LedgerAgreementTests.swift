// The ledger in memory stands in for the one on disk in other tests: both must answer every call
// in the same way, or those tests prove nothing.

import CeremonyEngine
import CeremonyRecord
import CeremonyStore
import TestSupport
import Testing

@Suite struct LedgerAgreementTests {
    /// What a call came to, without the wording.
    private func outcome(_ call: () throws -> Void) -> String {
        do {
            try call()
            return "done"
        } catch LedgerError.wrongSize(let expected, let stored) {
            return "wrong size \(expected), \(stored)"
        } catch LedgerError.notStored {
            return "not stored"
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "memory and disk answer the same calls alike, good and bad",
        arguments: 1...8 as ClosedRange<UInt64>)
    func agree(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let scratch = try Scratch()
        let disk = try scratch.createLedger()
        let memory = MemoryLedger()
        var outcomes: [String: Int] = [:]
        for step in 0..<200 {
            let stored = try memory.head()
            // Mostly the right size; sometimes one beside it.
            let size = max(0, stored.size + [0, 0, 0, 0, 1, -1].randomElement(using: &random)!)
            let batches: [[[UInt8]]] = [
                [line(size)], [line(size), line(size + 1)], [], [[]], [[0x0A]],
            ]
            let lines = batches[[0, 0, 0, 1, 1, 1, 2, 3, 4].randomElement(using: &random)!]
            let notes: [[UInt8]?] = [nil, note(size), note(size), []]
            let checkpoint = notes.randomElement(using: &random)!
            let appends = Int.random(in: 0..<4, using: &random) > 0
            let call: (any Ledger) throws -> Void = { ledger in
                if appends {
                    try ledger.append(
                        lines, after: size, head: root(size + lines.count), checkpoint: checkpoint)
                } else {
                    try ledger.store(checkpoint: checkpoint ?? note(size), size: size)
                }
            }
            let outcome = outcome { try call(memory) }
            #expect(self.outcome { try call(disk) } == outcome, "step \(step)")
            #expect(try disk.head() == memory.head(), "step \(step)")
            outcomes[String(outcome.prefix(10)), default: 0] += 1
        }
        #expect(try disk.lines(from: 0, limit: .max) == memory.lines)
        #expect(outcomes.count == 3 && outcomes.values.allSatisfy { $0 > 9 }, "\(outcomes)")
    }

    @Test("a scripted failure leaves at the next start what its name says")
    func scripted() throws {
        for (failure, kept, ends) in [
            (MemoryLedger.Failure.refuse, 1, false), (.dieBeforeCommit, 1, true),
            (.dieAfterCommit, 2, true),
        ] {
            let ledger = MemoryLedger()
            ledger.script([nil, failure])
            try ledger.append([line(0)], after: 0, head: root(1), checkpoint: nil)
            let error = #expect(throws: LedgerError.self) {
                try ledger.append([line(1)], after: 1, head: root(2), checkpoint: note(1))
            }
            #expect(error?.endsProcess == ends)
            #expect(ledger.reopened().lines == (0..<kept).map(line))
            let again = outcome {
                try ledger.append([line(1)], after: 1, head: root(2), checkpoint: note(1))
            }
            #expect((again == "done") == !ends)
        }
    }
}

/// A small seeded generator (SplitMix64): a failing seed fails again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
