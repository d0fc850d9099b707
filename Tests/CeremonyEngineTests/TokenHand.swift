// Somebody who lays hands on a token past the daemon: single halves of keys come and go.

import CeremonyRecord
import CeremonyRules
import PKCS11
import TestSupport

/// A session of somebody else on a token, with its PIN.
struct TokenHand {
    private let token: Token

    fileprivate init(_ token: Token) { self.token = token }

    /// Destroys the one object that was described.
    func destroy(_ object: TokenObject) async throws {
        let objectClass: ObjectClass = object.isPrivateKey ? .privateKey : .publicKey
        try await token.withSession { session throws(PKCS11Error) in
            for handle in try session.find([
                .objectClass(objectClass), .bytes(.id, object.id),
            ]) { try session.destroy(handle) }
        }
    }

    /// Writes a private key of that seed under the names that were announced.
    func write(_ seed: [UInt8], _ object: KeyIntent) async throws {
        try await write(
            [
                .objectClass(.privateKey), .flag(.private, true), .flag(.sensitive, true),
                .flag(.sign, true), .bytes(.value, seed),
            ], object)
    }

    /// Writes a public key under the names that were announced.
    func write(publicKey point: [UInt8], _ object: KeyIntent) async throws {
        try await write(
            [
                .objectClass(.publicKey), .flag(.verify, true),
                .bytes(.ecPoint, [0x04, 0x20] + point),
            ], object)
    }

    private func write(_ half: [Attribute], _ object: KeyIntent) async throws {
        let template =
            half + [
                .flag(.token, true), .number(.keyType, KeyType.ecEdwards.rawValue),
                .bytes(.ecParams, [0x13, 0x0c] + Array("edwards25519".utf8)),
                .bytes(.id, object.keyID), .text(.label, object.label),
            ]
        try await token.withSession { session throws(PKCS11Error) in
            _ = try session.createObject(template)
        }
    }
}

extension Workshop {
    /// A session on the token `house` in a module of its own.
    func session() async throws -> TokenHand {
        let path = try freshModulePath()
        let module = try store.loadModule(at: path)
        let token = try Token(try TokenURI("pkcs11:token=house").locate(in: [module]).slot)
        try await token.open(.readWrite)
        try await token.login(.user, pin: try Workshop.pin(), allowFinalTry: false)
        return TokenHand(token)
    }
}

extension SoftwareKey {
    /// The secret that a test's key is made from.
    static func seed(_ number: Int) -> [UInt8] {
        Digest(of: Array("test key \(number)".utf8)).bytes
    }
}
