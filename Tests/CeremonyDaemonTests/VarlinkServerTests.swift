// The server on a real socket, with callers that behave.

import CeremonyDaemon
import CeremonyRecord
import CeremonyWire
import Glibc
import Testing

@Suite("The varlink socket")
struct VarlinkServerTests {
    @Test("a call is answered, and the caller is known by its credentials")
    func call() async throws {
        try await withServer { path, _, _ in
            try await onThread {
                let client = try WireClient(path: path)
                #expect(client.listener.uid == geteuid())
                let text: JSON = .string("a\u{0}b\u{e9}")
                for _ in 0..<3 {
                    let answer = try client.call("org.example.lab.Echo", ["text": text])
                    #expect(answer == ["text": text])
                }
                let me = try client.call("org.example.lab.Whoami")
                #expect(me == ["uid": .number(Int(geteuid())), "pid": .number(Int(getpid()))])
            }
        }
    }

    @Test("the service tells its interfaces and their definitions")
    func introspection() async throws {
        try await withServer { path, lab, _ in
            let text = lab.description
            try await onThread {
                let client = try WireClient(path: path)
                let info = try client.call("org.varlink.service.GetInfo")
                #expect(
                    info["interfaces"] == .strings(["org.varlink.service", "org.example.lab"]))
                let method = "org.varlink.service.GetInterfaceDescription"
                let ours = try client.call(method, ["interface": .string("org.example.lab")])
                #expect(ours["description"] == .string(text))
                let itself = try client.call(method, ["interface": .string("org.varlink.service")])
                guard case .string(let definition) = itself["description"] else {
                    Issue.record("no description")
                    return
                }
                #expect(try InterfaceDescription(definition).methods.count == 2)
            }
        }
    }

    @Test(
        "what cannot be answered gets its named error, and the connection goes on",
        arguments: [
            ("a.b.C", [:], .interfaceNotFound("a.b")),
            ("org.example.lab.Nothing", [:], .methodNotFound("org.example.lab.Nothing")),
            ("org.example.lab.Missing", [:], .methodNotImplemented("org.example.lab.Missing")),
            ("org.example.lab.Echo", ["text": .number(1)], .invalidParameter("text")),
            ("org.example.lab.Echo", ["txet": .null], .invalidParameter("txet")),
            ("org.example.lab.Watch", [:], .expectedMore),
            ("org.example.lab.Silent", [:], .internalError),
            ("org.example.lab.Broken", [:], .internalError),
            ("org.example.lab.Large", ["bytes": .number(1_100_000)], .replyTooLarge),
            (
                "org.varlink.service.GetInterfaceDescription", ["interface": .string("x.y")],
                .interfaceNotFound("x.y")
            ),
        ] as [(String, [String: JSON], VarlinkError)])
    func errors(method: String, parameters: [String: JSON], error: VarlinkError) async throws {
        try await withServer { path, _, _ in
            try await onThread {
                let client = try WireClient(path: path)
                #expect(throws: WireError.refused(error)) {
                    try client.call(method, parameters)
                }
                #expect(try client.call("org.example.lab.Echo") == [:])
            }
        }
    }

    @Test("a watcher gets every event in order")
    func watching() async throws {
        try await withServer { path, lab, _ in
            async let seen: [[String: JSON]] = onThread {
                var replies = try WireClient(path: path).callMore("org.example.lab.Watch")
                var seen: [[String: JSON]] = []
                while seen.count < 50, let reply = try replies.next() { seen.append(reply) }
                return seen
            }
            await lab.watching.wait()
            for seq in 0..<50 { lab.publish(seq) }
            let events = try await seen
            #expect(events == (0..<50).map { ["seq": .number($0)] })
        }
    }

    @Test("a watch ends when its caller leaves")
    func leavingWatcher() async throws {
        try await withServer { path, lab, _ in
            var client: RawClient? = try RawClient(path)
            client?.send(Call("org.example.lab.Watch", more: true).frame)
            await lab.watching.wait()
            #expect(lab.hub.count == 1)
            client = nil
            try await until { lab.hub.count == 0 }
        }
    }

    @Test("a oneway call is carried out and not answered")
    func oneway() async throws {
        try await withServer { path, _, _ in
            try await onThread {
                let client = try RawClient(path)
                client.send(Call("org.example.lab.Whoami", oneway: true).frame)
                client.send(Call("org.example.lab.Echo", ["text": .string("x")]).frame)
                #expect(try client.readFrame() == Reply(["text": .string("x")]).frame.dropLast())
            }
        }
    }

    @Test("calls sent ahead are answered one after the other, and a half-closed caller is answered")
    func pipelining() async throws {
        try await withServer { path, _, _ in
            try await onThread {
                let client = try RawClient(path)
                for number in 0..<20 {
                    client.send(
                        Call("org.example.lab.Echo", ["text": .string("\(number)")]).frame)
                }
                client.endInput()
                let all = try client.readToEnd()
                let expected = (0..<20).flatMap { Reply(["text": .string("\($0)")]).frame }
                #expect(all == expected)
            }
        }
    }
}

/// Waits for a fact that other threads bring about; gives up after 20 s.
func until(_ fact: () -> Bool) async throws {
    let deadline = UnixSocket.now + 20_000_000_000
    while !fact() {
        guard UnixSocket.now < deadline else { throw WireError.timedOut(seconds: 20) }
        await Task.yield()
    }
}
