// What most of these tests begin with: a module with one token, and a session with it.

import PKCS11
import TestSupport

extension Module {
    /// The slot of the token with this label.
    func slot(_ label: String = "house") throws -> Slot {
        try TokenURI("pkcs11:token=\(label)").locate(in: [self]).slot
    }
}

/// Runs a test in a session with a fresh SoftHSM token, and shuts the module down properly, so that
/// a session or a call that was left over fails the test.
func withSession(
    _ access: Session.Access = .readWrite, loggedIn: Bool = true,
    _ body: (borrowing Session, SoftHSMStore) async throws -> Void
) async throws {
    try await withSoftHSM { store in
        let module = try store.loadModule()
        let session = try module.slot().openSession(access)
        if loggedIn { try session.login(pin: SoftHSMStore.pin) }
        try await body(session, store)
        try session.close()
        try module.finalize()
    }
}

/// The same through the forwarding module that fails on demand.
func withFaultySession(
    loggedIn: Bool = true, _ body: (borrowing Session, SoftHSMStore) throws -> Void
) async throws {
    try await withSoftHSM { store in
        let module = try store.loadFaultModule()
        let session = try module.slot().openSession(.readWrite)
        if loggedIn { try session.login(pin: SoftHSMStore.pin) }
        try store.forgetCalls()
        try body(session, store)
        try store.setFaults()
        try session.close()
        try module.finalize()
    }
}

/// The error that the body throws; `nil` where it throws none of ours.
func pkcs11Error(_ body: () throws -> Void) -> PKCS11Error? {
    do {
        try body()
        return nil
    } catch {
        return error as? PKCS11Error
    }
}

/// The failed login that the body throws; `nil` where it throws another error or none.
func loginFailure(_ body: () throws -> Void) -> LoginFailure? {
    if case .login(let failure)? = pkcs11Error(body) { failure } else { nil }
}
