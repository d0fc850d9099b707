// What can go wrong between a client and the daemon, each with what the person at the terminal
// needs to know.

/// Why a call got no result.
public enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody listens at the path.
    case notReachable(path: String, reason: SystemError)
    /// Somebody listens at the path who is not the daemon's user.
    case wrongListener(path: String, uid: UInt32, expected: [UInt32])
    /// The daemon did not answer in time; what was asked for may still be going on.
    case timedOut(seconds: Int)
    /// The daemon closed the connection before its last reply.
    case closed
    /// The connection broke.
    case broken(SystemError)
    /// The daemon sent something that is no reply.
    case malformed(String)
    /// The daemon answered with a named error.
    case refused(VarlinkError)

    /// One line for a person.
    public var description: String {
        switch self {
        case .notReachable(let path, let reason):
            "no daemon answers at \(path) (\(reason))"
        case .wrongListener(let path, let uid, let expected):
            "the listener at \(path) runs as uid \(uid), expected uid "
                + expected.map(String.init).joined(separator: " or ") + "; nothing was sent to it"
        case .timedOut(let seconds): "no answer within \(seconds) s; it may still be running"
        case .closed: "the daemon closed the connection"
        case .broken(let reason): "the connection to the daemon broke (\(reason))"
        case .malformed(let what): "the daemon sent something that is no reply: \(what)"
        case .refused(let error): error.description
        }
    }
}
