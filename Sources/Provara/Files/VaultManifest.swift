// The list of a vault's files and the root of the tree over it. The package builds the list anew
// from the disk at every verify and compares, so what is written here has to be exactly that.

import Sodium

/// One file in a manifest.
public struct ManifestEntry: Hashable, Sendable {
    /// The path relative to the vault, with slashes.
    public let path: String
    /// The SHA-256 of the file's bytes.
    public let sha256: [UInt8]
    /// How many bytes the file has.
    public let size: Int

    /// An entry by its parts.
    public init(path: String, sha256: [UInt8], size: Int) {
        self.path = path
        self.sha256 = sha256
        self.size = size
    }

    /// The entry of a file with these bytes.
    public init(path: String, bytes: [UInt8]) {
        self.init(path: path, sha256: SHA256.hash(bytes), size: bytes.count)
    }

    /// Whether both are written with the same bytes.
    public static func == (left: ManifestEntry, right: ManifestEntry) -> Bool {
        left.path.isSame(as: right.path) && left.sha256 == right.sha256 && left.size == right.size
    }

    var json: PythonJSON {
        .object([
            "path": .string(path), "sha256": .string(Hex.encode(sha256)), "size": .integer(size),
        ])
    }
}

/// The files of a vault, in the order of a manifest.
public struct VaultManifest: Hashable, Sendable {
    /// The files by the code points of their whole paths (not directory by directory).
    public let entries: [ManifestEntry]

    /// A manifest of these files, in whatever order they come.
    ///
    /// Files that a manifest leaves out (itself, its root, its signature, private keys) are left
    /// out.
    public init(_ entries: [ManifestEntry]) {
        self.entries =
            entries
            .filter { entry in !VaultPath.notInManifest.contains { $0.isSame(as: entry.path) } }
            .sorted { $0.path.precedes($1.path) }
    }

    /// This manifest with other entries in the place of those of the same paths, or added.
    public func replacing(_ changed: [ManifestEntry]) -> VaultManifest {
        VaultManifest(
            entries.filter { entry in !changed.contains { $0.path.isSame(as: entry.path) } }
                + changed)
    }

    /// The bytes of `manifest.json`: canonical, without a final line feed.
    public func bytes(createdAt: VaultTime) -> [UInt8] {
        PythonJSON.object([
            "backpack_spec_version": "1.0",
            "manifest_version": "manifest.v0",
            "created_at_utc": .string(createdAt.description),
            "file_count": .integer(entries.count),
            "files": .array(entries.map(\.json)),
        ]).canonicalBytes
    }

    /// The Merkle root over the canonical entries.
    public var root: MerkleRoot { MerkleRoot(leaves: entries.map(\.json.canonicalBytes)) }

    /// What differs between these files and a `manifest.json` that was read; empty when nothing
    /// does.
    func differences(from recorded: PythonJSON) -> [(path: String?, text: String)] {
        guard let object = recorded.members, let files = object["files"]?.items else {
            return [(nil, "the manifest has no list of files")]
        }
        var found: [(path: String?, text: String)] = []
        for (name, value) in [
            ("backpack_spec_version", "1.0"), ("manifest_version", "manifest.v0"),
        ] where object[name]?.text?.isSame(as: value) != true {
            found.append((nil, "the manifest's \(name) is not \(value)"))
        }
        if object["file_count"]?.whole != entries.count {
            found.append((nil, "the manifest does not count \(entries.count) files"))
        }
        found += differences(among: files)
        return found
    }

    /// Goes through both lists at once; both are in the order of paths, or the recorded one is
    /// wrong.
    private func differences(among files: [PythonJSON]) -> [(path: String?, text: String)] {
        var found: [(path: String?, text: String)] = []
        var rest = entries[...]
        for file in files {
            guard let path = file.members?["path"]?.text else {
                found.append((nil, "an entry of the manifest has no path"))
                continue
            }
            while let entry = rest.first, entry.path.precedes(path) {
                found.append((entry.path, "the file is not in the manifest"))
                rest.removeFirst()
            }
            guard let entry = rest.first, entry.path.isSame(as: path) else {
                found.append((path, "the manifest lists a file that is not there, or out of order"))
                continue
            }
            rest.removeFirst()
            if entry.json != file {
                found.append((path, "the file is not the one that the manifest lists"))
            }
        }
        found += rest.map { ($0.path, "the file is not in the manifest") }
        return found
    }
}
