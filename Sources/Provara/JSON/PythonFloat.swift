// A float as Python reads and writes it: `repr` gives the shortest decimal that reads back as the
// same double, fixed from 1e-4 to below 1e16 and scientific outside. RFC 8785 writes other texts.

/// A finite double with Python's way to write it.
public struct PythonFloat: Sendable, Hashable {
    /// The number. Never NaN and never infinite.
    public let value: Double

    /// - Returns: `nil` for NaN and the infinities, which Provara's JSON does not have.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self.value = value
    }

    /// Reads the token of a JSON number that has a fraction or an exponent.
    ///
    /// - Returns: `nil` where the number is beyond the largest double, as Python would read
    ///   infinity.
    init?(token: some StringProtocol) {
        guard let value = Double(token) else { return nil }
        self.init(value)
    }

    /// Whether both are written the same way: `0.0` and `-0.0` are two.
    public static func == (left: PythonFloat, right: PythonFloat) -> Bool {
        left.value.bitPattern == right.value.bitPattern
    }

    /// Feeds what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(value.bitPattern) }

    /// Python's `repr`: `1.0`, `21.5`, `1e-05`, `1e+16`, `-0.0`.
    public var repr: String { String(decoding: reprBytes, as: UTF8.self) }

    /// ``repr`` as ASCII.
    var reprBytes: [UInt8] {
        var text: [UInt8] = []
        if value.sign == .minus { text.append(UInt8(ascii: "-")) }
        guard value != 0 else { return text + Array("0.0".utf8) }
        let (digits, exponent) = Self.shortestDigits(of: value.magnitude)
        if (-4..<16).contains(exponent) {
            Self.writeFixed(digits, exponent, to: &text)
        } else {
            Self.writeScientific(digits, exponent, to: &text)
        }
        return text
    }

    /// The digits of d.ddd and its power of ten, from the standard library's shortest description,
    /// which differs from Python's only in where it puts the point.
    private static func shortestDigits(of value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var written = 0
        var point: Int?
        let text = value.description.utf8
        let endOfDigits = text.firstIndex(of: UInt8(ascii: "e")) ?? text.endIndex
        for byte in text[..<endOfDigits] {
            if byte == UInt8(ascii: ".") {
                point = written
            } else {
                written += 1
                // Zeros before the first other digit only move the point.
                if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
            }
        }
        let leadingZeros = written - digits.count
        var exponent = (point ?? written) - leadingZeros - 1
        if endOfDigits < text.endIndex {
            exponent += Int(Substring(text[endOfDigits...].dropFirst())) ?? 0
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, exponent)
    }

    private static func writeFixed(_ digits: [UInt8], _ exponent: Int, to text: inout [UInt8]) {
        let zero = UInt8(ascii: "0")
        if exponent < 0 {
            text += [zero, UInt8(ascii: ".")]
            text += repeatElement(zero, count: -exponent - 1)
            text += digits
            return
        }
        let whole = exponent + 1
        text += digits.prefix(whole)
        text += repeatElement(zero, count: max(0, whole - digits.count))
        text.append(UInt8(ascii: "."))
        text += digits.count > whole ? digits.dropFirst(whole) : [zero]
    }

    private static func writeScientific(
        _ digits: [UInt8], _ exponent: Int, to text: inout [UInt8]
    ) {
        text.append(digits[0])
        if digits.count > 1 {
            text.append(UInt8(ascii: "."))
            text += digits.dropFirst()
        }
        text += exponent < 0 ? "e-".utf8 : "e+".utf8
        if exponent.magnitude < 10 { text.append(UInt8(ascii: "0")) }
        text += String(exponent.magnitude).utf8
    }
}
