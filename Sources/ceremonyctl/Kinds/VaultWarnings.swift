// What breaks no rule of a vault and has to be said all the same before somebody signs: its
// warnings, and what the authority of each signer rests on.

import CeremonyRecord
import CeremonyRules
import Provara

/// What a statement has to say of a vault that people may not like.
struct VaultWarnings {
    private let fields: Fields

    init(_ fields: Fields) { self.fields = fields }

    /// Each warning of the vault with what it means; none where there are none.
    var sentences: [String] {
        VaultDoubts.counts(fields[VaultDoubts.warningsName] ?? "none").map { code, count in
            let times = count == 1 ? "" : ", \(count) times"
            guard let rule = Vault.Rule(rawValue: code) else {
                return "WARNING: in the vault there is what this client does not know: "
                    + "\(code)\(times)."
            }
            // An append leaves this behind every time; a warning that is always there is read by
            // nobody.
            let word = rule == .staleSignature ? "Note" : "WARNING"
            return "\(word): the vault has \(code)\(times). \(rule.advice)"
        }
    }

    /// What the authority of a signer rests on, as the end of a sentence about its key.
    func origin(of name: String) -> String {
        switch KeyOrigin(rawValue: fields["\(name)-introduced"] ?? "none") {
        case .birth: "the vault's root key since its birth"
        case .promotion: "promoted by an authority that goes back to the vault's birth"
        case .contract: "named by the vault's contract, for which a key from its birth has signed"
        case .contractUnsigned: "named by the vault's contract, for which nothing signed stands"
        case .promotionUnsigned:
            "promoted by a key that only the contract names, for which nothing signed stands"
        case .vouched, nil: "and nobody knows why it should have authority"
        }
    }

    /// What nothing signed says, and people have to.
    var unsigned: [String] {
        var keys: [String] = []
        for name in ["authority", "promoter"] {
            guard let key = fields[name], !keys.contains(key),
                KeyOrigin(rawValue: fields["\(name)-introduced"] ?? "none")?.isUnsigned ?? true
            else { continue }
            keys.append(key)
        }
        guard !keys.isEmpty else { return [] }
        return [
            "WARNING: no signature that goes back to the vault's birth says that \(Phrase.list(keys)) "
                + "may change keys. In the end it rests on the file policies/sync_contract.json, "
                + "and whoever could write to the vault could have put a key there. Sign only if "
                + "this id is the one that its holder gave you since the vault's birth, or one that "
                + "an earlier ceremony of this log has made."
        ]
    }

    /// The first warning of a copy that the statement does not have; `nil` where it has all.
    func unsaid(of vault: Vault) -> String? {
        let said = VaultDoubts.counts(fields[VaultDoubts.warningsName] ?? "none").map(\.rule)
        return VaultDoubts.counts(VaultDoubts.warnings(of: vault)).map(\.rule).first { rule in
            !said.contains { $0.utf8.elementsEqual(rule.utf8) }
        }
    }
}
