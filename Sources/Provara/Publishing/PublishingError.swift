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
    /// Something has the name of the folder beside the vault that is not a directory of this
    /// account that it alone may enter.
    case notOurs(path: String)
    /// A file that no change of a vault writes was to be written.
    case notAFile(path: String)
    /// The system refused something.
    case system(String, path: String, errno: Int32)

    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .locked(let path):
            "Somebody else is changing the vault \(path.printable). Wait until they are done."
        case .changed(let path):
            "\(path.printable) is neither as it was agreed on nor as it is to be: something else has "
                + "written to the vault. Put the bytes back that it had (manifest.json as it was says "
                + "their SHA-256), and it is gone on with."
        case .notReady(let path):
            "What was put ready in \(path.printable) is not there any more, or is not what was put "
                + "there. Nothing was written from it. At the next try it is worked out again from "
                + "the vault."
        case .notOurs(let path):
            "\(path.printable) is where a change of the vault is put ready, and it is not a directory "
                + "that this account made for itself alone. It was not touched, and nothing in it was "
                + "believed. See who put it there and take it away; then it is gone on with."
        case .notAFile(let path):
            "\(path.printable) is no file that a change of a vault writes. Nothing was written. The "
                + "folder beside the vault that names it was not made by this program: take it away."
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
