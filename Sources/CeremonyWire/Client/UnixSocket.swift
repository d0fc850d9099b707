// Unix-domain stream sockets by path: opening, connecting, binding, and waiting with a deadline.
// The one place that knows sockaddr_un and its 107 bytes.

import Glibc
package import Sodium

/// A Unix-domain stream socket, closed with its last owner.
@safe package struct UnixSocket: ~Copyable {
    /// The most bytes of a path (unix(7): sun_path with its closing NUL).
    package static let pathBytesMax = 107

    /// The descriptor; closed when this value ends.
    package let descriptor: Int32

    /// Takes over a descriptor.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Opens a socket that is closed on exec.
    package init(nonBlocking: Bool = false) throws(SystemError) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let flags = nonBlocking ? Int32(SOCK_NONBLOCK.rawValue) : 0
        descriptor = socket(AF_UNIX, kind | flags, 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
    }

    deinit { close(descriptor) }

    /// Gives the descriptor away: it is closed by whoever takes it.
    package consuming func release() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    /// Connects to the socket at a path.
    package func connect(to path: String) throws(SystemError) {
        unsafe try UnixSocket.withAddress(path, "connect") { address, length in
            unsafe Glibc.connect(descriptor, address, length)
        }
    }

    /// Binds to a path where nothing is yet.
    package func bind(to path: String) throws(SystemError) {
        unsafe try UnixSocket.withAddress(path, "bind") { address, length in
            unsafe Glibc.bind(descriptor, address, length)
        }
    }

    /// Waits until the events of `poll(2)` occur; `false` when the deadline passed first.
    ///
    /// `deadline` is on CLOCK_MONOTONIC, in nanoseconds (``now``); `nil` waits for ever.
    package func wait(for events: Int32, until deadline: UInt64?) throws(SystemError) -> Bool {
        while true {
            var timeout: Int32 = -1
            if let deadline {
                let now = UnixSocket.now
                guard now < deadline else { return false }
                timeout = Int32(min((deadline - now + 999_999) / 1_000_000, 60_000))
            }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let ready = unsafe poll(&entry, 1, timeout)
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { throw SystemError("poll") }
        }
    }

    /// Writes all of the bytes, within the deadline; `false` when it passed first.
    package func write(
        _ bytes: UnsafeRawBufferPointer, until deadline: UInt64
    ) throws(SystemError) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            let count = unsafe send(
                descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent, flags)
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                guard try wait(for: POLLOUT, until: deadline) else { return false }
            } else if errno != EINTR {
                throw SystemError("send")
            }
        }
        return true
    }

    /// Writes all of the bytes of an array, within the deadline; `false` when it passed first.
    package static func write(
        _ secret: SecretBytes, to socket: borrowing UnixSocket, until deadline: UInt64
    ) throws(SystemError) -> Bool {
        var result: Result<Bool, SystemError> = .success(false)
        unsafe secret.withBytes { bytes in
            do throws(SystemError) {
                result = .success(try unsafe socket.write(bytes, until: deadline))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// The same for bytes that are no secret.
    package static func write(
        _ bytes: [UInt8], to socket: borrowing UnixSocket, until deadline: UInt64
    ) throws(SystemError) -> Bool {
        var result: Result<Bool, SystemError> = .success(false)
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(SystemError) {
                result = .success(try unsafe socket.write(buffer, until: deadline))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// CLOCK_MONOTONIC in nanoseconds.
    package static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func withAddress(
        _ path: String, _ call: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= pathBytesMax, !bytes.contains(0) else {
            throw SystemError(call, code: ENAMETOOLONG)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, length)
            }
        }
        guard result == 0 else { throw SystemError(call) }
    }
}
