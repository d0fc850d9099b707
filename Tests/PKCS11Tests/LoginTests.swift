// Logging in: one try per order, the flags read before, and the fate of the try told.

import PKCS11
import TestSupport
import Testing

@Suite("A login") struct LoginTests {
    @Test("changes the session's state, and a logout changes it back")
    func states() async throws {
        try await withSession(loggedIn: false) { session, _ in
            #expect(try session.state() == .publicReadWrite)
            #expect(try session.state().user == nil)
            try session.login(pin: SoftHSMStore.pin)
            #expect(try session.state() == .userReadWrite)
            #expect(try session.state().user == .user)
            try session.logout()
            #expect(try session.state() == .publicReadWrite)
            try session.login(.securityOfficer, pin: SoftHSMStore.securityOfficerPIN)
            #expect(try session.state() == .securityOfficer)
        }
        try await withSession(.readOnly) { session, _ in
            let state = try session.state()
            #expect(state == .userReadOnly)
        }
    }

    @Test("with a wrong PIN uses exactly one try and says so")
    func wrongPIN() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            #expect(try session.slot.tokenInfo().pinState(of: .user) == .ok)
            let failure = loginFailure { try session.login(pin: "0000") }
            #expect(failure?.reason == .wrongPIN)
            #expect(failure?.fate == .used)
            #expect(failure?.stateAfter == .low)
            #expect(failure?.cause?.failedCall?.code == .pinIncorrect)
            #expect(try store.calls(of: "C_Login") == ["C_Login user 1 pin 4"])
            #expect(try session.slot.tokenInfo().isUserPINCountLow)
            #expect(try session.state().user == nil)
            try session.login(pin: SoftHSMStore.pin)
            #expect(try session.slot.tokenInfo().pinState(of: .user) == .ok)
        }
    }

    @Test("needs the new PIN after a change, whose old one is tried once and counted")
    func change() async throws {
        try await withFaultySession { session, store in
            let failure = loginFailure { try session.changePIN(from: "0000", to: "another-pin") }
            #expect(failure?.reason == .wrongPIN && failure?.fate == .used)
            #expect(failure?.cause?.failedCall?.function == .setPIN)
            #expect(try store.calls(of: "C_SetPIN").count == 1)
            let short = loginFailure { try session.changePIN(from: SoftHSMStore.pin, to: "1") }
            #expect(short?.cause?.failedCall?.function == .setPIN)
            try session.changePIN(from: SoftHSMStore.pin, to: "another-pin")
            #expect(try session.state().user == .user)
            try session.logout()
            #expect(loginFailure { try session.login(pin: SoftHSMStore.pin) }?.reason == .wrongPIN)
            try session.login(pin: "another-pin")
        }
    }

    @Test("can be caught by its return code")
    func pattern() async throws {
        try await withSession(loggedIn: false) { session, _ in
            do {
                try session.login(pin: "0000")
                Issue.record("a wrong PIN was taken")
            } catch ReturnCode.pinLocked {
                Issue.record("caught by another code")
            } catch ReturnCode.pinIncorrect {
            }
        }
    }

    @Test("asks for the flags right before the try")
    func fresh() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            try session.login(pin: SoftHSMStore.pin)
            #expect(
                try store.calls().filter { !$0.hasPrefix("C_GetSlotInfo") }
                    == ["C_GetTokenInfo", "C_Login user 1 pin 9"])
        }
    }

    @Test(
        "is refused before the token sees a PIN",
        arguments: [
            ("C_GetTokenInfo * flags 0x40000", LoginFailure.Reason.pinLocked, PINState.locked),
            ("C_GetTokenInfo * flags 0x60000", .pinLocked, .locked),
            ("C_GetTokenInfo * flags 0x20000", .finalTry, .finalTry),
            ("C_GetTokenInfo * flags 0x30000", .finalTry, .finalTry),
        ])
    func refused(fault: String, reason: LoginFailure.Reason, state: PINState) async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            try store.setFaults(fault)
            for failure in [
                loginFailure { try session.login(pin: SoftHSMStore.pin) },
                loginFailure { try session.loginOnDevice() },
            ] {
                #expect(failure?.reason == reason)
                #expect(failure?.fate == .notUsed)
                #expect(failure?.stateAfter == state)
            }
            #expect(try store.calls(of: "C_Login").isEmpty)
        }
    }

    @Test("takes the final try only where that was allowed, and never a locked PIN")
    func finalTry() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            try store.setFaults("C_GetTokenInfo * flags 0x60000")
            #expect(
                loginFailure { try session.login(pin: SoftHSMStore.pin, allowFinalTry: true) }?
                    .reason == .pinLocked)
            try store.setFaults("C_GetTokenInfo * flags 0x20000")
            try session.login(pin: SoftHSMStore.pin, allowFinalTry: true)
            #expect(try store.calls(of: "C_Login").count == 1)
        }
    }

    @Test("of a user who has no PIN yet never reaches the token")
    func noPIN() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            try store.setFaults("C_GetTokenInfo * clear 0x8")
            let failure = loginFailure { try session.login(pin: SoftHSMStore.pin) }
            #expect(failure?.reason == .pinNotInitialized)
            #expect(failure?.fate == .notUsed)
            #expect(try store.calls(of: "C_Login").isEmpty)
        }
    }

    @Test("of the security officer looks at the security officer's flags")
    func securityOfficer() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            let pin = SoftHSMStore.securityOfficerPIN
            try store.setFaults("C_GetTokenInfo * flags 0x400000")
            #expect(
                loginFailure { try session.login(.securityOfficer, pin: pin) }?.reason
                    == .pinLocked)
            try store.setFaults("C_GetTokenInfo * flags 0x200000")
            #expect(
                loginFailure { try session.login(.securityOfficer, pin: pin) }?.reason == .finalTry)
            try store.setFaults("C_GetTokenInfo * flags 0x40000")
            try session.login(.securityOfficer, pin: pin)
            #expect(try store.calls(of: "C_Login") == ["C_Login user 0 pin 9"])
        }
    }

    @Test(
        "that ends in an error of the device may have used a try, and is not repeated",
        arguments: [
            "rv 0x30", "rv 0x5", "rv 0x7", "rv 0x101", "rv 0xa4", "after 0x32", "rv 0x80000001",
        ])
    func possiblyUsed(fault: String) async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            try store.setFaults("C_Login 1 \(fault)")
            let failure = loginFailure { try session.login(pin: SoftHSMStore.pin) }
            #expect(failure?.fate == .possiblyUsed)
            #expect(failure?.cause?.failedCall?.function == .login)
            #expect(try store.calls(of: "C_Login").count == 1)
        }
    }

    @Test("of somebody who is logged in uses no try")
    func already() async throws {
        try await withSession { session, _ in
            let failure = loginFailure { try session.login(pin: SoftHSMStore.pin) }
            #expect(failure?.fate == .notUsed)
            #expect(failure?.cause?.category == .alreadyLoggedIn)
            #expect(
                loginFailure {
                    try session.login(.securityOfficer, pin: SoftHSMStore.securityOfficerPIN)
                }?.fate == .notUsed)
        }
    }

    @Test("with a PIN of no bytes, or of far too many, never reaches the token")
    func impossible() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            let long = String(repeating: "1", count: 256)
            for pin in ["", long] {
                let bytes = Array(pin.utf8)
                let failure = loginFailure {
                    try bytes.withUnsafeBytes { try session.login(pin: $0) }
                }
                #expect(failure?.reason == .impossiblePIN)
                #expect(failure?.fate == .notUsed)
            }
            let calls = try store.calls(of: "C_Login")
            #expect(calls.isEmpty)
        }
    }

    @Test("on the device hands over no PIN at all")
    func onDevice() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            // SoftHSM has no keypad.
            #expect(loginFailure { try session.loginOnDevice() }?.fate == .possiblyUsed)
            #expect(try store.calls(of: "C_Login") == ["C_Login user 1 null 0"])
            try store.setFaults("C_Login 1 rv 0", "C_GetTokenInfo * flags 0x100")
            #expect(try session.slot.tokenInfo().hasProtectedAuthenticationPath)
            try session.loginOnDevice()
        }
    }

    @Test("fails without a try where the token cannot be asked")
    func unreachable() async throws {
        try await withFaultySession(loggedIn: false) { session, store in
            try store.setFaults("C_GetTokenInfo * rv 0x32")
            let failure = loginFailure { try session.login(pin: SoftHSMStore.pin) }
            #expect(failure?.fate == .notUsed)
            #expect(failure?.stateAfter == nil)
            #expect(failure?.cause?.category == .removed)
            #expect(try store.calls(of: "C_Login").isEmpty)
        }
    }

    @Test("that never succeeds says in words what became of the try")
    func words() {
        let failure = LoginFailure(reason: .wrongPIN, fate: .used, stateAfter: .low)
        #expect(
            PKCS11Error.login(failure).description
                == "the PIN is wrong (one try was used; few tries are left)")
    }
}
