// The varlink socket as a service: listens, answers, and on SIGTERM or SIGINT stops in order:
// nobody new, running calls finished, watchers told, the socket's path removed.

import CPlatform
public import CeremonyWire
import Glibc
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// Serves varlink interfaces on one Unix socket.
public struct VarlinkServer: Service {
    private let place: ListeningSocket.Place
    private let limits: Limits
    private let thread: EventThread
    private let logger: Logger
    private let switchboard: Switchboard
    private let onListening: @Sendable () -> Void

    /// A server that is not listening yet.
    ///
    /// - Parameters:
    ///   - path: where the socket goes, at most 107 bytes; a lock file with `.lock` behind the same
    ///     name stays beside it.
    ///   - mode: the permission bits of the socket.
    ///   - group: the group of the socket; `nil` leaves the process's own.
    ///   - thread: where connections are read and written.
    ///   - onListening: called once, when the first caller can connect.
    /// - Throws: ``InterfaceDescription/Fault`` if an interface's definition is wrong.
    public init(
        path: String, mode: UInt32 = 0o600, group: UInt32? = nil,
        interfaces: [any VarlinkInterface], info: ServiceInfo, limits: Limits = .standard,
        thread: EventThread, logger: Logger, onListening: @escaping @Sendable () -> Void = {}
    ) throws(InterfaceDescription.Fault) {
        place = ListeningSocket.Place(path: path, mode: mode, group: group)
        self.limits = limits
        self.thread = thread
        self.logger = logger
        self.onListening = onListening
        switchboard = try Switchboard(interfaces, info: info, limits: limits, logger: logger)
    }

    /// Listens until the service group stops or the task is cancelled.
    ///
    /// - Throws: ``ListenError`` if the socket cannot be put in place.
    public func run() async throws {
        let socket = try ListeningSocket(at: place)
        let calls = CallGate()
        let loop = thread.loop
        let connections: NIOLoopBound<Connections>
        let channel: any Channel
        do {
            (connections, channel) = try await open(socket, calls, loop)
        } catch {
            socket.removePath()
            throw error
        }
        logger.info("listening", metadata: ["socket": "\(place.path)"])
        onListening()
        let endsListening: @Sendable () -> Void = { channel.close(promise: nil) }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await channel.closeFuture.get()
            } onGracefulShutdown: {
                endsListening()
            }
        } onCancel: {
            endsListening()
        }
        socket.removePath()
        await drain(connections, calls, loop)
        logger.info("stopped listening", metadata: ["socket": "\(place.path)"])
    }

    private func open(
        _ socket: ListeningSocket, _ calls: CallGate, _ loop: any EventLoop
    ) async throws -> (NIOLoopBound<Connections>, any Channel) {
        let connections = try await loop.submit { [limits, logger, switchboard] in
            let answerer: Connections.Answerer = { frame, peer, sink in
                do {
                    try await switchboard.answer(frame, from: peer, through: sink)
                } catch {
                    await sink.malformed()
                }
            }
            return NIOLoopBound(
                Connections(
                    on: loop, limits: limits, logger: logger, calls: calls, answerer: answerer),
                eventLoop: loop)
        }.get()
        let channel = try await ServerBootstrap(group: loop)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: true) { _ in
                            .milliseconds(10)
                        },
                        AcceptRelief(for: connections.value))
                }
            }
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Limits.readBytes)
            )
            .childChannelInitializer { connections.value.accept($0) }
            .withBoundSocket(socket.descriptor).get()
        return (connections, channel)
    }

    /// Lets running calls finish, for a bounded time.
    private func drain(
        _ connections: NIOLoopBound<Connections>, _ calls: CallGate, _ loop: any EventLoop
    ) async {
        loop.execute { connections.value.stop() }
        let deadline = loop.scheduleTask(in: .seconds(Int64(limits.stopSeconds))) {
            calls.giveUp()
        }
        if await !calls.waitUntilEmpty() {
            logger.warning("calls were still running when their time to finish was over")
        }
        deadline.cancel()
        try? await loop.submit { connections.value.closeAll() }.get()
    }
}
