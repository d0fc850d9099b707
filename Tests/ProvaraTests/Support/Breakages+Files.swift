// Ways to break a vault's files.

import Foundation

@testable import Provara

enum Breakages {
    static let files: [Breakage] = [
        Breakage(
            what: "no genesis.json",
            rules: [
                .missingFile, .contractDiffers, .unknownSigner, .genesisSigner, .strangeKey,
                .staleManifest, .staleRoot, .wrongSignature, .unsignedIntroduction,
            ], closer: nil
        ) {
            try $0.remove(VaultPath.genesis)
        },
        Breakage(what: "no policy", rules: [.missingFile]) { try $0.remove(VaultPath.safety) },
        Breakage(what: "no Merkle root", rules: [.missingFile], closer: nil) {
            try $0.remove(VaultPath.root)
        },
        Breakage(what: "no log", rules: [.missingFile]) { try $0.remove(VaultPath.events) },
        Breakage(what: "a symbolic link inside the vault", rules: [.notRegular]) {
            try FileManager.default.createSymbolicLink(
                at: $0.url("policies/link.json"), withDestinationURL: $0.url(VaultPath.safety))
        },
        Breakage(
            what: "a policy is a link",
            rules: [
                .notRegular, .missingFile, .staleManifest, .staleRoot, .staleSignature,
                .unsignedIntroduction,
            ], closer: nil
        ) {
            try FileManager.default.moveItem(
                at: $0.url(VaultPath.safety), to: $0.url("state/s.json"))
            try FileManager.default.createSymbolicLink(
                at: $0.url(VaultPath.safety), withDestinationURL: $0.url("state/s.json"))
        },
        Breakage(
            what: "a directory is a link",
            rules: [
                .notRegular, .missingFile, .strangeKey, .staleManifest, .staleRoot, .staleSignature,
            ], closer: nil
        ) {
            try FileManager.default.moveItem(at: $0.url("policies"), to: $0.url("state/p"))
            try FileManager.default.createSymbolicLink(
                at: $0.url("policies"), withDestinationURL: $0.url("state/p"))
        },
        Breakage(
            what: "a pipe where the keys should be",
            rules: [
                .notRegular, .missingFile, .unknownSigner, .genesisSigner, .staleManifest,
                .staleRoot, .wrongSignature, .unsignedIntroduction,
            ], closer: nil
        ) {
            try $0.remove(VaultPath.keys)
            mkfifo($0.url(VaultPath.keys).path(percentEncoded: false), 0o600)
        },
        Breakage(what: "a name that is not UTF-8", rules: [.badName]) {
            let path = $0.path + "/state/"
            let name = path.utf8CString.dropLast() + [-1, -2, 0]
            close(open(Array(name), O_CREAT | O_WRONLY, 0o600))
        },
        Breakage(what: "directories nested without end", rules: [.badName]) {
            try FileManager.default.createDirectory(
                at: $0.url("state/" + String(repeating: "d/", count: 80)),
                withIntermediateDirectories: true)
        },
        Breakage(what: "the package's own file of private keys", rules: [.privateKey], closer: nil)
        {
            try $0.write(VaultPath.privateKeys, Array("{}".utf8))
        },
        Breakage(what: "a private key under another name", rules: [.privateKey]) {
            try $0.write("artifacts/notes.txt", Array("x {\"private_key_b64\": \"AAAA\"}".utf8))
        },
        Breakage(
            what: "a private key in PEM across two pieces of a long file", rules: [.privateKey]
        ) {
            let before = [UInt8](repeating: 0x20, count: (1 << 20) - 8)
            try $0.write("state/big", before + Array("-----BEGIN PRIVATE KEY-----".utf8))
        },
        Breakage(
            what: "a stray file",
            rules: [.staleManifest, .staleRoot, .staleSignature, .unsignedIntroduction], closer: nil
        ) {
            try $0.write(".index/events.db", [1, 2, 3])
        },
        Breakage(what: "a manifest that counts wrongly", rules: [.staleManifest], closer: nil) {
            try $0.replace("\"file_count\":7", by: "\"file_count\":7.0", in: VaultPath.manifest)
        },
        Breakage(what: "a manifest of another version", rules: [.staleManifest], closer: nil) {
            try $0.replace("manifest.v0", by: "manifest.v1", in: VaultPath.manifest)
        },
        Breakage(what: "a manifest that is no JSON", rules: [.unreadable], closer: nil) {
            try $0.write(VaultPath.manifest, Array("{".utf8))
        },
        Breakage(what: "a manifest without files", rules: [.staleManifest], closer: nil) {
            try $0.write(VaultPath.manifest, Array("{}".utf8))
        },
        Breakage(what: "a root in capitals", rules: [.staleRoot], closer: nil) {
            try $0.write(VaultPath.root, Array(try $0.text(VaultPath.root).uppercased().utf8))
        },
        Breakage(
            what: "no manifest.sig", rules: [.unsignedManifest, .unsignedIntroduction], closer: nil
        ) {
            try $0.remove(VaultPath.signature)
        },
        Breakage(
            what: "a manifest.sig over another time",
            rules: [.wrongSignature, .unsignedIntroduction], closer: nil
        ) {
            try $0.replace("12:00:12", by: "12:00:13", in: VaultPath.signature)
        },
        Breakage(
            what: "a manifest.sig by a stranger", rules: [.wrongSignature, .unsignedIntroduction],
            closer: nil
        ) {
            try $0.close(by: .stranger)
        },
        Breakage(
            what: "a manifest.sig by the revoked key", vector: "vault_after_rotation",
            rules: [.wrongSignature, .unsignedIntroduction], closer: nil
        ) {
            try $0.close(by: .root)
        },
        Breakage(
            what: "a manifest.sig that is no record",
            rules: [.wrongSignature, .unsignedIntroduction], closer: nil
        ) {
            try $0.write(VaultPath.signature, Array("[]".utf8))
        },
        Breakage(what: "a policy that is no JSON", rules: [.unreadable]) {
            try $0.write(VaultPath.retention, Array("{\"a\":1,\"a\":1}".utf8))
        },
    ]

    static let identity: [Breakage] = [
        Breakage(what: "another uid in genesis.json", rules: [.genesisDiffers]) {
            try $0.replace("provara-vector-vault", by: "provara-other-vault", in: VaultPath.genesis)
        },
        Breakage(
            what: "another root key in genesis.json",
            rules: [
                .genesisDiffers, .contractDiffers, .unknownSigner, .genesisSigner, .strangeKey,
                .wrongRoles,
            ]
        ) {
            try $0.replace(
                TestKey.root.id.description, by: TestKey.quorum.id.description,
                in: VaultPath.genesis)
        },
        Breakage(what: "a predecessor that GENESIS does not know", rules: [.genesisDiffers]) {
            let anchor = PredecessorAnchor(
                root: MerkleRoot(leaves: []), eventCount: 0, lastEvent: nil)
            let record = GenesisRecord(
                uid: "provara-vector-vault", rootKey: TestKey.root.id,
                bornAt: VaultTime("2026-02-18T12:00:01.100002+00:00")!, predecessor: anchor)
            try $0.write(VaultPath.genesis, record.fileBytes)
        },
        Breakage(what: "a contract that gives a stranger the role root", rules: [.contractDiffers])
        {
            try $0.replace(
                "\"key_id\": \"\(TestKey.root.id)\"", by: "\"key_id\": \"\(TestKey.stranger.id)\"",
                in: VaultPath.contract)
        },
        Breakage(
            what: "a contract that was brought up to date after a rotation",
            vector: "vault_after_rotation", rules: []
        ) {
            try $0.replace(
                TestKey.root.id.description, by: TestKey.newRoot.id.description,
                in: VaultPath.contract)
        },
        Breakage(
            what: "a contract that gives a promoted key more than its promotion",
            vector: "vault_after_rotation",
            rules: [.knownKey, .wrongRoles, .wrongStatus, .unfinished]
        ) {
            try $0.replace(
                "\"key_id\": \"\(TestKey.quorum.id)\"",
                by: "\"key_id\": \"\(TestKey.quorum.id)\"}, {\"role\": \"quorum\", "
                    + "\"key_id\": \"\(TestKey.newRoot.id)\"",
                in: VaultPath.contract)
        },
        Breakage(
            what: "a contract that names a key without an entry",
            rules: [.missingBirthKey, .strangeKey, .wrongSignature, .unsignedIntroduction]
        ) {
            try $0.replace(
                "\"key_id\": \"\(TestKey.quorum.id)\"",
                by: "\"key_id\": \"\(TestKey.stranger.id)\"",
                in: VaultPath.contract)
        },
        Breakage(
            what: "a contract that nobody can read",
            rules: [.unreadable, .strangeKey, .wrongSignature]
        ) {
            try $0.write(VaultPath.contract, Array("{}".utf8))
        },
        Breakage(what: "a key slipped into keys.json", rules: [.strangeKey]) {
            try $0.editKeys { $0.append(KeyEntry.of(.stranger, roles: ["root"])) }
        },
        Breakage(what: "a key twice in keys.json", rules: [.repeatedKey]) {
            try $0.editKeys { $0.append($0[1]) }
        },
        Breakage(
            what: "another public key under the quorum's id",
            rules: [.wrongKeyID, .wrongSignature, .unsignedIntroduction]
        ) {
            try $0.replace(
                TestKey.quorum.publicKey.base64, by: TestKey.stranger.publicKey.base64,
                in: VaultPath.keys)
        },
        Breakage(
            what: "a public key of small order",
            rules: [.unsoundKey, .wrongSignature, .unsignedIntroduction]
        ) {
            try $0.replace(
                TestKey.quorum.publicKey.base64,
                by: Base64.encode([1] + [UInt8](repeating: 0, count: 31)),
                in: VaultPath.keys)
        },
        Breakage(what: "a role that nothing gave", rules: [.wrongRoles]) {
            try $0.replace(
                "\"quorum\",\n        \"attestation\"", by: "\"quorum\",\n        \"root\"",
                in: VaultPath.keys)
        },
        Breakage(
            what: "a promoted key with other roles", vector: "vault_after_rotation",
            rules: [.wrongRoles]
        ) {
            try $0.editKeys { $0[2] = KeyEntry.of(.newRoot, roles: ["root"]) }
        },
        Breakage(
            what: "a revoked key that is still active", vector: "vault_after_rotation",
            rules: [.wrongStatus]
        ) {
            try $0.replace("\"retired\"", by: "\"active\"", in: VaultPath.keys)
        },
        Breakage(what: "a key retired without a revocation", rules: [.wrongStatus]) {
            try $0.editKeys { $0[1]["status"] = "retired" }
        },
        Breakage(
            what: "a list of revocations with another event", vector: "vault_after_rotation",
            rules: [.wrongStatus]
        ) {
            let text = try $0.text(VaultPath.keys)
            let parts = text.components(separatedBy: "evt_409601bdfb49f7429dc68670")
            try $0.write(
                VaultPath.keys,
                Array(
                    (parts[0] + "evt_409601bdfb49f7429dc68670" + parts[1]
                        + "evt_409601bdfb49f7429dc68671" + parts[2]).utf8))
        },
        Breakage(
            what: "a promotion that was another event", vector: "vault_after_rotation",
            rules: [.wrongStatus]
        ) {
            try $0.replace(
                "evt_4b20071725d1e82f535b725d", by: "evt_4b20071725d1e82f535b725e",
                in: VaultPath.keys)
        },
        Breakage(
            what: "keys.json without the promoted key", vector: "vault_after_rotation",
            rules: [.missingKey]
        ) {
            try $0.editKeys { $0.removeLast() }
        },
        Breakage(
            what: "the literal status of a key that signed", vector: "vault_after_rotation",
            rules: [.literalRevoked]
        ) {
            try $0.replace("\"retired\"", by: "\"revoked\"", in: VaultPath.keys)
        },
        Breakage(
            what: "keys.json that is an array",
            rules: [
                .unreadable, .unknownSigner, .genesisSigner, .wrongSignature, .unsignedIntroduction,
                .staleManifest, .staleRoot,
            ], closer: nil
        ) {
            try $0.write(VaultPath.keys, Array("[]".utf8))
        },
    ]
}

/// Entries of `keys.json` as the package writes them.
enum KeyEntry {
    static func of(_ key: TestKey, roles: [String]) -> PythonObject {
        [
            "key_id": .string(key.id.description), "algorithm": "Ed25519",
            "public_key_b64": .string(key.publicKey.base64), "roles": .strings(roles),
            "scopes": .strings(["all"]), "status": "active",
            "created_at_utc": "2026-02-18T12:00:18.100019+00:00",
        ]
    }
}

extension TestVault {
    /// Changes the entries of `keys.json`.
    func editKeys(_ change: (inout [PythonObject]) throws -> Void) throws {
        var object = try PythonJSON(try bytes(VaultPath.keys), .file).members!
        var entries = object["keys"]!.items!.map { $0.members! }
        try change(&entries)
        object["keys"] = .array(entries.map { .object($0) })
        try write(VaultPath.keys, PythonJSON.object(object).indentedBytes)
    }
}
