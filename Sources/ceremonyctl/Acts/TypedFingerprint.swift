// The fingerprint of somebody whom the log does not know, typed by whoever vouches for them, before
// anything is signed. It has to come from that person, by another way than the statement; the
// statement names it too, so that it was compared is the voucher's word, which they sign.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A fingerprint as two people give it.
enum TypedFingerprint {
    /// So many of the words do, where somebody types words: 128 bits.
    static let words = 16

    /// Returns once the fingerprint was given, where the part is to vouch for somebody.
    ///
    /// - Throws: `fingerprint-differs` (1) where it is another one, `no-terminal` (64) where nobody
    ///   can type it.
    static func obtain(_ option: String?, for line: AcceptLine, in statement: Statement)
        throws(ClientError)
    {
        let stranger = ClientKinds.part(of: statement.kind)?.stranger(
            vouchedFor: line.set, in: statement)
        guard let (name, key) = stranger.map({ ($0.name, $0.fingerprint) }) else {
            guard option == nil else {
                throw .usage(
                    "--fingerprint is for whoever vouches for somebody, and you are not asked to.",
                    next: "Leave it out.")
            }
            return
        }
        if let option {
            guard matches(option, key) else { throw differs(name) }
            return
        }
        let terminal: Terminal
        do { terminal = try Terminal() } catch {
            throw ClientError(
                .usage, "no-terminal",
                "There is no terminal on which somebody could type the fingerprint.",
                meaning: "Nothing was signed.",
                next: "Give it with --fingerprint, as \(name) told it to you.")
        }
        terminal.write(
            "\n"
                + Screen.paragraph(
                    "You vouch that \(name) has the key that the statement names. Type the "
                        + "fingerprint as \(name) told it to you, by another way than this machine, "
                        + "and not as it stands above: SHA256:..., or the first \(words) of its "
                        + "words. \(name) has both from: ceremonyctl identity show.", after: "",
                    columns: terminal.columns) + "\n")
        for _ in 0..<3 {
            terminal.write("The key of \(name), or nothing to stop: ")
            let typed = String(decoding: try terminal.readLine(), as: UTF8.self)
            if typed.isEmpty { break }
            if matches(typed, key) { return }
            terminal.write("That is not the key that the statement names.\n")
        }
        throw differs(name)
    }

    /// Whether that is the fingerprint, or enough of its words from the first on.
    static func matches(_ typed: String, _ key: Fingerprint) -> Bool {
        if typed.utf8.elementsEqual("\(key)".utf8) { return true }
        let given = typed.utf8.split(separator: UInt8(ascii: " ")).map { word in
            word.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        }
        let words = PGPWords.words(of: key.bytes).map { word in
            word.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        }
        return given.count >= TypedFingerprint.words && given.count <= words.count
            && zip(given, words).allSatisfy { $0 == $1 }
    }

    private static func differs(_ name: String) -> ClientError {
        ClientError(
            .refused, "fingerprint-differs",
            "The fingerprint that was given is not the one of \(name) in the statement.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Ask \(name) once more. If it stays another one, somebody presents a key that is "
                + "not theirs: tell the initiator, and decline.", requirement: "CT-12")
    }
}
