// `roster`, `policy` and `kinds`: who may act, under which rules, in which ceremonies.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `roster`.
struct RosterVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "roster", abstract: "List the people, their roles and their keys.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var asOf: AsOfOptions

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let (roster, place) = try roster(log)
        var lines = [
            "\(log.genesis.log), epoch \(roster.epoch)" + (place.map { ", at \($0)" } ?? "")
        ]
        for member in roster.members {
            let roles = member.roles.map(\.rawValue).joined(separator: ", ")
            lines.append(
                "  \(member.name) (\(member.display)): \(member.kind.rawValue)"
                    + (roles.isEmpty ? "" : ", \(roles)"))
            for key in member.keys {
                lines.append(
                    "    \(key.key.fingerprint)"
                        + (key.tokenSerial.map { " on token \($0)" } ?? ""))
            }
        }
        for (subject, holder) in roster.holders.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(subject) belongs to \(holder)")
        }
        output.page(
            lines,
            .fields([
                "epoch": .number(roster.epoch),
                "members": .array(roster.members.map(RosterVerb.json)),
                "holders": .object(roster.holders.mapValues { .string($0) }),
                "at": place.map(\.json),
            ]))
    }

    /// The people in force, or those who were at a place in the log.
    private func roster(_ log: TrustedLog) throws(ClientError) -> (Roster, LogPosition?) {
        guard asOf.at != nil else {
            let roster = try log.roster()
            // An event says only which holders it changes, a founding none that it takes over.
            let isWhole = roster.epoch == 1 && log.genesis.continues == nil
            return (!isWhole ? try LogCopy(log).state.roster : roster, nil)
        }
        let copy = try LogCopy(log)
        let place = try asOf.place(in: copy, now: try log.status().now)
        return (try copy.state(through: place.seq).roster, place)
    }

    private static func json(_ member: Member) -> JSON {
        .fields([
            "name": .string(member.name), "display": .string(member.display),
            "kind": .string(member.kind.rawValue), "roles": .strings(member.roles.map(\.rawValue)),
            "keys": .array(
                member.keys.map {
                    .fields([
                        "line": .string($0.key.line),
                        "fingerprint": .string("\($0.key.fingerprint)"),
                        "token_serial": .text($0.tokenSerial),
                    ])
                }),
        ])
    }
}

/// `policy`.
struct PolicyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Show the policy in force, and who is left when one person is missing.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let roster = try log.roster()
        let policy = roster.policy
        let outlook = roster.outlook()
        var lines = ["\(log.genesis.log), epoch \(roster.epoch)", "  \(policy.digest)"]
        for (kind, entry) in policy.kinds.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(kind)")
            lines.append(
                "    approvals \(entry.threshold) (people \(entry.people)), attestations "
                    + "\(entry.attest)")
            lines.append(
                "    open for \(Phrase.span(entry.lifetime)), execution "
                    + Phrase.span(entry.execution))
        }
        lines.append(
            "  overlap \(policy.overlapDays) d, attestation within \(policy.attestDays) d, drill "
                + "every \(policy.drillDays) d")
        lines.append(
            "  at a time: one ceremony per \(policy.concurrency == .one ? "log" : "subject")"
                + (policy.initiatorCounts ? "; initiators count as witnesses" : ""))
        let rotation = policy.rotationDays.sorted { $0.key < $1.key }
        lines.append(
            "  rotation after: "
                + (rotation.isEmpty
                    ? "never" : rotation.map { "\($0.key) \($0.value) d" }.joined(separator: ", ")))
        lines.append(
            "  software tokens that production takes: "
                + (policy.softwareTokens.isEmpty
                    ? "none" : "those of " + policy.softwareTokens.joined(separator: ", ")))
        lines.append("  modules: " + (policy.modules.isEmpty ? "any" : "only these"))
        lines += policy.modules.map { "    \($0)" }
        lines.append("Outlook:")
        lines += outlook.map { "  \($0.text)" }
        output.page(
            lines,
            .fields([
                "epoch": .number(roster.epoch), "digest": .string("\(policy.digest)"),
                "policy": policy.json,
                "outlook": .array(
                    outlook.map {
                        .fields([
                            "kind": .string($0.kind), "threshold": .number($0.threshold),
                            "can_be_met": .bool($0.canBeMet), "spare": .bool($0.hasSpare),
                            "indispensable": .strings($0.indispensable), "text": .string($0.text),
                        ])
                    }),
            ]))
    }
}

/// `kinds [KIND]`.
struct KindsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "kinds",
        abstract: "List the kinds of ceremony, their parameters, and what the policy demands.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "Only this one.")
    var kind: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        var parameters: [String: JSON] = [:]
        parameters["kind"] = .text(kind)
        let reply = try log.call("Kinds", parameters)
        guard case .array(let kinds)? = reply["kinds"] else {
            throw Reply.malformed("no list of kinds")
        }
        let lines = try kinds.map { kind throws(ClientError) in
            try Reply.read { () throws(JSONError) in try KindsVerb.text(kind) }
        }
        output.page(lines.flatMap(\.self), .fields(["kinds": .array(kinds)]))
    }

    private static func text(_ kind: JSON) throws(JSONError) -> [String] {
        var fields = try JSONFields(kind)
        var lines = [
            try fields.string("name"), "  " + (try fields.string("summary")),
        ]
        if let threshold = try fields.optionalNumber("threshold") {
            let attest = try fields.optionalNumber("attest") ?? 0
            lines.append("  approvals \(threshold), attestations \(attest)")
        } else {
            lines.append("  The policy of this log has no entry for it.")
        }
        for parameter in try fields.objects("parameters") {
            var parameter = parameter
            let name = try parameter.string("name")
            let meaning = try parameter.string("meaning")
            let standard = try parameter.optionalString("standard")
            lines.append(
                "  --set \(name)=...: \(meaning)" + (standard.map { " (else \($0))" } ?? ""))
        }
        return lines
    }
}
