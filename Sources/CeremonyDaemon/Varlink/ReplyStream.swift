// How a handler answers. Each reply is handed to the kernel before the next is made, so a slow
// caller slows its own handler down and nobody else's.

public import CeremonyRecord
public import CeremonyWire
import Synchronization

/// Where replies go: a connection, or in a test an array.
protocol ReplySink: Sendable {
    /// Returns when the reply is on its way.
    func write(_ frame: [UInt8]) async throws(ReplyStream.Fault)
    /// The call said `more`.
    func takesMany()
}

/// The answer to one call: any number of replies that continue, where the caller asked for them,
/// and exactly one that does not.
///
/// A handler that returns without that last one is answered for with `InternalError`.
public final class ReplyStream: Sendable {
    /// Why a reply could not be sent.
    public enum Fault: Error, Hashable, Sendable {
        /// The caller has closed the connection, or was too slow to read.
        case callerGone
        /// The last reply had been sent already.
        case alreadyFinished
        /// The caller did not say `more`, and so gets one reply only.
        case moreNotAskedFor
        /// The reply is larger than a reply may be; the caller has been told so.
        case tooLarge
    }

    /// Whether the caller takes more than one reply.
    public let wantsMore: Bool
    private let isOneway: Bool
    private let limits: Limits
    private let sink: any ReplySink
    private let finished = Mutex(false)

    init(to call: Call, through sink: any ReplySink, limits: Limits) {
        wantsMore = call.more
        isOneway = call.oneway
        self.limits = limits
        self.sink = sink
        if wantsMore { sink.takesMany() }
    }

    /// Whether the last reply has been sent.
    public var isFinished: Bool { finished.withLock { $0 } }

    /// Sends a reply, and returns when the kernel has taken all of it.
    ///
    /// - Parameter continues: whether another reply follows.
    /// - Throws: ``Fault``.
    public func send(
        _ parameters: [String: JSON] = [:], continues: Bool = false
    ) async throws(Fault) {
        try await send(frame: Reply(parameters, continues: continues).frame, continues: continues)
    }

    /// As ``send(_:continues:)``, for parameters that are encoded already (one JSON object).
    public func send(encoded: [UInt8], continues: Bool) async throws(Fault) {
        try await send(
            frame: Reply.frame(encodedParameters: encoded, continues: continues),
            continues: continues)
    }

    /// Sends an error, which is the last reply.
    ///
    /// - Throws: ``Fault``.
    public func fail(_ error: VarlinkError) async throws(Fault) {
        try await send(frame: Reply(error).frame, continues: false)
    }

    private func send(frame: [UInt8], continues: Bool) async throws(Fault) {
        if continues, !wantsMore { throw .moreNotAskedFor }
        let isLarge = frame.count - 1 > limits.replyBytesMax
        let wasFinished = finished.withLock { finished in
            defer { if !continues || isLarge { finished = true } }
            return finished
        }
        guard !wasFinished else { throw .alreadyFinished }
        if !isOneway {
            try await sink.write(isLarge ? Reply(.replyTooLarge).frame : frame)
        }
        if isLarge { throw .tooLarge }
    }
}
