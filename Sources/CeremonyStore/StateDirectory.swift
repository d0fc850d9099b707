// The directory that holds the log and everything else the daemon keeps. It has one owner: two
// daemons on one log would each believe to be the single writer of DESIGN 2.2. The claim is a
// flock, which the kernel gives back when the process ends, however it ends.

import Glibc

/// The state directory, claimed for this process until the value goes.
///
/// The claim hangs on an open descriptor that no child inherits over exec. The lock file stays
/// where it is for ever: removing it would let two processes each lock a file of their own.
@safe public final class StateDirectory: Sendable {
    /// The path as it was given.
    public let path: String

    private let directory: Int32
    private let lock: Int32

    /// Claims the directory.
    ///
    /// It must be a real directory, not a symbolic link, belong to the effective user, and have
    /// mode 0700.
    ///
    /// - Parameter create: makes the directory, where there is none, in a parent that exists.
    /// - Throws: ``StoreRefusal``; ``StoreRefusal/inUse(path:pid:)`` names the holder.
    public init(_ path: String, create: Bool = false) throws(StoreRefusal) {
        if create, unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
            throw .system(path: path, call: "mkdir", code: errno)
        }
        let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw Self.openingFailed(path, errno) }
        do throws(StoreRefusal) {
            try Self.check(directory, path: path, kind: S_IFDIR, mode: 0o700)
            if create { try Self.keepName(of: directory, path: path) }
            lock = try Self.takeLock(in: directory, path: path)
        } catch {
            close(directory)
            throw error
        }
        self.path = path
        self.directory = directory
    }

    deinit {
        close(lock)
        close(directory)
    }

    /// The path of a file in the directory.
    func path(of name: String) -> String { path + "/" + name }

    /// Whether the directory holds the file, which then must be a plain file of ours with mode
    /// 0600 and no second name.
    func holds(_ name: String) throws(StoreRefusal) -> Bool {
        let file = unsafe openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if file < 0, errno == ENOENT { return false }
        guard file >= 0 else { throw Self.openingFailed(path(of: name), errno) }
        defer { close(file) }
        try Self.check(file, path: path(of: name), kind: S_IFREG, mode: 0o600)
        return true
    }

    /// Makes an empty file with mode 0600, whatever the umask; its name is on the disk on return.
    func make(_ name: String) throws(StoreRefusal) {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe openat(directory, name, flags, 0o600)
        guard file >= 0 else { throw Self.openingFailed(path(of: name), errno) }
        defer { close(file) }
        guard fchmod(file, 0o600) == 0, fsync(file) == 0, fsync(directory) == 0 else {
            throw .system(path: path(of: name), call: "making the file", code: errno)
        }
    }

    /// Puts the directory's own name on the disk: a log is lost with the directory that names it.
    private static func keepName(of directory: Int32, path: String) throws(StoreRefusal) {
        let parent = unsafe openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw openingFailed(path + "/..", errno) }
        defer { close(parent) }
        guard fsync(parent) == 0 else {
            throw .system(path: path + "/..", call: "fsync", code: errno)
        }
    }

    /// Opens the lock file, locks it, and writes our pid into it for whoever is refused.
    private static func takeLock(in directory: Int32, path: String) throws(StoreRefusal) -> Int32 {
        let name = path + "/lock"
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let lock = unsafe openat(directory, "lock", flags, 0o600)
        guard lock >= 0 else { throw openingFailed(name, errno) }
        do throws(StoreRefusal) {
            if flock(lock, LOCK_EX | LOCK_NB) != 0 {
                guard errno == EWOULDBLOCK else {
                    throw .system(path: name, call: "flock", code: errno)
                }
                throw .inUse(path: path, pid: holder(of: lock))
            }
            guard fchmod(lock, 0o600) == 0 else {
                throw .system(path: name, call: "fchmod", code: errno)
            }
            try check(lock, path: name, kind: S_IFREG, mode: 0o600)
            let pid = Array("\(getpid())\n".utf8)
            guard ftruncate(lock, 0) == 0, unsafe pwrite(lock, pid, pid.count, 0) == pid.count
            else { throw .system(path: name, call: "writing the pid", code: errno) }
        } catch {
            close(lock)
            throw error
        }
        return lock
    }

    /// The pid that the holder of the lock wrote; `nil` in the moment before it did.
    private static func holder(of lock: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = unsafe pread(lock, &buffer, buffer.count, 0)
        guard count > 1, buffer[count - 1] == UInt8(ascii: "\n") else { return nil }
        return Int32(String(decoding: buffer[..<(count - 1)], as: UTF8.self))
    }

    private static func check(_ file: Int32, path: String, kind: mode_t, mode: mode_t)
        throws(StoreRefusal)
    {
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            throw .system(path: path, call: "fstat", code: errno)
        }
        guard status.st_mode & S_IFMT == kind, kind == S_IFDIR || status.st_nlink == 1 else {
            throw .wrongKind(path: path)
        }
        guard status.st_uid == geteuid() else { throw .notOurs(path: path, owner: status.st_uid) }
        guard status.st_mode & 0o7777 == mode else {
            throw .wrongMode(path: path, mode: status.st_mode & 0o7777, wanted: mode)
        }
    }

    private static func openingFailed(_ path: String, _ code: Int32) -> StoreRefusal {
        switch code {
        case ENOENT: .absent(path: path)
        case ELOOP, ENOTDIR, EISDIR, ENXIO: .wrongKind(path: path)
        default: .system(path: path, call: "open", code: code)
        }
    }
}

/// The system's words for an errno.
func errorText(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
