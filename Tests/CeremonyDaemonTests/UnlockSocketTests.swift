// The unlock socket for real: what reaches the handler, and what never does.

import CeremonyRecord
import CeremonyWire
import Glibc
import Logging
import ServiceLifecycle
import Sodium
import Synchronization
import Testing

@testable import CeremonyDaemon

@Suite("The unlock socket")
struct UnlockSocketTests {
    private func secret(_ text: String) throws -> SecretBytes {
        let secret = try SecretBytes(capacity: 255)
        _ = unsafe secret.fill { free in
            unsafe free.copyBytes(from: text.utf8)
            return text.utf8.count
        }
        secret.seal()
        return secret
    }

    private var me: Peer { Peer(pid: getpid(), uid: geteuid(), gid: getegid()) }

    /// Runs a socket whose handler answers how many bytes the secret has and their sum.
    private func withSocket(
        uids: Set<UInt32>? = nil, limits: Limits = .standard,
        _ body: @Sendable (UnlockSocket<String>) async throws -> Void
    ) async throws {
        let directory = TestDirectory()
        let listening = Gate()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let socket = UnlockSocket<String>(
            path: directory.path + "/u", uids: uids ?? [geteuid()], limits: limits,
            logger: logger, onListening: { listening.open() }
        ) { order, secret, peer throws(VarlinkError) in
            guard order != "refuse" else {
                throw .refused("pin-incorrect", "wrong", next: nil)
            }
            let sum = unsafe secret?.withBytes { unsafe $0.reduce(0) { $0 + Int($1) } }
            return SecretAnswer(
                [
                    "order": .string(order), "count": .number(secret?.count ?? 0),
                    "sum": .number(sum ?? 0),
                    "uid": .number(Int(peer.uid)),
                ], secret: order == "echo" ? secret : nil)
        }
        let group = ServiceGroup(services: [socket], logger: logger)
        async let running: Void = {
            defer { listening.open() }
            try await group.run()
        }()
        await listening.wait()
        let result: Result<Void, any Error>
        do { result = .success(try await body(socket)) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        #expect(unsafe access(directory.path + "/u", F_OK) != 0, "the socket is removed")
        try result.get()
    }

    @Test(
        "a secret reaches the handler whole, for the order of its ticket", arguments: [1, 6, 255])
    func roundTrip(count: Int) async throws {
        try await withSocket { socket in
            let ticket = try socket.issue("house", to: me)
            let answer = try await onThread {
                let secret = try secret(String(repeating: "7", count: count))
                return try UnlockClient.redeem(
                    ticket: ticket, secret: secret, path: socket.path, listener: geteuid())
            }
            #expect(
                answer == [
                    "order": .string("house"), "count": .number(count),
                    "sum": .number(count * 0x37), "uid": .number(Int(geteuid())),
                ])
        }
    }

    @Test("a secret that is the answer comes back whole behind its line", arguments: [1, 65, 255])
    func answeredBySecret(count: Int) async throws {
        try await withSocket { socket in
            let ticket = try socket.issue("echo", to: me)
            let bytes = try await onThread {
                let back = try UnlockClient.fetch(
                    ticket: ticket, sending: try secret(String(repeating: "7", count: count)),
                    path: socket.path, listener: geteuid())
                return unsafe back.withBytes { unsafe Array($0) }
            }
            #expect(bytes == [UInt8](repeating: 0x37, count: count))
        }
    }

    @Test("an answer without a secret is none where one is wanted, and a refusal comes through")
    func noSecret() async throws {
        try await withSocket { socket in
            for (order, isRefused) in [("house", false), ("refuse", true)] {
                let ticket = try socket.issue(order, to: me)
                let pin = try secret("123456")
                let error = try await onThread { () -> WireError? in
                    do throws(WireError) {
                        _ = try UnlockClient.fetch(
                            ticket: ticket, sending: pin, path: socket.path,
                            listener: geteuid())
                        return nil
                    } catch {
                        return error
                    }
                }
                if case .refused? = error {
                    #expect(isRefused)
                } else if case .malformed? = error {
                    #expect(!isRefused)
                } else {
                    Issue.record("a secret came, or something else: \(String(describing: error))")
                }
            }
        }
    }

    @Test("where the device asks for the PIN, the handler gets none, and the ticket is needed")
    func keypad() async throws {
        try await withSocket { socket in
            let ticket = try socket.issue("house", to: me)
            let answer = try await onThread {
                try UnlockClient.redeem(
                    ticket: ticket, secret: nil, path: socket.path, listener: geteuid())
            }
            #expect(answer["count"] == .number(0))
            let codes = try await onThread {
                do {
                    _ = try UnlockClient.redeem(
                        ticket: ticket, secret: nil, path: socket.path, listener: geteuid())
                    return JSON.string("")
                } catch WireError.refused(let error) {
                    return error.parameters["code"] ?? .null
                }
            }
            #expect(codes == .string("ticket-invalid"))
        }
    }

    @Test("a wrong ticket and a replayed ticket are refused, and a token's refusal comes through")
    func refusals() async throws {
        try await withSocket { socket in
            let good = try socket.issue("refuse", to: me)
            let codes = try await onThread {
                try [String(repeating: "0", count: 32), good, good].map { ticket in
                    do {
                        _ = try UnlockClient.redeem(
                            ticket: ticket, secret: try secret("123456"), path: socket.path,
                            listener: geteuid())
                        return ""
                    } catch WireError.refused(let error) {
                        guard case .string(let code) = error.parameters["code"] else { return "?" }
                        return code
                    }
                }
            }
            #expect(codes == ["ticket-invalid", "pin-incorrect", "ticket-invalid"])
        }
    }

    @Test("a user whom the configuration does not name gets no ticket and is not listened to")
    func otherUsers() async throws {
        try await withSocket(uids: [geteuid() + 1]) { socket in
            #expect(throws: VarlinkError.unlockNotPermitted(geteuid())) {
                try socket.issue("house", to: me)
            }
            let line = try await onThread { try RawClient(socket.path).readToEnd() }
            #expect(line == Reply(.unlockNotPermitted(geteuid())).frame.dropLast() + [0x0a])
        }
    }

    @Test("half a secret never reaches the handler, and a caller that stalls is cut off in time")
    func incomplete() async throws {
        var limits = Limits()
        limits.unlockSeconds = 1
        try await withSocket(limits: limits) { socket in
            let tickets = try (0..<3).map { _ in try socket.issue("house", to: me) }
            try await onThread {
                let half = try RawClient(socket.path)
                half.send(Array(tickets[0].utf8) + [6] + Array("1234".utf8))
                half.endInput()
                let stalled = try RawClient(socket.path)
                stalled.send(Array(tickets[1].utf8) + [6] + Array("1234".utf8))
                let headless = try RawClient(socket.path)
                headless.send(Array(tickets[2].utf8))
                headless.endInput()
                for (client, code) in [
                    (half, "secret-incomplete"), (stalled, "secret-incomplete"),
                    (headless, "secret-incomplete"),
                ] {
                    let line = String(decoding: try client.readToEnd(seconds: 5), as: UTF8.self)
                    #expect(line.contains(code))
                }
            }
        }
    }

    @Test("a listener of another user is not given the secret")
    func wrongListener() async throws {
        try await withSocket { socket in
            let ticket = try socket.issue("house", to: me)
            try await onThread {
                let expected = geteuid() + 1
                #expect(
                    throws: WireError.wrongListener(
                        path: socket.path, uid: geteuid(), expected: [expected])
                ) {
                    try UnlockClient.redeem(
                        ticket: ticket, secret: try secret("1"), path: socket.path,
                        listener: expected)
                }
            }
        }
    }
}
