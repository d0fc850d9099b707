// From a frame to a handler and back to a last reply, whatever happens on the way. No socket is
// known here, so tests talk to handlers through it without one.

import CeremonyRecord
import CeremonyWire
import Logging

/// The interfaces of a service and how calls reach them.
struct Switchboard: Sendable {
    private struct Entry: Sendable {
        let interface: any VarlinkInterface
        let description: InterfaceDescription
    }

    private let entries: [String: Entry]
    private let limits: Limits
    private let logger: Logger

    /// - Throws: ``InterfaceDescription/Fault`` if a definition is wrong or has another name.
    init(
        _ interfaces: [any VarlinkInterface], info: ServiceInfo, limits: Limits, logger: Logger
    ) throws(InterfaceDescription.Fault) {
        var descriptions: [String: String] = [:]
        for interface in interfaces { descriptions[interface.name] = interface.description }
        let service = ServiceInterface(info: info, descriptions: descriptions)
        var entries: [String: Entry] = [:]
        for interface in interfaces + [service] {
            let description = try InterfaceDescription(interface.description)
            guard description.name == interface.name, entries[interface.name] == nil else {
                throw InterfaceDescription.Fault(line: 1, expected: "interface \(interface.name)")
            }
            entries[interface.name] = Entry(interface: interface, description: description)
        }
        self.entries = entries
        self.limits = limits
        self.logger = logger
    }

    /// Answers one frame.
    ///
    /// - Throws: ``MalformedMessage`` if it is no call; then nothing has been answered.
    func answer(
        _ frame: [UInt8], from peer: Peer, through sink: any ReplySink
    ) async throws(MalformedMessage) {
        let call = try Call(frame: frame, limits: limits)
        let reply = ReplyStream(to: call, through: sink, limits: limits)
        let last: VarlinkError
        do {
            try await pass(call, from: peer, reply)
            guard !reply.isFinished else { return }
            logger.error("no last reply", metadata: ["method": "\(call.method)"])
            last = .internalError
        } catch let error as VarlinkError {
            last = error
        } catch let fault as ReplyStream.Fault {
            guard fault != .callerGone, !reply.isFinished else { return }
            logger.error("reply: \(fault)", metadata: ["method": "\(call.method)"])
            last = .internalError
        } catch let lagged as WatchHub.Lagged {
            last = .lagged(resumeFrom: lagged.resumeFrom)
        } catch is CancellationError {
            last = .stopping
        } catch {
            logger.error(
                "call failed", metadata: ["method": "\(call.method)", "error": "\(error)"])
            last = .internalError
        }
        // If this cannot be sent either, the caller has left or has had its last reply.
        try? await reply.fail(last)
    }

    private func pass(_ call: Call, from peer: Peer, _ reply: ReplyStream) async throws {
        guard let name = call.interface, let entry = entries[name] else {
            throw VarlinkError.interfaceNotFound(call.interface ?? call.method)
        }
        guard let method = entry.description.methods[call.member] else {
            throw VarlinkError.methodNotFound(call.method)
        }
        guard !call.upgrade else { throw VarlinkError.methodNotImplemented(call.method) }
        if let fault = entry.description.firstFault(in: call.parameters, against: method.input) {
            throw VarlinkError.invalidParameter(fault)
        }
        try await entry.interface.call(call, from: peer, reply: reply)
    }
}
