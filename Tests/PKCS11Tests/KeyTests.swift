// Ed25519 key pairs: generated, read back, used, and seen by a program that we did not write.

import Foundation
import PKCS11
import Sodium
import TestSupport
import Testing

private let message = Array("the message".utf8)
private let x25519 = [
    "curve25519": [0x13, 10] + Array("curve25519".utf8), "OID": [6, 3, 0x2b, 0x65, 0x6e],
]

@Suite("An Ed25519 key pair") struct KeyTests {
    @Test(
        "is generated on the token, and what it signs verifies off the token",
        arguments: [
            0, 1, 64, 4096, 100_000,
        ])
    func signs(length: Int) async throws {
        try await withSession { session, _ in
            let pair = try session.generateEd25519KeyPair(id: [1, 2, 3], label: "alpha")
            let key = try session.ed25519PublicKey(of: pair.publicKey)
            #expect(Ed25519.isSoundPublicKey(key))
            var message = randomBytes(length)
            let signature = try session.sign(message, with: pair.privateKey)
            #expect(signature.count == 64)
            #expect(Ed25519.isValid(signature: signature, of: message, by: key))
            message.append(0)
            #expect(!Ed25519.isValid(signature: signature, of: message, by: key))
        }
    }

    @Test("has the attributes of a key that was made here, stays here, and only signs")
    func attributes() async throws {
        try await withSession { session, _ in
            let pair = try session.generateEd25519KeyPair(id: [7, 0, 255], label: "älpha")
            let secret = try session.attributes(AttributeType.ed25519, of: pair.privateKey)
            #expect(secret.objectClass == .value(.privateKey))
            #expect(secret.keyType == .value(.ecEdwards))
            #expect(secret.keyGenMechanism == .value(.ecEdwardsKeyPairGen))
            #expect(secret.id == .value([7, 0, 255]))
            #expect(secret.label == .value(Array("älpha".utf8)))
            for (name, flag, wanted) in [
                ("token", secret.isOnToken, true), ("private", secret.isPrivate, true),
                ("local", secret.isLocal, true), ("sensitive", secret.isSensitive, true),
                ("extractable", secret.isExtractable, false), ("sign", secret.canSign, true),
                ("always sensitive", secret.wasAlwaysSensitive, true),
                ("never extractable", secret.wasNeverExtractable, true),
                ("modifiable", secret.isModifiable, false),
                ("copyable", secret.isCopyable, false),
                ("always authenticate", secret.alwaysAuthenticates, false),
            ] {
                #expect(flag == .value(wanted), "\(name)")
            }
            let others: [AttributeType] = [.decrypt, .unwrap, .derive, .signRecover]
            let uses = try session.attributes(others, of: pair.privateKey)
            for use in others { #expect(uses.flag(use) == .value(false), "\(use)") }
            let open = try session.attributes(AttributeType.ed25519, of: pair.publicKey)
            #expect(open.objectClass == .value(.publicKey))
            #expect(open.id == secret.id)
            #expect(open.isPrivate == .value(false))
            #expect(open.ecPoint.value?.count == 34)
        }
    }

    @Test("has a secret value that is sensitive, and attributes that SoftHSM does not know")
    func outcomes() async throws {
        try await withSession { session, _ in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            let secret = try session.attributes([.value, .uniqueID, .id], of: pair.privateKey)
            #expect(secret[.value] == .sensitive)
            #expect(secret.uniqueID == .unknown)
            #expect(secret.id == .value([1]))
            #expect(secret.label == .unknown, "it was not asked for")
        }
    }

    @Test("is seen by pkcs11-tool as sensitive, never extractable, and made here")
    func stockTool() async throws {
        try await withSession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [0xab, 0xcd], label: "alpha")
            let text = try store.pkcs11Tool(
                "--login", "--pin", SoftHSMStore.pin, "--token-label", "house", "--list-objects",
                "--type", "privkey")
            #expect(text.contains("label:      alpha"))
            #expect(text.contains("ID:         abcd"))
            #expect(text.contains("Usage:      sign\n"))
            #expect(
                text.contains("Access:     sensitive, always sensitive, never extractable, local"))
            _ = try store.pkcs11Tool(
                "--login", "--pin", SoftHSMStore.pin, "--token-label", "house", "--sign",
                "--mechanism", "EDDSA", "--id", "abcd", "--input-file", store.configurationPath,
                "--output-file", store.directory + "/signature")
            let key = try session.ed25519PublicKey(of: pair.publicKey)
            let signed = try Data(contentsOf: URL(fileURLWithPath: store.configurationPath))
            let signature = try Data(
                contentsOf: URL(fileURLWithPath: store.directory + "/signature"))
            #expect(Ed25519.isValid(signature: Array(signature), of: Array(signed), by: key))
            #expect(try session.sign(Array(signed), with: pair.privateKey) == Array(signature))
        }
    }

    @Test("is not found by pkcs11-tool before the generation and after the destruction")
    func destroyed() async throws {
        try await withSession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [5], label: "short-lived")
            #expect(try session.keys(withID: [5]).count == 2)
            try session.destroy(pair.privateKey)
            #expect(try session.keys(withID: [5]) == [pair.publicKey])
            try session.destroy(pair.publicKey)
            #expect(try session.keys(withID: [5]).isEmpty)
            #expect(
                pkcs11Error { _ = try session.sign(message, with: pair.privateKey) }?.category
                    == .objectGone)
            let text = try store.pkcs11Tool(
                "--login", "--pin", SoftHSMStore.pin, "--token-label", "house", "--list-objects")
            #expect(!text.contains("short-lived"))
        }
    }

    @Test("is not generated where the identifier is in use")
    func idInUse() async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [9], label: "first")
            try store.forgetCalls()
            #expect(
                pkcs11Error { _ = try session.generateEd25519KeyPair(id: [9], label: "second") }
                    == .keyGeneration(
                        KeyGenerationFailure(
                            cause: nil, remains: .objects([pair.privateKey, pair.publicKey]))))
            #expect(try store.calls(of: "C_GenerateKeyPair").isEmpty)
        }
    }

    @Test(
        "cannot be an X25519 key, although SoftHSM calls one an Edwards key",
        arguments: [
            "curve25519", "OID",
        ])
    func montgomery(name: String) async throws {
        try await withSession { session, _ in
            let pair = try session.generateKeyPair(
                .ecEdwardsKeyPairGen,
                public: [
                    .flag(.token, true), .bytes(.ecParams, x25519[name]!), .bytes(.id, [1]),
                ],
                private: [
                    .flag(.token, true), .flag(.private, true), .flag(.sign, true),
                    .bytes(.id, [1]),
                ])
            let attributes = try session.attributes([.keyType, .ecPoint], of: pair.publicKey)
            #expect(attributes.keyType == .value(.ecEdwards))
            #expect(attributes.ecPoint.value?.count == 34)
            guard
                case .notEd25519(let why)? = pkcs11Error({
                    _ = try session.ed25519PublicKey(of: pair.publicKey)
                })
            else {
                Issue.record("taken for an Ed25519 key")
                return
            }
            #expect(why.contains("curve"))
            #expect(throws: PKCS11Error.self) { try session.sign(message, with: pair.privateKey) }
        }
    }

    @Test("is not generated in a read-only session, nor before a login")
    func forbidden() async throws {
        try await withSession(.readOnly) { session, _ in
            #expect(
                pkcs11Error { _ = try session.generateEd25519KeyPair(id: [1], label: "a") }?
                    .category == .readOnly)
        }
        try await withSession(loggedIn: false) { session, _ in
            #expect(
                pkcs11Error { _ = try session.generateEd25519KeyPair(id: [1], label: "a") }?
                    .category == .notLoggedIn)
        }
    }

    @Test("has a handle that is refused in another session and after a logout")
    func stale() async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            let other = try session.slot.openSession(.readOnly)
            try store.forgetCalls()
            #expect(
                pkcs11Error { _ = try other.sign(message, with: pair.privateKey) }
                    == .staleHandle)
            #expect(
                pkcs11Error { _ = try other.attributes([.id], of: pair.publicKey) }
                    == .staleHandle)
            #expect(pkcs11Error { try other.destroy(pair.publicKey) } == .staleHandle)
            #expect(try store.calls().isEmpty)
            let found = try other.keys(withID: [1])
            _ = try other.sign(message, with: found[0])
            try other.logout()
            try session.login(pin: SoftHSMStore.pin)
            #expect(
                pkcs11Error { _ = try session.sign(message, with: pair.privateKey) }
                    == .staleHandle)
            _ = try session.sign(message, with: session.keys(withID: [1])[0])
        }
    }

    @Test("that wants a PIN for every signature gets one for each")
    func alwaysAuthenticate() async throws {
        try await withFaultySession { session, store in
            let pair = try Self.generateGuarded(session)
            let key = try session.ed25519PublicKey(of: pair.publicKey)
            for _ in 0..<2 {
                let signature = try secret(SoftHSMStore.pin).withBytes { pin in
                    Result { try session.sign(message, with: pair.privateKey, pin: pin) }
                }.get()
                #expect(Ed25519.isValid(signature: signature, of: message, by: key))
            }
            #expect(
                try store.calls(of: "C_Login")
                    == ["C_Login user 2 pin 9", "C_Login user 2 pin 9"])
            #expect(
                pkcs11Error { _ = try session.sign(message, with: pair.privateKey) }?.category
                    == .notLoggedIn)
        }
    }

    @Test("that got a wrong PIN signs nothing, used one try, and needs a new session")
    func alwaysAuthenticateWrong() async throws {
        try await withFaultySession { session, store in
            let key = try Self.generateGuarded(session).privateKey
            let failure = loginFailure {
                try secret("0000").withBytes { pin in
                    Result { _ = try session.sign(message, with: key, pin: pin) }
                }.get()
            }
            #expect(failure?.fate == .used)
            #expect(try store.calls(of: "C_Login").count == 1)
            #expect(try store.calls(of: "C_Sign").isEmpty)
            #expect(
                pkcs11Error { _ = try session.sign(message, with: key) }?.category == .busy)
            let fresh = try session.slot.openSession(.readOnly)
            let found = try fresh.keys(withID: [1])[0]
            _ = try secret(SoftHSMStore.pin).withBytes { pin in
                Result { try fresh.sign(message, with: found, pin: pin) }
            }.get()
        }
    }

    @Test("whose PIN has no try left, or only the final one, begins no signature")
    func alwaysAuthenticateRefused() async throws {
        try await withFaultySession { session, store in
            let key = try Self.generateGuarded(session).privateKey
            for (flags, reason) in [
                ("0x40000", LoginFailure.Reason.pinLocked), ("0x20000", .finalTry),
            ] {
                try store.setFaults("C_GetTokenInfo * flags \(flags)")
                let failure = loginFailure {
                    try secret(SoftHSMStore.pin).withBytes { pin in
                        Result { _ = try session.sign(message, with: key, pin: pin) }
                    }.get()
                }
                #expect(failure?.reason == reason)
            }
            #expect(try store.calls(of: "C_SignInit").isEmpty)
            #expect(try store.calls(of: "C_Login").isEmpty)
            _ = try secret(SoftHSMStore.pin).withBytes { pin in
                Result { try session.sign(message, with: key, pin: pin, allowFinalTry: true) }
            }.get()
        }
    }

    private static func generateGuarded(_ session: borrowing Session) throws -> KeyPair {
        try session.generateKeyPair(
            .ecEdwardsKeyPairGen,
            public: [
                .flag(.token, true), .bytes(.id, [1]),
                .bytes(.ecParams, [0x13, 12] + Array("edwards25519".utf8)),
            ],
            private: [
                .flag(.token, true), .flag(.private, true), .flag(.sign, true), .bytes(.id, [1]),
                .flag(.alwaysAuthenticate, true),
            ])
    }
}
