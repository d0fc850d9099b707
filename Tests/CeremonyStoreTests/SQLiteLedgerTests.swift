// What the writer is promised: order, one transaction a batch, nothing of a refused one.

import CeremonyEngine
import CeremonyRecord
import CeremonyStore
import Testing

@Suite struct SQLiteLedgerTests {
    @Test("an empty log has the root of the empty tree and no checkpoint")
    func empty() throws {
        let scratch = try Scratch()
        let ledger = try scratch.createLedger()
        #expect(try ledger.head() == .empty)
        #expect(
            try ledger.head().root.hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(try ledger.lines(from: 0, limit: 10) == [])
    }

    @Test("what was appended is there in order after reopening, with head and checkpoint")
    func roundTrip() throws {
        let scratch = try Scratch()
        try {
            let ledger = try scratch.createLedger()
            try ledger.append([line(0), line(1)], after: 0, head: root(2), checkpoint: nil)
            try ledger.append([line(2)], after: 2, head: root(3), checkpoint: note(2))
        }()
        let ledger = try scratch.openLedger()
        #expect(
            try ledger.head()
                == StoredHead(size: 3, root: root(3), checkpoint: note(2), checkpointSize: 2))
        var read: [[UInt8]] = []
        try ledger.read { seq, line in
            #expect(seq == read.count)
            read.append(line)
        }
        #expect(read == [line(0), line(1), line(2)])
    }

    @Test("reading goes over its pages, and may ask the ledger in between")
    func longRead() throws {
        let scratch = try Scratch.holdingLog(of: 2001)
        let ledger = try scratch.openLedger()
        var count = 0
        try ledger.read { seq, bytes in
            #expect(bytes == line(seq))
            if seq == 1000 { try #require(ledger.head().size == 2001) }
            count += 1
        }
        #expect(count == 2001)
    }

    @Test(
        "a page holds the lines from its number on",
        arguments: [(0, 2, 0..<2), (3, 10, 3..<5), (5, 1, 5..<5), (-1, 1, 0..<1), (0, 0, 0..<0)])
    func pages(from: Int, limit: Int, expected: Range<Int>) throws {
        let ledger = try Scratch.holdingLog(of: 5).openLedger()
        #expect(try ledger.lines(from: from, limit: limit) == expected.map(line))
    }

    @Test("a batch for another size is refused and changes nothing", arguments: [0, 1, 3])
    func wrongSize(size: Int) throws {
        let ledger = try Scratch.holdingLog(of: 2).openLedger()
        #expect(throws: LedgerError.wrongSize(expected: size, stored: 2)) {
            try ledger.append([line(size)], after: size, head: root(size + 1), checkpoint: nil)
        }
        #expect(try ledger.head().root == root(2))
        #expect(try ledger.lines(from: 0, limit: 9) == [line(0), line(1)])
        try ledger.append([line(2)], after: 2, head: root(3), checkpoint: nil)
    }

    @Test(
        "a batch that is no batch of lines is refused whole",
        arguments: [
            [], [line(1), []], [line(1), Array(repeating: 65, count: 65536)],
            [Array("a\nb".utf8)],
        ] as [[[UInt8]]])
    func badBatch(lines: [[UInt8]]) throws {
        let ledger = try Scratch.holdingLog(of: 1).openLedger()
        let error = #expect(throws: LedgerError.self) {
            try ledger.append(lines, after: 1, head: root(2), checkpoint: nil)
        }
        #expect(error?.endsProcess == false)
        #expect(try ledger.head().size == 1)
        #expect(try ledger.lines(from: 0, limit: 9) == [line(0)])
    }

    @Test("the longest line is taken, with every byte that is not LF")
    func longestLine() throws {
        let scratch = try Scratch.holdingLog(of: 0)
        let longest = (0..<65535).map { UInt8(truncatingIfNeeded: $0) == 10 ? 0 : UInt8($0 & 255) }
        try scratch.openLedger().append([longest], after: 0, head: root(1), checkpoint: nil)
        #expect(try scratch.openLedger().lines(from: 0, limit: 1) == [longest])
    }

    @Test("a checkpoint is stored alone, and a newer one takes its place")
    func checkpoints() throws {
        let scratch = try Scratch.holdingLog(of: 3)
        try scratch.openLedger().store(checkpoint: note(2), size: 2)
        let ledger = try scratch.openLedger()
        #expect(
            try ledger.head()
                == StoredHead(size: 3, root: root(3), checkpoint: note(2), checkpointSize: 2))
        try ledger.store(checkpoint: note(3), size: 3)
        #expect(try ledger.head().checkpoint == note(3))
        try ledger.append([line(3)], after: 3, head: root(4), checkpoint: nil)
        #expect(try ledger.head().checkpointSize == 3)
    }

    @Test("a checkpoint that is older, of nothing, or of what is not stored is refused")
    func badCheckpoints() throws {
        let ledger = try Scratch.holdingLog(of: 3).openLedger()
        try ledger.store(checkpoint: note(2), size: 2)
        for (note, size) in [(note(1), 1), (note(0), 0), (note(4), 4), ([], 3)] {
            let error = #expect(throws: LedgerError.self) {
                try ledger.store(checkpoint: note, size: size)
            }
            #expect(error?.endsProcess == false)
        }
        #expect(throws: LedgerError.self, "there is nothing before the first line to be signed") {
            let empty = try Scratch.holdingLog(of: 0).openLedger()
            try empty.append([line(0)], after: 0, head: root(1), checkpoint: note(0))
        }
        #expect(try ledger.head().checkpoint == note(2))
    }

    @Test("ten thousand lines, and what a durable append costs on this disk (printed)")
    func timing() throws {
        let scratch = try Scratch()
        let ledger = try scratch.createLedger()
        let clock = ContinuousClock()
        var size = 0
        let appending = try clock.measure {
            for count in [Int](repeating: 1, count: 1000) + [Int](repeating: 1000, count: 9) {
                let lines = (size..<(size + count)).map(line)
                try ledger.append(
                    lines, after: size, head: root(size + count),
                    checkpoint: size == 0 ? nil : note(size))
                size += count
            }
        }
        var bytes = 0
        let reading = try clock.measure { try ledger.read { bytes += $1.count } }
        #expect(size == 10000)
        #expect(try ledger.head().size == 10000)
        print("10000 lines (\(bytes) bytes), 1009 durable appends: \(appending); read: \(reading)")
    }
}
