// The key id, typed by whoever orders that a key be destroyed: a word of the order's digest shows
// that a document was read, and this that it is about the object that was meant.

import CeremonyRecord
import CeremonyTerminal

/// The key id of an object, as its destroyer gives it.
struct TypedKeyID {
    /// So many digits at the end do, where somebody types them.
    static let digits = 8

    private let hex: String

    init(_ id: [UInt8]) { hex = Hex.encode(id) }

    /// In groups of four digits, as it is shown.
    var groups: String {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 4).map {
            String(decoding: digits[$0..<min($0 + 4, digits.count)], as: UTF8.self)
        }.joined(separator: " ")
    }

    /// Returns once the id was given: as an option whole, at a terminal whole or by its last
    /// digits.
    ///
    /// - Throws: `key-id` (1) where it is another one, `no-terminal` (64) where nobody can type it,
    ///   and what ``Terminal`` throws.
    func obtain(_ option: String?, about lines: [String]) throws(ClientError) {
        if let option {
            guard TypedKeyID.plain(Array(option.utf8)) == Array(hex.utf8) else {
                throw other("--key-id names another key id than \(groups).")
            }
            return
        }
        let terminal: Terminal
        do { terminal = try Terminal() } catch {
            throw ClientError(
                .usage, "no-terminal",
                "There is no terminal on which somebody could type the key id.",
                meaning: "Nothing was drafted, signed or destroyed.",
                next:
                    "Give the whole of it with --key-id, as `ceremonyctl tokens --inventory` shows "
                    + "it, or `ceremonyctl status` where the token is lost.")
        }
        terminal.write(
            "\n" + Screen.lines(lines, columns: terminal.columns).joined(separator: "\n") + "\n")
        for _ in 0..<3 {
            terminal.write(
                "Type the key id, or its last \(TypedKeyID.digits) digits, or nothing to stop: ")
            let typed = TypedKeyID.plain(try terminal.readLine())
            if typed.isEmpty { break }
            if matches(typed) { return }
            terminal.write("That is not the key id.\n")
        }
        throw other("The key id was not typed.")
    }

    /// Whether that is the whole id, or the end of a longer one.
    func matches(_ typed: [UInt8]) -> Bool {
        let whole = Array(hex.utf8)
        return typed == whole
            || typed.count == TypedKeyID.digits && whole.suffix(TypedKeyID.digits) == typed[...]
    }

    /// Without spaces, in lower case.
    static func plain(_ typed: [UInt8]) -> [UInt8] {
        typed.filter { $0 != UInt8(ascii: " ") }.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }

    private func other(_ what: String) -> ClientError {
        ClientError(
            .refused, "key-id", what,
            meaning: "Nothing was signed, nothing was destroyed, and no PIN was asked for.",
            next: "Compare the key id with `ceremonyctl tokens --inventory`, and run it again.")
    }
}
