// What a statement says of a vault that breaks no rule and has to be known: only what a look says.

import CeremonyRecord
import Testing

@testable import CeremonyRules

@Suite("What is to be doubted in a vault is said")
struct VaultDoubtsTests {
    private static let seen = [
        "vault-warnings": "structure.private-key=1,identity.contract-unsigned=2",
        "authority-introduced": "contract-unsigned", "promoter-introduced": "promotion",
    ]

    @Test("It stands in the statement as it was seen")
    func fields() throws {
        let fields = try VaultDoubts(Self.seen).fields
        #expect(
            fields.map(\.name)
                == ["vault-warnings", "authority-introduced", "promoter-introduced"])
        for field in fields { #expect(Self.seen[field.name] == field.value) }
        #expect(VaultDoubts.counts("none").isEmpty)
        #expect(VaultDoubts.counts("a.b=2,c=1").map(\.count) == [2, 1])
    }

    @Test(
        "Anything else was not seen, and nothing is drafted on it",
        arguments: [
            ("vault-warnings", nil), ("vault-warnings", ""),
            ("vault-warnings", "structure.private-key"),
            ("vault-warnings", "structure.private-key=0"), ("vault-warnings", "a=1,a=1"),
            ("vault-warnings", "A=1"), ("authority-introduced", nil),
            ("authority-introduced", "none"), ("promoter-introduced", "by-me"),
        ] as [(String, String?)])
    func unseen(name: String, value: String?) {
        var parameters = Self.seen
        parameters[name] = value
        #expect(throws: Refusal.self) { try VaultDoubts(parameters) }
    }
}
