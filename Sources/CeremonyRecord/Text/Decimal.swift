// Numbers in texts that are not JSON: sizes and indexes of notes, figures that a person typed. One
// writing for one number, as everywhere in this module.

/// Decimal numbers with one writing: no sign, no leading zero, at most 2^53-1.
public enum Decimal {
    /// The number that the digits write; `nil` for any other text.
    public static func decode(_ digits: some Collection<UInt8>) -> Int? {
        guard (1...16).contains(digits.count),
            digits.first != UInt8(ascii: "0") || digits.count == 1
        else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value <= JSON.numberMax ? value : nil
    }
}
