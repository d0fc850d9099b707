// What breaks no rule of a vault and people have to know before they agree to anything: what its
// warnings are, a private key inside it among them, and what the authority of whoever signs rests
// on. Seen like everything else of the vault, and the same at the drafting, the opening and the
// execution.

import CeremonyRecord
public import Provara

/// What is to be doubted in a vault, as a statement says it.
public struct VaultDoubts: Hashable, Sendable {
    /// The warnings, each rule with how often, or `none`.
    public static let warningsName = "vault-warnings"
    /// What the authority of each signer rests on.
    static let originNames = ["authority-introduced", "promoter-introduced"]

    /// The lines of the statement.
    let fields: [Field]

    /// Nobody but a look at the vault says this.
    static let seen: [KindParameter] = ([warningsName] + originNames).map {
        KindParameter($0, "seen in the vault", isFromLog: true)
    }

    /// - Parameter origins: The names that the kind has of ``originNames``.
    /// - Throws: ``Refusal`` (`bad-parameter`) where it was not seen, or is not what is seen.
    init(_ parameters: [String: String], origins names: [String] = originNames) throws(Refusal) {
        let warnings = parameters[VaultDoubts.warningsName]
        let origins = names.map { parameters[$0] }
        guard let warnings, warnings == "none" || !VaultDoubts.counts(warnings).isEmpty,
            origins.allSatisfy({ $0.flatMap { KeyOrigin(rawValue: $0) } != nil })
        else {
            throw Refusal(
                .badParameter,
                "What is to be doubted in the vault was not looked at, or not as the daemon does.",
                next: "Let the daemon draft it: ceremonyctl start.")
        }
        fields =
            [Field(name: VaultDoubts.warningsName, value: warnings)]
            + zip(names, origins).map { Field(name: $0, value: $1 ?? "none") }
    }

    /// What a vault's warnings come to: `structure.private-key=1,manifest.signature-stale=1`.
    public static func warnings(of vault: Vault) -> String {
        let counts = Vault.Rule.allCases.compactMap { rule -> String? in
            guard rule.severity == .warning, let count = vault.findings.counts[rule] else {
                return nil
            }
            return "\(rule.rawValue)=\(count)"
        }
        return counts.isEmpty ? "none" : counts.joined(separator: ",")
    }

    /// The rules of such a line, in its order, and how often each.
    public static func counts(_ line: String) -> [(rule: String, count: Int)] {
        var counts: [(String, Int)] = []
        for word in line.utf8.split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        {
            let parts = word.split(
                separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Decimal.decode(parts[1]), count > 0 else {
                return []
            }
            let rule = String(decoding: parts[0], as: UTF8.self)
            guard Identifier.isValid(rule), !counts.contains(where: { $0.0 == rule }) else {
                return []
            }
            counts.append((rule, count))
        }
        return counts
    }
}
