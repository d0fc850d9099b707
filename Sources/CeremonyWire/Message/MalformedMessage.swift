// Bytes that are no varlink message. A whole frame of them is answered with one error, and the
// connection is closed: nobody knows what the next frame would be.

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
