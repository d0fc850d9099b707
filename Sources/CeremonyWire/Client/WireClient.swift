// The client's side of the socket: blocking, plain POSIX, no network library. Before the first byte
// is sent it checks who listens: a path in a directory that others can write proves nothing.

public import CeremonyRecord
import Glibc

/// A connection to the daemon.
///
/// One call at a time; not to be shared between threads.
public final class WireClient {
    /// Who listens at the other end.
    public let listener: Peer

    private let path: String
    private let limits: Limits
    private let socket: UnixSocket
    private var assembler: FrameAssembler
    private var isBroken = false

    /// Connects to the socket at a path.
    ///
    /// - Parameters:
    ///   - trusted: the users that may be the daemon; `nil` stands for root and the caller's own.
    /// - Throws: ``WireError`` (`notReachable`, `wrongListener`).
    public init(
        path: String, trusted: [UInt32]? = nil, limits: Limits = .standard
    ) throws(WireError) {
        do {
            socket = try UnixSocket()
            try socket.connect(to: path)
            listener = try Peer(of: socket.descriptor)
        } catch {
            throw .notReachable(path: path, reason: error)
        }
        self.path = path
        self.limits = limits
        assembler = FrameAssembler(limit: limits.replyBytesMax)
        let trusted = trusted ?? [0, geteuid()]
        guard trusted.contains(listener.uid) else {
            throw .wrongListener(path: path, uid: listener.uid, expected: trusted)
        }
    }

    /// Calls a method and returns the parameters of its one reply.
    ///
    /// - Parameter seconds: how long the whole call may take.
    /// - Throws: ``WireError``; `refused` where the daemon answered with an error. After any other
    ///   error the connection is of no further use.
    public func call(
        _ method: String, _ parameters: [String: JSON] = [:], seconds: Int = 30
    ) throws(WireError) -> [String: JSON] {
        let deadline = WireClient.deadline(seconds)
        try send(Call(method, parameters), seconds: seconds)
        let reply = try receive(until: deadline, seconds: seconds)
        guard !reply.continues else {
            isBroken = true
            throw .malformed("more replies than were asked for")
        }
        return reply.parameters
    }

    /// Calls a method that answers with many replies.
    ///
    /// - Parameter secondsEach: how long each reply may take; `nil` waits for ever.
    public func callMore(
        _ method: String, _ parameters: [String: JSON] = [:], secondsEach: Int? = nil
    ) throws(WireError) -> Replies {
        try send(Call(method, parameters, more: true), seconds: limits.writeStallSeconds)
        return Replies(client: self, secondsEach: secondsEach)
    }

    /// The replies to one call with `more`, in order.
    public struct Replies {
        let client: WireClient
        let secondsEach: Int?
        private(set) var isFinished = false

        init(client: WireClient, secondsEach: Int?) {
            self.client = client
            self.secondsEach = secondsEach
        }

        /// Waits for the next reply; `nil` after the last.
        ///
        /// - Throws: ``WireError``.
        public mutating func next() throws(WireError) -> [String: JSON]? {
            guard !isFinished else { return nil }
            isFinished = true
            let deadline = secondsEach.map { WireClient.deadline($0) }
            let reply = try client.receive(until: deadline, seconds: secondsEach ?? 0)
            isFinished = !reply.continues
            return reply.parameters
        }
    }

    private func send(_ call: Call, seconds: Int) throws(WireError) {
        guard !isBroken, !assembler.hasFrame else { throw .closed }
        isBroken = true
        let frame = call.frame
        let deadline = WireClient.deadline(seconds)
        let sent: Bool
        do {
            sent = try UnixSocket.write(frame, to: socket, until: deadline)
        } catch {
            // A daemon that is stopping says so before it closes: that reply is still readable.
            if error.code != EPIPE { throw .broken(error) }
            sent = true
        }
        guard sent else { throw .timedOut(seconds: seconds) }
        isBroken = false
    }

    fileprivate func receive(until deadline: UInt64?, seconds: Int) throws(WireError) -> Reply {
        guard !isBroken else { throw .closed }
        isBroken = true
        let frame = try frame(until: deadline, seconds: seconds)
        let reply: Reply
        do {
            reply = try Reply(frame: frame, limits: limits)
        } catch {
            throw .malformed(error.description)
        }
        isBroken = false
        if let name = reply.error { throw .refused(VarlinkError(name, reply.parameters)) }
        return reply
    }

    private func frame(until deadline: UInt64?, seconds: Int) throws(WireError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            do {
                if let frame = try assembler.next() { return frame }
            } catch {
                throw .malformed("longer than \(error.limit) bytes")
            }
            try waitToRead(until: deadline, seconds: seconds)
            let count = unsafe recv(
                socket.descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                do {
                    try assembler.append(chunk.span.extracting(first: count))
                } catch {
                    throw .malformed("longer than \(error.limit) bytes")
                }
            } else if count == 0 || errno == ECONNRESET {
                throw .closed
            } else if errno != EINTR, errno != EAGAIN {
                throw .broken(SystemError("recv"))
            }
        }
    }

    private func waitToRead(until deadline: UInt64?, seconds: Int) throws(WireError) {
        let ready: Bool
        do {
            ready = try socket.wait(for: POLLIN, until: deadline)
        } catch {
            throw .broken(error)
        }
        guard ready else { throw .timedOut(seconds: seconds) }
    }

    private static func deadline(_ seconds: Int) -> UInt64 {
        UnixSocket.now + UInt64(seconds) * 1_000_000_000
    }
}
