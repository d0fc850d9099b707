// What people may write in their own words (FORMATS section 1): reasons, display names,
// justifications, details. It stands in signed documents and on other people's screens, so it may
// hold nothing that cannot be seen, and one sight has one writing.

/// The rule for free text.
public enum FreeText {
    /// The most bytes that a free text may have.
    public static let bytesMax = 500

    /// Whether the text obeys the rule.
    public static func isValid(_ text: String, bytesMax: Int = bytesMax) -> Bool {
        do throws(FreeTextError) {
            try check(text, bytesMax: bytesMax)
            return true
        } catch { return false }
    }

    /// Demands 1 to `bytesMax` bytes in NFC: code points of Unicode 15.0 in the categories L, M, N,
    /// P and S, none of them invisible, with single spaces between and at most two marks in a row.
    ///
    /// - Throws: ``FreeTextError``
    public static func check(_ text: String, bytesMax: Int = bytesMax) throws(FreeTextError) {
        guard !text.utf8.isEmpty else { throw .empty }
        guard text.utf8.count <= bytesMax else { throw .tooLong(limit: bytesMax) }
        let scalars = text.unicodeScalars.map(\.value)
        guard scalars.first != 0x20, scalars.last != 0x20 else { throw .spaceAtEnd }
        var marks = 0
        var previous: UInt32 = 0
        for scalar in scalars {
            if scalar == 0x20 {
                guard previous != 0x20 else { throw .twoSpaces }
                marks = 0
            } else {
                guard isAdmitted(scalar) else { throw .notAdmitted(scalar) }
                marks = isMark(scalar) ? marks + 1 : 0
                guard marks <= 2 else { throw .tooManyMarks }
            }
            previous = scalar
        }
        guard Normalization.isNFC(scalars) else { throw .notNFC }
    }

    /// Whether a code point other than the space may stand in a free text.
    static func isAdmitted(_ scalar: UInt32) -> Bool {
        if scalar < 0x7f { return scalar > 0x20 }
        return UnicodeTable.contains(scalar, in: UnicodeTable.admitted)
    }

    /// Whether a code point sits on the one before it.
    static func isMark(_ scalar: UInt32) -> Bool {
        scalar >= 0x300 && UnicodeTable.contains(scalar, in: UnicodeTable.marks)
    }
}

/// Why a free text was refused.
public enum FreeTextError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing.
    case empty
    /// It has more bytes than the limit.
    case tooLong(limit: Int)
    /// It begins or ends with a space.
    case spaceAtEnd
    /// Two spaces stand together.
    case twoSpaces
    /// A control, an invisible, a space other than U+0020, a code point that Unicode 15.0 does not
    /// assign, or one that NFC writes otherwise.
    case notAdmitted(UInt32)
    /// More than two combining marks stand together.
    case tooManyMarks
    /// Another sequence of code points writes the same text.
    case notNFC

    /// What is wrong, on one line of printable ASCII.
    public var description: String {
        switch self {
        case .empty: "the text is empty"
        case .tooLong(let limit): "the text is longer than \(limit) bytes"
        case .spaceAtEnd: "the text begins or ends with a space"
        case .twoSpaces: "two spaces stand together"
        case .notAdmitted(let scalar): "U+\(Display.hex(scalar, digits: 4)) may not stand in a text"
        case .tooManyMarks: "more than two combining marks stand together"
        case .notNFC: "the text is not in Normalization Form C"
        }
    }
}
