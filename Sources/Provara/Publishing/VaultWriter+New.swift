// A new vault, made beside its place as a whole and given its name in one step: no program ever
// sees half of one.

import Glibc

extension VaultWriter {
    /// Makes a vault of these files where none is; done again, it finishes what was begun.
    ///
    /// - Parameters:
    ///   - directories: further directories that the vault has, relative to it.
    ///   - boundary: called before every write; what it throws stops there, as a crash would.
    /// - Throws: ``PublishingError``: `changed` where something else is in the vault's place.
    public static func create(
        _ files: [PublishedFile], directories: [String], from staged: StagedChange,
        at vault: String, boundary: (String) throws -> Void = { _ in }
    ) throws {
        let tree = staged.folder + "/tree"
        for file in files {
            try boundary("write-\(file.path)")
            let path = tree + "/" + file.path
            try makeFolders(of: path)
            try FileBytes.write(file.content.bytes, to: path)
            _ = unsafe chmod(path, 0o644)
        }
        for name in directories { try makeFolders(of: tree + "/" + name + "/.") }
        for file in files { try syncFolder(of: tree + "/" + file.path) }
        try StagedChange.sync(tree)
        try boundary("replace-vault")
        // An empty directory gives way; anything else does not.
        guard unsafe rename(tree, vault) == 0 else {
            if errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR {
                throw PublishingError.changed(path: vault)
            }
            throw PublishingError.system("given its name", path: vault, errno: errno)
        }
        try syncFolder(of: vault)
        try boundary("written")
    }

    private static func makeFolders(of path: String) throws(PublishingError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        for count in 1...max(1, parts.count) {
            let folder = parts.prefix(count).joined(separator: "/")
            guard !folder.isEmpty else { continue }
            guard unsafe mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw .system("made", path: folder, errno: errno)
            }
        }
    }

    private static func syncFolder(of path: String) throws(PublishingError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try StagedChange.sync(parts.joined(separator: "/"))
    }
}
