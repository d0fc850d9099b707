// One seed from beginning to end, and, where something broke, the shortest way there.

/// What became of a seed.
struct Course {
    let seed: UInt64
    /// The steps that were lived through.
    let steps: [Int]
    let problems: [String]
    let trace: [String]
    let counts: Counts

    /// So many steps a house lives.
    static let length = 120

    /// Lives through a seed, or through some of its steps.
    static func run(_ seed: UInt64, only steps: [Int]? = nil) throws(SimulationError) -> Course {
        let world = try World(seed: seed)
        var lived: [Int] = []
        for step in steps ?? Array(1...length) where world.audit.problems.isEmpty {
            world.live(step: step)
            lived.append(step)
        }
        if world.audit.problems.isEmpty { world.finish() }
        let problems = world.audit.problems
        world.close()
        return Course(
            seed: seed, steps: lived, problems: problems, trace: world.trace, counts: world.counts)
    }

    /// The same trouble in fewer steps: whatever can be left out is.
    func shortened() -> Course {
        guard let word = problems.first.map(Course.word) else { return self }
        var shortest = self
        var size = max(1, shortest.steps.count / 2)
        var tries = 0
        while tries < 600 {
            var start = 0
            var isShorter = false
            while start < shortest.steps.count, tries < 600 {
                var fewer = shortest.steps
                fewer.removeSubrange(start..<min(start + size, fewer.count))
                tries += 1
                if let course = try? Course.run(seed, only: fewer),
                    course.problems.first.map(Course.word) == word
                {
                    shortest = course
                    isShorter = true
                } else {
                    start += size
                }
            }
            if size == 1, !isShorter { break }
            size = max(1, size / 2)
        }
        return shortest
    }

    /// What sort of trouble it is: the words without names and numbers.
    private static func word(_ problem: String) -> String {
        String(problem.prefix { $0 != ":" }.filter { !$0.isNumber })
    }

    /// For `--steps`.
    var stepList: String {
        var ranges: [(Int, Int)] = []
        for step in steps {
            if let last = ranges.last, last.1 + 1 == step {
                ranges[ranges.count - 1].1 = step
            } else {
                ranges.append((step, step))
            }
        }
        return ranges.map { $0 == $1 ? "\($0)" : "\($0)-\($1)" }.joined(separator: ",")
    }
}
