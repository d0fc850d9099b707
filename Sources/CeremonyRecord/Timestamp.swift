// UTC seconds. The only notion of time that is written down; a local time never is.

/// A moment in whole UTC seconds, written `YYYY-MM-DDTHH:MM:SSZ`.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted. 0 to year 9999.
    public let seconds: Int

    /// A moment by its seconds since 1970, held to the years 1970 to 9999.
    public init(seconds: Int) {
        self.seconds = min(max(seconds, 0), 253_402_300_799)
    }

    /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`; a date that the calendar does not have is `nil`.
    public init?(_ text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count == 20 else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for digit in utf8[range] {
                guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int(digit - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            year >= 1970, (1...12).contains(month), day >= 1, hour < 24, minute < 60, second < 60
        else { return nil }
        let moment = Timestamp(
            seconds: Timestamp.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
        // Writing it again catches wrong separators and the thirtieth of February at once.
        guard Array(moment.description.utf8) == utf8 else { return nil }
        self = moment
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`.
    public var description: String {
        let (year, month, day) = Timestamp.civil(seconds / 86_400)
        let rest = seconds % 86_400
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: width - digits.utf8.count) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
            + "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    /// Earlier first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds < right.seconds
    }

    /// The moment so many seconds later.
    public static func + (moment: Timestamp, seconds: Int) -> Timestamp {
        Timestamp(seconds: moment.seconds + seconds)
    }

    /// How many seconds lie between; negative when `left` is earlier.
    public static func - (left: Timestamp, right: Timestamp) -> Int { left.seconds - right.seconds }

    // Days since 1970-01-01 in the proleptic Gregorian calendar, and back, by counting in
    // 400-year eras that begin on the first of March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func civil(_ days: Int) -> (Int, Int, Int) {
        let z = days + 719_468
        let era = z / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shifted + 2) / 5 + 1
        )
    }
}
