// Times as Python's isoformat writes them, with six digits always. The package sorts whole logs by
// the text of their times, so one form and strictly rising texts keep a log's order when vaults
// merge.

/// A time in UTC with microseconds, such as `2026-02-18T12:00:00.123456+00:00`.
public struct VaultTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Microseconds since the beginning of 1970.
    public let microseconds: Int

    /// The first and the last that the form can say: the years 1970 to 9999.
    static let range = 0...253_402_300_799_999_999

    /// - Returns: `nil` outside the years 1970 to 9999.
    public init?(microseconds: Int) {
        guard Self.range.contains(microseconds) else { return nil }
        self.microseconds = microseconds
    }

    /// Reads exactly the form that ``description`` writes.
    ///
    /// - Returns: `nil` for any other text, also for another way to write the same time.
    public init?(_ text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count == 32, utf8[26...].elementsEqual("+00:00".utf8) else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var number = 0
            for digit in utf8[range] {
                guard digit &- UInt8(ascii: "0") < 10 else { return nil }
                number = number * 10 + Int(digit - UInt8(ascii: "0"))
            }
            return number
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), let micro = number(20..<26),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Self.days(toYear: year, month: month) + day - 1
        self.init(
            microseconds: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micro)
        guard description.isSame(as: text) else { return nil }
    }

    /// The text of the time.
    public var description: String {
        let (seconds, micro) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = Self.date(days)
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2)
            + "T" + Self.padded(rest / 3600, 2) + ":" + Self.padded(rest / 60 % 60, 2)
            + ":" + Self.padded(rest % 60, 2) + "." + Self.padded(micro, 6) + "+00:00"
    }

    /// The time so many microseconds later; `nil` beyond the year 9999.
    public func adding(microseconds more: Int) -> VaultTime? {
        let (sum, overflow) = microseconds.addingReportingOverflow(more)
        return overflow ? nil : VaultTime(microseconds: sum)
    }

    /// Earlier times come first; so do their texts.
    public static func < (left: VaultTime, right: VaultTime) -> Bool {
        left.microseconds < right.microseconds
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// Days from 1970 to the first of a month (the civil calendar counted from March).
    private static func days(toYear year: Int, month: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let march = (5 * ofYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let fullYear = year + era * 400 + (month <= 2 ? 1 : 0)
        return (fullYear, month, ofYear - (153 * march + 2) / 5 + 1)
    }
}
