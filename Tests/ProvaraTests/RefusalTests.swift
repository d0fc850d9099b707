// A rule for a rule: each of these breaks a vault of the package in one way and names what has to
// be found, all of it and nothing else. Most of these the package's own verify accepts.

import Foundation
import Testing

@testable import Provara

/// One way to break a vault.
struct Breakage: Sendable, CustomTestStringConvertible {
    let what: String
    var vector = "vault_before_rotation"
    let rules: [Vault.Rule]
    /// Who writes manifest, root and signature anew afterwards, as whoever breaks a vault would.
    var closer: TestKey? = .quorum
    let change: @Sendable (TestVault) throws -> Void

    var testDescription: String { what }
}

@Suite("A vault that breaks a rule is refused, and the rule is named")
struct RefusalTests {
    @Test(
        "Each rule is found where it is broken",
        arguments: Breakages.files + Breakages.identity + Breakages.log + Breakages.events
            + Breakages.rotations)
    func broken(_ breakage: Breakage) throws {
        let vault = try TestVault(breakage.vector)
        try breakage.change(vault)
        if let key = breakage.closer { try vault.close(by: key) }
        let read = try vault.read()
        // The quorum key is the contract's, so its signature covers no contract: KeyOriginTests.
        let besides: Set<Vault.Rule> = breakage.closer == nil ? [] : [.unsignedIntroduction]
        let found = read.findings.kept.map(\.rule)
        #expect(
            Set(found).subtracting(besides) == Set(breakage.rules).subtracting(besides),
            "\(read.findings.kept.map(\.description).joined(separator: "\n"))")
        #expect(read.isInOrder == breakage.rules.allSatisfy { $0.severity == .warning })
        for finding in read.findings.kept {
            #expect(finding.description.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
            #expect(finding.description.hasSuffix("[\(finding.rule.rawValue)]"))
        }
    }

    @Test("There is no rule that nothing here breaks")
    func everyRule() {
        let broken =
            Breakages.files + Breakages.identity + Breakages.log + Breakages.events
            + Breakages.rotations
        let missing = Set(Vault.Rule.allCases).subtracting(broken.flatMap(\.rules))
        // These two have tests of their own: ContestedTests, LogTests.
        #expect(missing == [.contestedUnlisted, .badAttestation])
    }

    @Test("A finding names the event and its line")
    func places() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.replace("\"value\":21.5", by: "\"value\":21.6", in: VaultPath.events)
        let found = try vault.read().findings.violations
        #expect(found.filter { $0.line != nil }.allSatisfy { $0.line == 4 })
        #expect(
            found.filter { $0.line != nil }.allSatisfy {
                $0.event?.description == "evt_9f2401cee37aadf18ad58baf"
            })
        #expect(found.contains { $0.key == TestKey.root.id })
    }

    @Test("What comes from a vault cannot steer a terminal")
    func printable() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.write("evil\u{1b}[2J\u{202e}name", [1])
        let texts = try vault.read().findings.kept.map(\.description)
        #expect(texts.contains { $0.contains("evil\\u{1b}[2J\\u{202e}name") })
    }
}
