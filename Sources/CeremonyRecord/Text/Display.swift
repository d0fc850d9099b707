// Text from others on our terminal. Whatever a token's label, a file or the other end of a socket
// says, it moves no cursor, changes no colour, runs in no other direction, and cannot look like a
// line of ours.

/// Makes text safe to print, and wraps it so that it is seen to belong together.
public enum Display {
    /// The fewest columns at which a person may be asked for a signature.
    public static let columnsMin = 60
    /// What begins every line of a wrapped text but the first.
    public static let hangingMark = "  | "

    /// The text with everything that is not plainly visible written as `\u{...}`.
    ///
    /// Only printable ASCII, the space, and what free text admits pass: so C0, DEL, C1, controls of
    /// direction, line separators, invisibles and unassigned code points are all written out, and
    /// so is a mark that follows two marks or nothing. A backslash passes as it is: this form is to
    /// be looked at, not read back.
    public static func neutralised(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        var marks = 2
        for scalar in text.unicodeScalars {
            let value = scalar.value
            let isMark = FreeText.isMark(value)
            marks = isMark ? marks + 1 : 0
            if value == 0x20 || (FreeText.isAdmitted(value) && marks <= 2) {
                out.append(scalar)
            } else {
                out.append(contentsOf: "\\u{\(hex(value, digits: 1))}".unicodeScalars)
                // The escape ends in a brace that a following mark would sit on.
                marks = 2
            }
        }
        return String(out)
    }

    /// The columns that a neutralised text takes: wide characters two, marks none.
    public static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1 as Unicode.Scalar) }
    }

    /// The neutralised text behind a label, in lines of at most so many columns.
    ///
    /// Every line but the first begins with ``hangingMark``. Lines break behind spaces where they
    /// can, and between two characters where they must; never before a mark. The space at a break
    /// stays at the end of its line. `columns` below 20 count as 20.
    public static func wrapped(_ text: String, label: String = "", columns: Int) -> [String] {
        var rest = clusters(of: neutralised(label) + neutralised(text))[...]
        var lines: [String] = []
        var prefix = ""
        repeat {
            // One column is kept for the space at which the line may break.
            let room = max(columns, 20) - width(prefix) - 1
            var used = 0
            var end = rest.startIndex
            var behindSpace: Int?
            while end < rest.endIndex {
                let isSpace = rest[end] == " "
                used += width(rest[end])
                guard used <= room + (isSpace ? 1 : 0) else { break }
                end += 1
                if isSpace { behindSpace = end }
            }
            if end < rest.endIndex, let behindSpace { end = behindSpace }
            lines.append(prefix + rest[..<end].joined())
            rest = rest[end...]
            prefix = hangingMark
        } while !rest.isEmpty
        return lines
    }

    static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        if UnicodeTable.contains(scalar.value, in: UnicodeTable.zeroWidth) { return 0 }
        return UnicodeTable.contains(scalar.value, in: UnicodeTable.wide) ? 2 : 1
    }

    /// The text cut into single code points, each with the marks that sit on it.
    private static func clusters(of text: String) -> [String] {
        var clusters: [String] = []
        for scalar in text.unicodeScalars {
            if FreeText.isMark(scalar.value), let last = clusters.popLast() {
                clusters.append(last + String(scalar))
            } else {
                clusters.append(String(scalar))
            }
        }
        return clusters
    }
}
