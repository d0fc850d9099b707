// Writes a change of a vault, file by file, from what was put ready beside it. Whatever interrupts
// it, the next call goes on where this one stopped: a file that is done is passed over, one that is
// as before is written, and one that is neither stops everything. The vault is opened once and
// everything in it reached from there, never through a link; every file is looked at once more when
// its new bytes are ready, and what somebody else has written meanwhile is not written over.

import Glibc

/// Writes staged changes.
public enum VaultWriter {
    /// Writes the files in their order; every one is durable before the next is begun.
    ///
    /// Call it with the vault's ``VaultLock``. Nothing of the change is taken away from the staging
    /// folder; that is the caller's to do when nobody can have to go on any more.
    ///
    /// - Parameter boundary: called before every write; what it throws stops there, as a crash
    /// would.
    /// - Throws: ``PublishingError``, ``VaultError``: `changed` where a file is neither as before
    ///   nor as afterwards, `notReady` where the bytes to be written do not come to what they
    ///   should; nothing was written then, unless an earlier file was.
    public static func publish(
        _ files: [PublishedFile], from staged: StagedChange, to vault: String,
        boundary: (String) throws -> Void = { _ in }
    ) throws {
        let writing = try Writing(vault: OpenFolder(vault), staging: staged)
        // Looked at before anything is written: a vault that something else has changed is not
        // touched at all, and bytes that are not those that were agreed on come to no vault.
        for file in files {
            guard VaultPath.isWritten(file.path) else {
                throw PublishingError.notAFile(path: file.path)
            }
            let standing = try writing.standing(of: file)
            guard standing.progress != .other else {
                throw PublishingError.changed(path: file.path)
            }
            guard standing.isSound else { throw PublishingError.notReady(path: staged.folder) }
        }
        for file in files {
            let progress = try writing.standing(of: file).progress
            guard progress != .after else { continue }
            guard progress != .other else { throw PublishingError.changed(path: file.path) }
            try boundary("write-\(file.path)")
            switch file.content {
            case .appended(let bytes): try writing.append(bytes, to: file, boundary)
            case .whole(let bytes): try writing.replace(file, with: bytes, boundary)
            }
        }
        try boundary("written")
    }
}

/// The directories of one publication, open for as long as it takes.
private struct Writing: ~Copyable {
    private let vault: OpenFolder
    private let staging: StagedChange

    init(vault: consuming OpenFolder, staging: StagedChange) {
        self.vault = vault
        self.staging = staging
    }

    func standing(of file: PublishedFile) throws(VaultError) -> PublishedFile.Standing {
        try file.standing(in: OpenFile(vault.descriptor))
    }

    /// Bytes behind those that were there before. Where a line was cut off, the rest of it is
    /// written, so that no reader ever sees bytes that are neither. It is written at the end of the
    /// file, wherever that is by then: an event that somebody appends in the same moment is never
    /// lost.
    func append(
        _ bytes: [UInt8], to file: PublishedFile, _ boundary: (String) throws -> Void
    ) throws {
        let folder = try vault.folder(ofFile: file.path)
        let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = unsafe openat(folder.descriptor, file.path.lastName, flags)
        guard descriptor >= 0 else {
            throw PublishingError.system("opened", path: file.path, errno: errno)
        }
        let log = OpenFile(owning: descriptor, path: file.path)
        let standing = try file.standing(of: log)
        if standing.progress == .after { return }
        guard standing.progress != .other, standing.isSound,
            try log.stamp().size == standing.size
        else { throw PublishingError.changed(path: file.path) }
        let rest = bytes.dropFirst(standing.size - (file.before?.size ?? 0))
        try FileBytes.put(Array(rest), into: descriptor, path: file.path)
        try boundary("appended-\(file.path)")
        // Seen by its name: another file could have taken its place.
        guard try self.standing(of: file).progress == .after else {
            throw PublishingError.changed(path: file.path)
        }
    }

    /// The whole file, made beside the vault and put in the place of the old one in one step.
    func replace(
        _ file: PublishedFile, with bytes: [UInt8], _ boundary: (String) throws -> Void
    ) throws {
        let folder = try vault.folder(ofFile: file.path)
        guard let beside = try staging.open() else {
            throw PublishingError.notReady(path: staging.folder)
        }
        let old = try folder.status(of: file.path.lastName)
        try beside.write(bytes, to: "new", mode: 0o644, like: old)
        try boundary("replace-\(file.path)")
        guard try standing(of: file).progress == .before,
            try folder.status(of: file.path.lastName)?.st_ino == old?.st_ino
        else { throw PublishingError.changed(path: file.path) }
        try beside.move("new", to: folder, as: file.path.lastName)
        try folder.sync()
        try boundary("replaced-\(file.path)")
    }
}
