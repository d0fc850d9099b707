// Ed25519 public keys as OpenSSH writes them: plain, or on a FIDO token (`sk-ssh-ed25519`).

import Sodium

/// An Ed25519 public key in its OpenSSH form.
public struct SSHPublicKey: Hashable, Sendable, CustomStringConvertible {
    /// The two key types that may be enrolled.
    public enum Algorithm: String, Sendable, CaseIterable {
        /// A plain Ed25519 key: in a PKCS#11 token, a file, an agent.
        case ed25519 = "ssh-ed25519"
        /// An Ed25519 key on a FIDO token; its signatures also cover flags and a counter.
        case fido = "sk-ssh-ed25519@openssh.com"
    }

    /// Plain or FIDO.
    public let algorithm: Algorithm
    /// The 32 bytes of the point, canonical and of prime order.
    public let point: [UInt8]
    /// `ssh:...` for FIDO keys, `nil` for plain ones.
    public let application: String?

    /// A plain key from its 32 bytes; `nil` unless they are a sound public key.
    public init?(ed25519 point: [UInt8]) {
        guard Ed25519.isSoundPublicKey(point) else { return nil }
        self.algorithm = .ed25519
        self.point = point
        self.application = nil
    }

    /// Reads an SSH wire blob: exactly the fields of the algorithm, nothing behind them.
    ///
    /// FIDO keys must have an application that begins with `ssh:`.
    public init?(blob: [UInt8]) {
        var reader = SSHWire.Reader(blob)
        guard let name = reader.string(),
            let algorithm = Algorithm(rawValue: String(decoding: name, as: UTF8.self)),
            let point = reader.string(), Ed25519.isSoundPublicKey(point)
        else { return nil }
        var application: String?
        if algorithm == .fido {
            guard let bytes = reader.string(), bytes.allSatisfy({ (0x21...0x7e).contains($0) }),
                bytes.starts(with: "ssh:".utf8)
            else { return nil }
            application = String(decoding: bytes, as: UTF8.self)
        }
        guard reader.isAtEnd else { return nil }
        self.algorithm = algorithm
        self.point = point
        self.application = application
    }

    /// Reads `TYPE BASE64`, one space, no comment: the only form that stands in documents.
    public init?(line: String) {
        let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2, let blob = Base64.decode(String(decoding: parts[1], as: UTF8.self)),
            let key = SSHPublicKey(blob: blob),
            parts[0].elementsEqual(key.algorithm.rawValue.utf8)
        else { return nil }
        self = key
    }

    /// The SSH wire blob: what the fingerprint covers.
    public var blob: [UInt8] {
        var bytes = SSHWire.string(Array(algorithm.rawValue.utf8)) + SSHWire.string(point)
        if let application { bytes += SSHWire.string(Array(application.utf8)) }
        return bytes
    }

    /// `TYPE BASE64`, without a comment.
    public var line: String { algorithm.rawValue + " " + Base64.encode(blob) }

    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    public var fingerprint: Fingerprint { Fingerprint(ofBlob: blob) }

    /// Whether the 64 bytes are the plain key's Ed25519 signature of exactly these bytes. For
    /// formats of others; what people sign here is an ``SSHSIG``.
    public func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        algorithm == .ed25519 && Ed25519.isValid(signature: signature, of: bytes, by: point)
    }

    /// The same as ``line``.
    public var description: String { line }
}

/// Strings of the SSH wire format (RFC 4251 section 5): a length in four bytes, then the bytes.
public enum SSHWire {
    /// One string: its length and itself.
    public static func string(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt32(bytes.count)
        return [
            UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
            UInt8(count & 255),
        ]
            + bytes
    }

    /// Reads strings, numbers and single bytes off the front of a blob.
    public struct Reader {
        private var rest: ArraySlice<UInt8>

        /// Starts at the first byte.
        public init(_ bytes: [UInt8]) { rest = bytes[...] }

        /// Whether everything has been read.
        public var isAtEnd: Bool { rest.isEmpty }

        /// The next byte.
        public mutating func byte() -> UInt8? { rest.popFirst() }

        /// So many raw bytes.
        public mutating func bytes(_ count: Int) -> [UInt8]? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }

        /// A four-byte number, most significant byte first.
        public mutating func uint32() -> UInt32? {
            bytes(4)?.reduce(0) { $0 << 8 | UInt32($1) }
        }

        /// The next string's bytes; `nil` when it is cut short.
        public mutating func string() -> [UInt8]? {
            guard let count = uint32(), count <= 1 << 20 else { return nil }
            return bytes(Int(count))
        }
    }
}
