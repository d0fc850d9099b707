// The path in the file system: whose it is, who may connect, and when it may be removed. A lock
// file decides between two daemons; the socket's path is only ever cleared of our own dead socket.

import CeremonyWire
import Glibc

/// A bound and listening Unix socket whose path this process owns.
///
/// The lock is held, and the lock file stays, as long as this value lives; removing lock files is a
/// race. The socket itself goes with ``close()``, if it is still the one that was made here.
@safe final class ListeningSocket: Sendable {
    /// Where the socket goes and who may connect.
    struct Place: Sendable {
        /// The path, at most 107 bytes.
        var path: String
        /// The permission bits of the socket file.
        var mode: UInt32
        /// The group of the socket file; `nil` leaves the process's own.
        var group: UInt32?
    }

    let path: String
    let descriptor: Int32
    private let lock: Int32
    private let device: UInt
    private let inode: UInt

    /// Takes the lock, clears the path of a dead socket of ours, binds, sets group and mode,
    /// listens.
    ///
    /// Until group and mode are set nobody but this user can connect.
    init(at place: Place) throws(ListenError) {
        path = place.path
        lock = try ListeningSocket.takeLock(place.path + ".lock")
        do throws(ListenError) {
            try ListeningSocket.clearDeadSocket(at: place.path)
            descriptor = try ListeningSocket.bind(place)
            var status = stat()
            guard unsafe lstat(place.path, &status) == 0 else {
                throw .failed(place.path, SystemError("lstat"))
            }
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
        } catch {
            Glibc.close(lock)
            throw error
        }
    }

    deinit { Glibc.close(lock) }

    /// Removes the socket file if it is still the one that was bound here. Leaves the descriptor to
    /// whoever listens on it.
    func removePath() {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, UInt(status.st_dev) == device,
            UInt(status.st_ino) == inode
        else { return }
        unsafe unlink(path)
    }

    private static func takeLock(_ path: String) throws(ListenError) -> Int32 {
        let lock = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .failed(path, SystemError("open")) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let failure = SystemError("flock")
            Glibc.close(lock)
            throw failure.code == EWOULDBLOCK ? .taken(path) : .failed(path, failure)
        }
        return lock
    }

    private static func clearDeadSocket(at path: String) throws(ListenError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .failed(path, SystemError("lstat")) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        guard status.st_uid == geteuid() else { throw .notOurs(path, uid: status.st_uid) }
        do {
            try UnixSocket(nonBlocking: true).connect(to: path)
        } catch {
            guard error.code == ECONNREFUSED else { throw .taken(path) }
            guard unsafe unlink(path) == 0 else { throw .failed(path, SystemError("unlink")) }
            return
        }
        throw .taken(path)
    }

    private static func bind(_ place: Place) throws(ListenError) -> Int32 {
        do throws(SystemError) {
            let socket = try UnixSocket(nonBlocking: true)
            // Linux gives the file the mode of the socket: no moment is open to others, and the
            // umask, which belongs to the whole process, stays as it is.
            guard fchmod(socket.descriptor, 0o600) == 0 else { throw SystemError("fchmod") }
            try socket.bind(to: place.path)
            if let group = place.group, unsafe chown(place.path, uid_t.max, group) != 0 {
                throw SystemError("chown")
            }
            guard unsafe chmod(place.path, place.mode) == 0 else { throw SystemError("chmod") }
            guard listen(socket.descriptor, 512) == 0 else { throw SystemError("listen") }
            return socket.release()
        } catch {
            throw .failed(place.path, error)
        }
    }
}
