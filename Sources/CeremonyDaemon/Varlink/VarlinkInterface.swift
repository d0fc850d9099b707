// What a part of the daemon implements to be asked over the socket.

public import CeremonyWire

/// One varlink interface and what answers its calls.
public protocol VarlinkInterface: Sendable {
    /// The interface's name, the same as in ``description``.
    var name: String { get }

    /// The interface definition. Calls are held to it before they get here: the method is in it,
    /// and the parameters are of its types, none missing and none unknown.
    var description: String { get }

    /// Answers a call.
    ///
    /// Runs in a task of its own, one call at a time for each connection. The task is cancelled
    /// only for a call with `more`, when its caller has left or the daemon stops; then it throws or
    /// returns soon. Any other call runs to its end, heard or not.
    ///
    /// - Throws: a ``CeremonyWire/VarlinkError`` is sent as the last reply; any other error is
    ///   logged, and the caller learns only that there was one.
    func call(_ call: Call, from peer: Peer, reply: ReplyStream) async throws
}
