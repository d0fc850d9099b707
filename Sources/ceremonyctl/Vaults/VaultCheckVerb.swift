// `provara verify`: every rule that a vault is held to, also those that the package's own verify
// does not know. Findings are told as they are found, so that nothing grows with their number.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import Provara

/// `provara verify VAULT`.
struct VaultCheckVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a vault by every rule of Profile A; exit 1 where one is broken.",
        discussion: """
            Reads only, needs no daemon and no token, and uses every processor. Each violation is \
            told with its rule, its event and its line. A warning breaks nothing: a private key \
            that lies in the vault, a manifest signature that is older than the files. Contested \
            events came after the trust boundary of a key that was revoked; they count again when \
            a new key attests them.

            With --json at most 1000 findings of each rule are listed; all are counted.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: VaultOptions

    @Argument(help: "The directory that holds identity/ and events/.")
    var vault: String

    func perform(_ output: Output) throws(ClientError) { _ = try tell(output) }

    func run() throws {
        let status = try tell(Output(json: global.json))
        if status != .done { throw Ended(status: status) }
    }

    private func tell(_ output: Output) throws(ClientError) -> ExitStatus {
        var reading = options.reading
        // What is told at once need not be kept.
        if !output.json { reading.listedFindings = 0 }
        // A report: whatever a ceremony rests on is read with libsodium alone.
        reading.preparedAfter = VaultCheckVerb.preparedAfter
        let read = try Vault.opened(vault, reading) { finding in
            guard !output.json else { return }
            let word = finding.severity == .violation ? "VIOLATION" : "warning"
            output.page(["\(word): \(finding)"], .null)
        }
        for ceremony in Vault.unfinishedCeremonies(beside: vault) {
            Talk.paragraph(
                "The ceremony \(Display.neutralised(ceremony)) is being written to this vault. Mend "
                    + "nothing by hand: start the daemon and unlock its log token, and it goes on "
                    + "by itself.")
        }
        output.page(VaultCheckVerb.text(read), VaultCheckVerb.json(read))
        return read.isInOrder ? .done : .refused
    }

    /// Without optimisation, tables of a key's multiples are slower than libsodium.
    private static var preparedAfter: Int? {
        #if DEBUG
            nil
        #else
            256
        #endif
    }

    // MARK: For people

    private static func text(_ vault: Vault) -> [String] {
        let findings = vault.findings
        let warnings = findings.counts.reduce(0) {
            $1.key.severity == .warning ? $0 + $1.value : $0
        }
        var lines = [
            vault.isInOrder
                ? "IN ORDER: every rule holds, with \(Phrase.count(warnings, "warning"))."
                : "NOT IN ORDER: \(Phrase.count(findings.violationCount, "violation")), "
                    + "\(Phrase.count(warnings, "warning")).",
            "  vault:      \(vault.genesis?.uid ?? "unknown")",
            "  root:       \(vault.root)",
            "  events:     \(vault.log.eventCount)"
                + (vault.log.lastEvent.map { ", the last \($0)" } ?? ""),
            "  manifest:   \(word(for: vault.signature))",
        ]
        if let seal = vault.log.seal { lines.append("  SEALED by \(seal)") }
        for key in vault.log.unfinishedRotations {
            lines.append("  HALF DONE: \(key) was revoked, and nothing took its place")
        }
        lines.append("  keys:")
        lines += Phrase.table(vault.log.keys.map(row), indent: "    ")
        if vault.log.contestedCount > 0 {
            lines.append("  contested: \(Phrase.count(vault.log.contestedCount, "event"))")
            lines += Phrase.table(
                vault.log.contested.map { event in
                    [
                        "line \(event.event.line)", "\(event.event.id)",
                        Display.neutralised(event.type),
                        "by \(event.signer)", "revoked by \(event.revocation)",
                        event.attestedBy.map { "attested again by \($0)" } ?? "CONTESTED",
                    ]
                }, indent: "    ")
        }
        return lines
    }

    private static func row(_ key: KeyStanding) -> [String] {
        [
            "\(key.id)", standing(of: key), key.roles.joined(separator: ","),
            key.lastEvent.map { "\(Phrase.count(key.eventCount, "event")), the last \($0)" }
                ?? "never signed",
        ]
    }

    /// A word, and by which event.
    private static func standing(of key: KeyStanding) -> String {
        if let revocation = key.revocation {
            return "revoked by \(revocation.event)"
                + (revocation.replacement.map { ", replaced by \($0)" } ?? "")
        }
        if let event = key.contestedBy { return "contested since \(event)" }
        switch key.introduction {
        case .birth: return "in force, from birth"
        case .contract: return "in force, from the contract"
        case .vouched: return "in force, vouched for"
        case .promotion(let event): return "in force, promoted by \(event)"
        }
    }

    private static func word(for standing: Vault.SignatureStanding) -> String {
        switch standing {
        case .fresh(let key): "signed by \(key)"
        case .stale(let key): "signed by \(key) before the last change"
        case .missing: "not signed"
        case .wrong: "WRONGLY signed"
        }
    }

    // MARK: For scripts

    private static func json(_ vault: Vault) -> JSON {
        let findings = vault.findings
        return .fields([
            "in_order": .bool(vault.isInOrder), "uid": .text(vault.genesis?.uid),
            "root": .string("\(vault.root)"), "events": .number(vault.log.eventCount),
            "last_event": .text(vault.log.lastEvent.map { "\($0.id)" }),
            "manifest": .string(word(for: vault.signature)),
            "sealed": .bool(vault.log.seal != nil),
            "half_done": .strings(vault.log.unfinishedRotations.map { "\($0)" }.sorted()),
            "violation_count": .number(findings.violationCount),
            "violations": .array(findings.violations.map(json)),
            "warnings": .array(findings.warnings.map(json)),
            "counts": .object(
                Dictionary(
                    uniqueKeysWithValues: findings.counts.map {
                        ($0.key.rawValue, JSON.number($0.value))
                    })),
            "keys": .array(vault.log.keys.map(json)),
            "contested_count": .number(vault.log.contestedCount),
            "contested": .array(
                vault.log.contested.map {
                    .fields([
                        "event": .string("\($0.event.id)"), "line": .number($0.event.line),
                        "type": .string($0.type), "signer": .string("\($0.signer)"),
                        "revocation": .string("\($0.revocation.id)"),
                        "attested_by": .text($0.attestedBy.map { "\($0.id)" }),
                    ])
                }),
        ])
    }

    private static func json(_ finding: Vault.Finding) -> JSON {
        .fields([
            "rule": .string(finding.rule.rawValue), "event": .text(finding.event.map { "\($0)" }),
            "line": .count(finding.line), "path": .text(finding.path),
            "key": .text(finding.key.map { "\($0)" }), "detail": .string(finding.detail),
        ])
    }

    private static func json(_ key: KeyStanding) -> JSON {
        .fields([
            "id": .string("\(key.id)"), "standing": .string(standing(of: key)),
            "authority": .bool(key.isAuthority), "roles": .strings(key.roles),
            "revoked": .bool(key.revocation != nil), "events": .number(key.eventCount),
            "last_event": .text(key.lastEvent.map { "\($0.id)" }),
            "public_key": .text(key.key?.base64),
        ])
    }
}
