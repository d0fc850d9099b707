// `keys`: what came out of the ceremonies and whether it counts. A status follows from the whole
// log and from nothing less, so the log is fetched and folded here (DESIGN 2.6).

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `keys [SUBJECT]`.
struct KeysVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "List the keys that ceremonies made, and their status, now or as of then.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var asOf: AsOfOptions

    @Argument(help: "Only those of this subject.")
    var subject: String?

    @Flag(help: "Only the key to sign with, with its URI and its PEM.")
    var current = false

    @Option(
        help: "Only those with this status, such as active.",
        transform: { text in
            guard let status = KeyStatus(rawValue: text) else {
                throw ValidationError(
                    "Statuses: \(KeyStatus.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            return status
        })
    var status: KeyStatus?

    @Option(
        help: ArgumentHelp(
            "Write all keys into a new or empty folder, for ssh-keygen -Y verify and openssl.",
            valueName: "dir"))
    var export: String?

    mutating func validate() throws {
        let chosen = subject != nil || current || status != nil || asOf.at != nil
        if export != nil, chosen {
            throw ValidationError("--export writes all keys, with all their times.")
        }
    }

    func perform(_ output: Output) throws(ClientError) {
        if let export { try Folder.requireFree(export) }
        let log = try TrustedLog(global, trust)
        let now = try log.status().now
        let copy = try LogCopy(log)
        let place = try asOf.place(in: copy, now: now)
        if let export { return try write(copy.state.keyFiles(at: place), to: export, output) }
        let keys = keys(in: copy.state, at: place)
        if keys.isEmpty, current || subject != nil {
            throw ClientError(
                .notFound, "unknown-key",
                "There is no \(current ? "active " : "")key\(subject.map { " of \($0)" } ?? "")"
                    + (asOf.at == nil ? "." : " at \(place)."),
                meaning: "There is nothing to sign or to verify with.",
                next: "`ceremonyctl keys` lists all there are, `list` the ceremonies.")
        }
        output.page(
            current ? keys.flatMap(\.text) : Phrase.table(keys.map(\.row)),
            .fields(["keys": .array(keys.map(\.json)), "at": place.json]))
    }

    private func keys(in state: State, at place: LogPosition) -> [PlacedKey] {
        let keys = state.allKeys.compactMap { PlacedKey($0, in: state, at: place) }
        return keys.filter { key in
            let fingerprint = key.entry.publicKey.fingerprint
            let isCurrent =
                state.signingKey(of: key.entry.subject, at: place)?.publicKey.fingerprint
                == fingerprint
            return (subject.map { $0.utf8.elementsEqual(key.entry.subject.utf8) } ?? true)
                && (status.map { $0 == key.standing.status } ?? true) && (!current || isCurrent)
        }
    }

    private func write(_ files: [String: [UInt8]], to directory: String, _ output: Output)
        throws(ClientError)
    {
        try Folder.create(directory, files)
        let shown = Display.neutralised(directory)
        Talk.say(
            """
            Verify with:
              ssh-keygen -Y verify -f \(shown)/allowed_signers -r \(shown)/revoked_keys \\
                -I SUBJECT -n NAMESPACE -O verify-time=YYYYMMDDHHMMSSZ -s FILE.sig < FILE
            """)
        if files.keys.contains(where: { $0.utf8.starts(with: "authorities/".utf8) }) {
            Talk.say(
                """
                and each part of an authority's signature on a document, by the epoch in force then:
                  ssh-keygen -Y verify -f \(shown)/authorities/NAME/EPOCH/allowed_signers \\
                    -I MEMBER -n ceremonyd-authority-v1 -O verify-time=YYYYMMDDHHMMSSZ \\
                    -s PART.sig < DOCUMENT
                That enough of them signed, and which file: ceremonyctl authority verify.
                """)
        }
        let names = files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        output.page(
            [directory] + names.map { "  \($0)" },
            .fields(["directory": .string(directory), "files": .strings(names)]))
    }
}

/// A key as it stood at a place in the log.
struct PlacedKey {
    let entry: KeyEntry
    let standing: KeyStanding
    let place: LogPosition

    /// `nil` where no ceremony up to there has made it.
    init?(_ entry: KeyEntry, in state: State, at place: LogPosition) {
        guard let standing = state.standing(of: entry.publicKey.fingerprint, at: place) else {
            return nil
        }
        self.entry = entry
        self.standing = standing
        self.place = place
    }

    /// The ceremony that made it, and in which log where it was an earlier one.
    private var source: String { entry.ceremony + (entry.origin.map { " of \($0)" } ?? "") }

    /// One line for lists.
    var row: [String] {
        [
            entry.subject, standing.status.rawValue, "\(entry.publicKey.fingerprint)",
            source, standing.until.map { "until \($0)" } ?? "",
        ]
    }

    /// Everything that is to be said of it.
    var text: [String] {
        [
            "\(entry.subject): \(standing.status.rawValue)",
            "  fingerprint \(entry.publicKey.fingerprint)",
            "  uri         \(uri)", "  label       \(entry.label)",
            "  from        \(source), \(entry.registered.time)",
            "  since       \(standing.since.time), "
                + (standing.since.seq == 0 ? "before this log" : "event \(standing.since.seq)"),
            "  because     \(standing.reason)",
        ]
            + (standing.until.map { ["  until       \($0)"] } ?? [])
            + ["  \(entry.publicKey.line)"]
            + entry.publicKey.pem.utf8.split(separator: 0x0a).map {
                String(decoding: $0, as: UTF8.self)
            }
    }

    var json: JSON {
        .fields([
            "fingerprint": .string("\(entry.publicKey.fingerprint)"),
            "public_key": .string(entry.publicKey.line), "pem": .string(entry.publicKey.pem),
            "subject": .string(entry.subject), "class": .text(entry.subjectClass),
            "ceremony": .string(entry.ceremony), "origin": .text(entry.origin),
            "status": .string(standing.status.rawValue),
            "since": LogPosition(seq: standing.since.seq, time: standing.since.time).json,
            "because": .string(standing.reason), "token": .string(entry.token),
            "uri": .string(uri), "key_id": .string(Hex.encode(entry.keyID)),
            "label": .string(entry.label), "registered": .string("\(entry.registered.time)"),
            "activated": .text(
                entry.activated.flatMap { place.includes($0) ? "\($0.time)" : nil }),
            "until": .text(standing.until.map { "\($0)" }),
        ])
    }

    /// The token's URI and the CKA_ID as RFC 7512 has it: every byte escaped.
    private var uri: String {
        "\(entry.token);id="
            + entry.keyID.map { "%" + Hex.encode([$0]).uppercased() }.joined()
    }
}
