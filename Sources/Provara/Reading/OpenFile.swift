// A file or directory that is open, by its descriptor. Everything in a vault is reached from the
// vault's own descriptor, one name at a time and never through a link, so that what was looked at
// is what is read.

import Glibc

/// A descriptor that is closed when it goes.
struct OpenFile: ~Copyable {
    private let descriptor: Int32
    /// Its path relative to the vault, for errors.
    let path: String

    private init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Opens a vault's directory; here alone a link is followed, because the caller chose the path.
    init(vault: String) throws(VaultError) {
        let descriptor = unsafe open(vault, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .noVault(path: vault, errno: errno) }
        self.init(descriptor, path: "")
    }

    /// The vault's directory, which is open already, by a descriptor of its own.
    init(_ vault: Int32) throws(VaultError) {
        let descriptor = unsafe openat(vault, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: "", errno: errno) }
        self.init(descriptor, path: "")
    }

    /// A file that was opened already, and is closed by this.
    init(owning descriptor: Int32, path: String) { self.init(descriptor, path: path) }

    /// Opens a directory in this one.
    func directory(_ name: String) throws(VaultError) -> OpenFile {
        try inside(name, O_DIRECTORY)
    }

    /// Opens a regular file below this directory.
    ///
    /// - Returns: `nil` where there is no such file, or something on the way is not what it should
    ///   be.
    func file(_ relative: String) throws(VaultError) -> OpenFile? {
        let names = relative.split(separator: "/").map(String.init)
        guard let last = names.last else { return nil }
        do {
            guard names.count > 1 else { return try regular(last) }
            var directory = try self.directory(names[0])
            for name in names[1..<(names.count - 1)] { directory = try directory.directory(name) }
            return try directory.regular(last)
        } catch .unreadable(_, errno: let code) where [ENOENT, ELOOP, ENOTDIR].contains(code) {
            return nil
        }
    }

    private func regular(_ name: String) throws(VaultError) -> OpenFile? {
        // A pipe would wait for a writer without O_NONBLOCK; it does nothing to a regular file.
        let file = try inside(name, O_NONBLOCK)
        guard try file.stamp().kind == .regular else { return nil }
        return file
    }

    private func inside(_ name: String, _ flags: Int32) throws(VaultError) -> OpenFile {
        let place = path.isEmpty ? name : path + "/" + name
        let opened = unsafe openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
        guard opened >= 0 else { throw .unreadable(path: place, errno: errno) }
        return OpenFile(opened, path: place)
    }

    /// What the system says of this file.
    func stamp() throws(VaultError) -> FileStamp {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .unreadable(path: path, errno: errno)
        }
        return FileStamp(status)
    }

    /// What the system says of a name in this directory, of a link itself and not of its target.
    func stamp(of name: String) throws(VaultError) -> FileStamp {
        var status = stat()
        guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .unreadable(path: path.isEmpty ? name : path + "/" + name, errno: errno)
        }
        return FileStamp(status)
    }

    /// The names in this directory as bytes, in no order, without `.` and `..`.
    func names() throws(VaultError) -> [[UInt8]] {
        let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = unsafe fdopendir(copy) else {
            let code = errno
            if copy >= 0 { close(copy) }
            throw .unreadable(path: path, errno: code)
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe Array($0.prefix { $0 != 0 })
            }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        guard errno == 0 else { throw .unreadable(path: path, errno: errno) }
        return names
    }

    /// The next bytes, at most so many; none at the end.
    func read(atMost count: Int) throws(VaultError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = 0
            repeat {
                got = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
            } while got < 0
                && errno == EINTR
            if got < 0 { failure = errno }
            filled = max(0, got)
        }
        guard failure == 0 else { throw .unreadable(path: path, errno: failure) }
        return bytes
    }

    /// Bytes from a place in the file, fewer at its end.
    func read(at offset: Int, count: Int) throws(VaultError) -> [UInt8] {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw .unreadable(path: path, errno: errno)
        }
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(atMost: min(count - bytes.count, 1 << 20))
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }
}

/// What tells one state of a file from another without reading it.
struct FileStamp: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case regular, directory, link, other }

    let kind: Kind
    let size: Int
    private let device: UInt64
    private let inode: UInt64
    private let changed: [Int]

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .other
            }
        size = Int(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        changed = [
            Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec),
            Int(status.st_ctim.tv_sec), Int(status.st_ctim.tv_nsec),
        ]
    }
}
