// Every PKCS#11 function that the module calls, failed once in the middle of the whole line of
// work: the error must come out with the function's name and the code, and must not be covered up.

import PKCS11
import TestSupport
import Testing

@Suite("Every PKCS#11 call") struct EveryCallTests {
    /// All there is to do with a token, from loading the module to shutting it down.
    private static func work(in store: SoftHSMStore) throws {
        let module = try store.loadFaultModule()
        _ = try module.info()
        let slots = try module.slots()
        guard let slot = try slots.first(where: { try $0.tokenInfo().label == "house" }) else {
            Issue.record("the token is not there")
            return
        }
        _ = try slot.claimsEd25519()
        let session = try slot.openSession(.readWrite)
        _ = try session.state()
        try session.login(pin: SoftHSMStore.pin)
        _ = try session.random(8)
        let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
        _ = try session.ed25519PublicKey(of: pair.publicKey)
        _ = try session.sign([1], with: pair.privateKey)
        _ = try session.createDataObject(
            label: "a", application: "b", value: [1], isPrivate: false)
        try session.destroy(pair.privateKey)
        try session.changePIN(from: SoftHSMStore.pin, to: "another-pin")
        try session.logout()
        try session.close()
        try module.finalize()
    }

    @Test("that fails is reported by its name and its code", arguments: Function.allCases)
    func fails(function: Function) async throws {
        try await withSoftHSM { store in
            try store.setFaults("\(function.rawValue) 1 after 0x6")
            let error = pkcs11Error { try Self.work(in: store) }
            if function == .findObjectsFinal {
                // What was found is right all the same, and nothing can be done about it.
                #expect(error == nil)
            } else {
                #expect(error?.failedCall?.function == function)
                #expect(error?.failedCall?.code == .functionFailed)
                #expect(error?.description.contains(function.rawValue) == true)
                #expect(error?.description.contains("CKR_FUNCTION_FAILED (0x6)") == true)
            }
            #expect(try !store.calls(of: function.rawValue).isEmpty)
        }
    }

    @Test("is made in the whole line of work, and every session and search is closed again")
    func complete() async throws {
        try await withSoftHSM { store in
            try Self.work(in: store)
            let calls = try store.calls().map { String($0.prefix { $0 != " " }) }
            #expect(Set(calls) == Set(Function.allCases.map(\.rawValue)))
            func count(_ function: Function) -> Int { calls.count { $0 == function.rawValue } }
            #expect(count(.openSession) == count(.closeSession))
            #expect(count(.findObjectsInit) == count(.findObjectsFinal))
            #expect(count(.initialize) == count(.finalize))
            #expect(count(.login) == 1)
        }
    }
}
