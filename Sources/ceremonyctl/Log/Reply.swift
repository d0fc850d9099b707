// Reading the daemon's replies: strict in the types that are used, silent about fields that a later
// daemon may add. Nothing that is read here is believed; it is shown, or compared with the log.

import CeremonyRecord
import CeremonyTerminal

/// Reading values out of replies.
enum Reply {
    /// Runs a reading and turns a value that is not there or of another type into an error.
    ///
    /// - Throws: `protocol` (69).
    static func read<T>(_ body: () throws(JSONError) -> T) throws(ClientError) -> T {
        do {
            return try body()
        } catch {
            throw malformed("\(error)")
        }
    }

    /// The error for an answer that cannot be understood.
    static func malformed(_ what: String) -> ClientError {
        ClientError(
            .unreachable, "protocol", "The daemon's answer makes no sense: \(what).",
            meaning: "What was asked for may have been carried out.",
            next: "Check that client and daemon are of one version.")
    }
}

extension JSONFields {
    /// A field that a reply needs, as what its text says.
    mutating func text<T>(_ name: String, _ read: (String) -> T?) throws(JSONError) -> T {
        try parsed(name, as: "another text", read)
    }

    /// The same for one that may be absent.
    mutating func optionalText<T>(_ name: String, _ read: (String) -> T?) throws(JSONError) -> T? {
        try optionalParsed(name, as: "another text", read)
    }
}
