// All connections of one socket: who has a place, what has taken too long, what waits to be read.
// Lives on the event loop's one thread. One timer looks at all of them; it reads the clock each
// time and so does not mind a clock that jumps.

import CPlatform
import CeremonyWire
import Glibc
import Logging
import NIOCore

/// The connections of one listening socket.
final class Connections {
    /// Answers one call; runs in a task of its own.
    typealias Answerer = @Sendable ([UInt8], Peer, CallerSink) async -> Void

    let limits: Limits
    /// How many bytes of replies wait in all.
    var outboundBytes = 0
    private(set) var isStopping = false
    private let loop: any EventLoop
    private let logger: Logger
    private let calls: CallGate
    private let answerer: Answerer
    private var open: [Int: Connection] = [:]
    private var lastID = 0
    private var sweeping: RepeatedTask?
    private var endings: [Connection.Ending: Int] = [:]
    private var lastReport: Connection.Instant = 0

    init(
        on loop: any EventLoop, limits: Limits, logger: Logger, calls: CallGate,
        answerer: @escaping Answerer
    ) {
        self.loop = loop
        self.limits = limits
        self.logger = logger
        self.calls = calls
        self.answerer = answerer
    }

    /// The monotonic clock.
    var now: Connection.Instant { UnixSocket.now }

    /// Takes a connection that was just accepted: reads who it is, and makes room for it.
    func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let socket = channel as? any SocketOptionProvider, !isStopping else {
            return loop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        let option = NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        let credentials: EventLoopFuture<ceremony_peer> =
            socket.unsafeGetSocketOption(level: .socket, name: option)
        return credentials.assumeIsolated().flatMapThrowing { found in
            let peer = Peer(pid: found.pid, uid: found.uid, gid: found.gid)
            try self.admit(channel, peer)
        }.nonisolated()
    }

    func remove(_ connection: Connection) {
        open[connection.id] = nil
        if open.isEmpty {
            sweeping?.cancel()
            sweeping = nil
            report(at: now, evenIfRecent: isStopping)
        }
    }

    func count(_ ending: Connection.Ending) {
        endings[ending, default: 0] += 1
    }

    func answer(_ frame: [UInt8], from peer: Peer, through sink: CallerSink) {
        calls.enter()
        // A task for each call: the sink holds it and cancels it when a watcher leaves, and the
        // gate lets a stop wait for it.
        let task = Task { [answerer, calls] in
            await answerer(frame, peer, sink)
            sink.finished()
            calls.leave()
        }
        sink.answers(task)
    }

    /// Keeps what waits to be read within its bound: the reply that has waited longest goes, with
    /// its connection. A caller that reads is never that one for long.
    func boundOutbound() {
        guard outboundBytes > limits.outboundBytesMax else { return }
        let stalled = open.values.filter { $0.state.stalledSince != nil && $0.outboundBytes > 0 }
        let longest = stalled.min {
            ($0.state.stalledSince ?? 0, $0.id) < ($1.state.stalledSince ?? 0, $1.id)
        }
        longest?.close(.outboundFull)
    }

    /// Gives a descriptor back to a system that has none left.
    func relieve() {
        guard let goes = Places.makesRoom(among: open.values.map { holder($0) }) else { return }
        open[goes]?.close(.displaced)
    }

    /// Lets nobody in any more, and everybody go who is not being answered.
    func stop() {
        isStopping = true
        for connection in open.values { connection.stop() }
    }

    /// Ends what is left.
    func closeAll() {
        for connection in open.values { connection.close(.stopping) }
    }

    private func admit(_ channel: any Channel, _ peer: Peer) throws {
        lastID += 1
        let connection = Connection(id: lastID, peer: peer, channel: channel, in: self)
        let places = Places(perUid: limits.connectionsPerUidMax, inAll: limits.connectionsMax)
        let goes = places.makesRoom(
            for: holder(connection), among: open.values.map { holder($0) })
        guard goes != connection.id else {
            count(.displaced)
            throw ChannelError.ioOnClosedChannel
        }
        if let goes { open[goes]?.close(.displaced) }
        try channel.pipeline.syncOperations.addHandler(connection)
        open[connection.id] = connection
        if sweeping == nil {
            let every = TimeAmount.milliseconds(500)
            let bound = NIOLoopBound(self, eventLoop: loop)
            sweeping = loop.scheduleRepeatedTask(initialDelay: every, delay: every) { _ in
                bound.value.sweep()
            }
        }
    }

    private func holder(_ connection: Connection) -> Places.Holder {
        Places.Holder(
            id: connection.id, uid: connection.peer.uid, standing: connection.state.standing,
            since: connection.state.since)
    }

    private func sweep() {
        let now = now
        for connection in open.values {
            if let ending = connection.state.overdue(at: now) { connection.close(ending) }
        }
        report(at: now, evenIfRecent: false)
    }

    /// Logs how connections were ended, folded: a hostile caller must not be able to fill a disk.
    private func report(at now: Connection.Instant, evenIfRecent: Bool) {
        let told = endings.filter { $0.key != .finished && $0.key != .stopping }
        guard !told.isEmpty, evenIfRecent || now - lastReport >= 10_000_000_000 else { return }
        lastReport = now
        endings = [:]
        logger.notice(
            "connections ended by the daemon",
            metadata: Logger.Metadata(
                uniqueKeysWithValues: told.map { ($0.key.rawValue, "\($0.value)") }))
    }
}
