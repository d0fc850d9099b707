// What modules other than SoftHSM answer to a key generation, and what may be done about it.

import PKCS11
import Sodium
import TestSupport
import Testing

@Suite("A key generation") struct KeyGenerationFaultTests {
    /// The first curve parameters that are sent, in hexadecimal.
    private static let named = "0x180=130c656477617264733235353139"

    @Test("is asked for once, with both templates, and no parameter")
    func plain() async throws {
        try await withFaultySession { session, store in
            _ = try session.generateEd25519KeyPair(id: [1], label: "a")
            #expect(
                try store.calls(of: "C_GenerateKeyPair")
                    == ["C_GenerateKeyPair mechanism 0x1055 null, 5 and 13 attributes"])
        }
    }

    @Test(
        "falls back to the curve's OID where its name is refused",
        arguments: [
            "0x13", "0x140", "0x130", "0x71",
        ])
    func curve(code: String) async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair * refuse \(Self.named) \(code)")
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            #expect(
                try session.attributes([.ecParams], of: pair.publicKey).ecParams
                    == .value([6, 3, 0x2b, 0x65, 0x70]))
            let key = try session.ed25519PublicKey(of: pair.publicKey)
            let signature = try session.sign([1], with: pair.privateKey)
            #expect(Ed25519.isValid(signature: signature, of: [1], by: key))
            #expect(try store.calls(of: "C_GenerateKeyPair").count == 2)
        }
    }

    @Test(
        "falls back to the core of the template where an attribute is refused",
        arguments: [
            ("0x171", "0x12"), ("0x170", "0xd1"), ("0x105", "0x10"),
        ])
    func core(attribute: String, code: String) async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair * refuse \(attribute) \(code)")
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            let attributes = try session.attributes(
                [.sensitive, .extractable, .private, .sign], of: pair.privateKey)
            #expect(attributes.isSensitive == .value(true))
            #expect(attributes.isExtractable == .value(false))
            #expect(attributes.isPrivate == .value(true))
            #expect(attributes.canSign == .value(true))
            #expect(
                try store.calls(of: "C_GenerateKeyPair").last
                    == "C_GenerateKeyPair mechanism 0x1055 null, 5 and 7 attributes")
        }
    }

    @Test("takes both ways out where both are needed, and then no more")
    func both() async throws {
        try await withFaultySession { session, store in
            try store.setFaults(
                "C_GenerateKeyPair * refuse \(Self.named) 0x140",
                "C_GenerateKeyPair * refuse 0x171 0x12")
            _ = try session.generateEd25519KeyPair(id: [1], label: "a")
            #expect(try store.calls(of: "C_GenerateKeyPair").count == 3)
            try store.forgetCalls()
            try store.setFaults("C_GenerateKeyPair * refuse 0x180 0x140")
            #expect(throws: PKCS11Error.self) {
                try session.generateEd25519KeyPair(id: [2], label: "b")
            }
            #expect(try store.calls(of: "C_GenerateKeyPair").count == 2)
        }
    }

    @Test("searches between two attempts")
    func searches() async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair 1 rv 0x12")
            _ = try session.generateEd25519KeyPair(id: [1], label: "a")
            let calls = try store.calls().filter {
                $0.hasPrefix("C_GenerateKeyPair") || $0 == "C_FindObjectsInit"
            }.map { $0.prefix(12) }
            let search = "C_FindObject", attempt = "C_GenerateKe"
            #expect(
                calls.map(String.init)
                    == [search, search, attempt, search, search, attempt])
        }
    }

    @Test(
        "is not repeated after an error that another form cannot cure",
        arguments: [
            "0x5", "0x30", "0x31", "0x70", "0xe0", "0x80000005",
        ])
    func final(code: String) async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair * rv \(code)")
            guard
                case .keyGeneration(let failure)? = pkcs11Error({
                    _ = try session.generateEd25519KeyPair(id: [1], label: "a")
                })
            else {
                Issue.record("it did not fail")
                return
            }
            #expect(failure.cause?.failedCall?.function == .generateKeyPair)
            #expect(failure.remains == .nothing)
            #expect(try store.calls(of: "C_GenerateKeyPair").count == 1)
        }
    }

    @Test(
        "that failed after making keys is not repeated, and says what it left",
        arguments: [
            "0x5", "0x12", "0x13", "0x30", "0x140",
        ])
    func leftovers(code: String) async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair 1 after \(code)")
            guard
                case .keyGeneration(let failure)? = pkcs11Error({
                    _ = try session.generateEd25519KeyPair(id: [1], label: "a")
                }), case .objects(let left) = failure.remains
            else {
                Issue.record("the keys were not noticed")
                return
            }
            #expect(left.count == 2)
            #expect(try store.calls(of: "C_GenerateKeyPair").count == 1)
            for object in left { try session.destroy(object) }
            #expect(try session.keys(withID: [1]).isEmpty)
        }
    }

    @Test("whose leftovers cannot be looked for is not repeated, and says that nobody knows")
    func unknown() async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair 1 rv 0x12", "C_FindObjectsInit 3 rv 0x32")
            guard
                case .keyGeneration(let failure)? = pkcs11Error({
                    _ = try session.generateEd25519KeyPair(id: [1], label: "a")
                }), case .unknown(let error) = failure.remains
            else {
                Issue.record("the failed search went unnoticed")
                return
            }
            #expect(error.category == .removed)
            #expect(try store.calls(of: "C_GenerateKeyPair").count == 1)
        }
    }
}

@Suite("A public key") struct PublicKeyEncodingTests {
    private static let raw = String(repeating: "0420", count: 16)

    @Test(
        "is read in each of the three encodings that modules use",
        arguments: [
            "", "0420", "032100",
        ])
    func encodings(prefix: String) async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            try store.setFaults("C_GetAttributeValue * attribute 0x181 \(prefix)\(Self.raw)")
            #expect(
                try session.ed25519PublicKey(of: pair.publicKey)
                    == Array(repeatElement([4, 0x20], count: 16).joined()))
        }
    }

    @Test(
        "in any other form, of another type or curve, is refused",
        arguments: [
            "0x181 0320\(raw)", "0x181 0421\(raw)", "0x181 032101\(raw)", "0x181 00\(raw)",
            "0x181 \(raw)\(raw)", "0x181 unavailable", "0x181 0x12", "0x181 0x11",
            "0x180 unavailable", "0x180 0603", "0x180 130a63757276653235353139",
            "0x180 130c656477617264733235353139ff", "0x100 0300000000000000", "0x100 unavailable",
        ])
    func refused(attribute: String) async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            try store.setFaults("C_GetAttributeValue * attribute \(attribute)")
            guard
                case .notEd25519? = pkcs11Error({
                    _ = try session.ed25519PublicKey(of: pair.publicKey)
                })
            else {
                Issue.record("taken")
                return
            }
        }
    }

    @Test(
        "of a curve by any of its names is Ed25519",
        arguments: [
            "06032b6570", "130745643235353139", "06092b06010401da470f01",
        ])
    func curves(parameters: String) async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            try store.setFaults("C_GetAttributeValue * attribute 0x180 \(parameters)")
            #expect(try session.ed25519PublicKey(of: pair.publicKey).count == 32)
        }
    }
}
