// What you see is what you sign: the document is shown, then its digest in hex and in words, then
// a yes is asked for, and only then a PIN. The yes is a word of the digest, because a word has to
// be read, and whoever reads it aloud compares the digest with everybody else in the room.

package import CeremonyRecord

/// A document as it is put before a person.
package struct ShownDocument {
    /// What it is, such as `statement of keeper-alpha-1`.
    package let title: String
    /// Its lines, which others may have written.
    package let lines: [String]
    /// The bytes that will be signed.
    package let bytes: [UInt8]
    /// What signing it says, as a clause: `you approve this one operation`.
    package let meaning: String
    /// What it is about, in one to three lines: said again at the question, because a long document
    /// has left a small screen by then.
    package let gist: [String]

    /// A document to be shown.
    package init(
        title: String, lines: [String], bytes: [UInt8], meaning: String, gist: [String] = []
    ) {
        self.title = title
        self.lines = lines
        self.bytes = bytes
        self.meaning = meaning
        self.gist = gist
    }

    /// What `--confirm` must name.
    package var digest: Digest { Digest(of: bytes) }
    /// The digest's 32 words.
    package var words: [String] { PGPWords.words(of: digest.bytes) }

    /// Everything that a person sees before the question.
    package func text(columns: Int?) -> String {
        let rule = String(repeating: "-", count: min(columns ?? 72, 72))
        var text = ["", Display.neutralised(title), rule]
        text += Screen.lines(lines, columns: columns)
        text += [rule, digest.description]
        text += ShownDocument.rows(words)
        return text.joined(separator: "\n") + "\n"
    }

    /// Four words a row, each row with the number of its first word: people lose their place.
    private static func rows(_ words: [String]) -> [String] {
        stride(from: 0, to: words.count, by: 4).map { start in
            let number = String(start + 1)
            let indent = String(repeating: " ", count: 4 - number.utf8.count)
            return indent + number + "  "
                + words[start..<min(start + 4, words.count)].joined(separator: " ")
        }
    }
}

/// The yes of a person or of a script.
package struct Confirmation {
    private let given: Digest?

    /// Takes what stood behind `--confirm`: `sha256:` and hex, bare hex, or a file that holds the
    /// document or its digest.
    ///
    /// - Throws: `usage` (64) where it is none of these.
    package init(_ option: String?) throws(ClientError) {
        given = try option.map { text throws(ClientError) in try Digest.given(text) }
    }

    /// Shows the document and returns once it has been confirmed.
    ///
    /// - Throws: `confirm-mismatch` (1) where `--confirm` names another document, `stopped` (1)
    ///   where the person does not type the word, and what ``Terminal`` throws.
    package func obtain(for document: ShownDocument) throws(ClientError) {
        if let given {
            Talk.say(document.text(columns: Talk.columns))
            guard given == document.digest else {
                throw ClientError(
                    .refused, "confirm-mismatch",
                    "--confirm names \(given), but this document is \(document.digest).",
                    meaning: "Nothing was signed.",
                    next: "Read the document. If it is the right one, confirm its own digest.",
                    requirement: "VAL-2")
            }
            return
        }
        let terminal = try Terminal()
        try terminal.requireWidthForSigning()
        terminal.write(document.text(columns: terminal.columns))
        try ask(document, on: terminal)
    }

    private func ask(_ document: ShownDocument, on terminal: Terminal) throws(ClientError) {
        let word = document.words.last ?? ""
        let question = Screen.lines(
            ["By signing, \(document.meaning):"] + document.gist, columns: terminal.columns)
        for _ in 0..<3 {
            terminal.write(
                "\n" + question.joined(separator: "\n")
                    + "\nType the last word of the digest to sign, or nothing to stop: ")
            let typed = try terminal.readLine()
            if typed.isEmpty { break }
            if typed.map(Confirmation.lowered) == word.utf8.map(Confirmation.lowered) { return }
            terminal.write("That is not the last word of this document's digest.\n")
        }
        throw ClientError(
            .refused, "stopped", "The document was not confirmed.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Run the same command again when you have read the document.")
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }
}

extension Digest {
    /// A digest as people give it: `sha256:<hex>`, bare hex, or a file whose digest it is.
    ///
    /// - Throws: `usage` (64), and `no-such-file` (66) where it looks like a file and is none.
    package static func given(_ text: String) throws(ClientError) -> Digest {
        if let digest = Digest(text) ?? Digest(hex: text) { return digest }
        guard !text.utf8.starts(with: "sha256:".utf8) else {
            throw .usage(
                "\(text) is not a digest.",
                next: "A digest is sha256: and 64 lower-case hex digits.")
        }
        return Digest(of: try Files.read(text))
    }
}
