// What a token that locks would see of the client, counted call by call through a module that fails
// on demand.

import TestSupport
import Testing

/// Tokens that lock: SoftHSM never does, so a module in front of it says so and counts.
@Suite("PIN tries")
struct PINTriesTests {
    /// CKF_USER_PIN_FINAL_TRY and CKF_USER_PIN_LOCKED, as the module in front is told to say them.
    private let finalTry = "C_GetTokenInfo * flags 0x20000"
    private let locked = "C_GetTokenInfo * flags 0x40000"

    @Test("a wrong PIN reaches the token exactly once")
    func oneLogin() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let module = try alice.store.faultModulePath()
            let run = try alice.client.run(
                ["identity", "check", "--module", module, "--pin-fd", "3"], pin: "not-the-pin")
            #expect(run.status == 74, "\(run.err)")
            #expect(try alice.store.calls(of: "C_Login").count == 1)
            #expect(try alice.store.calls(of: "C_Sign").isEmpty)
        }
    }

    @Test("a login whose outcome is unknown is not repeated, and is told as a try that may be used")
    func unknownOutcome() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let module = try alice.store.faultModulePath()
            // CKR_DEVICE_ERROR
            try alice.store.setFaults("C_Login * rv 0x30")
            let run = try alice.client.run(
                ["identity", "check", "--json", "--module", module, "--pin-fd", "3"],
                pin: SoftHSMStore.pin)
            #expect(run.status == 74)
            #expect(run.out.contains("\"code\":\"login-failed\""))
            #expect(run.out.contains("A PIN try may have been used; it was not repeated."))
            #expect(try alice.store.calls(of: "C_Login").count == 1)
        }
    }

    @Test("the last try is not used unless a person says so")
    func lastTry() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let module = try alice.store.faultModulePath()
            try alice.store.setFaults(finalTry)
            let check = ["identity", "check", "--json", "--module", module, "--pin-fd", "3"]
            let refused = try alice.client.run(check, pin: SoftHSMStore.pin)
            #expect(refused.status == 74)
            #expect(refused.out.contains("\"code\":\"pin-last-try\""))
            #expect(try alice.store.calls(of: "C_Login").isEmpty)
            // Nobody is even asked: without any way to ask, the answer is the same.
            let unasked = try alice.client.run("identity", "check", "--json", "--module", module)
            #expect(unasked.out.contains("\"code\":\"pin-last-try\""), "\(unasked.out)")
            let used = try alice.client.run(check + ["--last-try"], pin: SoftHSMStore.pin)
            #expect(used.status == 0, "\(used.err)")
        }
    }

    @Test("for a locked token no PIN is asked for")
    func lockedToken() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let module = try alice.store.faultModulePath()
            try alice.store.setFaults(locked)
            let run = try alice.client.start(["identity", "check", "--module", module])
            #expect(run.finish() == 74)
            #expect(run.text.contains("code: pin-locked"))
            #expect(!run.text.contains("PIN to"))
            #expect(try alice.store.calls(of: "C_Login").isEmpty)
            let listed = try alice.client.run("tokens", "--json", "--module", module)
            #expect(listed.out.contains("\"pin_tries\":\"locked\""))
        }
    }

    @Test("a token that fails while it makes the key says what is left")
    func failedGeneration() async throws {
        try await withCustodian { alice in
            let module = try alice.store.faultModulePath()
            // CKR_DEVICE_ERROR, after the key was made
            try alice.store.setFaults("C_GenerateKeyPair 1 after 0x30")
            let run = try alice.client.run(
                ["identity", "create", "--json", "--module", module, "--pin-fd", "3"],
                pin: SoftHSMStore.pin)
            #expect(run.status == 74, "\(run.err)")
            #expect(run.out.contains("left 2 objects on the token"))
        }
    }

    @Test("a key that the token calls extractable is destroyed again")
    func failedGate() async throws {
        try await withCustodian { alice in
            let module = try alice.store.faultModulePath()
            // CKA_EXTRACTABLE reads as true
            try alice.store.setFaults("C_GetAttributeValue * attribute 0x162 01")
            let run = try alice.client.run(
                ["identity", "create", "--json", "--module", module, "--pin-fd", "3"],
                pin: SoftHSMStore.pin)
            #expect(run.status == 74, "\(run.err)")
            #expect(run.out.contains("\"code\":\"key-gate\""))
            #expect(run.out.contains("The key was destroyed"))
            #expect(try alice.run("identity", "show").status == 74)
            _ = try alice.makeIdentity()
        }
    }
}
