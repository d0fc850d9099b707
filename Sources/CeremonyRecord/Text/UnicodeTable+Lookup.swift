// How the generated tables are searched: by halving, on numbers, with no help from the standard
// library's own knowledge of Unicode.

extension UnicodeTable {
    /// Whether a code point is in the set that the boundaries describe.
    static func contains(_ scalar: UInt32, in boundaries: [UInt32]) -> Bool {
        countAtOrBelow(scalar, count: boundaries.count) { boundaries[$0] } & 1 == 1
    }

    /// The canonical combining class; 0 for a starter.
    static func combiningClass(_ scalar: UInt32) -> UInt32 {
        guard scalar >= 0x300 else { return 0 }
        let table = combiningClasses
        let count = countAtOrBelow(scalar, count: table.count / 2) { table[$0 * 2] }
        return count == 0 ? 0 : table[count * 2 - 1]
    }

    /// The two code points that a primary composite stands for.
    static func parts(of composite: UInt32) -> (UInt32, UInt32)? {
        guard composite >= 0xc0 else { return nil }
        let table = composites
        let count = countAtOrBelow(composite, count: table.count / 3) { table[$0 * 3] }
        guard count > 0, table[count * 3 - 3] == composite else { return nil }
        return (table[count * 3 - 2], table[count * 3 - 1])
    }

    /// The primary composite of two code points.
    static func composite(of first: UInt32, _ second: UInt32) -> UInt32? {
        compositeByParts[UInt64(first) << 32 | UInt64(second)]
    }

    private static let compositeByParts: [UInt64: UInt32] = {
        var map: [UInt64: UInt32] = [:]
        for row in stride(from: 0, to: composites.count, by: 3) {
            map[UInt64(composites[row + 1]) << 32 | UInt64(composites[row + 2])] = composites[row]
        }
        return map
    }()

    private static func countAtOrBelow(_ scalar: UInt32, count: Int, _ at: (Int) -> UInt32) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if at(middle) <= scalar { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
