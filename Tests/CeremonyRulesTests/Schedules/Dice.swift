// The dice of a schedule: everything that chance decides in it follows from one seed.

/// The generator of a schedule: the same numbers from the same seed, everywhere.
struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Each seed begins somewhere else: were it a step of the generator, the next seed would be
    /// this one without its first throw.
    init(seed: UInt64) { state = Dice.mixed(seed &+ 0x632b_e59b_d9b4_e019) }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Dice.mixed(state)
    }

    private static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = (number ^ (number >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Element>(_ list: [Element]) -> Element? { list.randomElement(using: &self) }
}
