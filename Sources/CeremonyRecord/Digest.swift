// SHA-256 values as they stand in documents, events and on screens.

import Sodium

/// A SHA-256 digest: 32 bytes, written `sha256:<64 hex digits>` in documents.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// The digest of a message.
    public init(of message: [UInt8]) {
        bytes = SHA256.hash(message)
    }

    /// The digest of a large file, piece by piece; an empty piece ends it.
    public init<Failure: Error>(
        piecewise next: () throws(Failure) -> ArraySlice<UInt8>
    ) throws(Failure) {
        bytes = try SHA256.hash(piecewise: next)
    }

    /// Takes 32 bytes that are a digest already; anything else is `nil`.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads exactly 64 lower-case hex digits.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Reads `sha256:<64 lower-case hex digits>`, the form that documents use.
    public init?(_ text: String) {
        guard text.utf8.starts(with: "sha256:".utf8) else { return nil }
        self.init(hex: String(text.dropFirst(7)))
    }

    /// Sixty-four lower-case hex digits.
    public var hex: String { Hex.encode(bytes) }

    /// `sha256:` and the hex digits.
    public var description: String { "sha256:" + hex }

    /// Thirty-two zero bytes: what stands where there is nothing before.
    public static let zero = Digest(unchecked: [UInt8](repeating: 0, count: 32))

    /// Takes 32 bytes that a hash function just made.
    init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// An OpenSSH key fingerprint: SHA-256 of the key's SSH wire blob, written `SHA256:<base64>`.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// The fingerprint of an SSH wire blob.
    public init(ofBlob blob: [UInt8]) {
        bytes = SHA256.hash(blob)
    }

    /// The fingerprint of 32 bytes; `nil` for another number of them.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads `SHA256:` and 43 base64 digits without padding, canonical only.
    public init?(_ text: String) {
        guard text.utf8.starts(with: "SHA256:".utf8), text.utf8.count == 50,
            let bytes = Base64.decode(String(text.dropFirst(7)) + "="), bytes.count == 32
        else { return nil }
        self.bytes = bytes
    }

    /// `SHA256:` and the unpadded base64 digits, as `ssh-keygen -l` prints it.
    public var description: String {
        "SHA256:" + String(Base64.encode(bytes).dropLast())
    }
}
