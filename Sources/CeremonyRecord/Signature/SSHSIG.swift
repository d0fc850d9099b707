// SSHSIG (OpenSSH PROTOCOL.sshsig): the form of every signature that a person or a subject's key
// makes, chosen because `ssh-keygen -Y verify` checks it anywhere. Cut down to what the log admits:
// version 1, empty reserved field, sha512, Ed25519 plain or on a FIDO token.

import Sodium

/// A detached signature over a document, with the key and the namespace it was made for.
///
/// A value of this type is well formed and nothing more: only
/// ``verify(message:namespace:by:)`` says that the signature holds.
public struct SSHSIG: Hashable, Sendable {
    /// What a FIDO token adds to what it signs.
    public struct TokenState: Hashable, Sendable {
        /// Bit 0: a person touched the token. Bit 2: the token verified who.
        public let flags: UInt8
        /// The token's signature counter.
        public let counter: UInt32
    }

    /// The key that is said to have signed.
    public let key: SSHPublicKey
    /// The namespace that is under the signature: printable ASCII, at least one character.
    public let namespace: String
    /// The 64 bytes of the Ed25519 signature.
    public let signature: [UInt8]
    /// Present exactly when ``key`` is a FIDO key.
    public let tokenState: TokenState?

    /// Wraps the 64 bytes that an Ed25519 key made over ``signedBytes(namespace:message:)``, with
    /// what a FIDO token added.
    ///
    /// - Throws: ``SSHSIGError`` for another length, or for a FIDO key without its token's part or
    ///   the other way round. Nothing is verified.
    public init(
        signature: [UInt8], tokenState: TokenState? = nil, key: SSHPublicKey,
        namespace: SignatureNamespace
    ) throws(SSHSIGError) {
        guard (key.algorithm == .fido) == (tokenState != nil) else {
            throw .malformed(
                tokenState == nil
                    ? "a FIDO key signs with a counter" : "a plain key signs without a counter")
        }
        guard signature.count == 64 else { throw .malformed("a signature that is not 64 bytes") }
        self.key = key
        self.namespace = namespace.rawValue
        self.signature = signature
        self.tokenState = tokenState
    }

    /// Reads the binary form; every byte must be accounted for.
    ///
    /// - Throws: ``SSHSIGError``
    public init(blob: [UInt8]) throws(SSHSIGError) {
        var reader = SSHWire.Reader(blob)
        guard reader.bytes(6) == SSHSIG.magic else { throw .malformed("no SSHSIG at its start") }
        guard let version = reader.uint32() else { throw .cutShort }
        guard version == 1 else { throw .version(version) }
        guard let keyBlob = reader.string(), let namespace = reader.string(),
            let reserved = reader.string(), let hash = reader.string(),
            let signatureBlob = reader.string()
        else { throw .cutShort }
        guard reader.isAtEnd else { throw .malformed("bytes behind its end") }
        guard let key = SSHPublicKey(blob: keyBlob) else { throw .keyNotAccepted }
        guard !namespace.isEmpty, namespace.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .malformed("a namespace that is not printable ASCII")
        }
        guard reserved.isEmpty else { throw .reservedNotEmpty }
        guard hash == Array("sha512".utf8) else { throw .hashNotSHA512 }
        self.key = key
        self.namespace = String(decoding: namespace, as: UTF8.self)
        (signature, tokenState) = try SSHSIG.parts(of: signatureBlob, by: key.algorithm)
    }

    /// The binary form; its base64 stands in events.
    public var blob: [UInt8] {
        var inner = SSHWire.string(Array(key.algorithm.rawValue.utf8)) + SSHWire.string(signature)
        if let tokenState {
            inner.append(tokenState.flags)
            inner += SSHSIG.bigEndian(tokenState.counter)
        }
        return SSHSIG.magic + SSHSIG.bigEndian(1) + SSHWire.string(key.blob)
            + SSHWire.string(Array(namespace.utf8)) + SSHWire.string([])
            + SSHWire.string(Array("sha512".utf8)) + SSHWire.string(inner)
    }

    /// What a key signs: about 120 bytes whatever the document's length, under the namespace.
    ///
    /// A PKCS#11 token gets exactly these bytes with `CKM_EDDSA`.
    public static func signedBytes(namespace: SignatureNamespace, message: [UInt8]) -> [UInt8] {
        magic + SSHWire.string(Array(namespace.rawValue.utf8)) + SSHWire.string([])
            + SSHWire.string(Array("sha512".utf8)) + SSHWire.string(SHA512.hash(message))
    }

    /// Checks that this key signed this message for this purpose.
    ///
    /// The expected key and namespace come from the log and the caller, never from the signature.
    /// A FIDO signature must also say that a person touched the token, which
    /// `ssh-keygen -Y verify` does not ask.
    ///
    /// - Throws: ``SSHSIGError``; returning means that the signature holds.
    public func verify(
        message: [UInt8], namespace expected: SignatureNamespace, by signer: SSHPublicKey
    ) throws(SSHSIGError) {
        guard key == signer else { throw .otherKey(key.fingerprint) }
        guard namespace.utf8.elementsEqual(expected.rawValue.utf8) else {
            throw .otherNamespace(namespace)
        }
        var signed = SSHSIG.signedBytes(namespace: expected, message: message)
        if let tokenState {
            guard tokenState.flags & 1 == 1 else { throw .noUserPresence }
            signed =
                SHA256.hash(Array((signer.application ?? "").utf8)) + [tokenState.flags]
                + SSHSIG.bigEndian(tokenState.counter) + SHA256.hash(signed)
        }
        guard Ed25519.isValid(signature: signature, of: signed, by: signer.point) else {
            throw .signatureInvalid
        }
    }

    private static let magic = Array("SSHSIG".utf8)

    private static func parts(of blob: [UInt8], by algorithm: SSHPublicKey.Algorithm)
        throws(SSHSIGError) -> ([UInt8], TokenState?)
    {
        var reader = SSHWire.Reader(blob)
        guard let name = reader.string(), let signature = reader.string() else { throw .cutShort }
        guard name == Array(algorithm.rawValue.utf8) else {
            throw .malformed("a signature of another algorithm than its key")
        }
        guard signature.count == 64 else { throw .malformed("a signature that is not 64 bytes") }
        var state: TokenState?
        if algorithm == .fido {
            guard let flags = reader.byte(), let counter = reader.uint32() else { throw .cutShort }
            state = TokenState(flags: flags, counter: counter)
        }
        guard reader.isAtEnd else { throw .malformed("bytes behind the signature") }
        return (signature, state)
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(number >> $0 & 255) }
    }
}
