// The server on a real socket, with callers that do not behave. Each test is named for the hostile
// act; the limits are small so that nothing has to wait long.

import CeremonyDaemon
import CeremonyRecord
import CeremonyWire
import Glibc
import Testing

@Suite("Hostile callers")
struct HostileCallerTests {
    static var quick: Limits {
        var limits = Limits()
        limits.frameSeconds = 1
        limits.idleSeconds = 1
        limits.writeStallSeconds = 1
        limits.stopSeconds = 1
        limits.connectionsMax = 8
        limits.connectionsPerUidMax = 8
        return limits
    }

    @Test(
        "what is no message is answered with one error and closes the connection, and no other",
        arguments: [
            "\0", "{}\0", "null\0", "{\"method\":\"org.example.lab.Echo\",\"method\":\"a.b\"}\0",
            "{\"method\":\"org.example.lab.Echo\",\"parameters\":{\"text\":\"a\",\"text\":\"b\"}}\0",
            "{\"method\":\"org.example.lab.Echo\",\"surprise\":1}\0", "GET / HTTP/1.1\r\n\r\n\0",
            "{\"method\":\"org.example.lab.Echo\",\"parameters\":{\"text\":\"\u{1}\"}}\0",
            String(repeating: "[", count: 60_000) + "\0",
        ])
    func noMessage(text: String) async throws {
        try await withServer { path, _, _ in
            try await onThread {
                let honest = try WireClient(path: path)
                let echo = Call("org.example.lab.Echo").frame
                let hostile = try RawClient(path)
                // What stands behind it is not looked at any more.
                hostile.send(text + "{}\0" + String(decoding: echo, as: UTF8.self))
                let answer = Reply(VarlinkError.invalidParameter("call")).frame
                #expect(try hostile.readToEnd() == answer)
                #expect(try honest.call("org.example.lab.Echo") == [:])
            }
        }
    }

    @Test("a frame over the limit closes the connection before it ends")
    func oversize() async throws {
        try await withServer { path, _, _ in
            try await onThread {
                let hostile = try RawClient(path)
                hostile.send([UInt8](repeating: 0x20, count: 65_537))
                #expect(try hostile.readToEnd() == [])
                // Exactly the limit is a call like any other.
                let call = Call("org.example.lab.Echo").frame.dropLast()
                let padding = [UInt8](repeating: 0x20, count: 65_536 - call.count)
                let large = try RawClient(path)
                large.send(padding + call + [0])
                #expect(try large.readFrame() == Reply().frame.dropLast())
            }
        }
    }

    @Test("half a call, no call at all, and a dripping call are each cut off in their time")
    func halfFrames() async throws {
        try await withServer(limits: Self.quick) { path, _, _ in
            try await onThread {
                let half = try RawClient(path)
                half.send("{\"method\":")
                let silent = try RawClient(path)
                let second = try RawClient(path)
                second.send(Call("org.example.lab.Echo").frame + [0x20])
                _ = try second.readFrame()
                #expect(try half.readToEnd(seconds: 5) == [])
                #expect(try silent.readToEnd(seconds: 5) == [])
                #expect(try second.readToEnd(seconds: 5) == [])
                let dripping = try RawClient(path)
                let start = UnixSocket.now
                while try dripping.isOpen(afterMilliseconds: 100) { dripping.send(" ") }
                #expect(UnixSocket.now - start < 5_000_000_000)
            }
        }
    }

    @Test("a connection that stands idle is closed, a watch is not")
    func idle() async throws {
        try await withServer(limits: Self.quick) { path, lab, _ in
            let watcher = try RawClient(path)
            watcher.send(Call("org.example.lab.Watch", more: true).frame)
            await lab.watching.wait()
            try await onThread {
                let idle = try RawClient(path)
                idle.send(Call("org.example.lab.Echo").frame)
                _ = try idle.readFrame()
                #expect(try idle.readToEnd(seconds: 5) == [])
            }
            lab.publish(7)
            let event = try await onThread { try watcher.readFrame() }
            #expect(event == Reply(["seq": .number(7)], continues: true).frame.dropLast())
        }
    }

    @Test("a caller that does not read its reply is closed, and nobody waits for it")
    func slowReader() async throws {
        try await withServer(limits: Self.quick) { path, _, _ in
            try await onThread {
                let slow = try RawClient(path)
                slow.send(Call("org.example.lab.Large", ["bytes": .number(1_000_000)]).frame)
                let honest = try WireClient(path: path)
                for _ in 0..<20 { _ = try honest.call("org.example.lab.Echo", seconds: 20) }
                #expect(try slow.hasHungUp(withinSeconds: 5))
                #expect(try slow.readToEnd().count < 1_000_000)
            }
        }
    }

    @Test("replies that nobody reads are bounded in all: the one that waits longest goes")
    func manySlowReaders() async throws {
        var limits = Limits()
        limits.outboundBytesMax = 2_500_000
        try await withServer(limits: limits) { path, _, _ in
            try await onThread {
                let large = Call("org.example.lab.Large", ["bytes": .number(1_000_000)]).frame
                let slow = try (0..<4).map { _ in
                    let client = try RawClient(path)
                    client.send(large)
                    // Its reply has begun to arrive, and so counts.
                    _ = try client.read(1)
                    return client
                }
                // Long before the write stall would end them.
                #expect(try slow[0].hasHungUp(withinSeconds: 5))
                #expect(try slow[1].hasHungUp(withinSeconds: 5))
                let rest = try slow[3].readFrame()
                let text: JSON = .string(String(repeating: "x", count: 1_000_000))
                #expect(rest == Reply(["text": text]).frame.dropFirst().dropLast())
            }
        }
    }

    @Test("a watcher that does not read is told where to resume, or is closed; others get all")
    func laggingWatcher() async throws {
        var limits = Limits()
        limits.watcherEventsMax = 16
        try await withServer(limits: limits) { path, lab, _ in
            let slow = try RawClient(path)
            slow.send(Call("org.example.lab.Watch", more: true).frame)
            try await until { lab.hub.count == 1 }
            // The kernel's buffer fills first, then the watcher's, then it lags.
            var seq = 0
            while seq < 200 {
                lab.publish(seq, bytes: 8000)
                seq += 1
            }
            let frames = try await onThread { [seq] in
                var frames: [Reply] = []
                repeat {
                    frames.append(try Reply(frame: slow.readFrame()))
                } while frames.last?.continues == true && frames.count <= seq
                return frames
            }
            let last = try #require(frames.last)
            #expect(Reply(.lagged(resumeFrom: frames.count - 1)) == last)
            for (index, frame) in frames.dropLast().enumerated() {
                #expect(frame.parameters == ["seq": .number(index)])
            }
        }
    }

    @Test("over the limit the oldest half call goes, and an honest call is answered")
    func crowd() async throws {
        // Nobody goes because of the time.
        var limits = Limits()
        limits.connectionsMax = 8
        limits.connectionsPerUidMax = 8
        limits.frameSeconds = 60
        try await withServer(limits: limits) { path, lab, _ in
            let watcher = try RawClient(path)
            watcher.send(Call("org.example.lab.Watch", more: true).frame)
            await lab.watching.wait()
            try await onThread {
                let crowd = try (0..<40).map { _ in
                    let client = try RawClient(path)
                    client.send("{")
                    return client
                }
                let honest = try WireClient(path: path)
                #expect(try honest.call("org.example.lab.Echo", seconds: 5) == [:])
                // The first are gone, and the watcher, though oldest, is not.
                #expect(try crowd[0].readToEnd(seconds: 5) == [])
                lab.publish(1)
                #expect(try watcher.readFrame(seconds: 5).isEmpty == false)
            }
        }
    }

    @Test("a caller that sends without reading is held up by the kernel, not kept in memory")
    func flood() async throws {
        try await withServer { path, lab, _ in
            let flood = try RawClient(path)
            flood.send(Call("org.example.lab.Hold").frame)
            await lab.held.wait()
            let text: JSON = .string(String(repeating: "x", count: 1000))
            let call = Call("org.example.lab.Echo", ["text": text])
            let frames = (0..<2000).flatMap { _ in call.frame }
            #expect(flood.send(frames) < 1_000_000)
        }
    }
}
