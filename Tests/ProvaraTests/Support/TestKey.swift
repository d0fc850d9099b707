// Ed25519 keys in memory, from the public seeds of the vectors. Nothing in Sources can sign.

import CSodium
import Provara

/// A key pair whose seed everybody knows.
struct TestKey: Sendable {
    let publicKey: VaultPublicKey
    private let secret: [UInt8]

    /// The key of 32 bytes that count up from this one.
    init(from first: UInt8) {
        _ = sodium_init()
        var point = [UInt8](repeating: 0, count: 32)
        var secret = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_seed_keypair(&point, &secret, (0..<32).map { first + $0 })
        guard let key = VaultPublicKey(point) else {
            preconditionFailure("libsodium made a key that is not sound")
        }
        publicKey = key
        self.secret = secret
    }

    var id: KeyID { publicKey.id }

    func sign(_ bytes: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), secret)
        return signature
    }

    static let root = TestKey(from: 0x00)
    static let quorum = TestKey(from: 0x20)
    static let newRoot = TestKey(from: 0x40)
    static let successorRoot = TestKey(from: 0x60)
    static let newQuorum = TestKey(from: 0x80)
    /// A key that no vector knows.
    static let stranger = TestKey(from: 0xa0)
}
