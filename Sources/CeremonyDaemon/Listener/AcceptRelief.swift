// What happens when the system has no descriptor for a newcomer. The check at start keeps enough of
// them; should they be short all the same, the rule for places decides, and accepting goes on.

import CeremonyWire
import NIOCore

/// Makes room when accepting failed for want of descriptors or memory.
final class AcceptRelief: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let connections: Connections

    init(for connections: Connections) {
        self.connections = connections
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Such an error is of one newcomer or of the system, and never ends the listening.
        if error is IOError { connections.relieve() }
    }
}
