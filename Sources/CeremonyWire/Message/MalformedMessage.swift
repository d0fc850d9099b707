// Bytes that are no varlink message. There is no answer to them: the connection is closed.

import CeremonyRecord

/// Why a frame is no call or no reply.
public struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in printable ASCII.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ error: JSONError) {
        description = error.description
    }
}
