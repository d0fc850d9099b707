// A daemon of paper: it answers on a real socket from a log in memory that the rules made, and a
// test may have it lie in any one reply. The client must notice.

import CeremonyRecord
import CeremonyRules
import CeremonyWire
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A listener that answers the ceremony interface from a house.
final class PaperDaemon: Sendable {
    /// Changes a reply before it is sent.
    typealias Lie = @Sendable (_ method: String, _ reply: inout [String: JSON]) -> Void

    /// A directory of the test's own: the socket, the client's home, its files.
    let directory: String
    /// What the daemon knows.
    let house: Mutex<House>
    private let lie: Mutex<Lie>
    private let inventions = Mutex<[String: @Sendable () -> [String: JSON]]>([:])
    private let listener: Int32

    /// Listens at once.
    init(_ house: House, lie: @escaping Lie = { _, _ in }) throws {
        var template = Array("/tmp/ceremonyctl-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var house = house
        house.now = max(Timestamp(seconds: time(nil)), house.now)
        self.house = Mutex(house)
        self.lie = Mutex(lie)
        listener = try PaperDaemon.listen(at: directory + "/sock")
        let descriptor = listener
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { return }
                Thread.detachNewThread { [self] in serve(client) }
            }
        }
    }

    /// Ends it and takes its directory away.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Lies differently from now on.
    func lies(_ next: @escaping Lie) { lie.withLock { $0 = next } }

    /// Answers a method from now on with something that no log says.
    func answers(_ method: String, _ reply: @escaping @Sendable () -> [String: JSON]) {
        inventions.withLock { $0[method] = reply }
    }

    /// Runs the client against it.
    func run(_ arguments: String...) throws -> ClientRun { try run(arguments) }

    /// The same, with arguments that a test puts together.
    func run(_ arguments: [String]) throws -> ClientRun {
        try ClientProcess(directory: directory).run(
            arguments + ["--socket", directory + "/sock"])
    }

    /// Starts the client against it on a terminal, with these variables.
    func start(_ arguments: [String], _ environment: [String: String], columns: Int = 100) throws
        -> TerminalRun
    {
        try ClientProcess(directory: directory, environment: environment).start(
            arguments + ["--socket", directory + "/sock"], columns: columns)
    }

    /// Whether the client's memory of the log holds a file of that name.
    func remembers(_ name: String) -> Bool {
        let memory = directory + "/.local/state/ceremonyctl"
        return FileManager.default.enumerator(atPath: memory)?.contains {
            ($0 as? String)?.hasSuffix("/" + name) ?? false
        } ?? false
    }

    /// Writes another text into a file of the client's memory of the log.
    func spoil(_ name: String, _ text: String) throws {
        let memory = directory + "/.local/state/ceremonyctl"
        let found = FileManager.default.enumerator(atPath: memory)?.compactMap { $0 as? String }
            .first { $0.hasSuffix("/" + name) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: memory + "/" + (try #require(found))))
    }

    /// Writes a file beside the socket and returns its path.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(directory)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var buffer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            guard let end = buffer.firstIndex(of: 0) else {
                let count = unsafe read(client, &chunk, chunk.count)
                guard count > 0 else { return }
                buffer += chunk[..<count]
                continue
            }
            let reply = answer(Array(buffer[..<end]))
            buffer.removeSubrange(...end)
            var rest = (reply.canonicalBytes + [0])[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    // A client that is gone ends its own line, not the test.
                    unsafe send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func answer(_ frame: [UInt8]) -> JSON {
        guard case .object(let call)? = try? JSON(frame, .message(bytes: 65_536)),
            case .string(let name)? = call["method"], let dot = name.lastIndex(of: ".")
        else { return .object(["error": .string("org.varlink.service.MethodNotFound")]) }
        let method = String(name[name.index(after: dot)...])
        var parameters: [String: JSON] = [:]
        if case .object(let given)? = call["parameters"] { parameters = given }
        do {
            let invention = inventions.withLock { $0[method] }
            var reply = try house.withLock { house in
                guard let invention else {
                    return try PaperReplies.answer(method, parameters, &house)
                }
                return try invention().merging(["head": PaperReplies.head(house)]) { $1 }
            }
            lie.withLock { $0(method, &reply) }
            return .object(["parameters": .object(reply)])
        } catch let refusal as Refusal {
            return .object([
                "error": .string("org.ceremonyd.Ceremony.Refused"),
                "parameters": .fields([
                    "code": .string(refusal.code.rawValue), "message": .string(refusal.detail),
                    "next": .text(refusal.next),
                    "exit": .number(RefusalTable.exit(for: refusal.code.rawValue)),
                ]),
            ])
        } catch {
            return .object(["error": .string("org.ceremonyd.Ceremony.InternalError")])
        }
    }

    private static func listen(at path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < 100)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && Glibc.listen(descriptor, 16) == 0)
        return descriptor
    }
}
