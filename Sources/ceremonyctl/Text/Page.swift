// Results for people: every line neutralised, wrapped where the screen's width is known, times with
// what is left of them, columns that line up.

import CPlatform
import CeremonyRecord
import CeremonyTerminal
import Glibc

extension Output {
    /// Prints a result whose lines others may have written parts of.
    func page(_ lines: @autoclosure () -> [String], _ value: @autoclosure () -> JSON) {
        result(Screen.lines(lines(), columns: Output.columns), value())
    }

    /// Whether standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// How wide standard output is; `nil` where it is not a terminal.
    private static var columns: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        let columns = ceremony_terminal_columns(STDOUT_FILENO)
        return columns > 0 ? Int(columns) : 80
    }
}

extension Talk {
    /// Says a paragraph that may quote others, wrapped where standard error is a terminal.
    static func paragraph(_ text: String) {
        say(Screen.paragraph(text, after: "", columns: columns))
    }
}

/// Small pieces of text.
enum Phrase {
    /// `52 min`, `3 h 10 min`, `6 d 4 h`.
    static func span(_ seconds: Int) -> String {
        switch abs(seconds) {
        case ..<60: "\(abs(seconds)) s"
        case ..<3600: "\(abs(seconds) / 60) min"
        case ..<86_400: "\(abs(seconds) / 3600) h \(abs(seconds) % 3600 / 60) min"
        default: "\(abs(seconds) / 86_400) d \(abs(seconds) % 86_400 / 3600) h"
        }
    }

    /// `until 2026-01-15T11:00:00Z (52 min left)`.
    static func until(_ time: Timestamp, _ now: Timestamp) -> String {
        now < time ? "until \(time) (\(span(time - now)) left)" : "until \(time) (over)"
    }

    /// `1 event`, `2 events`.
    static func count(_ number: Int, _ thing: String) -> String {
        number == 1 ? "1 \(thing)" : "\(number) \(thing)s"
    }

    /// `alice, bob and carol`; `nobody` for none.
    static func list(_ names: [String], none: String = "nobody") -> String {
        guard let last = names.last else { return none }
        return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Rows of cells under one another, two spaces apart; the last cell is not filled up.
    static func table(_ rows: [[String]], indent: String = "") -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                let width = Display.width(Display.neutralised(cell))
                if column == widths.count { widths.append(width) }
                widths[column] = max(widths[column], width)
            }
        }
        return rows.map { row in
            var line = indent
            for (column, cell) in row.enumerated() {
                let text = Display.neutralised(cell)
                line += text
                guard column + 1 < row.count, row[(column + 1)...].contains(where: { !$0.isEmpty })
                else { break }
                line += String(repeating: " ", count: widths[column] - Display.width(text) + 2)
            }
            return line
        }
    }

    /// A digest and its words, four a row with the number of the first: to be read aloud.
    static func words(_ digest: Digest, indent: String) -> [String] {
        words(of: digest.bytes, indent: indent)
    }

    /// The same for a fingerprint's bytes.
    static func words(of bytes: [UInt8], indent: String) -> [String] {
        let words = PGPWords.words(of: bytes)
        return stride(from: 0, to: words.count, by: 4).map { start in
            let number = String(start + 1)
            return indent + String(repeating: " ", count: 2 - number.utf8.count) + number + "  "
                + words[start..<min(start + 4, words.count)].joined(separator: " ")
        }
    }
}
