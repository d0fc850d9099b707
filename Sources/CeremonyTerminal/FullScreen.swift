// A screen that is drawn over and over: the terminal's second one, so that the first is there again
// afterwards, whatever ends the program. Keys are read, never echoed.

import CPlatform
import CeremonyRecord
import Glibc

/// The controlling terminal, taken as a whole.
@safe package final class FullScreen {
    /// How a line is shown where there are colours.
    package enum Style: Hashable, Sendable { case plain, bold, green, red, faint }

    /// A line to be shown.
    package struct Line: Hashable, Sendable {
        package let text: String
        package let style: Style
        package init(_ text: String, _ style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    /// What woke ``next(milliseconds:)``.
    package enum Wake: Hashable, Sendable {
        case key(UInt8), resized, time
        /// The terminal is gone.
        case closed
    }

    private let descriptor: Int32
    private let hasColour: Bool

    /// Takes the terminal; `nil` where it has none, or one that cannot move its cursor.
    package init?(_ environment: [String: String]) {
        guard TerminalAbility.canMove(environment) else { return nil }
        descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        hasColour = TerminalAbility.hasColour(environment)
        guard descriptor >= 0 else { return nil }
        guard ceremony_screen_enter(descriptor) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit {
        leave()
        close(descriptor)
    }

    /// Puts the terminal back as it was; nothing is drawn any more.
    package func leave() { ceremony_screen_leave() }

    /// Columns and rows, as they are now.
    package var size: (columns: Int, rows: Int) {
        let columns = Int(ceremony_terminal_columns(descriptor))
        let rows = Int(ceremony_terminal_rows(descriptor))
        return (columns > 0 ? columns : 80, rows > 0 ? rows : 24)
    }

    /// Shows lines from the top, with one at the bottom; what does not fit is left out.
    ///
    /// Every line is neutralised and cut to the width; nothing in it can steer the terminal.
    package func draw(_ lines: [Line], footer: String) {
        let (columns, rows) = size
        var text = "\u{1b}[H"
        for row in 0..<max(rows - 1, 0) {
            if row < lines.count { text += styled(lines[row], columns) }
            text += "\u{1b}[K\r\n"
        }
        text += styled(Line(footer, .faint), columns) + "\u{1b}[K"
        Descriptor.writeAll(Array(text.utf8), to: descriptor)
    }

    /// Waits for a key, another size, or so long.
    package func next(milliseconds: Int) -> Wake {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let count = unsafe poll(&entry, 1, Int32(clamping: milliseconds))
        if ceremony_screen_resized() != 0 { return .resized }
        guard count > 0 else { return .time }
        var byte: UInt8 = 0
        let got = unsafe read(descriptor, &byte, 1)
        if got == 1 { return .key(byte) }
        return got < 0 && errno == EINTR ? .time : .closed
    }

    private func styled(_ line: Line, _ columns: Int) -> String {
        let text = FullScreen.cut(Display.neutralised(line.text), columns)
        guard hasColour else { return text }
        let code =
            switch line.style {
            case .plain: ""
            case .bold: "1"
            case .green: "32"
            case .red: "31"
            case .faint: "2"
            }
        return code.utf8.isEmpty ? text : "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    /// As much of a text as so many columns show.
    package static func cut(_ text: String, _ columns: Int) -> String {
        guard Display.width(text) > columns else { return text }
        var shown = ""
        for character in text.unicodeScalars {
            let longer = shown + String(character)
            guard Display.width(longer) <= columns - 1 else { break }
            shown = longer
        }
        return shown + ">"
    }
}
