// `verify DIR`: exported evidence, checked with no daemon, no token and no configuration. The
// checking itself is `EvidenceVerifier`'s; here a folder becomes bytes, and a finding words.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `verify DIR`.
struct VerifyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check exported evidence against the founding digest that you bring.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The folder that `export` wrote.")
    var directory: String

    @Option(
        help: ArgumentHelp("A checkpoint of this log that you kept earlier.", valueName: "file"))
    var seen: String?

    @Flag(help: "Take evidence of a rehearsal.")
    var rehearsal = false

    func perform(_ output: Output) throws(ClientError) {
        let trusted = Trust(
            genesis: try trust.genesis.map { text throws(ClientError) in try Digest.given(text) },
            seen: try seen.map { path throws(ClientError) in try Files.read(path) },
            allowsRehearsal: rehearsal)
        let folder = try EvidenceReader.read(directory)
        let found = EvidenceVerifier.verify(folder, against: trusted)
        guard found.isVerified else { throw refusal(found) }
        output.page(VerifyVerb.text(found), VerifyVerb.json(found))
    }

    private func refusal(_ found: Verification) -> ClientError {
        for check in found.checks { Talk.paragraph("  holds: " + Display.neutralised(check.text)) }
        guard let defect = found.defect else {
            return ClientError(
                .refused, "not-verified", "The evidence holds no signed head.",
                meaning: "Nothing of it can be relied on.", next: "Ask for a whole export.")
        }
        let place = defect.place + (defect.seq.map { ", event \($0)" } ?? "")
        return ClientError(
            .refused, defect.name.rawValue,
            "The evidence does not verify (\(place)): \(defect.detail)",
            meaning: defect.meaning,
            next: defect.name == .genesisNotGiven
                ? "Give --genesis with the SHA-256 from your own copy of the founding document."
                : "Keep this folder as it is, and show it to whoever gave it to you.",
            requirement: "VAL-2")
    }

    private static func text(_ found: Verification) -> [String] {
        var lines = ["VERIFIED"]
        lines += found.checks.map { "  \($0.text)" }
        for halt in found.halts {
            lines.append(
                "HALTED at its end: since \(halt.time) (event \(halt.seq)), by "
                    + "\(halt.by ?? "the daemon"): \(halt.reason)")
        }
        lines.append("People at its end:")
        lines += Phrase.table(
            found.people.map { member in
                [
                    member.name, member.kind.rawValue,
                    member.roles.map(\.rawValue).joined(separator: ","),
                    Phrase.count(member.keys.count, "key"),
                ]
            }, indent: "  ")
        lines.append(found.keys.isEmpty ? "No key has come out of it." : "Keys at its end:")
        for key in found.keys {
            lines.append("  \(key.entry.publicKey.fingerprint)")
            lines.append(
                "    \(key.status.rawValue), \(key.entry.subject), from \(key.entry.ceremony)"
                    + (key.entry.origin.map { " of \($0)" } ?? ""))
            lines.append("    approved by \(Phrase.list(key.approvedBy))")
            lines.append("    attested by \(Phrase.list(key.attestedBy))")
        }
        let authorities = found.state?.allAuthorities ?? []
        if !authorities.isEmpty { lines.append("Authorities at its end:") }
        for authority in authorities {
            let epoch = authority.current
            lines.append(
                "  \(authority.name): \(authority.role.rawValue), epoch \(epoch.number), since "
                    + "\(epoch.begun.time), from \(epoch.ceremony)")
            lines.append(
                "    \(Phrase.list(epoch.members.map(\.name))); \(epoch.sign) of them sign")
            if !epoch.unreached.isEmpty {
                lines.append("    silent at its commit: \(Phrase.list(epoch.unreached))")
            }
        }
        return lines
    }

    private static func json(_ found: Verification) -> JSON {
        .fields([
            "verified": .bool(true),
            "checks": .array(
                found.checks.map {
                    .fields(["name": .string($0.name), "text": .string($0.text)])
                }),
            "size": .count(found.head?.size), "root": .text(found.head.map { "\($0.root)" }),
            "halted": .bool(!found.halts.isEmpty),
            "halts": .array(
                found.halts.map {
                    .fields([
                        "seq": .number($0.seq), "time": .string("\($0.time)"), "by": .text($0.by),
                        "reason": .string($0.reason),
                    ])
                }),
            "continues": .array(
                (found.state?.history.dropFirst() ?? []).map {
                    .fields([
                        "origin": .string($0.origin), "size": .number($0.size),
                        "root": .string("\($0.root)"),
                    ])
                }),
            "people": .strings(found.people.map(\.name)),
            "authorities": .array(
                (found.state?.allAuthorities ?? []).map { $0.json($0.current) }),
            "keys": .array(
                found.keys.map {
                    .fields([
                        "fingerprint": .string("\($0.entry.publicKey.fingerprint)"),
                        "public_key": .string($0.entry.publicKey.line),
                        "subject": .string($0.entry.subject),
                        "ceremony": .string($0.entry.ceremony),
                        "origin": .text($0.entry.origin),
                        "status": .string($0.status.rawValue),
                        "approved_by": .strings($0.approvedBy),
                        "attested_by": .strings($0.attestedBy),
                    ])
                }),
        ])
    }
}
