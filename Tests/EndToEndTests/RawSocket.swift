// A connection to the daemon that sends whatever bytes it is given, and reads as much or as little
// as it likes.

import CeremonyWire
import Glibc
import Testing

/// One connection, without any manners.
final class RawSocket {
    private let socket: UnixSocket

    /// Connects to the socket at a path.
    init(_ path: String) throws {
        socket = try UnixSocket()
        try socket.connect(to: path)
    }

    /// Sends bytes; a daemon that has closed already does not matter.
    func send(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(
                socket.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// Sends text.
    func send(_ text: String) { send(Array(text.utf8)) }

    /// Whether nothing comes for so long.
    func isSilent(milliseconds: Int32) throws -> Bool {
        var entry = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) == 0
    }

    /// Everything until a NUL or the end, which must come within ten seconds.
    func reply() throws -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            var entry = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
            try #require(unsafe poll(&entry, 1, 10_000) == 1, "no reply and no end")
            let count = unsafe recv(socket.descriptor, &byte, 1, 0)
            guard count == 1 else {
                return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
            }
            if byte == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
    }
}
