// Loading, asking and shutting down a module.

import PKCS11
import TestSupport
import Testing

@Suite("A module") struct ModuleTests {
    @Test("describes itself")
    func info() async throws {
        try await withSoftHSM { store in
            let info = try store.loadModule().info()
            #expect(info.manufacturer == "SoftHSM")
            #expect(info.library == "Implementation of PKCS11")
            #expect(info.cryptokiVersion.description == "2.40")
            #expect(info.libraryVersion.major == 2)
        }
    }

    @Test("that is not there is refused in the loader's own words")
    func absent() {
        guard
            case .notLoaded("/nowhere/module.so", let reason)? = pkcs11Error({
                _ = try Module(path: "/nowhere/module.so")
            })
        else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("/nowhere/module.so"))
        #expect(reason.contains("No such file"))
    }

    @Test(
        "that is another kind of library, or no library, is refused",
        arguments: [
            "/lib/x86_64-linux-gnu/libm.so.6", "/etc/passwd", "", "/nowhere\0/m.so",
        ])
    func foreign(path: String) {
        guard case .notLoaded(path, let reason)? = pkcs11Error({ _ = try Module(path: path) })
        else {
            Issue.record("not refused")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("is told to lock for itself")
    func locking() async throws {
        try await withSoftHSM { store in
            _ = try store.loadFaultModule()
            #expect(try store.calls(of: "C_Initialize") == ["C_Initialize flags 2"])
        }
    }

    @Test("is loaded once in a process: the second time is an error")
    func twice() async throws {
        try await withSoftHSM { store in
            let first = try store.loadModule()
            #expect(
                pkcs11Error { _ = try store.loadModule() }?.failedCall?.code
                    == .cryptokiAlreadyInitialized)
            #expect(try first.slots().count == 2, "the first one must have survived")
            try first.finalize()
            let again = try store.loadModule()
            #expect(try again.slots().count == 2)
            #expect(throws: PKCS11Error.finalized(path: first.path)) { try first.slots() }
            #expect(throws: PKCS11Error.finalized(path: first.path)) { try first.finalize() }
        }
    }

    @Test("is finalised when it is dropped")
    func dropped() async throws {
        try await withSoftHSM { store in
            do { _ = try store.loadFaultModule() }
            #expect(try store.calls(of: "C_Finalize").count == 1)
            let again = try store.loadFaultModule()
            try again.finalize()
            #expect(try store.calls(of: "C_Finalize").count == 2)
        }
        // A module that was finalised by hand is not finalised again when it goes.
    }

    @Test("is not finalised under an open session, and is afterwards")
    func inUse() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            let session = try module.slot().openSession(.readOnly)
            #expect(throws: PKCS11Error.moduleInUse(sessions: 1, calls: 0)) {
                try module.finalize()
            }
            #expect(try session.state() == .publicReadOnly)
            try session.close()
            do { _ = try module.slot().openSession(.readOnly) }
            try module.finalize()
        }
    }

    @Test("counts a session out even when closing it fails")
    func closeFails() async throws {
        try await withSoftHSM { store in
            let module = try store.loadFaultModule()
            let session = try module.slot().openSession(.readOnly)
            try store.setFaults("C_CloseSession 1 after 0x30")
            let error = pkcs11ErrorClosing(session)
            #expect(error?.failedCall?.function == .closeSession)
            try module.finalize()
        }
    }

    @Test("that leaves out a function is loaded, and the call is an error and no crash")
    func missing() async throws {
        try await withSoftHSM { store in
            try store.setFaults("C_GenerateRandom * missing", "C_GenerateKeyPair * missing")
            let module = try store.loadFaultModule()
            let session = try module.slot().openSession(.readWrite)
            try session.login(pin: SoftHSMStore.pin)
            let missing = PKCS11Error.functionsMissing(path: module.path, [.generateRandom])
            #expect(pkcs11Error { _ = try session.random(8) } == missing)
            #expect(
                pkcs11Error { _ = try session.generateEd25519KeyPair(id: [1], label: "a") }
                    == .keyGeneration(
                        KeyGenerationFailure(
                            cause: .functionsMissing(path: module.path, [.generateKeyPair]),
                            remains: .nothing)))
        }
    }

    @Test("that cannot even list its tokens is refused")
    func unusable() async throws {
        try await withSoftHSM { store in
            try store.setFaults("C_GetSlotList * missing", "C_GetTokenInfo * missing")
            let path = try store.faultModulePath()
            #expect(
                pkcs11Error { _ = try store.loadFaultModule() }
                    == .functionsMissing(path: path, [.getSlotList, .getTokenInfo]))
            #expect(try store.calls().isEmpty)
        }
    }

    @Test("whose list of slots grows while it is fetched is asked again")
    func growing() async throws {
        try await withSoftHSM { store in
            let module = try store.loadFaultModule()
            try store.setFaults("C_GetSlotList 2 rv 0x150")
            #expect(try module.slots().count == 2)
            try store.setFaults("C_GetSlotList * length 70000")
            #expect(throws: PKCS11Error.malformed(.getSlotList, "70000 entries")) {
                try module.slots()
            }
            try store.setFaults("C_GetSlotList 2 length 70000")
            #expect(throws: PKCS11Error.self) { try module.slots() }
        }
    }

    @Test("shows what came and went in the meantime once it is loaded again")
    func comings() async throws {
        try await withSoftHSM { store in
            let late = try TokenURI("pkcs11:token=late")
            try store.loadModule().finalize()
            try store.makeToken(label: "late")
            var module = try store.loadModule()
            #expect(try late.locate(in: [module]).info.isInitialized)
            try module.finalize()
            try store.deleteToken(label: "late")
            module = try store.loadModule()
            #expect(throws: PKCS11Error.tokenNotFound(late, unreadable: [])) {
                try late.locate(in: [module])
            }
        }
    }

    @Test("whose token vanished under a session says so at the next call, and comes back")
    func vanished() async throws {
        try await withSoftHSM { store in
            var module = try store.loadModule()
            let session = try module.slot().openSession(.readWrite)
            try session.login(pin: SoftHSMStore.pin)
            let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
            try store.hideTokens()
            #expect(
                pkcs11Error { _ = try session.sign([1], with: pair.privateKey) }?.category
                    == .objectGone)
            #expect(throws: PKCS11Error.self) { try session.slot.tokenInfo() }
            try store.showTokens()
            try session.close()
            try module.finalize()
            module = try store.loadModule()
            let again = try module.slot().openSession(.readOnly)
            try again.login(pin: SoftHSMStore.pin)
            _ = try again.sign([1], with: again.keys(withID: [1])[0])
        }
    }
}

private func pkcs11ErrorClosing(_ session: consuming Session) -> PKCS11Error? {
    do {
        try session.close()
        return nil
    } catch {
        return error
    }
}
