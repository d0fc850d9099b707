// Keeps two programs of ours from changing one vault. The lock is on the directory itself, so that
// no file of it lies in the vault; the reference takes no lock, so nothing keeps it out but a vault
// that does not verify meanwhile.

import Glibc

/// A vault that nobody else who asks for the same lock may change.
public struct VaultLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Takes the lock, or says that somebody else has it; it does not wait.
    ///
    /// - Throws: ``PublishingError``.
    public init(_ vault: String) throws(PublishingError) {
        let descriptor = unsafe open(vault, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("opened", path: vault, errno: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { throw .locked(path: vault) }
            throw .system("locked", path: vault, errno: code)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
