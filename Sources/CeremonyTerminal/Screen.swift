// Text that others wrote, on its way to a person's eyes: always through `Display`, and wrapped only
// where there is a terminal whose width is known.

import CPlatform
import CeremonyRecord
import Glibc

/// Showing text on a terminal or in a pipe.
package enum Screen {
    /// The lines of a text, neutralised, each at most `columns` wide where that is known.
    package static func lines(_ text: some Sequence<String>, columns: Int?) -> [String] {
        text.flatMap { line in
            guard let columns else { return [Display.neutralised(line)] }
            return Display.wrapped(line, columns: columns)
        }
    }

    /// A paragraph of ours behind a heading. It may quote others.
    package static func paragraph(_ text: String, after heading: String, columns: Int?) -> String {
        lines([heading + text], columns: columns).joined(separator: "\n")
    }
}

extension Talk {
    /// How wide standard error is; `nil` where it is not a terminal.
    package static var columns: Int? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        let columns = ceremony_terminal_columns(STDERR_FILENO)
        return columns > 0 ? Int(columns) : 80
    }
}
