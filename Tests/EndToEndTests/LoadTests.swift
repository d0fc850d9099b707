// Callers that do no work and let nobody else work: calls that never end, watchers that never read.
// The daemon stays small, and an honest caller does not notice.

import CeremonyRecord
import CeremonyWire
import Glibc
import Testing

@Suite("Hostile load")
struct LoadTests {
    @Test(
        "With 500 half calls and 50 watchers that never read, the daemon is small and Status is quick"
    )
    func load() throws {
        let room = try CeremonyRoom.copy()
        room.furtherConfiguration = """
            [limits]
            connections = 640
            connections_per_uid = 640
            frame_seconds = 60
            idle_seconds = 3600
            write_stall_seconds = 60
            """
        try room.open()
        let notes = try Notes(room)
        for _ in 0..<120 { try notes.add() }

        let half = Array("{\"method\":\"org.ceremonyd.Ceremony.Status\"".utf8)
        let padding = [UInt8](repeating: 0x20, count: 64_000 - half.count)
        let halves = try (0..<500).map { _ in
            let socket = try RawSocket(room.socket)
            socket.send(half + padding)
            return socket
        }
        let watchers = try (0..<50).map { _ in
            let socket = try RawSocket(room.socket)
            socket.send(
                #"{"method":"org.ceremonyd.Ceremony.Watch","more":true,"parameters":{"from":0}}"#
                    + "\0")
            return socket
        }
        let daemon = try #require(room.daemon)
        try eventually("all of them are connected") {
            TestFile.openFiles(of: daemon.pid) >= 550
        }

        var times: [Int] = []
        for number in 0..<2500 {
            if number.isMultiple(of: 50) { try notes.add() }
            let start = Clock.microseconds
            _ = try room.call("Status")
            times.append(Clock.microseconds - start)
        }
        try room.dave.does("status")
        times.sort()
        let p99 = times[times.count * 99 / 100]
        #expect(p99 < 200_000, "the 99th percentile is \(p99) µs, the median \(times[1250]) µs")
        let peak = try #require(TestFile.status("VmHWM", of: daemon.pid))
        #expect(peak < 96 * 1024, "the daemon took \(peak) KiB")
        print("hostile load: median \(times[1250]) µs, p99 \(p99) µs, daemon \(peak) KiB")
        #expect(TestFile.openFiles(of: daemon.pid) >= 550)
        withExtendedLifetime((halves, watchers)) {}
        try room.stop()
    }
}

/// Events to watch: notes that heidi writes.
private struct Notes {
    let room: CeremonyRoom
    private let client: WireClient
    private let key: Fingerprint

    init(_ room: CeremonyRoom) throws {
        self.room = room
        client = try WireClient(path: room.socket)
        key = try #require(SSHPublicKey(line: room.person("heidi").publicKey)).fingerprint
    }

    func add() throws {
        let reply = JSON.object(try client.call("org.ceremonyd.Ceremony.Status"))
        let head = reply.field("head")
        let act = Act(
            log: CeremonyRoom.origin, mode: .rehearsal, act: .note, ceremony: nil, document: nil,
            actor: Signatory(name: "heidi", fingerprint: key), role: .witness, from: nil, to: nil,
            evidence: [], justification: String(repeating: "words and words ", count: 31) + "end",
            treeSize: head.field("size").number,
            treeRoot: try #require(Digest(head.field("root").text)),
            at: try #require(Timestamp(reply.field("status").field("now").text)),
            nonce: (0..<4).map { _ in String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16) }
                .joined())
        let heidi = room.person("heidi")
        let signature = try heidi.signature(try heidi.write(act.lines), .act)
        _ = try client.call(
            "org.ceremonyd.Ceremony.Submit",
            [
                "document": .array(act.lines.map { .string($0) }),
                "signature": .string(signature),
            ])
    }
}

private enum Clock {
    static var microseconds: Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
    }
}

extension TestFile {
    /// How many files a process has open.
    static func openFiles(of pid: pid_t) -> Int {
        guard let directory = unsafe opendir("/proc/\(pid)/fd") else { return 0 }
        defer { unsafe closedir(directory) }
        var count = -2
        while unsafe readdir(directory) != nil { count += 1 }
        return count
    }

    /// A number of /proc/PID/status, in KiB.
    static func status(_ name: String, of pid: pid_t) -> Int? {
        let line = text("/proc/\(pid)/status").lineList.first { $0.hasPrefix(name + ":") }
        return line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) }
    }
}
