// A QR code drawn with characters, for a telephone that is held against the screen. libqrencode
// decides which modules are dark; here they become half blocks, two modules a character, so that a
// code of 69 modules fits 80 columns.

import CQRencode
import Glibc

/// A QR code.
@safe package struct QRCode: Equatable, Sendable {
    /// Light modules around it, on each side: the standard asks for four.
    package static let quiet = 4

    /// Modules on a side, without the quiet zone.
    package let size: Int
    private let dark: [Bool]

    /// The smallest code for a text, with the least redundancy; `nil` for a text that fits none.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let made = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe QRcode_encodeData(Int32(buffer.count), buffer.baseAddress, 0, QR_ECLEVEL_L)
        }
        guard let code = unsafe made else { return nil }
        defer { unsafe QRcode_free(code) }
        size = Int(unsafe code.pointee.width)
        guard let data = unsafe code.pointee.data else { return nil }
        dark = unsafe UnsafeBufferPointer(start: data, count: size * size).map { $0 & 1 == 1 }
    }

    /// How it is drawn.
    package enum Form: Hashable, Sendable {
        /// Half blocks in colours of their own: right on every background.
        case coloured
        /// Half blocks in the terminal's own colour; `onLight` where that is dark on light.
        case plain(onLight: Bool)
        /// Two characters of ASCII a module.
        case ascii(onLight: Bool)
    }

    /// The columns that a form takes.
    package func columns(_ form: Form) -> Int {
        let modules = size + 2 * Self.quiet
        if case .ascii = form { return 2 * modules }
        return modules
    }

    /// The rows of the drawing, the quiet zone with them.
    package func lines(_ form: Form) -> [String] {
        let range = -Self.quiet..<size + Self.quiet
        switch form {
        case .ascii(let onLight):
            return range.map { row in
                range.map { isLight(row, $0) != onLight ? "##" : "  " }.joined()
            }
        case .coloured:
            return halves(onLight: false).map { "\u{1b}[97;40m\($0)\u{1b}[0m" }
        case .plain(let onLight):
            return halves(onLight: onLight)
        }
    }

    /// Two rows of modules in each line.
    private func halves(onLight: Bool) -> [String] {
        let range = -Self.quiet..<size + Self.quiet
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            range.map { column in
                switch (isLight(row, column) != onLight, isLight(row + 1, column) != onLight) {
                case (true, true): "\u{2588}"
                case (true, false): "\u{2580}"
                case (false, true): "\u{2584}"
                case (false, false): " "
                }
            }.joined()
        }
    }

    private func isLight(_ row: Int, _ column: Int) -> Bool {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return true }
        return !dark[row * size + column]
    }
}

/// What the environment says of the terminal.
package enum TerminalAbility {
    /// Whether it shows more than ASCII.
    package static func isUnicode(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
            .first { !$0.utf8.isEmpty }
        let letters = (locale ?? "").utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
            .filter { $0 != UInt8(ascii: "-") }
        return String(decoding: letters, as: UTF8.self).utf8.suffix(4).elementsEqual("utf8".utf8)
    }

    /// Whether colours and cursor movements are wanted and understood: `NO_COLOR` is not set, and
    /// `TERM` names a terminal that is not dumb.
    package static func hasColour(_ environment: [String: String]) -> Bool {
        (environment["NO_COLOR"] ?? "").utf8.isEmpty && canMove(environment)
    }

    /// Whether the cursor can be moved.
    package static func canMove(_ environment: [String: String]) -> Bool {
        let term = environment["TERM"] ?? ""
        return !term.utf8.isEmpty && !term.utf8.elementsEqual("dumb".utf8)
    }

    /// The variables that are looked at here.
    package static var environment: [String: String] {
        var found: [String: String] = [:]
        for name in ["LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "TERM"] {
            guard let value = unsafe getenv(name) else { continue }
            found[name] = unsafe String(cString: value)
        }
        return found
    }
}
