// Writes a change of a vault, file by file, from what was put ready beside it. Whatever interrupts
// it, the next call goes on where this one stopped: a file that is done is passed over, one that is
// as before is written, and one that is neither stops everything.

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
    /// - Throws: ``PublishingError``, ``VaultError``.
    public static func publish(
        _ files: [PublishedFile], from staged: StagedChange, to vault: String,
        boundary: (String) throws -> Void = { _ in }
    ) throws {
        // Looked at before anything is written: a vault that something else has changed is not
        // touched at all.
        for file in files {
            guard try file.progress(in: vault) != .other else {
                throw PublishingError.changed(path: file.path)
            }
        }
        for file in files {
            let progress = try file.progress(in: vault)
            guard progress != .after else { continue }
            guard progress != .other else { throw PublishingError.changed(path: file.path) }
            try boundary("write-\(file.path)")
            switch file.content {
            case .appended(let bytes): try append(bytes, to: file, in: vault, boundary)
            case .whole(let bytes):
                try replace(file, with: bytes, from: staged, in: vault, boundary)
            }
        }
        try boundary("written")
    }

    /// Bytes behind those that were there before. A line that was cut off is written again over
    /// itself, so that no reader ever sees bytes that are neither.
    private static func append(
        _ bytes: [UInt8], to file: PublishedFile, in vault: String,
        _ boundary: (String) throws -> Void
    ) throws {
        let path = vault + "/" + file.path
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw PublishingError.system("opened", path: path, errno: errno)
        }
        defer { close(descriptor) }
        try FileBytes.put(
            bytes, into: descriptor, at: file.before?.size ?? 0, path: path)
        try boundary("appended-\(file.path)")
    }

    /// The whole file, made beside the vault and put in the place of the old one in one step.
    private static func replace(
        _ file: PublishedFile, with bytes: [UInt8], from staged: StagedChange, in vault: String,
        _ boundary: (String) throws -> Void
    ) throws {
        let path = vault + "/" + file.path
        let new = staged.folder + "/new"
        try FileBytes.write(bytes, to: new)
        var old = stat()
        if unsafe lstat(path, &old) == 0 {
            guard unsafe chmod(new, old.st_mode & 0o7777) == 0 else {
                throw PublishingError.system("given its mode", path: new, errno: errno)
            }
            // Who may not give files away keeps them as their own, as any editor would.
            _ = unsafe chown(new, old.st_uid, old.st_gid)
        } else {
            _ = unsafe chmod(new, 0o644)
        }
        try boundary("replace-\(file.path)")
        guard unsafe rename(new, path) == 0 else {
            throw PublishingError.system("replaced", path: path, errno: errno)
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try StagedChange.sync(parts.joined(separator: "/"))
        try boundary("replaced-\(file.path)")
    }
}
