// The two streams: the result on standard output, for people or as one JSON value, and the talk on
// standard error. Everything that anybody else wrote passes through `Screen` on its way to a
// person.

package import CeremonyRecord
import Glibc

/// Where results go.
package struct Output {
    /// Whether the result is one JSON value.
    package let json: Bool

    /// Results as text for people, or as JSON.
    package init(json: Bool) {
        self.json = json
    }

    /// Prints a result: the text to a person, the value to a script.
    package func result(_ lines: @autoclosure () -> [String], _ value: @autoclosure () -> JSON) {
        if json {
            text([Output.ascii(value())])
        } else {
            text(lines())
        }
    }

    /// Prints lines as they are.
    package func text(_ lines: [String]) {
        bytes(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// Prints bytes as they are: a document or a signature.
    package func bytes(_ bytes: [UInt8]) {
        Descriptor.writeAll(bytes, to: STDOUT_FILENO)
    }

    /// Tells a failure: to a person in three sentences, to a script as one JSON value.
    package func fail(_ error: ClientError) {
        if json { text([Output.ascii(error.json)]) }
        let columns = Talk.columns
        Talk.say(Screen.paragraph(error.happened, after: "\(Talk.program): ", columns: columns))
        Talk.say(Screen.paragraph(error.meaning, after: "  meaning: ", columns: columns))
        Talk.say(Screen.paragraph(error.next, after: "  next: ", columns: columns))
        let code = error.requirement.map { "\(error.code), \($0)" } ?? error.code
        Talk.say("  code: \(code) (exit \(error.status.rawValue))")
    }

    /// JSON in ASCII: whatever is not is written as an escape, so that a value read on a terminal
    /// can neither steer it nor look like another.
    package static func ascii(_ value: JSON) -> String {
        var text = ""
        for scalar in value.canonicalText.unicodeScalars {
            if (0x20...0x7e).contains(scalar.value) {
                text.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
        return text
    }
}

/// Standard error: progress, explanations and errors.
package enum Talk {
    /// The program's name, as it was called.
    package static let program: String = {
        let path = CommandLine.arguments.first ?? ""
        return path.utf8.split(separator: UInt8(ascii: "/")).last.flatMap { String($0) } ?? path
    }()

    /// Says one line or several.
    package static func say(_ text: String) {
        Descriptor.writeAll(Array((text + "\n").utf8), to: STDERR_FILENO)
    }
}
