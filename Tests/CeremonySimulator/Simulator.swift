// `ceremony-simulator`, which Scripts/simulate builds and runs: seeds of houses in which everything
// goes wrong, each by itself reproducible. It is no part of the product.

import Glibc

@main
struct Simulator {
    static let usage = """
        usage: ceremony-simulator [--seeds A-B] [--seed N] [--steps LIST] [--ceremonies N]
                                  [--worker I/N] [--trace] [--self-test]
        """

    var seeds: ClosedRange<UInt64> = 1...UInt64(Int64.max)
    var steps: [Int]?
    var ceremonies: Int?
    var worker: (place: UInt64, of: UInt64) = (0, 1)
    var isTraced = false
    var isSelfTest = false

    static func main() {
        // The same seed must meet the same order of things in every set.
        if unsafe getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
            unsafe setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
            unsafe execv("/proc/self/exe", CommandLine.unsafeArgv)
        }
        guard let simulator = Simulator(Array(CommandLine.arguments.dropFirst())) else {
            print(usage)
            exit(64)
        }
        guard JobLoop.shared.takeOver() else {
            print("This Swift has no place where a simulator can take over its jobs.")
            exit(69)
        }
        exit(simulator.run() ? 0 : 1)
    }

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--trace": isTraced = true
            case "--self-test": isSelfTest = true
            case "--seeds":
                let parts = (rest.popFirst() ?? "").split(separator: "-").compactMap { UInt64($0) }
                guard parts.count == 2, parts[0] <= parts[1] else { return nil }
                seeds = parts[0]...parts[1]
            case "--seed":
                guard let seed = UInt64(rest.popFirst() ?? "") else { return nil }
                seeds = seed...seed
            case "--ceremonies":
                guard let count = Int(rest.popFirst() ?? ""), count > 0 else { return nil }
                ceremonies = count
            case "--steps":
                guard let list = Simulator.steps(rest.popFirst() ?? "") else { return nil }
                steps = list
            case "--worker":
                let parts = (rest.popFirst() ?? "").split(separator: "/").compactMap { UInt64($0) }
                guard parts.count == 2, parts[0] < parts[1] else { return nil }
                worker = (parts[0], parts[1])
            default: return nil
            }
        }
        // Without an end it would never stop.
        if ceremonies == nil, seeds.count > 1_000_000 { seeds = 1...20 }
    }

    private static func steps(_ list: String) -> [Int]? {
        var steps: [Int] = []
        for part in list.split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, ends.count <= 2
            else {
                return nil
            }
            steps += Array(first...last)
        }
        return steps
    }

    /// Whether nothing was found.
    func run() -> Bool {
        if isSelfTest { return BackDoor.tryAll() }
        var counts = Counts()
        var count = 0
        var isGood = true
        for seed in seeds where (seed - seeds.lowerBound) % worker.of == worker.place {
            if let ceremonies, counts.ceremonies >= ceremonies { break }
            do throws(SimulationError) {
                let course = try Course.run(seed, only: steps)
                counts.add(course.counts)
                count += 1
                if isTraced { print(course.trace.joined(separator: "\n")) }
                if !course.problems.isEmpty {
                    isGood = false
                    report(course)
                }
            } catch {
                print("seed \(seed): \(error)")
                isGood = false
            }
            fflush(nil)
            if count % 20 == 0, !isTraced {
                let word =
                    "worker \(worker.place): \(count) seeds, \(counts.ceremonies) ceremonies\n"
                _ = unsafe word.withCString { unsafe write(2, $0, word.utf8.count) }
            }
        }
        print(
            "seeds \(count), ceremonies \(counts.ceremonies), events \(counts.events), papers "
                + "\(counts.papers), lives \(counts.places.values.reduce(0, +))")
        print("kinds: \(Simulator.text(counts.kinds))")
        print("ends: \(Simulator.text(counts.ends))")
        print("types: \(Simulator.text(counts.types))")
        print("places: \(Simulator.text(counts.places))")
        print("refused: \(Simulator.text(counts.refused))")
        return isGood
    }

    private func report(_ course: Course) {
        print("seed \(course.seed) failed: \(course.problems.joined(separator: "; "))")
        guard steps == nil else { return }
        let short = course.shortened()
        print(short.trace.joined(separator: "\n"))
        print("  \(short.problems.joined(separator: "; "))")
        print("replay it: Scripts/simulate --seed \(course.seed) --trace")
        print(
            "its shortest form: Scripts/simulate --seed \(course.seed) --steps \(short.stepList) "
                + "--trace")
    }

    private static func text(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}
