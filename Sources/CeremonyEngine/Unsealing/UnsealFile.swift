// The file of tries: what was done with shares, on the disk before it is done. The token may hold
// the key that the log is written with, so the log hears of it only afterwards; until then this
// file is the only witness, and a death in between loses no try.

import CeremonyRecord
import Glibc

/// Tries with PINs that shares gave, which the log does not have yet.
public struct UnsealFile: Sendable {
    private let path: String

    /// The file at a path, beside the log.
    public init(path: String) { self.path = path }

    /// Writes down that something is about to be tried, or what came of it; on the disk when this
    /// returns.
    ///
    /// - Throws: ``EngineError`` (`unseal-file`), and then nothing may be tried.
    func note(_ tried: UnsealTry, on token: String) throws(EngineError) {
        let line = JSON.object([
            "token": .string(token), "time": .string("\(tried.time)"),
            "ceremony": .string(tried.ceremony), "shares": .strings(tried.shares),
            "result": .string(tried.result.rawValue),
        ]).canonicalBytes
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw trouble("opened") }
        defer { close(descriptor) }
        // A line begins with its own line feed: one that was torn off before it stays by itself.
        let bytes = [UInt8(ascii: "\n")] + line + [UInt8(ascii: "\n")]
        errno = 0
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            // Less than the whole line is what a disk does that has become full.
            throw trouble("written", errno == 0 ? ENOSPC : errno)
        }
        try syncDirectory()
    }

    /// The tries of each token, in their order. A line that was torn off was never acted on.
    ///
    /// - Throws: ``EngineError`` (`unseal-file`).
    func tries() throws(EngineError) -> [UnsealTried] {
        var all: [UnsealTried] = []
        for line in try read().split(separator: UInt8(ascii: "\n")) {
            guard let (token, tried) = try? UnsealFile.parse(Array(line)) else { continue }
            if let place = all.firstIndex(where: { $0.token.utf8.elementsEqual(token.utf8) }) {
                all[place].add(tried)
            } else {
                all.append(UnsealTried(token: token, tries: [tried]))
            }
        }
        return all
    }

    /// The log has them.
    ///
    /// - Throws: ``EngineError`` (`unseal-file`).
    func remove() throws(EngineError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw trouble("removed") }
        try syncDirectory()
    }

    /// What is in it is none of this log's: it gets another name, and nothing of it is lost.
    ///
    /// - Throws: ``EngineError`` (`unseal-file`).
    func putAside() throws(EngineError) {
        for number in 1...1000 {
            let aside = "\(path).refused-\(number)"
            if access(aside, F_OK) == 0 { continue }
            guard rename(path, aside) == 0 else { break }
            return try syncDirectory()
        }
        throw trouble("put aside")
    }

    private func read() throws(EngineError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw trouble("read")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw trouble("read") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    private static func parse(_ line: [UInt8]) throws(JSONError) -> (String, UnsealTry) {
        var fields = try JSONFields(try JSON(line, .record), at: "unseal file")
        let tried = UnsealTry(
            time: try fields.parsed("time", as: "a time") { Timestamp($0) },
            ceremony: try fields.string("ceremony"), shares: try fields.strings("shares"),
            result: try fields.parsed("result", as: "a result") { UnsealResult(rawValue: $0) })
        let token = try fields.string("token")
        try fields.finish()
        return (token, tried)
    }

    private func syncDirectory() throws(EngineError) {
        guard syncFolder(of: path) else { throw trouble("made durable") }
    }

    private func trouble(_ what: String, _ code: Int32 = errno) -> EngineError {
        EngineError(
            .unsealFile,
            "The file of tries \(path) could not be \(what): \(String(cString: strerror(code))).",
            next: "Nothing more is tried on the token before a try can be written down. Mend the "
                + "disk, and hand the shares in again.")
    }
}

extension UnsealTried {
    /// Adds a try, or what came of the last one.
    fileprivate mutating func add(_ next: UnsealTry) {
        guard var last = tries.last, last.result.isOpen, !next.result.isOpen else {
            return tries.append(next)
        }
        last.result = next.result
        last.time = next.time
        if last == next { tries[tries.count - 1] = next } else { tries.append(next) }
    }
}
