// What a folder lists is durable only once the folder itself is on the disk.

import Glibc

/// Puts the folder that a file is in on the disk: that the file is there, or is there no more, then
/// outlives a power cut (fsync(2)).
///
/// - Returns: Whether it is; otherwise `errno` says why not.
func syncFolder(of path: String) -> Bool {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(path[..<$0]) } ?? "."
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    let isDurable = fsync(descriptor) == 0
    // Closing must not hide what the sync said.
    let code = errno
    close(descriptor)
    errno = code
    return isDurable
}
