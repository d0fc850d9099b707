// The unlock socket's one thread: accept, check the user, ticket, length, secret, answer. Nothing
// but the ticket and the length is ever in ordinary memory.

import CPlatform
import CeremonyRecord
import CeremonyWire
import Dispatch
import Glibc
import Logging
import Sodium
import Synchronization

extension UnlockSocket {
    /// Serves callers one after the other until `wake` becomes readable.
    func serve(_ listener: Int32, until wake: Int32) {
        while true {
            var entries = [
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&entries, 2, -1) > 0 else { continue }
            if entries[0].revents != 0 { return }
            let caller = ceremony_accept(listener)
            if caller >= 0 {
                serve(UnixSocket(descriptor: caller))
            } else if errno != EAGAIN, errno != EINTR, errno != ECONNABORTED {
                // No descriptors are left: wait for some to come back, or for the end.
                logger.error("accept failed", metadata: ["error": "\(SystemError("accept"))"])
                unsafe poll(&entries, 1, 1000)
            }
        }
    }

    private func serve(_ caller: consuming UnixSocket) {
        let deadline = UnixSocket.now + UInt64(limits.unlockSeconds) * 1_000_000_000
        let reply: Reply
        var secret: SecretBytes?
        do throws(VarlinkError) {
            let answer = try answer(caller, until: deadline)
            reply = Reply(answer.parameters)
            secret = answer.secret
        } catch {
            reply = Reply(error)
        }
        var line = reply.frame
        if line.count - 1 > Limits.unlockAnswerBytesMax { line = Reply(.replyTooLarge).frame }
        line[line.count - 1] = UInt8(ascii: "\n")
        let answerBy = UnixSocket.now + UInt64(limits.unlockSeconds) * 1_000_000_000
        // A caller that left does not learn how it ended; the log of the daemon tells.
        let isThere = (try? UnixSocket.write(line, to: caller, until: answerBy)) == true
        if let secret, isThere {
            _ = try? UnixSocket.write(secret, to: caller, until: answerBy)
        }
    }

    private func answer(
        _ caller: borrowing UnixSocket, until deadline: UInt64
    ) throws(VarlinkError) -> SecretAnswer {
        guard let peer = try? Peer(of: caller.descriptor) else { throw .internalError }
        guard uids.contains(peer.uid) else { throw .unlockNotPermitted(peer.uid) }
        var ticket: [UInt8] = []
        while ticket.count < 32 { ticket.append(try readByte(from: caller, until: deadline)) }
        guard let order = redeem(ticket, by: peer.uid) else {
            throw .refused(
                "ticket-invalid", "The ticket is unknown, used or too old.",
                next: "Nothing was tried on the token. Ask again.")
        }
        let count = Int(try readByte(from: caller, until: deadline))
        // No byte: the token's own device asks for the PIN.
        let secret = count == 0 ? nil : try readSecret(count, from: caller, until: deadline)
        return try use(secret, for: order, peer)
    }

    private func readByte(
        from caller: borrowing UnixSocket, until deadline: UInt64
    ) throws(VarlinkError) -> UInt8 {
        var byte: UInt8 = 0
        while true {
            try waitToRead(caller, until: deadline)
            let count = unsafe recv(caller.descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            if count == 1 { return byte }
            guard count < 0, errno == EAGAIN || errno == EINTR else { throw .secretIncomplete }
        }
    }

    private func readSecret(
        _ count: Int, from caller: borrowing UnixSocket, until deadline: UInt64
    ) throws(VarlinkError) -> SecretBytes {
        guard let secret = try? SecretBytes(capacity: count) else {
            throw .refused(
                "memory-not-locked", "No memory could be locked for the PIN, so it was not read.",
                next: "Raise RLIMIT_MEMLOCK of the daemon (ulimit -l), and start it again.")
        }
        let descriptor = caller.descriptor
        while secret.count < count {
            try waitToRead(caller, until: deadline)
            let got = unsafe secret.fill { free in
                unsafe recv(descriptor, free.baseAddress, free.count, Int32(MSG_DONTWAIT))
            }
            if got > 0 { continue }
            guard got < 0, errno == EAGAIN || errno == EINTR else { throw .secretIncomplete }
        }
        secret.seal()
        return secret
    }

    private func waitToRead(
        _ caller: borrowing UnixSocket, until deadline: UInt64
    ) throws(VarlinkError) {
        guard (try? caller.wait(for: POLLIN, until: deadline)) == true else {
            throw .secretIncomplete
        }
    }

    /// Has the secret used, and waits for that: this thread has nothing else to do.
    private func use(
        _ secret: SecretBytes?, for order: Order, _ peer: Peer
    ) throws(VarlinkError) -> SecretAnswer {
        let box = ResultBox()
        Task { [handler] in
            do throws(VarlinkError) {
                box.put(.success(try await handler(order, secret, peer)))
            } catch {
                box.put(.failure(error))
            }
        }
        return try box.take().get()
    }
}

/// Brings one result from a task to a thread that waits for it.
private final class ResultBox: Sendable {
    private let result = Mutex<Result<SecretAnswer, VarlinkError>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    func put(_ value: Result<SecretAnswer, VarlinkError>) {
        result.withLock { $0 = value }
        done.signal()
    }

    func take() -> Result<SecretAnswer, VarlinkError> {
        done.wait()
        return result.withLock { $0 } ?? .failure(.internalError)
    }
}

extension VarlinkError {
    fileprivate static let secretIncomplete = VarlinkError.refused(
        "secret-incomplete", "What was to follow the ticket did not arrive whole and in time.",
        next: "Nothing was tried on the token. Ask again.")
}
