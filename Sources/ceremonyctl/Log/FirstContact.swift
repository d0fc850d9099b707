// The first time that a client meets a log: which founding document is the right one cannot be
// asked of the daemon. In production somebody says so from their own paper; a rehearsal is taken as
// it is.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// How the founding document of a log is known.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The SHA-256 of the founding document, from your own copy of it.",
            valueName: "sha256:hex|file"))
    var genesis: String?
}

/// Comparing a founding document with what is known of it.
struct FirstContact {
    /// The document that the daemon shows.
    let genesis: Genesis
    /// What this client remembers.
    let pin: TrustPin

    /// Compares, asks where it has to, and remembers.
    ///
    /// - Throws: `genesis-mismatch` (1), `genesis-unknown` (1), and what ``TrustPin`` throws.
    ///
    /// - Parameter invited: a code that names this founding document; whoever signed it reads its
    ///   words out to the person, where nothing else says that the log is the right one.
    func settle(_ trust: TrustOptions, urgent: Bool, invited: Invited? = nil) throws(ClientError) {
        let digest = genesis.digest
        if let given = try trust.genesis.map({ text throws(ClientError) in try Digest.given(text) })
        {
            guard given == digest else { throw mismatch(given) }
        } else if try pin.genesis() == nil {
            if genesis.mode == .production {
                if urgent { return }
                if let invited { try invited.askWords() } else { try askPaper() }
            }
        }
        guard try pin.pin(genesis: digest) else { return }
        Talk.paragraph("First contact with the log \(genesis.log). Its founding document is")
        Talk.say("\(digest)")
        for row in PGPWords.rows(PGPWords.words(of: digest.bytes)) { Talk.paragraph("  " + row) }
        if trust.genesis == nil, genesis.mode == .rehearsal {
            Talk.paragraph(
                invited == nil
                    ? "It was not compared with anything, because this is a rehearsal."
                    : "The code names it, and nothing else says so: this is a rehearsal.")
        }
    }

    /// The digest is not shown first: whoever could read it off the screen would compare nothing.
    private func askPaper() throws(ClientError) {
        let terminal: Terminal
        do {
            terminal = try Terminal()
        } catch {
            throw unknown
        }
        let columns = terminal.columns
        terminal.write(
            "\n"
                + Screen.paragraph(
                    "This client meets the production log \(genesis.log) for the first time. Type "
                        + "the SHA-256 of its founding document, or the first 16 hex digits of "
                        + "it, from your own copy.", after: "", columns: columns) + "\n")
        for _ in 0..<3 {
            terminal.write("SHA-256: ")
            let typed = try terminal.readLine()
            guard let digits = FirstContact.digits(in: typed) else { throw unknown }
            if FirstContact.isDigest(digits) {
                guard genesis.digest.hex.utf8.starts(with: digits) else {
                    throw mismatch(typed: String(decoding: digits, as: UTF8.self))
                }
                return
            }
            terminal.write("That is not 16 or 64 hex digits.\n")
        }
        throw unknown
    }

    /// What was typed without spaces, in lower case, without the digest's prefix; `nil` where that
    /// is nothing.
    private static func digits(in typed: [UInt8]) -> [UInt8]? {
        var bytes = typed.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        bytes = bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        if bytes.starts(with: "sha256:".utf8) { bytes.removeFirst(7) }
        return bytes.isEmpty ? nil : bytes
    }

    private static func isDigest(_ digits: [UInt8]) -> Bool {
        (digits.count == 16 || digits.count == 64)
            && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private var unknown: ClientError {
        ClientError(
            .refused, "genesis-unknown",
            "It is not known which founding document the log \(genesis.log) should have.",
            meaning: "The daemon's word is not enough for a production log. Nothing was signed.",
            next: "Give --genesis with the SHA-256 from your own copy of the founding document.",
            requirement: "VAL-2")
    }

    private func mismatch(_ given: Digest) -> ClientError {
        ClientError(
            .refused, "genesis-mismatch",
            "The founding document should be \(given), and the daemon shows \(genesis.digest).",
            meaning: "This is another log. Nothing was signed.",
            next: "Check the digest that you gave, and which daemon answers.", requirement: "VAL-2")
    }

    /// The daemon's digest is not shown: it would only be typed the next time.
    private func mismatch(typed: String) -> ClientError {
        ClientError(
            .refused, "genesis-mismatch",
            "What you typed is not this log's founding document: \(typed).",
            meaning: "Somebody may show you another log under the name \(genesis.log). Nothing was "
                + "signed and nothing was remembered.",
            next: "Read your own copy once more. If you typed what it says, sign nothing, and tell "
                + "the operator and the other custodians.", requirement: "VAL-2")
    }
}
