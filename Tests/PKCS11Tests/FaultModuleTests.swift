// The forwarding module itself: that it does to its callers what its list of faults says
// (Tests/CFaultToken/faulttoken.c). What the engine makes of that is in CeremonyEngineTests.

import PKCS11
import Sodium
import Synchronization
import TestSupport
import Testing

@Suite("The module that misbehaves") struct FaultModuleTests {
    @Test("pulls the device out until the rules change, and its sessions do not come back")
    func removed() async throws {
        try await withLostSession { session, store in
            try store.setFaults("C_GenerateRandom 2 removed")
            _ = try session.random(1)
            #expect(pkcs11Error { _ = try session.random(1) }?.failedCall?.code == .deviceRemoved)
            #expect(pkcs11Error { _ = try session.state() }?.failedCall?.code == .deviceRemoved)
            #expect(try session.slot.module.slots().isEmpty)
            try store.setFaults()
            #expect(try !session.slot.module.slots().isEmpty)
            #expect(pkcs11Error { _ = try session.random(1) }?.category == .sessionGone)
        }
    }

    @Test("closes sessions and logs out behind our back", arguments: ["drop", "logout"])
    func behindOurBack(_ action: String) async throws {
        try await withLostSession { session, store in
            try session.requireLogin()
            try store.setFaults("* 1 \(action)")
            let error = pkcs11Error { try session.requireLogin() }
            #expect(error?.category == (action == "drop" ? .sessionGone : .notLoggedIn))
        }
    }

    /// A session that cannot be closed in the end.
    private func withLostSession(_ body: (borrowing Session, SoftHSMStore) throws -> Void)
        async throws
    {
        try await withSoftHSM { store in
            let session = try store.loadFaultModule().slot().openSession(.readWrite)
            try session.login(pin: SoftHSMStore.pin)
            try body(session, store)
        }
    }

    @Test("leaves an operation in the way, which a search ends and a fresh session is free of")
    func operationInTheWay() async throws {
        try await withSoftHSM { store in
            let module = try store.loadFaultModule()
            let token = try Token(module.slot())
            try await token.open(.readWrite)
            try await token.login(pin: try secret(SoftHSMStore.pin))
            let pair = try await token.generateEd25519KeyPair(id: [1], label: "a")
            for fault in ["C_FindObjectsInit 1 after 0x6", "C_FindObjectsFinal 1 rv 0x6"] {
                try store.setFaults(fault)
                _ = try? await token.find([])
                #expect(try await token.find([]).count == 2)
            }
            try store.setFaults("C_SignInit 1 after 0x6")
            _ = try? await token.sign([1], with: pair.privateKey)
            await #expect(throws: PKCS11Error.self) {
                try await token.sign([1], with: pair.privateKey)
            }
            try await token.renew()
            await #expect(throws: PKCS11Error.staleHandle) {
                try await token.sign([1], with: pair.privateKey)
            }
            let keys = try await token.find([.objectClass(.privateKey)])
            #expect(try await token.sign([1], with: keys[0]).count == 64)
            #expect(try store.calls(of: "C_Login").count == 1)
            try await token.close()
            try module.finalize()
        }
    }

    @Test("flips a bit of the signature, of the named key only")
    func flips() async throws {
        try await withFaultySession { session, store in
            let (one, two) = (
                try session.generateEd25519KeyPair(id: [1], label: "one"),
                try session.generateEd25519KeyPair(id: [2], label: "two")
            )
            try store.setFaults("C_Sign@tw 1+ flip")
            for (pair, isValid) in [(one, true), (two, false), (two, false), (one, true)] {
                let point = try session.ed25519PublicKey(of: pair.publicKey)
                let signature = try session.sign([1], with: pair.privateKey)
                #expect(Ed25519.isValid(signature: signature, of: [1], by: point) == isValid)
            }
        }
    }

    @Test("gives a point in the forms that modules use, or another one")
    func points() async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            let point = try session.ed25519PublicKey(of: pair.publicKey)
            for (form, length) in [("raw", 32), ("octets", 34), ("bits", 35), ("other", 34)] {
                try store.setFaults("C_GetAttributeValue * point \(form)")
                let read = try session.attributes([.ecPoint], of: pair.publicKey).ecPoint
                #expect(read.value?.count == length)
                let key = try session.ed25519PublicKey(of: pair.publicKey)
                #expect((key == point) == (form != "other"))
            }
        }
    }

    @Test("makes half a key, or one object too many")
    func halfAndDouble() async throws {
        try await withFaultySession { session, store in
            try store.setFaults("C_GenerateKeyPair 1 half 0x31", "C_GenerateKeyPair 2 duplicate")
            guard
                case .keyGeneration(let failure)? = pkcs11Error({
                    _ = try session.generateEd25519KeyPair(id: [1], label: "a")
                }), case .objects(let left) = failure.remains
            else {
                Issue.record("the half was not seen")
                return
            }
            #expect(left.count == 1)
            #expect(failure.cause?.failedCall?.code == .deviceMemory)
            _ = try session.generateEd25519KeyPair(id: [2], label: "b")
            #expect(try session.keys(withID: [2]).count == 3)
        }
    }

    @Test("lets a handle go stale, and gives a new one to who searches")
    func stale() async throws {
        try await withFaultySession { session, store in
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            try store.setFaults("C_SignInit 1 stale")
            #expect(
                pkcs11Error { _ = try session.sign([1], with: pair.privateKey) }?.category
                    == .objectGone)
            #expect(
                pkcs11Error { _ = try session.attributes([.id], of: pair.privateKey) }?.category
                    == .objectGone)
            let found = try session.find([.objectClass(.privateKey), .bytes(.id, [1])])
            #expect(found.count == 1 && found != [pair.privateKey])
            #expect(try session.sign([1], with: found[0]).count == 64)
            try session.destroy(found[0])
            #expect(try session.keys(withID: [1]).count == 1)
        }
    }

    @Test("hangs before or after a call until a file goes away", arguments: ["hang", "hang-after"])
    func hangs(_ action: String) async throws {
        try await withSoftHSM { store in
            let module = try store.loadFaultModule()
            let token = try Token(module.slot())
            try await token.open(.readWrite)
            try store.hold("held")
            try store.setFaults("C_GenerateRandom 1 \(action) held")
            let hasEnded = Mutex(false)
            let asked = Task {
                _ = try await token.random(1)
                hasEnded.withLock { $0 = true }
            }
            while try store.calls(of: "hangs").isEmpty { await Task.yield() }
            #expect(!hasEnded.withLock { $0 })
            try store.release("held")
            try await asked.value
            try await token.close()
            try module.finalize()
        }
    }
}
