// Random schedules against the oracle: commands of every kind, clock moves, crashes and restarts,
// each from a seed. A seed that fails can be lived through again by itself:
// CEREMONYD_SEED=17 swift test --filter ScheduleTests. CEREMONYD_SCHEDULES says how many there are.

import Glibc
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Schedules")
struct ScheduleTests {
    @Test("Whatever happens in whatever order, the log says what the oracle says")
    func agreement() async throws {
        let first = ScheduleTests.number("CEREMONYD_SEED")
        let seeds = first.map { $0...$0 } ?? 1...(ScheduleTests.number("CEREMONYD_SCHEDULES") ?? 24)
        var counts = Schedule.Counts()
        try await withThrowingTaskGroup(of: (Int, Schedule).self) { group in
            for seed in seeds {
                group.addTask { @concurrent in
                    var schedule = try Schedule(seed: UInt64(seed))
                    schedule.run(steps: 120)
                    return (seed, schedule)
                }
            }
            for try await (seed, schedule) in group {
                counts.add(schedule.counts)
                let broken = schedule.broken
                #expect(broken.isEmpty, "seed \(seed): \(broken.joined(separator: "\n"))")
            }
        }
        print("seeds \(seeds), undecided \(counts.undecided)")
        print("taken: \(Exploration.text(counts.taken))")
        print("refused: \(Exploration.text(counts.refused))")
        print("edges: \(Exploration.text(counts.edges))")
        guard first == nil else { return }
        // It would prove nothing if it did not get anywhere.
        #expect(Set(counts.edges.keys) == Exploration.legalEdges)
        #expect(counts.refused.count >= 20)
        // No schedule has a vault or an authority.
        let others = Kinds.all.filter { kind in
            kind.isAboutAuthority || kind.parameters.contains { $0.name == "vault" }
        }.map { $0.name }
        for kind in Kinds.all where !others.contains(kind.name) {
            #expect(counts.taken["open \(Policy.fieldName(kind.name))"] ?? 0 > 0, "\(kind.name)")
        }
        let all = counts.taken.values.reduce(0, +)
        #expect(counts.undecided * 20 < all)
    }

    private static func number(_ name: String) -> Int? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe Int(String(cString: text))
    }
}
