// What a key's authority rests on: whoever can write to a vault can put a key into `keys.json` and
// the contract, and sign the manifest with that very key. Nothing of it makes the key one that the
// birth bears out.

import Testing

@testable import Provara

@Suite("Only what goes back to the birth covers a contract")
struct KeyOriginTests {
    /// Puts a key where somebody with write access would, and has a key sign the files.
    private static func slip(_ key: TestKey, into vault: TestVault, signedBy signer: TestKey?)
        throws
    {
        try vault.editKeys { $0.append(KeyEntry.of(key, roles: ["quorum", "attestation"])) }
        var contract = try #require(PythonJSON(try vault.bytes(VaultPath.contract), .file).members)
        let authorities = try #require(contract["authorities"]?.items)
        contract["authorities"] = .array(
            authorities + [
                .object([
                    "role": "quorum", "key_id": .string(key.id.description),
                    "scope": "attestation",
                ])
            ])
        try vault.write(VaultPath.contract, PythonJSON.object(contract).indentedBytes)
        if let signer { try vault.close(by: signer) } else { try vault.closeUnsigned() }
    }

    private func doubted(_ vault: Vault) -> [KeyID] {
        vault.findings.warnings.filter { $0.rule == .unsignedIntroduction }.compactMap(\.key)
    }

    @Test("A key that vouches for itself is warned of, whether its signature is fresh or none is")
    func vouchesForItself() throws {
        for signer in [TestKey.stranger, .quorum, nil] {
            let folder = try TestVault("vault_before_rotation")
            try Self.slip(.stranger, into: folder, signedBy: signer)
            let vault = try folder.read()
            #expect(vault.isInOrder)
            #expect(vault.log.standing(of: TestKey.stranger.id)?.isAuthority == true)
            #expect(vault.origin(of: TestKey.stranger.id) == .contractUnsigned)
            #expect(vault.origin(of: TestKey.quorum.id) == .contractUnsigned)
            #expect(vault.origin(of: TestKey.root.id) == .birth)
            #expect(doubted(vault) == [TestKey.quorum.id, TestKey.stranger.id].inOrder)
        }
    }

    @Test("The root key's fresh signature covers the contract, as the package leaves a new vault")
    func covered() throws {
        let vault = try TestVault("vault_before_rotation").read()
        #expect(vault.origin(of: TestKey.quorum.id) == .contract)
        #expect(vault.origin(of: TestKey.stranger.id) == nil)
        #expect(doubted(vault).isEmpty)
        let folder = try TestVault("vault_before_rotation")
        try folder.rotate(.quorum, to: .newQuorum, by: .root, roles: ["quorum"], boundary: nil)
        try folder.close(by: .newQuorum)
        #expect(try folder.read().origin(of: TestKey.newQuorum.id) == .promotion)
    }

    @Test("What a slipped-in key promotes goes back to it, also when it is revoked itself")
    func launders() throws {
        let folder = try TestVault("vault_before_rotation")
        try Self.slip(.stranger, into: folder, signedBy: .stranger)
        try folder.rotate(
            .root, to: .newRoot, by: .stranger, roles: ["root"],
            boundary: "evt_9f2401cee37aadf18ad58baf")
        try folder.close(by: .newRoot)
        #expect(try folder.read().origin(of: TestKey.newRoot.id) == .promotionUnsigned)
        for (old, new) in [(TestKey.stranger, TestKey.newQuorum), (.quorum, .successorRoot)] {
            let last = try folder.read().log.standing(of: old.id)?.lastEvent.map { "\($0.id)" }
            try folder.rotate(old, to: new, by: .newRoot, roles: ["quorum"], boundary: last)
        }
        try folder.close(by: .newRoot)
        let vault = try folder.read()
        #expect(vault.isInOrder, "\(vault.findings.kept)")
        #expect(vault.log.standing(of: TestKey.stranger.id)?.revocation != nil)
        #expect(doubted(vault) == [TestKey.stranger.id])
        #expect(
            vault.findings.warnings.contains { $0.detail.contains("has its authority from it") })
    }
}

extension [KeyID] {
    fileprivate var inOrder: [KeyID] { sorted { $0.description.precedes($1.description) } }
}

extension TestVault {
    /// Manifest and root anew, as the package does it; `manifest.sig` is left as it is.
    fileprivate func closeUnsigned() throws {
        let vault = try read()
        let time = try #require(VaultTime("2026-02-19T00:00:00.000000+00:00"))
        try write(VaultPath.manifest, vault.manifest.bytes(createdAt: time))
        try write(VaultPath.root, vault.root.fileBytes)
    }
}
