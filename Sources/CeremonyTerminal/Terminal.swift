// The person at the keyboard. Questions go to /dev/tty and not to standard input or error, so that
// a redirected stream can neither swallow a question nor answer it.

import CPlatform
import CeremonyRecord
import Glibc
package import Sodium

/// The controlling terminal of this process.
@safe package final class Terminal {
    /// Below this width a line of a document could look like two; no signature is asked for.
    package static let columnsMin = Display.columnsMin

    private let descriptor: Int32

    /// Opens the controlling terminal.
    ///
    /// - Throws: `no-terminal` where there is none, as in a script or a service.
    package init() throws(ClientError) {
        descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw ClientError(
                .usage, "no-terminal", "There is no terminal to ask a person on.",
                meaning: "Nothing was signed and nothing was sent.",
                next: "Run it in a terminal, or give --pin-fd or --pin-file for the PIN and "
                    + "--confirm with the SHA-256 of the document.")
        }
    }

    deinit { close(descriptor) }

    /// How wide the terminal is; 80 where it does not say.
    package var columns: Int {
        let columns = ceremony_terminal_columns(descriptor)
        return columns > 0 ? Int(columns) : 80
    }

    /// Refuses a terminal that is too narrow to show a document without ambiguity.
    package func requireWidthForSigning() throws(ClientError) {
        guard columns < Terminal.columnsMin else { return }
        throw ClientError(
            .usage, "terminal-too-narrow",
            "This terminal has \(columns) columns; a document needs \(Terminal.columnsMin).",
            meaning: "Nothing was signed: lines that wrap by themselves could be misread.",
            next: "Make the window wider and run the same command again.")
    }

    /// Writes text to the terminal.
    package func write(_ text: String) {
        Descriptor.writeAll(Array(text.utf8), to: descriptor)
    }

    /// Reads one visible line, without its line end; at most 255 bytes of it.
    ///
    /// - Throws: `stopped` at the end of input (^D on an empty line).
    package func readLine() throws(ClientError) -> [UInt8] {
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw Terminal.stopped }
            if byte == UInt8(ascii: "\n") { return line }
            if line.count < 255 { line.append(byte) }
        }
    }

    /// Asks for one line without echo, reads it into the secret, and seals that.
    ///
    /// The echo goes before the prompt appears, so that nobody can be too quick for it.
    /// Backspace takes a byte back, ^U all of them; ^C ends the program with the terminal as it
    /// was.
    /// - Throws: `stopped` on ^D or a lost terminal, `pin-too-long` where the secret is full.
    package func askSecret(_ prompt: String, into secret: SecretBytes) throws(ClientError) {
        guard ceremony_terminal_hide(descriptor) == 0 else {
            throw ClientError(
                .token, "no-hidden-input",
                "The terminal could not be told to hide what is typed.",
                meaning: "No PIN was asked for; no try was used.",
                next: "Use another terminal, or --pin-fd.")
        }
        defer {
            ceremony_terminal_show()
            write("\n")
        }
        write(prompt)
        while true {
            let count = unsafe secret.fill { free in
                unsafe free.isEmpty ? -2 : read(descriptor, free.baseAddress, 1)
            }
            if count == -1, errno == EINTR { continue }
            if count == -2 { throw PINOrigin.tooLong }
            guard count == 1, let byte = secret.last else { throw Terminal.stopped }
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                secret.removeLast()
                secret.seal()
                return
            case 0x04:
                throw Terminal.stopped
            case 0x08, 0x7f:
                secret.removeLast()
                if secret.count > 0 { secret.removeLast() }
            case 0x15:
                secret.removeAll()
            default:
                continue
            }
        }
    }

    private static let stopped = ClientError(
        .refused, "stopped", "The question was not answered.",
        meaning: "Nothing was signed and no PIN was tried.",
        next: "Run the same command again when you are ready.")
}

/// Writing to a file descriptor to the end.
package enum Descriptor {
    /// Writes every byte; `false` when the other side takes no more.
    @discardableResult
    package static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress, buffer.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}
