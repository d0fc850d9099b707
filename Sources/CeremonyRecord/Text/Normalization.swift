// Normalization Form C (Unicode Standard Annex 15) for the code points that free text admits. Our
// own, because the standard library has no public one and the answer may never depend on its
// version. Code points that NFC always replaces are not admitted, so primary composites are all
// the data it needs.

/// The question whether a text is in NFC.
enum Normalization {
    /// Whether NFC leaves the text as it is. Right for texts of admitted code points only.
    static func isNFC(_ scalars: [UInt32]) -> Bool {
        // Below U+0300 nothing composes with what stands before it.
        scalars.allSatisfy { $0 < 0x300 } || composed(ordered(decomposed(scalars))) == scalars
    }

    private static func decomposed(_ scalars: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        for scalar in scalars {
            if let index = Hangul.index(of: scalar) {
                out.append(Hangul.leading + index / Hangul.perLeading)
                out.append(Hangul.vowel + index % Hangul.perLeading / Hangul.trailingCount)
                let trailing = index % Hangul.trailingCount
                if trailing > 0 { out.append(Hangul.trailing + trailing) }
            } else {
                var seconds: [UInt32] = []
                var first = scalar
                while let parts = UnicodeTable.parts(of: first) {
                    seconds.append(parts.1)
                    first = parts.0
                }
                out.append(first)
                out += seconds.reversed()
            }
        }
        return out
    }

    /// Sorts every run of non-starters by class, equal ones kept in order.
    private static func ordered(_ scalars: [UInt32]) -> [UInt32] {
        var out = scalars
        for index in out.indices.dropFirst() {
            let rank = UnicodeTable.combiningClass(out[index])
            guard rank > 0 else { continue }
            var place = index
            while place > 0, UnicodeTable.combiningClass(out[place - 1]) > rank {
                out.swapAt(place, place - 1)
                place -= 1
            }
        }
        return out
    }

    private static func composed(_ scalars: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        var starter: Int?
        var lastClass: UInt32 = 0
        for scalar in scalars {
            let rank = UnicodeTable.combiningClass(scalar)
            if let starter {
                // Blocked when something between has the same or a higher class, or is a starter.
                let isNext = starter == out.count - 1
                if isNext || (lastClass != 0 && lastClass < rank),
                    let composite = pair(out[starter], scalar)
                {
                    out[starter] = composite
                    continue
                }
            }
            if rank == 0 { starter = out.count }
            lastClass = rank
            out.append(scalar)
        }
        return out
    }

    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.composite(of: first, second) ?? UnicodeTable.composite(of: first, second)
    }
}

/// The arithmetic of Hangul syllables (The Unicode Standard, section 3.12).
private enum Hangul {
    static let syllable: UInt32 = 0xac00
    static let leading: UInt32 = 0x1100
    static let vowel: UInt32 = 0x1161
    static let trailing: UInt32 = 0x11a7
    static let leadingCount: UInt32 = 19
    static let vowelCount: UInt32 = 21
    static let trailingCount: UInt32 = 28
    static let perLeading = vowelCount * trailingCount

    static func index(of scalar: UInt32) -> UInt32? {
        guard scalar >= syllable, scalar - syllable < leadingCount * perLeading else { return nil }
        return scalar - syllable
    }

    static func composite(of first: UInt32, _ second: UInt32) -> UInt32? {
        if (leading..<leading + leadingCount).contains(first),
            (vowel..<vowel + vowelCount).contains(second)
        {
            return syllable + (first - leading) * perLeading + (second - vowel) * trailingCount
        }
        if let index = index(of: first), index % trailingCount == 0,
            (trailing + 1..<trailing + trailingCount).contains(second)
        {
            return first + second - trailing
        }
        return nil
    }
}
