// Searching, reading, writing and destroying objects, and what a module may answer amiss.

import PKCS11
import Sodium
import TestSupport
import Testing

@Suite("Objects") struct ObjectTests {
    private static func fill(_ session: borrowing Session, _ count: Int) throws {
        for index in 0..<count {
            _ = try session.createObject([
                .objectClass(.data), .text(.label, "bulk"), .bytes(.value, [UInt8(index)]),
            ])
        }
    }

    @Test("are found by template, in batches, each exactly once")
    func batches() async throws {
        try await withFaultySession { session, store in
            try Self.fill(session, 130)
            try store.forgetCalls()
            let found = try session.find([.text(.label, "bulk")])
            #expect(Set(found).count == 130)
            #expect(try store.calls(of: "C_FindObjects").count == 4)
            #expect(try store.calls(of: "C_FindObjectsFinal").count == 1)
            #expect(try session.find([.text(.label, "bul")]).isEmpty)
            #expect(try session.find([]).count >= 130)
        }
    }

    @Test("are not collected beyond the limit")
    func limit() async throws {
        try await withSession { session, _ in
            try Self.fill(session, 5)
            #expect(try session.find([.text(.label, "bulk")], limit: 5).count == 5)
            #expect(
                pkcs11Error { _ = try session.find([.text(.label, "bulk")], limit: 4) }
                    == .tooManyObjects(limit: 4))
            #expect(try session.find([.text(.label, "bulk")]).count == 5, "the search must be over")
        }
    }

    @Test("are searched to the end of the search, also when it fails on the way")
    func finals() async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_FindObjects 1 rv 0x30")
            #expect(
                pkcs11Error { _ = try session.find([]) }?.failedCall?.function == .findObjects)
            #expect(try store.calls(of: "C_FindObjectsFinal").count == 1)
            _ = try session.find([])
            try store.setFaults("C_FindObjects 1 length 65")
            #expect(
                pkcs11Error { _ = try session.find([]) }
                    == .malformed(.findObjects, "65 objects where 64 fit"))
        }
    }

    @Test("of data are written, found, read, and gone when destroyed", arguments: [true, false])
    func data(isPrivate: Bool) async throws {
        try await withSession { session, store in
            let value = [UInt8](0...255) + [UInt8](0...255)
            let made = try session.createDataObject(
                label: "head", application: "tests", value: value, isPrivate: isPrivate)
            #expect(try session.attributes([.private], of: made).isPrivate == .value(isPrivate))
            let found = try session.findDataObjects(label: "head", application: "tests")
            #expect(found == [made])
            #expect(try session.findDataObjects(label: "head", application: "other").isEmpty)
            let object = try session.dataObject(found[0])
            #expect(object.value == value)
            #expect(object.label == Array("head".utf8))
            #expect(object.application == Array("tests".utf8))
            let seenByAll = try store.pkcs11Tool(
                "--token-label", "house", "--list-objects", "--type", "data")
            #expect(seenByAll.contains("head") == !isPrivate)
            try session.destroy(found[0])
            #expect(try session.findDataObjects(label: "head", application: "tests").isEmpty)
        }
    }

    @Test("of secret data go to the token and come back without a copy in ordinary memory")
    func secretData() async throws {
        try await withSession { session, store in
            let value = try secret("a share of something")
            let made = try value.withBytes { bytes in
                Result {
                    try session.createSecretDataObject(
                        label: "share", application: "tests", secret: bytes)
                }
            }.get()
            #expect(try session.findDataObjects(label: "share", application: "tests") == [made])
            #expect(try session.attributes([.private], of: made).isPrivate == .value(true))
            let back = try SecretBytes(capacity: 64)
            var read: Result<Int, any Error> = .success(0)
            _ = back.fill { place in
                read = Result { try session.readSecretDataObject(made, into: place) }
                return (try? read.get()) ?? 0
            }
            #expect(try read.get() == value.count)
            #expect(back.withBytes { Array($0) } == Array("a share of something".utf8))
            let small = try SecretBytes(capacity: 4)
            _ = small.fill { place in
                #expect(throws: PKCS11Error.self) {
                    try session.readSecretDataObject(made, into: place)
                }
                return 0
            }
            try session.logout()
            #expect(try session.findDataObjects(label: "share", application: "tests").isEmpty)
        }
    }

    @Test("that are private are hidden by a logout")
    func hidden() async throws {
        try await withSession { session, _ in
            _ = try session.createDataObject(
                label: "head", application: "tests", value: [1], isPrivate: true)
            try session.logout()
            #expect(try session.findDataObjects(label: "head", application: "tests").isEmpty)
        }
    }

    @Test(
        "have attributes with one of four outcomes",
        arguments: [
            ("0102", AttributeOutcome<[UInt8]>.value([1, 2])), ("unavailable", .unavailable),
            ("0x11", .sensitive), ("0x12", .unknown),
        ])
    func outcomes(answer: String, outcome: AttributeOutcome<[UInt8]>) async throws {
        try await withFaultySession { session, store in
            let object = try session.createDataObject(
                label: "a", application: "b", value: [9], isPrivate: false)
            try store.setFaults("C_GetAttributeValue * attribute 0x11 \(answer)")
            #expect(try session.attributes([.value], of: object)[.value] == outcome)
        }
    }

    @Test(
        "whose truth values or numbers are none are an error, not a guess",
        arguments: [
            (AttributeType.token, "0x1 0101"), (.token, "0x1 02"), (.local, "0x163 00000000"),
            (.class, "0x0 03"), (.keyType, "0x100 400000000000000000"),
        ])
    func malformed(type: AttributeType, answer: String) async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            try store.setFaults("C_GetAttributeValue * attribute \(answer)")
            guard
                case .malformed(.getAttributeValue, _)? = pkcs11Error({
                    _ = try session.attributes([type], of: pair.privateKey)
                })
            else {
                Issue.record("taken")
                return
            }
        }
    }

    @Test("whose value grows while it is read are read again")
    func growing() async throws {
        try await withFaultySession { session, store in
            let object = try session.createDataObject(
                label: "a", application: "b", value: [1, 2, 3], isPrivate: false)
            try store.setFaults("C_GetAttributeValue 2 rv 0x150")
            #expect(try session.dataObject(object).value == [1, 2, 3])
            #expect(try session.attributes([.value], of: object)[.value] == .value([1, 2, 3]))
            try store.setFaults("C_GetAttributeValue 1 attribute 0x11 01")
            #expect(try session.attributes([.value], of: object)[.value] == .value([1, 2, 3]))
        }
    }

    @Test("and signatures of the wrong length are refused")
    func signatureLength() async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            for length in [0, 63, 65, 114] {
                try store.setFaults("C_Sign 1 length \(length)")
                #expect(
                    pkcs11Error { _ = try session.sign([1], with: pair.privateKey) }
                        == .malformed(.sign, "a signature of \(length) bytes"))
            }
            try store.forgetCalls()
            _ = try session.sign([1], with: pair.privateKey)
            #expect(try store.calls(of: "C_SignInit") == ["C_SignInit mechanism 0x1057 null 0"])
        }
    }

    @Test("may be random bytes, never twice the same")
    func random() async throws {
        try await withSession { session, _ in
            let one = try session.random(32)
            #expect(one.count == 32)
            #expect(try session.random(32) != one)
            #expect(try session.random(0).isEmpty)
        }
    }
}
