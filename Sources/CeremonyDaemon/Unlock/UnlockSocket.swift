// The second socket, for secrets only. A secret never passes through the varlink socket: network
// libraries and JSON readers leave copies behind. Here one plain thread reads it with recv(2)
// straight into locked memory.

import CPlatform
public import CeremonyRecord
public import CeremonyWire
import Glibc
public import Logging
public import ServiceLifecycle
public import Sodium
import Synchronization

/// Takes secrets for orders that were announced on the varlink socket.
///
/// One caller at a time, each within a deadline, only of the users that the configuration names.
public final class UnlockSocket<Order: Sendable>: Service {
    /// Uses a secret for an order. The secret is sealed and goes when the last reference does;
    /// there is none where the token's own device asks for it.
    ///
    /// What it returns, or the error it throws, is the answer to the caller.
    public typealias Handler =
        @Sendable (Order, SecretBytes?, Peer) async throws(VarlinkError) -> SecretAnswer

    /// The socket's path.
    public let path: String
    let limits: Limits
    let uids: Set<UInt32>
    let handler: Handler
    let logger: Logger
    private let mode: UInt32
    private let group: UInt32?
    private let tickets = Mutex(Tickets<Order>())
    private let onListening: @Sendable () -> Void

    /// A socket that is not listening yet.
    ///
    /// - Parameters:
    ///   - path: where the socket goes, at most 107 bytes.
    ///   - uids: the users that may hand secrets over.
    ///   - onListening: called once, when the first caller can connect.
    ///   - handler: uses the secrets.
    public init(
        path: String, mode: UInt32 = 0o600, group: UInt32? = nil, uids: Set<UInt32>,
        limits: Limits = .standard, logger: Logger,
        onListening: @escaping @Sendable () -> Void = {}, handler: @escaping Handler
    ) {
        self.path = path
        self.mode = mode
        self.group = group
        self.uids = uids
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
        self.handler = handler
    }

    /// Gives out a ticket for an order to a caller on the varlink socket.
    ///
    /// - Throws: `Refused` with the code `not-permitted` if the configuration does not name the
    ///   caller's user.
    public func issue(_ order: Order, to peer: Peer) throws(VarlinkError) -> String {
        try checkPermitted(peer)
        let now = UnixSocket.now
        let until = now + UInt64(limits.ticketSeconds) * 1_000_000_000
        let random = randomBytes(16)
        return tickets.withLock {
            $0.issue(for: order, to: peer.uid, random: random, until: until, now: now)
        }
    }

    /// Refuses a caller whose user may not hand secrets over.
    ///
    /// - Throws: `Refused` with the code `not-permitted`.
    public func checkPermitted(_ peer: Peer) throws(VarlinkError) {
        guard uids.contains(peer.uid) else { throw .unlockNotPermitted(peer.uid) }
    }

    func redeem(_ digits: [UInt8], by uid: UInt32) -> Order? {
        let now = UnixSocket.now
        return tickets.withLock { $0.redeem(digits, by: uid, now: now) }
    }

    /// Listens until the service group stops or the task is cancelled.
    ///
    /// A secret that has been handed over by then is used to its end.
    ///
    /// - Throws: ``ListenError`` if the socket cannot be put in place.
    public func run() async throws {
        let place = ListeningSocket.Place(path: path, mode: mode, group: group)
        let socket = try ListeningSocket(at: place)
        let wake = ceremony_event_open()
        guard wake >= 0 else { throw ListenError.failed(path, SystemError("eventfd")) }
        defer {
            socket.removePath()
            close(socket.descriptor)
            close(wake)
        }
        logger.info("listening", metadata: ["socket": "\(path)"])
        onListening()
        let ends: @Sendable () -> Void = { ceremony_event_raise(wake) }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await PlainThread.run { self.serve(socket.descriptor, until: wake) }
            } onGracefulShutdown: {
                ends()
            }
        } onCancel: {
            ends()
        }
    }
}

/// The answer on the socket for secrets: a line, and behind it a secret where one was asked for.
public struct SecretAnswer: Sendable {
    /// The line's parameters. Where a secret follows, `bytes` says how many.
    public let parameters: [String: JSON]
    /// What follows the line.
    public let secret: SecretBytes?

    /// An answer.
    public init(_ parameters: [String: JSON], secret: SecretBytes? = nil) {
        self.parameters = parameters.merging(
            secret.map { ["bytes": .number($0.count)] } ?? [:]
        ) { $1 }
        self.secret = secret
    }
}

extension VarlinkError {
    static func unlockNotPermitted(_ uid: UInt32) -> VarlinkError {
        .refused(
            "not-permitted", "The user with uid \(uid) may not unlock or lock tokens.",
            next: "Those whom the configuration names as unlock.uids may.")
    }
}
