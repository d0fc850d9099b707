// Files that this program reads and writes: documents come in whole and bounded, results appear
// whole or not at all, and nothing that is there is written over unless the caller owns it.

package import CeremonyRecord
package import Glibc
import Sodium

/// Reading and writing whole files.
package enum Files {
    /// No document or signature is anywhere near this size.
    package static let bytesMax = 1 << 20

    /// The bytes of a file.
    ///
    /// - Throws: `no-such-file` (66), `unreadable` or `too-large` (65).
    package static func read(_ path: String, bytesMax: Int = Files.bytesMax) throws(ClientError)
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        try withPieces(of: path) { next throws(ClientError) in
            while true {
                let piece = try next()
                if piece.isEmpty { return }
                bytes += piece
                guard bytes.count <= bytesMax else {
                    throw trouble("too-large", "\(path) has more than \(bytesMax) bytes.")
                }
            }
        }
        return bytes
    }

    /// The digest of a file of any size, which is not held in memory.
    ///
    /// - Throws: `no-such-file` (66), `unreadable` (65).
    package static func digest(of path: String) throws(ClientError) -> Digest {
        try withPieces(of: path) { next throws(ClientError) in try Digest(piecewise: next) }
    }

    /// The size and the digest of a file of any size, read once and not held in memory.
    ///
    /// - Throws: `no-such-file` (66), `unreadable` (65).
    package static func measure(_ path: String) throws(ClientError) -> (size: Int, digest: Digest) {
        var size = 0
        let digest = try withPieces(of: path) { next throws(ClientError) in
            try Digest { () throws(ClientError) in
                let piece = try next()
                size += piece.count
                return piece
            }
        }
        return (size, digest)
    }

    /// Reads a file piece by piece; an empty piece is its end.
    private static func withPieces<Result>(
        of path: String,
        _ body: (_ next: () throws(ClientError) -> ArraySlice<UInt8>) throws(ClientError) -> Result
    ) throws(ClientError) -> Result {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw missing(path) }
            throw trouble("unreadable", "\(path) cannot be read: \(systemError()).")
        }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        return try body { () throws(ClientError) in
            while true {
                let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    throw trouble("unreadable", "\(path) cannot be read: \(systemError()).")
                }
                return chunk[..<count]
            }
        }
    }

    /// Whether something stands at this path.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// Writes a new file that appears whole or not at all; what is there already is left alone.
    ///
    /// - Throws: `file-exists` (1) where there is one, `unwritable` (78).
    package static func create(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644)
        throws(ClientError)
    {
        let draft = draftName(beside: path)
        try write(draft, bytes, mode: mode)
        defer { unsafe unlink(draft) }
        if unsafe link(draft, path) == 0 { return }
        // A stick with a FAT file system knows no links.
        guard errno == EPERM || errno == EOPNOTSUPP else {
            throw errno == EEXIST ? occupied(path) : unwritable(path)
        }
        try write(path, bytes, mode: mode)
    }

    /// Puts a file of this program's own in place of its former self, durably.
    package static func replace(_ path: String, _ bytes: [UInt8]) throws(ClientError) {
        let draft = draftName(beside: path)
        try write(draft, bytes, mode: 0o600)
        guard unsafe rename(draft, path) == 0 else {
            let error = unwritable(path)
            unsafe unlink(draft)
            throw error
        }
        let folder = unsafe open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// Makes a directory and those above it, for this user only.
    package static func makeDirectory(_ path: String) throws(ClientError) {
        guard !exists(path) else { return }
        let above = directory(of: path)
        if above.utf8.count < path.utf8.count { try makeDirectory(above) }
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw unwritable(path) }
    }

    /// A path may not be written because something stands there.
    package static func occupied(_ path: String) -> ClientError {
        ClientError(
            .refused, "file-exists", "\(path) is there already.",
            meaning: "It was left as it is; nothing was written.",
            next: "Move it away first if it is not wanted any more.")
    }

    /// The file was not found.
    package static func missing(_ path: String) -> ClientError {
        ClientError(
            .notFound, "no-such-file", "There is no file \(path).",
            meaning: "Nothing was signed and nothing was sent.",
            next: "Check the name and the directory.")
    }

    private static func draftName(beside path: String) -> String {
        path + ".draft-" + randomBytes(6).map { String($0, radix: 16) }.joined()
    }

    /// Writes a file that is not there yet, durably; takes it away again where that fails.
    private static func write(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(ClientError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw errno == EEXIST ? occupied(path) : unwritable(path) }
        let written = Descriptor.writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        guard close(descriptor) == 0, written else {
            let error = unwritable(path)
            unsafe unlink(path)
            throw error
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func unwritable(_ path: String) -> ClientError {
        ClientError(
            .configuration, "unwritable", "\(path) cannot be written: \(systemError()).",
            meaning: "Nothing was kept of it.",
            next: "Check the directory's owner and the free space.")
    }

    private static func trouble(_ code: String, _ happened: String) -> ClientError {
        ClientError(
            .malformed, code, happened, meaning: "Nothing was signed and nothing was sent.",
            next: "Check that it is the right file.")
    }
}
