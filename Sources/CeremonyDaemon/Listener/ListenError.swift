// Why the daemon does not listen at a path, each with the way out.

public import CeremonyWire

/// Why a socket could not be put in place.
public enum ListenError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another daemon holds the lock or answers at the path.
    case taken(String)
    /// Something else than a socket stands at the path.
    case notASocket(String)
    /// A socket of another user stands at the path.
    case notOurs(String, uid: UInt32)
    /// A system call failed.
    case failed(String, SystemError)

    /// One line: what happened, and what to do.
    public var description: String {
        switch self {
        case .taken(let path):
            "\(path): another ceremonyd is running here; stop it first, or configure another path"
        case .notASocket(let path):
            "\(path): is not a socket, so it is left alone; move it away or configure another path"
        case .notOurs(let path, let uid):
            "\(path): is a socket of uid \(uid), so it is left alone; remove it as that user"
        case .failed(let path, let error): "\(path): \(error)"
        }
    }
}
