// Ed25519 keys in memory, for tests of the pure parts only: what is tested there is what the rules
// make of signatures, and thousands of them are needed. Nothing in Sources can sign.

import CSodium
public import CeremonyRecord

/// An Ed25519 key pair made from a number, the same one each time.
public struct SoftwareKey: Hashable, Sendable {
    /// The public key.
    public let publicKey: SSHPublicKey
    private let secret: [UInt8]
    private let isNegative: Bool

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
        isNegative = false
    }

    /// The key whose point is the negative of this one's: another key to whoever compares them, and
    /// the same to whoever has its secret.
    public var twin: SoftwareKey? { SoftwareKey(negativeOf: self) }

    private init?(negativeOf other: SoftwareKey) {
        var point = other.publicKey.point
        point[31] ^= 0x80
        guard let key = SSHPublicKey(ed25519: point) else { return nil }
        publicKey = key
        secret = other.secret
        isNegative = !other.isNegative
    }

    /// The fingerprint of the public key.
    public var fingerprint: Fingerprint { publicKey.fingerprint }

    /// The 64 bytes of a signature over exactly these bytes.
    public func signature(over bytes: [UInt8]) -> [UInt8] {
        if isNegative { return negativeSignature(over: bytes) }
        var signature = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), secret)
        return signature
    }

    /// RFC 8032 step by step, with the private number's negative.
    private func negativeSignature(over bytes: [UInt8]) -> [UInt8] {
        func hash(_ bytes: [UInt8]) -> [UInt8] {
            var hash = [UInt8](repeating: 0, count: 64)
            unsafe crypto_hash_sha512(&hash, bytes, UInt64(bytes.count))
            return hash
        }
        func reduced(_ wide: [UInt8]) -> [UInt8] {
            var scalar = [UInt8](repeating: 0, count: 32)
            unsafe crypto_core_ed25519_scalar_reduce(&scalar, wide)
            return scalar
        }
        let expanded = hash(Array(secret.prefix(32)))
        var number = Array(expanded.prefix(32))
        number[0] &= 248
        number[31] = number[31] & 127 | 64
        let r = reduced(hash(Array(expanded.suffix(32)) + bytes))
        var point = [UInt8](repeating: 0, count: 32)
        unsafe crypto_scalarmult_ed25519_base_noclamp(&point, r)
        let k = reduced(hash(point + publicKey.point + bytes))
        var (negative, product, sum) = (point, point, point)
        unsafe crypto_core_ed25519_scalar_negate(
            &negative, reduced(number + [UInt8](repeating: 0, count: 32)))
        unsafe crypto_core_ed25519_scalar_mul(&product, k, negative)
        unsafe crypto_core_ed25519_scalar_add(&sum, r, product)
        return point + sum
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
