// The line to the daemon: calls by method name, and every way a call can fail turned into the words
// and the exit status of this client.

import CeremonyRecord
import CeremonyTerminal
import CeremonyWire

/// A connection to the daemon, for one run of the client.
final class Connection {
    /// The user that listens at the other end; the unlock socket must be that user's too.
    var listener: UInt32 { client.listener.uid }

    private let path: String
    private var client: WireClient
    private var lastUse: UInt64

    /// Seconds after which a line is made anew before it is used: a person reads and types for
    /// longer than the daemon keeps one that is idle.
    private static let freshSeconds: UInt64 = 3

    /// Connects to the socket.
    ///
    /// - Throws: `daemon-unreachable` (69), `socket-forbidden` or `wrong-listener` (77).
    init(socket path: String) throws(ClientError) {
        self.path = path
        do {
            client = try WireClient(path: path)
        } catch {
            throw ClientError(error)
        }
        lastUse = UnixSocket.now
    }

    /// The line, which is not one that may just be closing at the other end. Whoever listens is the
    /// user who did before.
    private func line() throws(ClientError) -> WireClient {
        guard UnixSocket.now > lastUse + Connection.freshSeconds * 1_000_000_000 else {
            return client
        }
        do {
            client = try WireClient(path: path, trusted: [listener])
        } catch {
            throw ClientError(error)
        }
        return client
    }

    /// Calls a method of `org.ceremonyd.Ceremony` by its short name and returns its one reply.
    func call(
        _ method: String, _ parameters: [String: JSON] = [:], seconds: Int = 30
    ) throws(ClientError) -> [String: JSON] {
        let client = try line()
        defer { lastUse = UnixSocket.now }
        do {
            return try client.call(Connection.fullName(method), parameters, seconds: seconds)
        } catch {
            throw ClientError(error)
        }
    }

    /// Calls a method that answers with many replies, and hands each to `take` until there are no
    /// more or `take` returns `false`.
    ///
    /// - Parameter secondsEach: how long each reply may take; `nil` waits for ever.
    func callMore(
        _ method: String, _ parameters: [String: JSON] = [:], secondsEach: Int? = nil,
        take: (_ reply: [String: JSON]) throws(ClientError) -> Bool
    ) throws(ClientError) {
        let client = try line()
        defer { lastUse = UnixSocket.now }
        var replies: WireClient.Replies
        do {
            replies = try client.callMore(
                Connection.fullName(method), parameters, secondsEach: secondsEach)
        } catch {
            throw ClientError(error)
        }
        while true {
            let reply: [String: JSON]?
            do {
                reply = try replies.next()
            } catch {
                throw ClientError(error)
            }
            guard let reply, try take(reply) else { return }
        }
    }

    /// A name with a full stop is a full name already.
    private static func fullName(_ method: String) -> String {
        method.utf8.contains(UInt8(ascii: ".")) ? method : CeremonyInterface.name + "." + method
    }
}
