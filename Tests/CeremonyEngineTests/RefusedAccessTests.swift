// What is written down of refused access: every matter for itself, and never more than there is
// room for, whoever makes matters up.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Refused access is folded by what it is about")
struct RefusedAccessTests {
    private func knock(
        _ code: String = "bad-signature", by name: String? = "alice", on id: String? = "council-1",
        pid: Int = 1
    ) -> AccessRefused {
        AccessRefused(
            uid: 1, gid: 1, pid: pid, method: "Submit", code: code, claimed: name, ceremony: id,
            digest: Digest(of: [1]), count: 1)
    }

    private let start = House.dawn

    @Test("A forged answer does not vanish behind what others got wrong at the same time")
    func apart() throws {
        let refusals = RefusedAccess()
        refusals.note(knock())
        for pid in 2...9 { refusals.note(knock("unknown-ceremony", by: "bob", on: nil, pid: pid)) }
        refusals.note(knock(by: "carol"))
        refusals.note(knock(pid: 3))
        let first = try #require(refusals.take(at: start))
        #expect(first.claimed == "alice" && first.count == 2 && first.pid == 3)
        #expect(refusals.take(at: start + (Limits.refusalInterval - 1)) == nil)
        let second = try #require(refusals.take(at: start + Limits.refusalInterval))
        #expect(second.claimed == "bob" && second.count == 8)
        refusals.note(knock("unknown-ceremony", by: "bob", on: nil, pid: 10))
        // What could not be written down counts in with what came since.
        refusals.giveBack(second)
        var rest: [AccessRefused] = []
        for minute in 2...5 {
            if let next = refusals.take(at: start + minute * Limits.refusalInterval) {
                rest.append(next)
            }
        }
        #expect(rest.map(\.claimed) == ["carol", "bob"])
        #expect(rest.map(\.count) == [1, 9] && rest.last?.pid == 10)
    }

    @Test("Whoever makes names up fills neither the log nor the memory, and is counted")
    func bounded() throws {
        let refusals = RefusedAccess()
        for number in 0..<1000 { refusals.note(knock(by: "name\(number)", pid: number)) }
        var written: [AccessRefused] = []
        for minute in 0..<200 {
            guard let next = refusals.take(at: start + minute * Limits.refusalInterval) else {
                break
            }
            // One that could not be written down is not lost.
            if next.code == RefusedAccess.severalReasons, written.count == RefusedAccess.most {
                refusals.giveBack(next)
                let again = try #require(
                    refusals.take(at: start + (minute + 1) * Limits.refusalInterval))
                #expect(again == next)
            }
            written.append(next)
        }
        #expect(written.count == RefusedAccess.most + 1)
        #expect(written.reduce(0) { $0 + $1.count } == 1000)
        let last = try #require(written.last)
        #expect(last.code == "several" && last.claimed == nil && last.ceremony == nil)
        #expect(last.pid == 999 && last.digest == nil)
    }
}
