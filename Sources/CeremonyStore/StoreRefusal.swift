// Why the state directory or the log in it was not opened. Everything here happens at start, is
// read by the person who starts the daemon, and is a reason not to run (DESIGN 2.7).

/// A state directory or a log that this program will not work on.
public enum StoreRefusal: Error, Equatable, Sendable {
    /// There is nothing at the path, or no log in the directory.
    case absent(path: String)
    /// A log with events in it is already where a new one should be made.
    case exists(path: String, events: Int)
    /// A symbolic link, or not the directory or plain file that it should be.
    case wrongKind(path: String)
    /// It belongs to another user.
    case notOurs(path: String, owner: UInt32)
    /// Others than the owner may use it (or the owner may not). Both are permission bits.
    case wrongMode(path: String, mode: UInt32, wanted: UInt32)
    /// Another process holds the directory; `pid` is `nil` where it has not yet said who it is.
    case inUse(path: String, pid: Int32?)
    /// A file that SQLite reads but this program did not make, or no SQLite file at all.
    case foreign(path: String)
    /// A log written by a newer version of this program.
    case newer(path: String, found: Int, known: Int)
    /// A log of ours that contradicts itself.
    case damaged(path: String, reason: String)
    /// SQLite could not open or read the file, for a reason that lies outside it.
    case unusable(path: String, reason: String)
    /// The database would not promise that a commit is on the disk.
    case notDurable(path: String, reason: String)
    /// The system refused a call; `code` is errno.
    case system(path: String, call: String, code: Int32)
}

extension StoreRefusal: CustomStringConvertible {
    /// What is wrong and what to do, for a person.
    public var description: String {
        switch self {
        case .absent(let path):
            "\(path): there is no log here; `ceremonyd init` makes one, and an existing one comes "
                + "back only from a copy of the state directory"
        case .exists(let path, let events):
            "\(path) already holds a log of \(events) events; a new log needs a new directory"
        case .wrongKind(let path):
            "\(path) is a symbolic link or of the wrong kind; name the real thing"
        case .notOurs(let path, let owner):
            "\(path) belongs to user \(owner); the state belongs to the user that runs the daemon"
        case .wrongMode(let path, let mode, let wanted):
            "\(path) has mode \(octal(mode)); it must be \(octal(wanted)): look at who could have "
                + "used it, then chmod \(octal(wanted)) it"
        case .inUse(let path, let pid?):
            "\(path) is in use by process \(pid); one daemon owns a state directory"
        case .inUse(let path, nil):
            "\(path) is in use by another process; one daemon owns a state directory"
        case .foreign(let path):
            "\(path) is not a log of ceremonyd; nothing in it was changed"
        case .newer(let path, let found, let known):
            "\(path) has format \(found), and this program knows formats up to \(known): it was "
                + "written by a newer ceremonyd, which is the one to run"
        case .damaged(let path, let reason):
            "\(path) is damaged (\(reason)); keep it as it is, and go back to a copy of the state "
                + "directory, or to the events of an export"
        case .unusable(let path, let reason):
            "\(path) could not be opened (\(reason)); nothing is known to be wrong with the log"
        case .notDurable(let path, let reason):
            "\(path): the database does not promise durable commits (\(reason)); the state "
                + "directory belongs on a local disk"
        case .system(let path, let call, let code):
            "\(path): \(call) failed: \(errorText(code))"
        }
    }

    /// The next step, for a person.
    public var next: String {
        switch self {
        case .absent:
            "Found the log (ceremonyd init), or put a copy of the state directory back."
        case .exists: "Give the new log a state directory of its own."
        case .inUse: "Stop the other daemon, or use it."
        case .foreign: "Name the state directory that ceremonyd init was given."
        case .newer: "Run the newer ceremonyd."
        case .damaged:
            "Keep the state directory as it is, as evidence. Put back a copy of it that was made "
                + "before, and compare it with the newest export: "
                + "ceremonyctl verify DIR --genesis sha256:..."
        case .wrongKind, .notOurs, .wrongMode, .unusable, .notDurable, .system:
            "Check the state directory in the configuration, its owner, its mode and its disk."
        }
    }

    private func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
}
