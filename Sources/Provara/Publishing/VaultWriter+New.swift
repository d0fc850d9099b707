// A new vault, made beside its place as a whole and given its name in one step: no program ever
// sees half of one.

import Glibc

extension VaultWriter {
    /// Makes a vault of these files where none is; done again, it begins anew beside the place.
    ///
    /// - Parameters:
    ///   - directories: further directories that the vault has, relative to it.
    ///   - staged: where the files were put ready.
    ///   - boundary: called before every write; what it throws stops there, as a crash would.
    /// - Throws: ``PublishingError``: `changed` where something else is in the vault's place,
    ///   `notReady` where the bytes to be written are not those that they should be.
    public static func create(
        _ files: [PublishedFile], directories: [String], from staged: StagedChange,
        at vault: String, boundary: (String) throws -> Void = { _ in }
    ) throws {
        for file in files {
            guard VaultPath.isWritten(file.path) else {
                throw PublishingError.notAFile(path: file.path)
            }
            guard case .whole(let bytes) = file.content, PublishedFile.State(bytes) == file.after
            else { throw PublishingError.notReady(path: staged.folder) }
        }
        guard let staging = try staged.open() else {
            throw PublishingError.notReady(path: staged.folder)
        }
        // What an earlier call left is not built on.
        try staging.remove("tree")
        try staging.makeFolder("tree", mode: 0o755)
        let tree = try staging.folder("tree")
        for name in directories { try makeFolders(name.folderNames + [name.lastName], in: tree) }
        for file in files {
            try boundary("write-\(file.path)")
            try makeFolders(file.path.folderNames, in: tree)
            let folder = try tree.folder(ofFile: file.path)
            try folder.write(file.content.bytes, to: file.path.lastName, mode: 0o644)
            try folder.sync()
        }
        try tree.sync()
        try boundary("replace-vault")
        let place = VaultPlace(vault)
        let parent = try OpenFolder(place.parent)
        // An empty directory gives way; anything else does not.
        do throws(PublishingError) {
            try staging.move("tree", to: parent, as: place.name)
        } catch {
            if case .system(_, _, let code) = error, [ENOTEMPTY, EEXIST, ENOTDIR].contains(code) {
                throw PublishingError.changed(path: vault)
            }
            throw error
        }
        try parent.sync()
        try boundary("written")
    }

    /// Directories one in the other, each durable in the one that it is in.
    private static func makeFolders(_ names: [String], in tree: borrowing OpenFolder)
        throws(PublishingError)
    {
        var folder = try tree.folder(".")
        for name in names {
            try folder.makeFolder(name, mode: 0o755)
            try folder.sync()
            folder = try folder.folder(name)
        }
    }
}
