// What may stand at the path, and what is left alone.

import CeremonyWire
import Glibc
import Testing

@testable import CeremonyDaemon

@Suite("The socket's path")
struct ListeningSocketTests {
    let directory = TestDirectory()
    var path: String { directory.path + "/s" }

    private func listen(mode: UInt32 = 0o600) throws(ListenError) -> ListeningSocket {
        try ListeningSocket(at: .init(path: path, mode: mode, group: nil))
    }

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode : 0
    }

    @Test("the socket has its mode from the first moment", arguments: [0o600, 0o660, 0o666])
    func modes(wanted: UInt32) throws {
        let socket = try listen(mode: wanted)
        defer { close(socket.descriptor) }
        #expect(mode(of: path) & 0o777 == wanted)
        #expect(mode(of: path + ".lock") & 0o777 == 0o600)
    }

    @Test("a second daemon is refused while the first lives, and not afterwards")
    func second() throws {
        var first: ListeningSocket? = try listen()
        let descriptor = try #require(first?.descriptor)
        #expect(throws: ListenError.taken(path + ".lock")) { try listen() }
        // As after a crash: the socket file stays, nobody listens, the lock is free.
        close(descriptor)
        first = nil
        #expect(mode(of: path) != 0)
        let next = try listen()
        defer { close(next.descriptor) }
        next.removePath()
        #expect(mode(of: path) == 0)
    }

    @Test("somebody who listens without the lock is not pushed out")
    func foreignListener() throws {
        let other = try UnixSocket()
        try other.bind(to: path)
        #expect(Glibc.listen(other.descriptor, 1) == 0)
        #expect(throws: ListenError.taken(path)) { try listen() }
        #expect(mode(of: path) & S_IFMT == S_IFSOCK)
    }

    @Test("a file, a directory and a link at the path are left alone", arguments: ["f", "d", "l"])
    func notASocket(what: String) throws {
        switch what {
        case "f": close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
        case "d": unsafe mkdir(path, 0o700)
        default: unsafe symlink("/dev/null", path)
        }
        let before = mode(of: path)
        #expect(throws: ListenError.notASocket(path)) { try listen() }
        #expect(mode(of: path) == before)
        unsafe rmdir(path)
    }

    @Test("a path that a socket address cannot hold is refused")
    func longPath() {
        let long = directory.path + "/" + String(repeating: "x", count: 100)
        #expect(throws: ListenError.self) {
            try ListeningSocket(at: .init(path: long, mode: 0o600, group: nil))
        }
        unsafe unlink(long + ".lock")
    }

    @Test("on the way out a socket that somebody else put there stays")
    func replaced() throws {
        let socket = try listen()
        defer { close(socket.descriptor) }
        unsafe unlink(path)
        close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
        socket.removePath()
        #expect(mode(of: path) & S_IFMT == S_IFREG)
    }
}
