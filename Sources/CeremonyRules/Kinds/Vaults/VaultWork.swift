// What ceremonies do with Provara vaults, as values: what is looked at, what is worked out, and
// what is written after the commit. The vaults are the daemon's, called by the names of its
// configuration; the rules never see a path or a file.

public import CeremonyRecord
public import Provara

/// What is looked at in a vault.
public struct VaultSight: Hashable, Sendable {
    /// The vault, as the daemon's configuration calls it.
    public let vault: String
    /// Keys of the vault that are asked about: the one that goes, then the authorities.
    public let keys: [KeyID]
    /// The trust boundary, where it is not the last event of the key that goes.
    public let boundary: EventID?
    /// Who is to speak in the log.
    public let actor: String
    /// Contested events that the new key is to stand for.
    public let vouched: [EventID]
    /// The vault that is to take its place, where it is to begin anew; then it need not be in
    /// order.
    public let successor: String?

    /// What is looked at.
    public init(
        vault: String, keys: [KeyID], boundary: EventID?, actor: String,
        vouched: [EventID] = [], successor: String? = nil
    ) {
        self.vault = vault
        self.keys = keys
        self.boundary = boundary
        self.actor = actor
        self.vouched = vouched
        self.successor = successor
    }
}

/// What was seen, as parameters of a kind: they stand in the statement, so that people agree to
/// what was there, and what is looked at again must be the same.
public struct VaultSeen: Hashable, Sendable {
    /// By the names of the statement's fields.
    public let facts: [String: String]
    /// The first moment whose text comes after every time in the vault's log, and not before now.
    public let moment: VaultTime
    /// The payloads of ``VaultSight/vouched``, in canonical form and in that order. The facts have
    /// their digests.
    public let payloads: [[UInt8]]

    /// What was seen.
    public init(facts: [String: String], moment: VaultTime, payloads: [[UInt8]] = []) {
        self.facts = facts
        self.moment = moment
        self.payloads = payloads
    }

    /// What is seen and is not as the parameters have it; `nil` where all of it is.
    public func difference(from parameters: [String: String]) -> String? {
        facts.sorted { $0.key < $1.key }.first { name, value in
            !(parameters[name]?.utf8.elementsEqual(value.utf8) ?? false)
        }.map { "\($0.key) is \($0.value), and was \(parameters[$0.key] ?? "none")" }
    }
}

/// A change of a vault that is agreed on, with the signatures that it has so far.
public struct VaultWork: Hashable, Sendable {
    /// The operation, worked out anew from the vault whenever it is needed.
    public enum Operation: Hashable, Sendable {
        /// A rotation, with the signatures of the revocation and the promotion and who made them,
        /// and those of the new key for the contested events that it stands for.
        case rotation(
            RotationOrder, revocation: VaultSignature, promotion: VaultSignature,
            attestations: [[UInt8]])
        /// A vault that begins anew in the place of the one named, with the signatures of its two
        /// events.
        case reset(ResetOrder, of: String, genesis: [UInt8], observation: [UInt8])
    }

    /// The ceremony.
    public let ceremony: String
    /// The vault that is written, as the daemon's configuration calls it.
    public let vault: String
    /// The Merkle root of the vault that all this was agreed on.
    public let root: MerkleRoot
    /// The operation.
    public let operation: Operation
    /// The key that stands for the files afterwards.
    public let signer: VaultPublicKey
    /// Its 64 bytes over `manifest.sig`'s record, once they are there.
    public var manifestSignature: [UInt8]?

    /// A change of its parts.
    public init(
        ceremony: String, vault: String, root: MerkleRoot, operation: Operation,
        signer: VaultPublicKey, manifestSignature: [UInt8]? = nil
    ) {
        self.ceremony = ceremony
        self.vault = vault
        self.root = root
        self.operation = operation
        self.signer = signer
        self.manifestSignature = manifestSignature
    }
}

/// A signature over an event of a vault.
public struct VaultSignature: Hashable, Sendable {
    /// The key.
    public let key: VaultPublicKey
    /// Its 64 bytes.
    public let bytes: [UInt8]

    /// A signature by a key.
    public init(_ bytes: [UInt8], by key: VaultPublicKey) {
        self.key = key
        self.bytes = bytes
    }
}

/// How a file of a vault is afterwards.
public struct VaultFile: Hashable, Sendable {
    /// Its path in the vault.
    public let path: String
    /// How many bytes it has.
    public let size: Int
    /// Their SHA-256.
    public let sha256: Digest

    /// A file's state.
    public init(path: String, size: Int, sha256: Digest) {
        self.path = path
        self.size = size
        self.sha256 = sha256
    }

    /// The state of a file with these bytes.
    public init(path: String, _ bytes: [UInt8]) {
        self.init(path: path, size: bytes.count, sha256: Digest(of: bytes))
    }
}

/// A change of a vault that is committed and is to be written.
public struct VaultPublication: Hashable, Sendable {
    /// The change, with every signature.
    public let work: VaultWork
    /// The files as they are to be in the end.
    public let files: [VaultFile]

    /// A change and what it comes to.
    public init(_ work: VaultWork, files: [VaultFile]) {
        self.work = work
        self.files = files
    }
}

extension PublishedFile {
    /// As an outcome says it.
    public var vaultFile: VaultFile? {
        Digest(bytes: after.sha256).map { VaultFile(path: path, size: after.size, sha256: $0) }
    }
}
