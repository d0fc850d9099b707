// Ed25519 keys in memory, for tests of the pure parts only: what is tested there is what the rules
// make of signatures, and thousands of them are needed. Nothing in Sources can sign.

import CSodium
public import CeremonyRecord

/// An Ed25519 key pair made from a number, the same one each time.
public struct SoftwareKey: Hashable, Sendable {
    /// The public key.
    public let publicKey: SSHPublicKey
    private let secret: [UInt8]

    /// The key pair of that number.
    public init(_ number: Int) {
        _ = sodium_init()
        let seed = Digest(of: Array("test key \(number)".utf8)).bytes
        var point = [UInt8](repeating: 0, count: 32)
        var secret = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_seed_keypair(&point, &secret, seed)
        guard let key = SSHPublicKey(ed25519: point) else {
            preconditionFailure("libsodium made a key that is not sound")
        }
        publicKey = key
        self.secret = secret
    }

    /// The fingerprint of the public key.
    public var fingerprint: Fingerprint { publicKey.fingerprint }

    /// The 64 bytes of a signature over exactly these bytes.
    public func signature(over bytes: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), secret)
        return signature
    }

    /// The binary SSHSIG over a message for a purpose.
    public func sshsig(over message: [UInt8], for namespace: SignatureNamespace) -> [UInt8] {
        let bytes = SSHSIG.signedBytes(namespace: namespace, message: message)
        guard
            let sshsig = try? SSHSIG(
                signature: signature(over: bytes), key: publicKey, namespace: namespace)
        else { preconditionFailure("a plain key's signature is always an SSHSIG") }
        return sshsig.blob
    }
}
