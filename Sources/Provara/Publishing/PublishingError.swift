// Why a vault was not written, or not to the end.

import Glibc

/// A change of a vault could not be put ready or written.
public enum PublishingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another program of ours is at it.
    case locked(path: String)
    /// A file is neither as before nor as afterwards.
    case changed(path: String)
    /// The files beside the vault that were to be written are not there, or not those.
    case notReady(path: String)
    /// The system refused something.
    case system(String, path: String, errno: Int32)

    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .locked(let path):
            "Somebody else is changing the vault \(path.printable). Wait until they are done."
        case .changed(let path):
            "\(path.printable) is neither as it was agreed on nor as it is to be: something else has "
                + "written to the vault. Put it back as it was, and it is gone on with."
        case .notReady(let path):
            "What was to be written is not in \(path.printable) any more. It is worked out again from "
                + "the vault, if that is as it was."
        case .system(let what, let path, let code):
            "\(path.printable) could not be \(what): \(Self.text(code)). Mend that, and it is gone on "
                + "with."
        }
    }

    private static func text(_ code: Int32) -> String {
        guard let words = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: words)
    }
}
