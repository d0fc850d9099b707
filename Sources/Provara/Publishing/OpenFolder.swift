// A directory that is written to, by its descriptor. Everything in it is reached by one name at a
// time and never through a link, so that what was looked at is what is written, wherever its path
// leads meanwhile.

import Glibc

/// A directory's descriptor, which is closed when it goes.
struct OpenFolder: ~Copyable {
    let descriptor: Int32
    /// Its path, for errors.
    let path: String

    private init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Opens a directory; here alone a link is followed, because the caller chose the path.
    init(_ path: String) throws(PublishingError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("opened", path: path, errno: errno) }
        self.init(descriptor, path: path)
    }

    /// The path of something in this directory, for errors.
    func place(of name: String) -> String { path + "/" + name }

    // MARK: Directories

    /// Opens a directory in this one.
    func folder(_ name: String) throws(PublishingError) -> OpenFolder {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let opened = unsafe openat(descriptor, name, flags)
        guard opened >= 0 else { throw .system("opened", path: place(of: name), errno: errno) }
        return OpenFolder(opened, path: place(of: name))
    }

    /// Opens the directory that a file of that path below this one is in.
    func folder(ofFile relative: String) throws(PublishingError) -> OpenFolder {
        var folder = try self.folder(".")
        for name in relative.folderNames { folder = try folder.folder(name) }
        return folder
    }

    /// Makes a directory in this one, if it is not there.
    func makeFolder(_ name: String, mode: mode_t) throws(PublishingError) {
        guard unsafe mkdirat(descriptor, name, mode) == 0 || errno == EEXIST else {
            throw .system("made", path: place(of: name), errno: errno)
        }
    }

    /// Makes the names in this directory durable.
    func sync() throws(PublishingError) {
        guard fsync(descriptor) == 0 else {
            throw .system("made durable", path: path, errno: errno)
        }
    }

    // MARK: Names

    /// What the system says of a name, of a link itself; `nil` where there is none.
    func status(of name: String) throws(PublishingError) -> stat? {
        var status = stat()
        if unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        guard errno == ENOENT else {
            throw .system("looked at", path: place(of: name), errno: errno)
        }
        return nil
    }

    /// The names in this directory, in no order.
    func names() throws(PublishingError) -> [[CChar]] {
        let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = unsafe fdopendir(copy) else {
            let code = errno
            if copy >= 0 { close(copy) }
            throw .system("read", path: path, errno: code)
        }
        defer { unsafe closedir(stream) }
        var names: [[CChar]] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe $0.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }
            }
            let dot = CChar(bitPattern: UInt8(ascii: "."))
            if name != [dot], name != [dot, dot] { names.append(name + [0]) }
        }
        guard errno == 0 else { throw .system("read", path: path, errno: errno) }
        return names
    }

    /// Takes a name away, with everything below it; done when it is not there. A link goes, and
    /// never what it leads to.
    func remove(_ name: String) throws(PublishingError) {
        try remove(name.utf8.map { CChar(bitPattern: $0) } + [0])
    }

    private func remove(_ name: [CChar]) throws(PublishingError) {
        if unsafe unlinkat(descriptor, name, 0) == 0 || errno == ENOENT { return }
        let shown = String(
            decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // What unlink says of a directory: EISDIR, or EPERM where POSIX is followed to the letter.
        guard errno == EISDIR || errno == EPERM else {
            throw .system("removed", path: place(of: shown), errno: errno)
        }
        try folder(shown).removeAll()
        guard unsafe unlinkat(descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw .system("removed", path: place(of: shown), errno: errno)
        }
    }

    /// Takes everything in this directory away.
    func removeAll() throws(PublishingError) {
        for name in try names() { try remove(name) }
    }

    // MARK: Files

    /// The bytes of a regular file; `nil` where there is none that can be read.
    func read(_ name: String) -> [UInt8]? {
        // A pipe would wait for a writer without O_NONBLOCK; it does nothing to a regular file.
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let file = unsafe openat(descriptor, name, flags)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(file, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 || errno == EINTR else { return nil }
            if count > 0 { bytes += chunk[..<count] }
        }
    }

    /// Writes a file that was not there before; what was there under the name is taken away and
    /// never written to. The bytes are durable on return, the name is not.
    ///
    /// - Parameter old: whose mode and owner the file gets, where it can.
    func write(_ bytes: [UInt8], to name: String, mode: mode_t, like old: stat? = nil)
        throws(PublishingError)
    {
        try remove(name)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let file = unsafe openat(descriptor, name, flags, 0o600)
        guard file >= 0 else { throw .system("written", path: place(of: name), errno: errno) }
        defer { close(file) }
        // Who may not give files away keeps them as their own, as any editor would. The mode comes
        // after, because giving a file away takes bits of it.
        if let old { _ = fchown(file, old.st_uid, old.st_gid) }
        guard fchmod(file, old.map { $0.st_mode & 0o7777 } ?? mode) == 0 else {
            throw .system("given its mode", path: place(of: name), errno: errno)
        }
        try FileBytes.put(bytes, into: file, path: place(of: name))
    }

    /// Moves a file to another directory in the place of what is there.
    func move(_ name: String, to other: borrowing OpenFolder, as newName: String)
        throws(PublishingError)
    {
        guard unsafe renameat(descriptor, name, other.descriptor, newName) == 0 else {
            throw .system("replaced", path: other.place(of: newName), errno: errno)
        }
    }
}

extension String {
    /// The names of the directories on the way to a file, and not the file's own.
    var folderNames: [String] {
        split(separator: "/").dropLast().map(String.init)
    }

    /// The last name of a path.
    var lastName: String { split(separator: "/").last.map(String.init) ?? self }
}

/// Bytes that are on the disk when that is said.
enum FileBytes {
    /// Writes all bytes where the descriptor stands, or at the end where it was opened to append;
    /// durable on return.
    static func put(_ bytes: [UInt8], into descriptor: Int32, path: String)
        throws(PublishingError)
    {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("written", path: path, errno: errno) }
            done += count
        }
        guard fsync(descriptor) == 0 else {
            throw .system("made durable", path: path, errno: errno)
        }
    }
}
