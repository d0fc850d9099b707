// The logs that the directory's log goes on from: plain files below `predecessor/`, as they stand
// in evidence. They are written before the log is founded and never again; what they say is bound
// by the founding document.

public import CeremonyRecord
import Glibc

extension StateDirectory {
    /// Keeps earlier logs, the nearest first; they are on the disk on return.
    ///
    /// Only for a directory whose log is not founded yet: what an attempt before has left is
    /// replaced.
    ///
    /// - Throws: ``StoreRefusal``.
    public func keep(_ logs: [EarlierLog]) throws(StoreRefusal) {
        for (name, bytes) in EarlierLog.files(of: logs).sorted(by: { $0.key < $1.key }) {
            try makeFolders(of: name)
            try write(bytes, to: name)
        }
        // A longer chain from an attempt before would be taken for a part of this one.
        let beyond = String(repeating: EarlierLog.folder, count: logs.count + 1)
        for name in ["log/events.jsonl", "log/checkpoint"] {
            if unsafe unlink(path(of: beyond + name)) != 0, errno != ENOENT, errno != ENOTDIR {
                throw .system(path: path(of: beyond + name), call: "unlink", code: errno)
            }
        }
    }

    /// The earlier logs that were kept, the nearest first.
    ///
    /// - Throws: ``StoreRefusal``.
    public func earlierLogs() throws(StoreRefusal) -> [EarlierLog] {
        try EarlierLog.chain(in: EarlierLog.folder) { name throws(StoreRefusal) in
            try read(name)
        }
    }

    private func makeFolders(of name: String) throws(StoreRefusal) {
        var folder = ""
        for part in name.utf8.split(separator: UInt8(ascii: "/")).dropLast() {
            folder += (folder.isEmpty ? "" : "/") + String(decoding: part, as: UTF8.self)
            guard unsafe mkdir(path(of: folder), 0o700) == 0 || errno == EEXIST else {
                throw .system(path: path(of: folder), call: "mkdir", code: errno)
            }
        }
    }

    private func write(_ bytes: [UInt8], to name: String) throws(StoreRefusal) {
        let place = path(of: name)
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe Glibc.open(place, flags, 0o600)
        guard file >= 0 else { throw .system(path: place, call: "open", code: errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(path: place, call: "write", code: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw .system(path: place, call: "fsync", code: errno) }
        var folder = place
        while folder.utf8.count > path.utf8.count {
            folder = String(
                decoding: folder.utf8.prefix(
                    upTo: folder.utf8.lastIndex(of: UInt8(ascii: "/")) ?? folder.startIndex),
                as: UTF8.self)
            try keepNames(in: folder)
        }
    }

    private func keepNames(in folder: String) throws(StoreRefusal) {
        let descriptor = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path: folder, call: "open", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .system(path: folder, call: "fsync", code: errno)
        }
    }

    private func read(_ name: String) throws(StoreRefusal) -> [UInt8]? {
        let place = path(of: name)
        let file = unsafe Glibc.open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw .system(path: place, call: "open", code: errno) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            throw .system(path: place, call: "fstat", code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .wrongKind(path: place) }
        guard status.st_uid == geteuid() else { throw .notOurs(path: place, owner: status.st_uid) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(path: place, call: "read", code: errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
