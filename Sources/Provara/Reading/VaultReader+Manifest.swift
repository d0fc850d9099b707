// Whether the manifest, its root and its signature are those of exactly the bytes that were read,
// and whose word the signature is.

import Sodium

extension VaultReader {
    mutating func checkManifest(
        _ manifest: VaultManifest, _ root: MerkleRoot, _ vault: borrowing OpenFile
    ) throws(VaultError) {
        if let recorded = try json(vault, VaultPath.manifest, .manifest) {
            for difference in manifest.differences(from: recorded) {
                note(
                    Vault.Finding(
                        .staleManifest, difference.text, path: difference.path ?? VaultPath.manifest
                    ))
            }
        }
        if let bytes = try small(vault, VaultPath.root, limit: 1024) {
            let white: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]
            let text = bytes.drop { white.contains($0) }
                .reversed().drop { white.contains($0) }.reversed()
            if !text.elementsEqual(root.description.utf8) {
                note(
                    Vault.Finding(
                        .staleRoot, "the files give the root \(root)", path: VaultPath.root))
            }
        }
    }

    mutating func checkSignature(
        _ root: MerkleRoot, _ vault: borrowing OpenFile, _ keys: [KeyID: KeyStanding]
    ) throws(VaultError) -> Vault.SignatureStanding {
        let path = VaultPath.signature
        guard let bytes = try small(vault, path, limit: 1 << 20) else {
            note(Vault.Finding(.unsignedManifest, "the file is not there", path: path))
            return .missing
        }
        guard let value = try? PythonJSON(bytes, .file),
            let record = ManifestSignature.Record(value)
        else {
            note(Vault.Finding(.wrongSignature, "the record cannot be read", path: path))
            return .wrong
        }
        let isFresh = record.root.isSame(as: root.description)
        if let why = whyNoWord(record, keys[record.signer], isFresh: isFresh) {
            note(Vault.Finding(.wrongSignature, why, path: path, key: record.signer))
            return .wrong
        }
        if isFresh { return .fresh(by: record.signer) }
        note(
            Vault.Finding(
                .staleSignature, "\(record.signer) signed another Merkle root", path: path,
                key: record.signer))
        return .stale(by: record.signer)
    }

    private func whyNoWord(
        _ record: ManifestSignature.Record, _ standing: KeyStanding?, isFresh: Bool
    ) -> String? {
        guard let standing, let key = standing.key else {
            return "\(record.signer), which nothing introduced, signed it"
        }
        guard Ed25519.isValid(signature: record.signature, of: record.signedBytes, by: key.bytes)
        else { return "the signature is not \(record.signer)'s" }
        guard isFresh else { return nil }
        if let revocation = standing.revocation {
            return "\(record.signer), which was revoked by \(revocation.event), signed it"
        }
        if let doubt = standing.contestedBy {
            return "\(record.signer), whose promotion is contested since \(doubt), signed it"
        }
        if case .promotion = standing.introduction { return nil }
        return standing.hasAuthorityRole
            ? nil : "\(record.signer), which has neither the role root nor quorum, signed it"
    }

    mutating func noteUnsignedKeys(
        _ keys: [KeyID: KeyStanding], _ signature: Vault.SignatureStanding
    ) {
        for (key, heir) in keys.unsignedIntroductions(signature) {
            let what = key == heir ? "" : ", and \(heir) has its authority from it"
            note(
                Vault.Finding(
                    .unsignedIntroduction, "only the contract introduces \(key)\(what)",
                    path: VaultPath.contract, key: key))
        }
    }
}
