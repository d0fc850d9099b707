// The log as a stream: the result does not depend on threads or pieces, long lines are passed over,
// and what is kept has a bound.

import Foundation
import Testing

@testable import Provara

@Suite("A log is read in pieces, on all processors, and folded in order")
struct LogTests {
    /// A vault with a long log by some actors.
    private func long(_ count: Int) throws -> TestVault {
        let vault = try TestVault("vault_before_rotation")
        var tips: [Int: String] = [:]
        try vault.edit {
            for number in 0..<count {
                let actor = number % 7
                let event = TestEvent(
                    "OBSERVATION", actor: "actor \(actor)", previous: tips[actor],
                    time: VaultTime(microseconds: 1_771_500_000_000_000 + number)!.description,
                    payload: [
                        "subject": "door", "predicate": "state",
                        "value": .string(String(repeating: "\u{1f600}", count: number % 90)),
                    ])
                tips[actor] = event.identified(TestKey.root.id).id
                $0.append(event.line(.root))
            }
        }
        return vault
    }

    @Test("Threads and pieces change nothing")
    func threads() throws {
        let vault = try long(2000)
        try vault.close()
        let one = try vault.read { $0.threads = 1 }
        let many = try vault.read { $0.threads = 5 }
        #expect(one.isInOrder && many.isInOrder)
        #expect(one.log.eventCount == 2004 && many.log.eventCount == 2004)
        #expect(one.root == many.root)
        #expect(one.log.size > 5 * LogBlocks.usualSize)
        // A change in the middle of the file is found at its line, whoever judged it.
        try vault.edit { $0[1234] = $0[1234].replacing("door", with: "d00r") }
        for threads in [1, 2, 5] {
            let found = try vault.read { $0.threads = threads }.findings.violations
            #expect(found.filter { $0.rule == .badSignature }.map(\.line) == [1235])
        }
    }

    @Test("A key whose multiples are at hand is judged as without them")
    func preparedKeys() throws {
        let vault = try long(1200)
        try vault.close()
        let read = try vault.read {
            $0.threads = 1
            $0.preparedAfter = 50
        }
        #expect(read.isInOrder)
        #expect(read.log.standing(of: TestKey.root.id)?.eventCount == 1204)
        try vault.edit {
            for line in [3, 1000, 1001, 1100] {
                $0[line] = $0[line].replacing("door", with: "d00r")
            }
        }
        let found = try vault.read {
            $0.threads = 1
            $0.preparedAfter = 50
        }
        #expect(
            found.findings.violations.filter { $0.rule == .badSignature }.map(\.line)
                == [1001, 1002, 1101])
    }

    @Test("A promotion's key signs from the next line on, in whatever piece it stands")
    func keysOnTheWay() throws {
        let vault = try long(900)
        try vault.rotate(
            .root, to: .newRoot, by: .quorum,
            boundary: try vault.read().log.standing(of: TestKey.root.id)?.lastEvent?.id.description)
        var previous: String?
        try vault.edit {
            for number in 0..<900 {
                let event = TestEvent(
                    "OBSERVATION", actor: "later", previous: previous,
                    time: VaultTime(microseconds: 1_771_600_000_000_000 + number)!.description)
                previous = event.identified(TestKey.newRoot.id).id
                $0.append(event.line(.newRoot))
            }
        }
        try vault.close(by: .newRoot)
        let read = try vault.read()
        #expect(read.isInOrder, "\(read.findings.kept.prefix(3))")
        #expect(read.log.standing(of: TestKey.newRoot.id)?.eventCount == 900)
        // At a peer, whose keys.json has not got it, its bytes come from the promotion.
        try vault.editKeys { $0.removeLast() }
        try vault.edit { $0[1500] = $0[1500].replacing("open", with: "shut") }
        let peer = try vault.read()
        #expect(peer.findings.violations.filter { $0.rule == .badSignature }.map(\.line) == [1501])
        #expect(!peer.findings.violations.contains { $0.rule == .unknownSigner })
    }

    @Test("A line that is too long is passed over without being held")
    func longLine() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.edit {
            $0.insert(String(repeating: "x", count: 700_000), at: 2)
            $0.insert(String(repeating: "y", count: 9000), at: 3)
        }
        try vault.close()
        let read = try vault.read { $0.longestLine = 200_000 }
        #expect(read.findings.violations.map(\.rule) == [.malformedLine, .malformedLine])
        #expect(read.findings.violations.map(\.line) == [3, 4])
        #expect(read.findings.violations.first?.detail.contains("longer than 200000 bytes") == true)
        #expect(read.log.eventCount == 4)
        #expect(read.log.size == (try vault.bytes(VaultPath.events)).count)
        let whole = try vault.bytes(VaultPath.events)
        try vault.write(VaultPath.events, whole + [UInt8](repeating: 0x7a, count: 300_000))
        let cut = try vault.read { $0.longestLine = 200_000 }.findings.violations
        #expect(cut.filter { $0.rule == .malformedLine }.map(\.line) == [3, 4, 7])
        #expect(cut.filter { $0.rule == .noFinalLineFeed }.map(\.line) == [7])
    }

    @Test("Findings beyond the limit are counted, and each one is told")
    func limits() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.edit { $0 += (0..<50).map { "garbage \($0)" } }
        try vault.close(by: .root)
        nonisolated(unsafe) var told = 0
        let read = try vault.read({ $0.listedFindings = 3 }, noting: { _ in told += 1 })
        #expect(read.findings.kept.count == 3)
        #expect(read.findings.violationCount == 50)
        #expect(told == 50)
    }

    @Test("Words are found wherever they stand")
    func search() {
        var generator = SeededGenerator(seed: 6)
        let word = SoughtWord("abcab")
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                UInt8(ascii: "a") + UInt8.random(in: 0...2, using: &generator)
            }
            let naive = text.indices.first { text[$0...].starts(with: "abcab".utf8) }
            #expect(word.place(in: text) == naive)
        }
        var traces = PrivateKeyTraces()
        let bytes = Array("....\"private_key_b64\"".utf8)
        for byte in bytes { traces.look(at: [byte]) }
        #expect(traces.isFound)
    }

    @Test("Work on several threads comes back in the order in which it was put")
    func order() {
        for threads in [0, 1, 3, 40] {
            for count in [0, 1, 2, 500] {
                let line = WorkLine<Int, Int>(threads: threads) { number in
                    // Some pieces are long, so that later ones are done before them.
                    (0..<(number % 5 == 0 ? 20_000 : 1)).reduce(number) { $0 ^ $1 ^ $1 }
                }
                var put = 0
                var taken: [Int] = []
                while taken.count < count {
                    while put < count, line.hasRoom {
                        line.put(put)
                        put += 1
                    }
                    let first = line.take()
                    #expect(first?.piece == first?.outcome)
                    taken.append(first?.outcome ?? -1)
                }
                #expect(taken == Array(0..<count))
                #expect(line.take() == nil)
                line.end()
            }
        }
    }

    @Test("What is put on a line that ends is given up, and its threads go")
    func givenUp() {
        weak var gone: WorkLine<Int, Int>?
        do {
            let line = WorkLine<Int, Int>(threads: 4) { $0 }
            gone = line
            for number in 0..<5 where line.hasRoom { line.put(number) }
            line.end()
        }
        #expect(gone == nil)
    }
}
