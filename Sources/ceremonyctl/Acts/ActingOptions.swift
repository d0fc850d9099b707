// What every verb takes that signs something for the log, and what an order may point to besides.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// Who signs, how, and whether only a draft is wanted.
struct ActingOptions: ParsableArguments {
    @OptionGroup var trust: TrustOptions
    @OptionGroup var signing: SigningOptions

    @Option(
        help: ArgumentHelp(
            "Write the document to this file instead of signing it; `ceremonyctl sign` or "
                + "`ssh-keygen -Y sign` signs it, `ceremonyctl submit` hands it in.",
            valueName: "file"))
    var draft: String?

    @Option(
        help: ArgumentHelp(
            "Which of a person's keys signs, where they have several: on the token here, or, with "
                + "--draft and --as, wherever the draft goes.", valueName: "SHA256:fingerprint"))
    var key: String?

    /// Whether the document is only written, to be signed and handed in later.
    var isDraft: Bool { draft != nil }

    /// The key that was chosen.
    var fingerprint: Fingerprint? { key.flatMap { Fingerprint($0) } }

    mutating func validate() throws {
        if draft != nil, signing.signature != nil || signing.confirm != nil {
            throw ValidationError("--draft signs nothing: leave --signature and --confirm out.")
        }
        if key != nil, fingerprint == nil {
            throw ValidationError("--key takes a fingerprint, as `ceremonyctl roster` shows it.")
        }
        if key != nil, signing.signature != nil {
            throw ValidationError("--signature says which key it is: leave --key out.")
        }
    }
}

/// Things outside the log that an order points to (its `evidence:` lines).
struct EvidenceOptions: ParsableArguments {
    @Option(
        name: .customLong("evidence"),
        help: ArgumentHelp(
            "Something outside the log that belongs to this: what it is, and a file, which is "
                + "hashed here and stays here, or its SHA-256; may be repeated.",
            valueName: "what=file|what=sha256:hex"))
    var given: [String] = []

    /// Hashes the files.
    ///
    /// - Throws: `usage` (64) where one is not written as `what=...`, `no-such-file` (66).
    func collected() throws(ClientError) -> [CeremonyRecord.Evidence] {
        try given.map { text throws(ClientError) in try EvidenceOptions.evidence(text) }
    }

    private static func evidence(_ text: String) throws(ClientError) -> CeremonyRecord.Evidence {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw .usage(
                "--evidence \(text) has no `=`.",
                next: "Write --evidence what=file, or what=sha256:hex.")
        }
        let what = String(text[..<equals])
        let place = String(text[text.utf8.index(after: equals)...])
        let isPlain =
            !what.utf8.isEmpty && what.utf8.first != 0x20 && what.utf8.last != 0x20
            && what.utf8.allSatisfy { (0x20...0x7e).contains($0) }
        guard isPlain else {
            throw .usage(
                "--evidence \(text) does not say what it is.",
                next:
                    "Before the `=` stand printable ASCII characters, such as: photograph of bag 17."
            )
        }
        if place.utf8.starts(with: "sha256:".utf8) {
            guard let digest = Digest(place) else {
                throw .usage(
                    "\(place) is not a digest.",
                    next: "A digest is sha256: and 64 lower-case hex digits.")
            }
            return CeremonyRecord.Evidence(what: what, digest: digest)
        }
        return CeremonyRecord.Evidence(what: what, digest: try Files.digest(of: place))
    }
}
