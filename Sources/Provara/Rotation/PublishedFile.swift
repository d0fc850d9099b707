// A file of a vault as it will be, for whoever writes it. Nothing here writes: publication has to
// survive a crash, which takes a journal outside the vault.

import Sodium

/// A file that a change of a vault writes.
public struct PublishedFile: Sendable {
    /// What tells the file before from the file after.
    public struct State: Hashable, Sendable {
        /// How many bytes there are.
        public let size: Int
        /// Their SHA-256.
        public let sha256: [UInt8]

        /// A state by its parts.
        public init(size: Int, sha256: [UInt8]) {
            self.size = size
            self.sha256 = sha256
        }
    }

    /// What is written.
    public enum Content: Sendable {
        /// The whole file.
        case whole([UInt8])
        /// What follows the bytes that are there. A log is never copied to be changed.
        case appended([UInt8])
    }

    /// The path relative to the vault.
    public let path: String
    /// What is written.
    public let content: Content
    /// The file that has to be there before; `nil` where there is none. An appended file that was
    /// cut off in the middle of its write begins with these bytes.
    public let before: State?
    /// The file that is there afterwards.
    public let after: State
}

/// A change of a vault: events at the end of its log, perhaps another `keys.json`, and the
/// manifest, root and signature that follow from them.
///
/// The files come in the order in which they are to be written: log, keys, manifest, root,
/// signature. `provara verify` accepts a vault before the first and after the last but one (it
/// never reads the signature), and none of the states between, because the manifest differs from
/// the disk. Each of those states can be told from ``PublishedFile/before`` and
/// ``PublishedFile/after`` of every file, and is gone on from rather than back: with the log first,
/// a key never stands in `keys.json` that no event introduced, and the events, which carry the
/// signatures, say all that the later files say.
public struct VaultChange: Sendable {
    /// The files after the change.
    public let manifest: VaultManifest
    /// Their Merkle root.
    public let root: MerkleRoot
    private let changed: [PublishedFile]
    private let manifestFile: PublishedFile
    private let rootFile: PublishedFile
    private let signatureBefore: PublishedFile.State?

    init(of vault: Vault, appending lines: [UInt8], registry: KeyRegistry?, createdAt: VaultTime) {
        var changed: [PublishedFile] = []
        if !lines.isEmpty {
            var digest = vault.log.digest
            digest.update(lines)
            changed.append(
                PublishedFile(
                    path: VaultPath.events, content: .appended(lines),
                    before: vault.state(of: VaultPath.events),
                    after: PublishedFile.State(
                        size: vault.log.size + lines.count, sha256: digest.digest)))
        }
        if let registry {
            changed.append(vault.rewriting(VaultPath.keys, registry.fileBytes))
        }
        manifest = vault.manifest.replacing(
            changed.map {
                ManifestEntry(path: $0.path, sha256: $0.after.sha256, size: $0.after.size)
            })
        root = manifest.root
        self.changed = changed
        manifestFile = vault.rewriting(VaultPath.manifest, manifest.bytes(createdAt: createdAt))
        rootFile = vault.rewriting(VaultPath.root, root.fileBytes)
        signatureBefore = vault.state(of: VaultPath.signature)
    }

    /// What is left of a change whose log and keys are written: manifest, root and signature follow
    /// from the files as they are. Only for who knows that these are the files that were wanted.
    public init(closing vault: Vault, createdAt: VaultTime) {
        self.init(of: vault, appending: [], registry: nil, createdAt: createdAt)
    }

    /// What a key has to sign so that somebody stands for the files after the change.
    public func signature(by signer: KeyID, at time: VaultTime) -> ManifestSignature {
        ManifestSignature(root: root, signer: signer, signedAt: time)
    }

    /// The files in the order in which they are to be written.
    ///
    /// - Parameter signatureFile: the bytes of `manifest.sig` from
    ///   ``ManifestSignature/fileBytes(signature:by:)``; `nil` leaves the signature as it is,
    ///   stale.
    public func files(signatureFile: [UInt8]?) -> [PublishedFile] {
        let signature = signatureFile.map {
            PublishedFile(
                path: VaultPath.signature, content: .whole($0), before: signatureBefore,
                after: PublishedFile.State($0))
        }
        return changed + [manifestFile, rootFile] + (signature.map { [$0] } ?? [])
    }
}

extension PublishedFile.State {
    /// The state of a file with these bytes.
    init(_ bytes: [UInt8]) {
        self.init(size: bytes.count, sha256: SHA256.hash(bytes))
    }
}

extension Vault {
    /// How a file of the vault is; `nil` where there is none.
    public func state(ofFile path: String) -> PublishedFile.State? { state(of: path) }

    func state(of path: String) -> PublishedFile.State? {
        (manifest.entries + unlisted).first { $0.path.isSame(as: path) }
            .map { PublishedFile.State(size: $0.size, sha256: $0.sha256) }
    }

    func rewriting(_ path: String, _ bytes: [UInt8]) -> PublishedFile {
        PublishedFile(
            path: path, content: .whole(bytes), before: state(of: path),
            after: PublishedFile.State(bytes))
    }
}
