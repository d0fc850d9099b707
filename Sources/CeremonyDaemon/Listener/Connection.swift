// One connection on the event loop: the hands of `Connection.State`. Everything here runs on the
// loop's one thread; a call is answered in a task of its own, which reaches back through a
// `CallerSink`.

import CeremonyWire
import NIOCore

/// One connection: reads when told to, has calls answered, closes.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let id: Int
    let peer: Peer
    private(set) var state: State
    /// How many bytes of replies wait for the caller to read them.
    private(set) var outboundBytes = 0
    private let connections: Connections
    private let channel: any Channel
    private let sink: CallerSink

    init(id: Int, peer: Peer, channel: any Channel, in connections: Connections) {
        self.id = id
        self.peer = peer
        self.channel = channel
        self.connections = connections
        state = State(limits: connections.limits, now: connections.now)
        sink = CallerSink(loop: channel.eventLoop)
    }

    func channelActive(context: ChannelHandlerContext) {
        sink.connect(to: self)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        perform(state.received(buffer.readableBytesUInt8Span, at: connections.now))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            perform(state.inputEnded(at: connections.now))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Whoever leaves ends a watch. Any other call runs to its end: it may be at a token.
        sink.disconnect()
        connections.remove(self)
    }

    /// Ends the connection now.
    func close(_ ending: Ending) {
        connections.count(ending)
        channel.close(promise: nil)
    }

    /// The daemon stops: watches end with an error that says so, other calls are finished.
    func stop() {
        sink.endWatches()
        perform(state.stop())
    }

    /// The call being answered takes many replies.
    func isWatching() {
        state.isWatching(at: connections.now)
    }

    /// The last reply has been written, or there is none to write.
    func answered() {
        guard channel.isActive else { return }
        perform(state.answered(at: connections.now))
    }

    /// Writes a reply; the promise is kept when the kernel has all of it.
    func write(_ frame: [UInt8], _ promise: EventLoopPromise<Void>) {
        guard channel.isActive else { return promise.fail(ChannelError.ioOnClosedChannel) }
        let size = frame.count
        outboundBytes += size
        state.writes(at: connections.now)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.outboundBytes -= size
            self.connections.outboundBytes -= size
            self.state.wrote()
        }
        connections.outboundBytes += size
        channel.writeAndFlush(channel.allocator.buffer(bytes: frame), promise: promise)
        connections.boundOutbound()
    }

    private func perform(_ action: Action) {
        switch action {
        case .read: channel.read()
        case .wait: break
        case .close(let ending): close(ending)
        case .answer(let frame):
            connections.answer(frame, from: peer, through: sink)
        }
    }
}
