// A system call that failed, with its name and the kernel's reason: nobody above this file looks at
// errno.

import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name, such as `connect`.
    public let call: String
    /// The error number.
    public let code: Int32

    /// The failure of a call that has just set `errno`.
    package init(_ call: String) {
        self.init(call, code: errno)
    }

    /// A failure by its parts.
    package init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The call and the kernel's reason in words.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else {
            return "\(call): error \(code)"
        }
        let reason = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(call): " + String(decoding: reason, as: UTF8.self)
    }
}
