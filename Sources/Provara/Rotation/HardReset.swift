// A vault that begins anew because no authority of the old one survives. The new one names the old
// one's Merkle root in its birth, which is all that ties the two; that the right people wanted it
// is for whoever orders it to show.

/// A new vault that is ready to be signed, in the place of one without a surviving authority.
public struct HardReset: Sendable {
    /// The moments that stand in what is written.
    public struct Times: Hashable, Sendable {
        /// The birth, in `genesis.json` and in GENESIS.
        public var bornAt: VaultTime
        /// When the root key's entry was made.
        public var keyCreatedAt: VaultTime
        /// The time of GENESIS.
        public var genesis: VaultTime
        /// The time of the first observation, after that of GENESIS.
        public var observation: VaultTime
        /// When the manifest was made.
        public var manifestCreatedAt: VaultTime
        /// When the manifest was signed.
        public var manifestSignedAt: VaultTime

        /// Moments by their parts.
        public init(
            bornAt: VaultTime, keyCreatedAt: VaultTime, genesis: VaultTime,
            observation: VaultTime, manifestCreatedAt: VaultTime, manifestSignedAt: VaultTime
        ) {
            self.bornAt = bornAt
            self.keyCreatedAt = keyCreatedAt
            self.genesis = genesis
            self.observation = observation
            self.manifestCreatedAt = manifestCreatedAt
            self.manifestSignedAt = manifestSignedAt
        }
    }

    /// Directories that a vault has although nothing is in them yet.
    public static let emptyDirectories = ["state", "artifacts/cas"]

    /// The new vault's first events.
    public let events: ResetEvents

    /// The birth record.
    public var record: GenesisRecord { events.record }
    /// The new vault's root key.
    public var rootKey: VaultPublicKey { events.order.rootKey }
    /// The moments.
    public var times: Times { events.order.times }
    /// GENESIS.
    public var genesis: UnsignedEvent { events.genesis }
    /// The observation that the package's bootstrap gives every vault as its second event.
    public var observation: UnsignedEvent { events.observation }

    /// Works a new vault out.
    ///
    /// The old vault need not be in order: it may be lost because somebody had its keys. What it
    /// broke is in ``Vault/findings``, for whoever orders this. The anchor is the root that its
    /// files give.
    ///
    /// - Throws: ``RotationRefusal`` where the old vault's name or one of its keys would come back.
    public init(
        of old: Vault, uid: String, rootKey: VaultPublicKey, actor: String = "sovereign_genesis",
        times: Times
    ) throws(RotationRefusal) {
        guard !uid.isEmpty else { throw .empty("uid") }
        guard !actor.isEmpty else { throw .empty("actor") }
        if old.genesis?.uid.isSame(as: uid) == true { throw .sameName(uid) }
        let listed = old.registry?.entries.compactMap(\.key) ?? []
        let known = old.log.keys.compactMap(\.key) + listed
        if let twin = known.first(where: { $0.isTwin(of: rootKey) }) {
            throw .keyKnown(rootKey.id, known: twin.id)
        }
        guard times.genesis < times.observation else {
            throw .time(times.observation, notAfter: times.genesis.description)
        }
        events = ResetEvents(
            ResetOrder(uid: uid, rootKey: rootKey, actor: actor, times: times), anchor: old.anchor)
    }

    /// Puts the signatures to the events.
    ///
    /// - Parameters: the 64 bytes that the root key made over each event's bytes.
    public func signed(genesis genesisSignature: [UInt8], observation observationSignature: [UInt8])
        throws(RotationRefusal) -> NewVault
    {
        try NewVault(events, genesis: genesisSignature, observation: observationSignature)
    }
}

/// A new vault with its signed events: what is left is the manifest's signature.
public struct NewVault: Sendable {
    /// The files.
    public let manifest: VaultManifest
    /// What the root key has to sign so that it stands for the files.
    public let manifestSignature: ManifestSignature
    private let rootKey: VaultPublicKey
    private let contents: [(path: String, bytes: [UInt8])]
    private let manifestBytes: [UInt8]

    /// Works the files out from the events and the root key's signatures of them alone: a verifier
    /// does it without either vault.
    ///
    /// - Parameters: the 64 bytes that the root key made over each event's bytes.
    /// - Throws: ``RotationRefusal`` where a signature is not the root key's.
    public init(
        _ events: ResetEvents, genesis genesisSignature: [UInt8],
        observation observationSignature: [UInt8]
    ) throws(RotationRefusal) {
        let (rootKey, times) = (events.order.rootKey, events.order.times)
        do throws(UnsignedEvent.SignatureMismatch) {
            let log =
                try events.genesis.line(signature: genesisSignature, by: rootKey)
                + events.observation.line(signature: observationSignature, by: rootKey)
            guard let registry = try? KeyRegistry(root: rootKey, createdAt: times.keyCreatedAt)
            else { throw UnsignedEvent.SignatureMismatch(signer: rootKey.id) }
            contents =
                [
                    (VaultPath.genesis, events.record.fileBytes),
                    (VaultPath.keys, registry.fileBytes),
                ] + BirthPolicies.files(root: rootKey.id) + [(VaultPath.events, log)]
        } catch {
            throw .signature(error)
        }
        manifest = VaultManifest(contents.map { ManifestEntry(path: $0.path, bytes: $0.bytes) })
        manifestBytes = manifest.bytes(createdAt: times.manifestCreatedAt)
        manifestSignature = ManifestSignature(
            root: manifest.root, signer: rootKey.id, signedAt: times.manifestSignedAt)
        self.rootKey = rootKey
    }

    /// All files, in the order in which they are to be written into an empty directory. Until
    /// `merkle_root.txt` is there no program takes the directory for a vault; best it gets its name
    /// only then. ``HardReset/emptyDirectories`` belong to it.
    public func files(signature: [UInt8]) throws(RotationRefusal) -> [PublishedFile] {
        let signatureBytes: [UInt8]
        do throws(UnsignedEvent.SignatureMismatch) {
            signatureBytes = try manifestSignature.fileBytes(signature: signature, by: rootKey)
        } catch {
            throw .signature(error)
        }
        let last = [
            (VaultPath.manifest, manifestBytes), (VaultPath.root, manifestSignature.root.fileBytes),
            (VaultPath.signature, signatureBytes),
        ]
        return (contents + last).map { path, bytes in
            PublishedFile(
                path: path, content: .whole(bytes), before: nil, after: PublishedFile.State(bytes))
        }
    }
}
