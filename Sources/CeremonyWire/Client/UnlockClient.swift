// The client's side of the unlock socket: ticket, length, PIN, and one line back. The PIN goes from
// locked memory to the kernel and nowhere else, and only to a listener that runs as the right user.

public import CeremonyRecord
import Glibc
public import Sodium

/// Hands a secret over on the unlock socket.
///
/// What crosses: the ticket's 32 hex digits, one byte with the number of the secret's bytes, and
/// these; none where the token's own device asks for the PIN. What comes back: one reply as varlink
/// writes it, but ended by LF.
public enum UnlockClient {
    /// Redeems a ticket, and returns the parameters of the daemon's answer.
    ///
    /// - Parameters:
    ///   - ticket: as the method `Unlock` answered it.
    ///   - secret: the PIN; `nil` where the device asks for it.
    ///   - path: the socket's path, as the method `Unlock` answered it.
    ///   - listener: the user that answered on the varlink socket; this socket must be that user's.
    ///   - seconds: how long the daemon may take; a token, or a person at its keypad, may need a
    ///     while.
    /// - Throws: ``WireError``; `refused` where the daemon answered with an error.
    public static func redeem(
        ticket: String, secret: SecretBytes?, path: String, listener: UInt32, seconds: Int = 60
    ) throws(WireError) -> [String: JSON] {
        try exchange(
            ticket: ticket, secret: secret, path: path, listener: listener, seconds: seconds
        ).parameters
    }

    /// The same where a secret comes back behind the answer's line: from the kernel to locked
    /// memory and nowhere else.
    ///
    /// - Throws: ``WireError``; `malformed` where none comes, or another length than was said.
    public static func fetch(
        ticket: String, sending secret: SecretBytes, path: String, listener: UInt32,
        seconds: Int = 60
    ) throws(WireError) -> SecretBytes {
        let answer = try exchange(
            ticket: ticket, secret: secret, path: path, listener: listener, seconds: seconds)
        guard let secret = answer.secret else { throw .malformed("no secret came") }
        return secret
    }

    private struct Answer {
        let parameters: [String: JSON]
        let secret: SecretBytes?
    }

    private static func exchange(
        ticket: String, secret: SecretBytes?, path: String, listener: UInt32, seconds: Int
    ) throws(WireError) -> Answer {
        let count = secret?.count ?? 0
        guard ticket.utf8.count == 32, secret == nil || (1...Limits.secretBytesMax).contains(count)
        else {
            throw .malformed("a ticket has 32 digits and a secret 1 to 255 bytes")
        }
        let socket = try connected(to: path)
        let peer = try peer(of: socket, path)
        guard peer.uid == listener else {
            throw .wrongListener(path: path, uid: peer.uid, expected: [listener])
        }
        do {
            let deadline = UnixSocket.now + UInt64(seconds) * 1_000_000_000
            let head = Array(ticket.utf8) + [UInt8(count)]
            do {
                var sent = try UnixSocket.write(head, to: socket, until: deadline)
                if let secret, sent {
                    sent = try UnixSocket.write(secret, to: socket, until: deadline)
                }
                guard sent else { throw WireError.timedOut(seconds: seconds) }
            } catch let error as SystemError where error.code == EPIPE {
                // Refused before everything was written: the answer says why.
            }
            let line = try answer(from: socket, until: deadline, seconds: seconds)
            let reply = try Reply(frame: line)
            if let name = reply.error { throw WireError.refused(.init(name, reply.parameters)) }
            guard case .number(let count)? = reply.parameters["bytes"] else {
                return Answer(parameters: reply.parameters, secret: nil)
            }
            return Answer(
                parameters: reply.parameters,
                secret: try follow(count, from: socket, until: deadline, seconds: seconds))
        } catch let error as WireError {
            throw error
        } catch let error as SystemError {
            throw .broken(error)
        } catch {
            throw .malformed("the answer is no reply")
        }
    }

    private static func connected(to path: String) throws(WireError) -> UnixSocket {
        do {
            let socket = try UnixSocket()
            try socket.connect(to: path)
            return socket
        } catch {
            throw .notReachable(path: path, reason: error)
        }
    }

    private static func peer(
        of socket: borrowing UnixSocket, _ path: String
    ) throws(WireError) -> Peer {
        do {
            return try Peer(of: socket.descriptor)
        } catch {
            throw .notReachable(path: path, reason: error)
        }
    }

    /// Reads the secret that follows a line.
    private static func follow(
        _ count: Int, from socket: borrowing UnixSocket, until deadline: UInt64, seconds: Int
    ) throws -> SecretBytes {
        guard (1...Limits.secretBytesMax).contains(count) else {
            throw WireError.malformed("a secret has 1 to \(Limits.secretBytesMax) bytes")
        }
        let secret: SecretBytes
        do { secret = try SecretBytes(capacity: count) } catch {
            throw WireError.malformed("no memory could be locked for a secret: raise ulimit -l")
        }
        let descriptor = socket.descriptor
        while secret.count < count {
            guard try socket.wait(for: POLLIN, until: deadline) else {
                throw WireError.timedOut(seconds: seconds)
            }
            let got = unsafe secret.fill { free in
                unsafe recv(descriptor, free.baseAddress, free.count, Int32(MSG_DONTWAIT))
            }
            if got == 0 { throw WireError.closed }
            if got < 0, errno != EINTR, errno != EAGAIN { throw SystemError("recv") }
        }
        secret.seal()
        return secret
    }

    private static func answer(
        from socket: borrowing UnixSocket, until deadline: UInt64, seconds: Int
    ) throws -> [UInt8] {
        var line: [UInt8] = []
        while line.count <= Limits.unlockAnswerBytesMax {
            guard try socket.wait(for: POLLIN, until: deadline) else {
                throw WireError.timedOut(seconds: seconds)
            }
            var byte: UInt8 = 0
            let count = unsafe recv(socket.descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            if count == 1 {
                if byte == UInt8(ascii: "\n") { return line }
                line.append(byte)
            } else if count == 0 || errno == ECONNRESET {
                throw WireError.closed
            } else if errno != EINTR, errno != EAGAIN {
                throw SystemError("recv")
            }
        }
        throw WireError.malformed("an answer of more than one line")
    }
}
