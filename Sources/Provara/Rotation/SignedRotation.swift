// A rotation whose events are signed: what is left is the manifest's signature.

/// A rotation with its signed events.
public struct SignedRotation: Sendable {
    /// What is written.
    public let change: VaultChange
    /// The lines of the log, each with its line feed.
    public let lines: [[UInt8]]
    /// `keys.json` afterwards.
    public let registry: KeyRegistry
    /// The order.
    public let order: RotationOrder
    let log: LogReplay

    /// What the promoter has to sign so that it stands for the vault's files.
    public var manifestSignature: ManifestSignature { manifestSignature(by: order.promoter) }

    /// What a key has to sign so that it stands for the vault's files: an authority that survives,
    /// or the new key, which is promoted now.
    public func manifestSignature(by signer: KeyID) -> ManifestSignature {
        change.signature(by: signer, at: order.times.manifestSignedAt)
    }

    /// The files in the order in which they are to be written; see ``VaultChange``.
    ///
    /// - Parameters: the 64 bytes made over the bytes of ``manifestSignature(by:)``, and the key.
    /// - Throws: ``RotationRefusal`` where the signature is not right or the key has no say.
    public func files(signature: [UInt8], by key: VaultPublicKey) throws(RotationRefusal)
        -> [PublishedFile]
    {
        guard let standing = log.keys[key.id], standing.revocation == nil,
            standing.isAuthority || key.id == order.newKey.id
        else {
            throw .notAuthority(
                key.id, why: log.keys[key.id]?.whyNoAuthority ?? "that this vault does not know")
        }
        do throws(UnsignedEvent.SignatureMismatch) {
            let bytes = try manifestSignature(by: key.id).fileBytes(signature: signature, by: key)
            return change.files(signatureFile: bytes)
        } catch {
            throw .signature(error)
        }
    }
}
