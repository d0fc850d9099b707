// Whole files, written so that they are on the disk when that is said.

import Glibc

/// Reads and writes files.
enum FileBytes {
    /// The bytes of a file; `nil` where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    /// Writes a new file, or over an old one; durable on return, but for its name.
    static func write(_ bytes: [UInt8], to path: String) throws(PublishingError) {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else { throw .system("written", path: path, errno: errno) }
        defer { close(descriptor) }
        try put(bytes, into: descriptor, at: 0, path: path)
    }

    /// Writes all bytes from a place in the file on; durable on return.
    static func put(_ bytes: [UInt8], into descriptor: Int32, at offset: Int, path: String)
        throws(PublishingError)
    {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
            }
            guard count > 0 else { throw .system("written", path: path, errno: errno) }
            done += count
        }
        guard fsync(descriptor) == 0 else {
            throw .system("made durable", path: path, errno: errno)
        }
    }
}
