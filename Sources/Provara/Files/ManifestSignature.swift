// `manifest.sig`: a key's word for a Merkle root. What is signed is the canonical form of the
// record without its signature, the time included; the manifest's own bytes are not signed.

import Sodium

/// The record of `manifest.sig` before it is signed.
public struct ManifestSignature: Hashable, Sendable {
    /// The root that is signed.
    public let root: MerkleRoot
    /// The key that signs.
    public let signer: KeyID
    /// When.
    public let signedAt: VaultTime

    /// A record by its parts.
    public init(root: MerkleRoot, signer: KeyID, signedAt: VaultTime) {
        self.root = root
        self.signer = signer
        self.signedAt = signedAt
    }

    private var object: PythonObject {
        [
            "merkle_root": .string(root.description),
            "key_id": .string(signer.description),
            "spec_version": "1.0",
            "signed_at_utc": .string(signedAt.description),
        ]
    }

    /// The bytes that Ed25519 signs.
    public var bytesToSign: [UInt8] { PythonJSON.object(object).canonicalBytes }

    /// The bytes of `manifest.sig`.
    ///
    /// - Throws: ``UnsignedEvent/SignatureMismatch`` where the signature is not the key's.
    public func fileBytes(signature: [UInt8], by key: VaultPublicKey)
        throws(UnsignedEvent.SignatureMismatch) -> [UInt8]
    {
        guard key.id == signer,
            Ed25519.isValid(signature: signature, of: bytesToSign, by: key.bytes)
        else { throw UnsignedEvent.SignatureMismatch(signer: signer) }
        var record = object
        record["sig"] = .string(Base64.encode(signature))
        return PythonJSON.object(record).indentedBytes
    }

    /// What a `manifest.sig` says that was read from a disk.
    struct Record {
        let root: String
        let signer: KeyID
        let signedBytes: [UInt8]
        let signature: [UInt8]

        /// - Returns: `nil` where a member is absent or not what it should be.
        init?(_ value: PythonJSON) {
            guard let object = value.members, let root = object["merkle_root"]?.text,
                let signer = object["key_id"]?.text.flatMap({ KeyID($0) }),
                let signature = object["sig"]?.text.flatMap({ Base64.decode($0, count: 64) })
            else { return nil }
            self.root = root
            self.signer = signer
            self.signature = signature
            signedBytes = EventBytes(object).signed
        }
    }
}
