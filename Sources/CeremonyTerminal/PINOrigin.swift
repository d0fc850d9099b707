// Where a PIN comes from: the keyboard, a descriptor handed in by a supervisor, or a private file.
// Never an argument, a variable or a configuration file (DESIGN section 6). The bytes go by read(2)
// into locked memory and are nowhere else.

import Glibc
package import Sodium

/// The way a PIN reaches this process.
package enum PINOrigin: Hashable, Sendable {
    /// Asked for on the controlling terminal, without echo.
    case terminal
    /// The next line of an open descriptor; each login takes one line.
    case descriptor(Int32)
    /// The one line of a file that is a regular file, ours, and closed to everyone else.
    case file(String)

    /// What the longest PIN of a module may have; YubiHSM and cloud modules take passwords.
    package static let bytesMax = 255

    /// Obtains one PIN. `prompt` is shown where a person is asked, wrapped to their terminal.
    ///
    /// - Returns: the PIN, sealed, never empty.
    /// - Throws: `pin-file`, `pin-fd`, `pin-empty`, `pin-too-long`, `memory-not-locked`, and what
    ///   ``Terminal`` throws. No try has been used then.
    package func pin(prompt: String) throws(ClientError) -> SecretBytes {
        let secret: SecretBytes
        do {
            secret = try SecretBytes(capacity: PINOrigin.bytesMax)
        } catch {
            throw ClientError(
                .token, "memory-not-locked",
                "The system gives this process no memory that stays out of swap.",
                meaning: "No PIN was read; no try was used.",
                next: "Raise the limit on locked memory (ulimit -l) and try again.")
        }
        switch self {
        case .terminal:
            let terminal = try Terminal()
            let lines = prompt.utf8.split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            try terminal.askSecret(
                Screen.lines(lines.map { String($0) ?? "" }, columns: terminal.columns)
                    .joined(separator: "\n"), into: secret)
        case .descriptor(let descriptor):
            try PINOrigin.readLine(of: descriptor, into: secret)
        case .file(let path):
            let descriptor = try PINOrigin.openPrivateFile(path)
            defer { close(descriptor) }
            try PINOrigin.readLine(of: descriptor, into: secret)
        }
        guard secret.count > 0 else {
            throw ClientError(
                .usage, "pin-empty", "The PIN is empty.",
                meaning: "No try was used.", next: "Run the same command again with the PIN.")
        }
        return secret
    }

    /// Reads up to a line feed or the end, byte by byte, so that what follows is left for the next.
    private static func readLine(of descriptor: Int32, into secret: SecretBytes)
        throws(ClientError)
    {
        guard isatty(descriptor) == 0 else {
            throw ClientError.usage(
                "Descriptor \(descriptor) is a terminal, where a PIN would be seen.",
                next: "Leave --pin-fd out; the PIN is then asked for without echo.")
        }
        while true {
            let count = unsafe secret.fill { free in
                unsafe free.isEmpty ? -2 : read(descriptor, free.baseAddress, 1)
            }
            if count == -1, errno == EINTR { continue }
            if count == -2 { throw tooLong }
            if count < 0 {
                throw ClientError.usage(
                    "Descriptor \(descriptor) cannot be read: \(systemError()).",
                    next: "Open it for this command, as in `--pin-fd 3 3<file`.")
            }
            if count == 0 { break }
            if secret.last == UInt8(ascii: "\n") {
                secret.removeLast()
                break
            }
        }
        secret.seal()
    }

    private static func openPrivateFile(_ path: String) throws(ClientError) -> Int32 {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw refusal(
                path, errno == ELOOP ? "it is a symbolic link" : systemError(),
                status: errno == ENOENT ? .notFound : .usage)
        }
        var facts = stat()
        let known = unsafe fstat(descriptor, &facts)
        let kind = facts.st_mode & S_IFMT
        let problem: String? =
            if known != 0 {
                systemError()
            } else if kind != S_IFREG {
                "it is not a regular file"
            } else if facts.st_uid != geteuid() {
                "it belongs to another user"
            } else if facts.st_mode & 0o7777 != 0o600 {
                "its mode is \(String(facts.st_mode & 0o7777, radix: 8)), not 600"
            } else {
                nil
            }
        if let problem {
            close(descriptor)
            throw refusal(path, problem, status: .usage)
        }
        return descriptor
    }

    private static func refusal(_ path: String, _ why: String, status: ExitStatus) -> ClientError {
        ClientError(
            status, "pin-file", "The PIN file \(path) is not used: \(why).",
            meaning: "No PIN was read; no try was used.",
            next: "Give a regular file of your own with mode 600 that holds the PIN on one line.")
    }

    package static let tooLong = ClientError(
        .usage, "pin-too-long", "The PIN has more than \(bytesMax) bytes.",
        meaning: "No try was used.", next: "Check what was given as the PIN.")
}

/// What the system says about the last failed call.
package func systemError() -> String {
    unsafe String(cString: strerror(errno))
}
