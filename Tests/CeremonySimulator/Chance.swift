// The dice: everything that chance decides follows from the seed and the number of the step.

/// A generator that gives the same numbers for the same seed, everywhere.
struct Chance: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Each seed begins somewhere else: were it a step of the generator, the next seed would be
    /// this one without its first throw.
    init(seed: UInt64) { state = Chance.mixed(seed &+ 0x632b_e59b_d9b4_e019) }

    /// The dice of one step of a seed: leaving out another step does not change them.
    init(seed: UInt64, step: Int) {
        self.init(seed: Chance.mixed(seed) ^ UInt64(truncatingIfNeeded: step &* 0x9e37_79b9))
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Chance.mixed(state)
    }

    private static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = (number ^ (number >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Whether it happens, with so many chances in a thousand.
    mutating func permille(_ chances: Int) -> Bool {
        Int.random(in: 0..<1000, using: &self) < chances
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func pick<Element>(_ list: [Element]) -> Element? { list.randomElement(using: &self) }

    /// So many of them, in their order.
    mutating func some<Element>(_ count: Int, of list: [Element]) -> [Element] {
        Array(list.indices.shuffled(using: &self).prefix(count)).sorted().map { list[$0] }
    }

    /// One of several things by their weights.
    mutating func weighted<Choice>(_ choices: [(Int, Choice)]) -> Choice? {
        var throwOf = number(0...max(0, choices.reduce(0) { $0 + $1.0 } - 1))
        for (weight, choice) in choices {
            throwOf -= weight
            if throwOf < 0 { return choice }
        }
        return choices.last?.1
    }
}
