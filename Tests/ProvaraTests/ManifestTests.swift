// Merkle root, order of paths, manifest and its signature: the package's vectors.

import Testing

@testable import Provara

@Suite("Manifest, root and signature are the package's")
struct ManifestTests {
    @Test("The root over any number of files")
    func roots() throws {
        for item in try Vectors.items("merkle", "cases") {
            let entries = try #require(item["entries"]?.items).map {
                let entry = try #require($0.members)
                return ManifestEntry(
                    path: try entry.text("path"), sha256: bytes(hex: try entry.text("sha256")),
                    size: try #require(entry["size"]?.whole))
            }
            let manifest = VaultManifest(entries.reversed())
            #expect(manifest.entries == entries)
            #expect(manifest.root.description == (try item.text("root")))
            let leaves = try #require(item["leaf_bytes"]?.texts)
            #expect(
                entries.map { String(decoding: $0.json.canonicalBytes, as: UTF8.self) } == leaves)
        }
    }

    @Test("Paths stand in the order of their code points, and four never stand at all")
    func paths() throws {
        let order = try #require(try Vectors.object("merkle")["path_order"]?.members)
        let unsorted = try #require(order["unsorted"]?.texts)
        let left =
            unsorted + [
                "manifest.json", "manifest.sig", "merkle_root.txt", "identity/private_keys.json",
            ]
        let manifest = VaultManifest(left.map { ManifestEntry(path: $0, bytes: []) })
        #expect(manifest.entries.map(\.path) == order["sorted"]?.texts)
    }

    @Test("manifest.sig is signed and written as the package does")
    func signature() throws {
        let vector = try Vectors.object("manifest_signature")
        let wanted = try #require(vector["manifest_sig"]?.members)
        let record = ManifestSignature(
            root: try #require(MerkleRoot(try wanted.text("merkle_root"))),
            signer: TestKey.quorum.id,
            signedAt: try #require(VaultTime(try wanted.text("signed_at_utc"))))
        #expect(hex(record.bytesToSign) == (try vector.text("signed_bytes_hex")))
        let signature = TestKey.quorum.sign(record.bytesToSign)
        let file = try record.fileBytes(signature: signature, by: TestKey.quorum.publicKey)
        #expect(file == PythonJSON.object(wanted).indentedBytes)
        #expect(throws: UnsignedEvent.SignatureMismatch.self) {
            try record.fileBytes(signature: signature, by: TestKey.root.publicKey)
        }
    }

    @Test(
        "A manifest is written as the package does, from what is on the disk",
        arguments: VaultVectors.all)
    func manifests(name: String) throws {
        let vault = try TestVault(name)
        let read = try vault.read()
        let recorded = try #require(
            PythonJSON(try vault.bytes(VaultPath.manifest), .manifest).members)
        let time = try #require(VaultTime(try recorded.text("created_at_utc")))
        #expect(read.manifest.bytes(createdAt: time) == (try vault.bytes(VaultPath.manifest)))
        #expect(read.root.fileBytes == (try vault.bytes(VaultPath.root)))
        #expect(read.root.description == (try Vectors.object(name).text("merkle_root")))
    }

    @Test("Every difference between manifest and disk is named with its path")
    func differences() throws {
        let vault = try TestVault("vault_before_rotation")
        try vault.write("zz/added.txt", [1])
        try vault.write("aa.txt", [2])
        try vault.replace(
            "permanent\",\n  \"perception", by: "for ever\",\n  \"perception",
            in: VaultPath.retention)
        try vault.remove(VaultPath.ontology)
        let found = try vault.read().findings.violations.filter { $0.rule == .staleManifest }
        #expect(
            Set(found.compactMap(\.path)) == [
                "zz/added.txt", "aa.txt", VaultPath.retention, VaultPath.ontology,
                VaultPath.manifest,
            ])
    }
}

/// The names of the vectors that are whole vaults.
enum VaultVectors {
    static let all = [
        "vault_before_rotation", "vault_after_rotation", "vault_after_rotation_literal_revoked",
        "vault_after_reference_rekey", "vault_quorum_rotated_strict", "vault_after_compromise",
        "vault_single_key", "vault_hard_reset",
    ]
}
