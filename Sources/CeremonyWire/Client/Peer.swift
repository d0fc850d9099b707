// Who is at the other end of a Unix socket, as the kernel saw it when the connection was made
// (SO_PEERCRED, unix(7)). Evidence and a gate for quotas; never a person's identity.

import CPlatform

/// The process at the other end of a Unix socket.
public struct Peer: Hashable, Sendable, CustomStringConvertible {
    /// The process id at that moment; it may belong to another process by now.
    public let pid: Int32
    /// The effective user id at that moment.
    public let uid: UInt32
    /// The effective group id at that moment.
    public let gid: UInt32

    /// A peer by its parts.
    public init(pid: Int32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// The peer of a connected socket.
    package init(of descriptor: Int32) throws(SystemError) {
        var credentials = ceremony_peer()
        guard unsafe ceremony_peer_of(descriptor, &credentials) == 0 else {
            throw SystemError("getsockopt(SO_PEERCRED)")
        }
        self.init(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid)
    }

    /// `uid 1000, gid 1000, pid 4711`.
    public var description: String { "uid \(uid), gid \(gid), pid \(pid)" }
}
