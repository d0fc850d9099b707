// A directory of its own for every test, and lines and roots that tell where they belong.

import CeremonyRecord
import CeremonyStore
import Glibc

/// A fresh directory that goes with the value.
final class Scratch: Sendable {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((parent + "/ceremony-store-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Failed(call: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { removeTree(path) }

    /// The state directory in it.
    var state: String { path + "/state" }
    /// The database file in the state directory.
    var database: String { state + "/log.sqlite" }

    func createLedger() throws -> SQLiteLedger {
        try SQLiteLedger(createIn: StateDirectory(state, create: true))
    }

    func openLedger() throws -> SQLiteLedger {
        try SQLiteLedger(openIn: StateDirectory(state))
    }

    /// A state directory with a closed log of as many lines in it.
    static func holdingLog(of count: Int) throws -> Scratch {
        let scratch = try Scratch()
        let ledger = try scratch.createLedger()
        if count > 0 {
            try ledger.append(
                (0..<count).map(line), after: 0, head: root(count), checkpoint: nil)
        }
        return scratch
    }
}

struct Failed: Error {
    let call: String
    let code: Int32
}

/// The line that stands at a number: its length and bytes follow from the number.
func line(_ seq: Int) -> [UInt8] {
    Array("{\"seq\":\(seq),\"text\":\"\(String(repeating: "x", count: seq * 37 % 600))\"}".utf8)
}

/// What the tests take for the root of a log of that size.
func root(_ size: Int) -> Digest { Digest(of: Array("root \(size)".utf8)) }

/// What the tests take for the signed note of the head of that size.
func note(_ size: Int) -> [UInt8] { Array("signed \(size)\n".utf8) }

func contents(of path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failed(call: "open \(path)", code: errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = Glibc.read(file, &buffer, buffer.count)
        guard count >= 0 else { throw Failed(call: "read \(path)", code: errno) }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard file >= 0 else { throw Failed(call: "open \(path)", code: errno) }
    defer { close(file) }
    guard fchmod(file, mode) == 0, Glibc.write(file, bytes, bytes.count) == bytes.count else {
        throw Failed(call: "write \(path)", code: errno)
    }
}

func mode(of path: String) throws -> mode_t {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failed(call: "stat \(path)", code: errno) }
    return status.st_mode & 0o7777
}

/// Every name in a directory but the two dots.
func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func removeTree(_ path: String) {
    if unlink(path) == 0 { return }
    for name in names(in: path) { removeTree(path + "/" + name) }
    rmdir(path)
}
