// Why a vault could not be read at all. What is wrong *in* a vault is a finding, never an error.

import Glibc

/// A vault could not be read.
public enum VaultError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The directory could not be opened, with the system's reason.
    case noVault(path: String, errno: Int32)
    /// A file or directory inside it could not be read, with the system's reason.
    case unreadable(path: String, errno: Int32)
    /// Something in it changed while it was read, so what was read never was one state.
    case changed(path: String)

    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .noVault(let path, let code):
            "The vault \(path.printable) cannot be opened: \(Self.text(code)). Name the directory that "
                + "holds identity/ and events/, and see that you may read it."
        case .unreadable(let path, let code):
            "\(path.printable) in the vault cannot be read: \(Self.text(code)). Nothing is known about "
                + "the vault before all of it can be read."
        case .changed(let path):
            "\(path.printable) changed while the vault was read. Nothing was decided; stop whatever "
                + "writes to the vault and try again."
        }
    }

    private static func text(_ code: Int32) -> String {
        guard let words = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: words)
    }
}
