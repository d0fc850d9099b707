// Every rule that a vault is held to. The package's own verify knows about a third of them; the
// others come from the frozen profile, the protocol's companion and the rotation ceremony (the
// comments say which where the package does not check). The codes are stable: other programs may
// act on them.

extension Vault {
    /// A rule of the specification, and what breaking it is called.
    public enum Rule: String, CaseIterable, Hashable, Sendable {
        // What lies on the disk.
        /// A file that every vault has is absent.
        case missingFile = "structure.missing"
        /// A symbolic link, pipe, socket or device. The package follows links.
        case notRegular = "structure.not-regular"
        /// A name that is not UTF-8, or one that a manifest cannot hold.
        case badName = "structure.name"
        /// A file that must be JSON and is not, or whose members are not what they should be.
        case unreadable = "structure.unreadable"
        /// A private key lies in the vault. The package never looks.
        case privateKey = "structure.private-key"
        /// `manifest.json` is not what the files give.
        case staleManifest = "manifest.stale"
        /// `merkle_root.txt` is not what the files give.
        case staleRoot = "manifest.root"
        /// There is no `manifest.sig`. The package never looks.
        case unsignedManifest = "manifest.unsigned"
        /// `manifest.sig` signs another Merkle root: usual after an append.
        case staleSignature = "manifest.signature-stale"
        /// `manifest.sig` does not verify, or its key may not sign.
        case wrongSignature = "manifest.signature"

        // What the identity files say against what the log says.
        /// `genesis.json` and the GENESIS event differ.
        case genesisDiffers = "identity.genesis"
        /// The sync contract names an authority that the birth and the log do not know.
        case contractDiffers = "identity.contract"
        /// A key is introduced by the sync contract alone, and no fresh signature by a key that
        /// goes back to the birth covers that.
        case unsignedIntroduction = "identity.contract-unsigned"
        /// Two entries of `keys.json` have one key id.
        case repeatedKey = "keys.repeated"
        /// A key id is not that of its public key.
        case wrongKeyID = "keys.id"
        /// An entry's public key is not a sound Ed25519 key.
        case unsoundKey = "keys.unsound"
        /// A key stands in `keys.json` that neither the birth nor a promotion introduced.
        case strangeKey = "keys.not-introduced"
        /// A key that the log introduced is not in `keys.json`.
        case missingKey = "keys.missing"
        /// A key from birth is not in `keys.json`.
        case missingBirthKey = "keys.birth-missing"
        /// An entry's roles are not those that the birth or the log gave the key.
        case wrongRoles = "keys.roles"
        /// An entry's status, or its reference to an event, is not what the log says.
        case wrongStatus = "keys.status"
        /// The status `revoked` of a key that has signed: the package then refuses the key's past.
        case literalRevoked = "keys.literal-revoked"

        // The log as a file.
        /// The log begins with a byte-order mark.
        case byteOrderMark = "log.byte-order-mark"
        /// The log does not end in a line feed.
        case noFinalLineFeed = "log.final-line-feed"
        /// There is no event in the log.
        case emptyLog = "log.empty"
        /// A line is not a JSON object, repeats a member, or is too long. The package skips such
        /// lines.
        case malformedLine = "log.malformed"
        /// A line is JSON, but not in canonical form.
        case notCanonical = "log.not-canonical"

        // An event by itself.
        /// A member of an event is absent or of a wrong form.
        case badMember = "event.member"
        /// An event without a signature. The package accepts it.
        case unsigned = "event.unsigned"
        /// A signature that does not verify.
        case badSignature = "event.signature"
        /// An event id that is not that of the content. The package never looks.
        case wrongEventID = "event.id"
        /// The signing key was not introduced at this place of the log.
        case unknownSigner = "event.unknown-key"
        /// The signing key had been revoked before this place of the log.
        case revokedSigner = "event.after-revocation"
        /// `prev_event_hash` is not the actor's event before.
        case brokenChain = "event.chain"
        /// `ts_logical` does not rise.
        case logicalTime = "event.logical-time"
        /// The time's form or order would let a merge by the package reorder the log.
        case timeOrder = "event.time"
        /// A type that is neither of the core nor a reverse-domain name.
        case strangeType = "event.type"
        /// A namespace that the protocol does not have, or that this type does not go with.
        case strangeNamespace = "event.namespace"
        /// An event's content is gone and no rightful redaction says so.
        case badTombstone = "event.tombstone"
        /// An event's content was redacted, so that nothing of it can be checked any more.
        case redacted = "event.redacted"
        /// An event stands after the vault's seal.
        case afterSeal = "event.after-seal"
        /// The vault is sealed: nothing may be added.
        case sealed = "log.sealed"

        // Birth.
        /// There is no GENESIS event.
        case noGenesis = "genesis.missing"
        /// There is a second GENESIS event.
        case secondGenesis = "genesis.second"
        /// GENESIS is not the first event.
        case lateGenesis = "genesis.not-first"
        /// GENESIS is not signed by the root key that it names.
        case genesisSigner = "genesis.signer"

        // Rotation. The package's verify checks none of these.
        /// A revocation whose payload is not what it should be.
        case badRevocation = "revocation.payload"
        /// A key revokes itself.
        case selfRevocation = "revocation.self"
        /// A revocation that no authority signed.
        case revocationSigner = "revocation.signer"
        /// A revocation of a key that the vault does not know, or that is revoked already.
        case revokedWhat = "revocation.key"
        /// A revocation names no trust boundary although the key has signed.
        case noBoundary = "revocation.boundary-missing"
        /// A trust boundary that is no earlier event of this log.
        case unknownBoundary = "revocation.boundary-unknown"
        /// A trust boundary that another key signed.
        case foreignBoundary = "revocation.boundary-foreign"
        /// A promotion whose payload is not what it should be.
        case badPromotion = "promotion.payload"
        /// A promotion signed by the new key or the old one.
        case selfPromotion = "promotion.self"
        /// A promotion that no authority signed.
        case promotionSigner = "promotion.signer"
        /// A promotion of a key that the vault has or had already.
        case knownKey = "promotion.key-known"
        /// A promotion without the revocation that has to stand before it.
        case noRevocation = "promotion.no-revocation"
        /// A promotion whose time, as text, is not after that of the revocation.
        case promotionTime = "promotion.time"
        /// A promotion gives more authority than the key had that it replaces.
        case moreRoles = "promotion.more-roles"
        /// A revocation that no promotion followed: a rotation that was left half done.
        case unfinished = "rotation.unfinished"

        // What came after a trust boundary.
        /// A re-attestation that does not count.
        case badAttestation = "attestation.not-honoured"
        /// More contested events than are listed.
        case contestedUnlisted = "contested.unlisted"
    }
}

extension Vault.Rule {
    /// How much a finding weighs.
    public enum Severity: String, Hashable, Sendable {
        /// The vault is not in order: it does not verify, and nothing may be built on it.
        case violation
        /// Worth knowing; the vault verifies.
        case warning
    }

    /// How much breaking this rule weighs.
    public var severity: Severity {
        switch self {
        case .privateKey, .unsignedManifest, .staleSignature, .unsignedIntroduction,
            .literalRevoked, .logicalTime, .timeOrder, .strangeType, .strangeNamespace, .redacted,
            .sealed, .lateGenesis, .moreRoles, .badAttestation, .contestedUnlisted:
            .warning
        default: .violation
        }
    }

    /// Whether this says no more than that `keys.json` has not caught up with the log, as at a peer
    /// that received a rotation's events: ``PeerUpdate`` brings it up to date.
    public var isCuredFromLog: Bool {
        switch self {
        case .missingKey, .wrongStatus: true
        default: false
        }
    }
}
