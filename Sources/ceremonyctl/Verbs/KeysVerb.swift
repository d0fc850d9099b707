// `keys` and `key`: what came out of the ceremonies and whether it counts. A status follows from
// the whole log and from nothing less, so the log is fetched and folded here (DESIGN 2.6).

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `keys [SUBJECT]`.
struct KeysVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List the keys that ceremonies made, and their status.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "Only those of this subject.")
    var subject: String?

    @Flag(help: "Only the key to sign with now, with its URI and its PEM.")
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

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let now = try log.status().now
        let state = try LogCopy(log).state
        var entries = state.allKeys.filter { entry in
            (subject.map { $0.utf8.elementsEqual(entry.subject.utf8) } ?? true)
                && (status.map { $0 == entry.status(at: now) } ?? true)
        }
        if current { entries = KeysVerb.newestActive(entries, at: now) }
        if entries.isEmpty, current || subject != nil {
            throw ClientError(
                .notFound, "unknown-key",
                "There is no \(current ? "active " : "")key\(subject.map { " of \($0)" } ?? "").",
                meaning: "There is nothing to sign or to verify with.",
                next: "`ceremonyctl keys` lists all there are, `list` the ceremonies.")
        }
        output.page(
            current
                ? entries.flatMap { $0.text(at: now) }
                : Phrase.table(entries.map { $0.row(at: now) }),
            .fields(["keys": .array(entries.map { $0.json(at: now) })]))
    }

    /// The newest active key of each subject: what one signs with.
    private static func newestActive(_ entries: [KeyEntry], at now: Timestamp) -> [KeyEntry] {
        var newest: [String: KeyEntry] = [:]
        for entry in entries where entry.status(at: now) == .active {
            newest[entry.subject] = entry
        }
        return newest.values.sorted { $0.registered.seq < $1.registered.seq }
    }
}

/// `key FINGERPRINT`.
struct KeyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show one key: where it is, where it came from, who stands for it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: ArgumentHelp("Its fingerprint, SHA256:...", valueName: "fingerprint"))
    var fingerprint: String

    func perform(_ output: Output) throws(ClientError) {
        guard let wanted = Fingerprint(fingerprint) else {
            throw .usage(
                "\(fingerprint) is no fingerprint.",
                next: "Give SHA256: and 43 base64 digits, as ssh-keygen -l prints it.")
        }
        let log = try TrustedLog(global, trust)
        let now = try log.status().now
        let state = try LogCopy(log).state
        guard let entry = state.key(wanted) else {
            throw ClientError(
                .notFound, "unknown-key", "No ceremony of this log made the key \(wanted).",
                meaning: "This log says nothing about it.",
                next: "Those there are: ceremonyctl keys.")
        }
        let ceremony = state.ceremony(named: entry.ceremony)
        let approved = KeyVerb.names(ceremony?.approvals)
        let attested = KeyVerb.names(ceremony?.attestations)
        output.page(
            entry.text(at: now) + [
                "  approved by \(Phrase.list(approved))", "  attested by \(Phrase.list(attested))",
            ],
            .fields([
                "key": entry.json(at: now), "approved_by": .strings(approved),
                "attested_by": .strings(attested),
            ]))
    }

    private static func names(_ set: ResponseSet?) -> [String] {
        set.map { set in set.names.filter { set.answers[$0]?.isYes == true } } ?? []
    }
}

extension KeyEntry {
    fileprivate func row(at now: Timestamp) -> [String] {
        [subject, status(at: now).rawValue, "\(publicKey.fingerprint)", ceremony]
    }

    fileprivate func text(at now: Timestamp) -> [String] {
        var lines = [
            "\(subject): \(status(at: now).rawValue)",
            "  fingerprint \(publicKey.fingerprint)",
            "  uri         \(token);id=\(KeyEntry.escaped(keyID))",
            "  label       \(label)", "  from        \(ceremony), \(registered.time)",
        ]
        if let activated { lines.append("  active from \(activated.time), event \(activated.seq)") }
        if let until { lines.append("  until       \(until)") }
        if let revoked { lines.append("  revoked     \(revoked.time), event \(revoked.seq)") }
        if let lapsed { lines.append("  lapsed      \(lapsed.time), event \(lapsed.seq)") }
        lines.append("  \(publicKey.line)")
        return lines
            + publicKey.pem.utf8.split(separator: 0x0a).map {
                String(decoding: $0, as: UTF8.self)
            }
    }

    fileprivate func json(at now: Timestamp) -> JSON {
        .fields([
            "fingerprint": .string("\(publicKey.fingerprint)"),
            "public_key": .string(publicKey.line), "pem": .string(publicKey.pem),
            "subject": .string(subject), "class": .text(subjectClass),
            "ceremony": .string(ceremony), "status": .string(status(at: now).rawValue),
            "token": .string(token), "uri": .string("\(token);id=\(KeyEntry.escaped(keyID))"),
            "key_id": .string(Hex.encode(keyID)), "label": .string(label),
            "registered": .string("\(registered.time)"),
            "activated": .text(activated.map { "\($0.time)" }),
            "until": .text(until.map { "\($0)" }),
        ])
    }

    /// CKA_ID as a `pkcs11:` URI has it (RFC 7512): every byte escaped.
    private static func escaped(_ id: [UInt8]) -> String {
        id.map { "%" + Hex.encode([$0]).uppercased() }.joined()
    }
}
