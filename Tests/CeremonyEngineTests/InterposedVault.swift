// A real token with something in between that a test controls: a call fails, or something happens
// while it is under way. The token behind it is the real one and does the work.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Sodium
import Synchronization

/// A vault that does what a test says, and then what its token does.
final class InterposedVault: KeyVault {
    /// The calls of a vault.
    enum Call: Hashable {
        case inspect, unlock, lock, inventory, points, objects, generate, sign, destroy, random
        case heads, keepHead, changePIN
    }

    /// What happens at a call: it may throw, wait, or change what the token answers.
    struct Interference: Sendable {
        var before: @Sendable () async throws(VaultError) -> Void = { () throws(VaultError) in }
        var after: @Sendable () async throws(VaultError) -> Void = { () throws(VaultError) in }
    }

    let inner: TokenVault
    private let interferences = Mutex<[Call: Interference]>([:])
    private let counts = Mutex<[Call: Int]>([:])
    private let signed = Mutex<[[UInt8]]>([])
    private let signsWrongly = Mutex<Whose?>(nil)
    private let alteration = Mutex<(@Sendable (inout TokenDescription) -> Void)?>(nil)

    init(_ inner: TokenVault) { self.inner = inner }

    var name: String { inner.name }

    /// What has been signed so far.
    var signedMessages: [[UInt8]] { signed.withLock { $0 } }

    /// How often a call was made.
    func count(_ call: Call) -> Int { counts.withLock { $0[call] ?? 0 } }

    /// Lets something happen before each such call, until told otherwise.
    func before(_ call: Call, _ body: @escaping @Sendable () async throws(VaultError) -> Void) {
        interferences.withLock { $0[call] = Interference(before: body) }
    }

    /// Lets something happen after each such call.
    func after(_ call: Call, _ body: @escaping @Sendable () async throws(VaultError) -> Void) {
        interferences.withLock { $0[call] = Interference(after: body) }
    }

    /// Makes such calls fail as if the token had answered with an error.
    func fail(_ call: Call, _ code: EngineError.Code = .tokenTrouble) {
        before(call) { () throws(VaultError) in
            throw VaultError(
                code, "the test says so",
                pkcs11: PKCS11Failure(function: "C_Any", code: "CKR_DEVICE_ERROR"))
        }
    }

    /// Changes what the token says about itself.
    func alter(_ change: @escaping @Sendable (inout TokenDescription) -> Void) {
        alteration.withLock { $0 = change }
    }

    /// Whose signatures are to be wrong from now on.
    func signWrongly(_ whose: Whose?) { signsWrongly.withLock { $0 = whose } }

    /// The log key, which is found by its point, or a new key, which is found by its id.
    enum Whose { case logKey, newKey }

    /// Lets calls through again.
    func mend(_ call: Call) { interferences.withLock { $0[call] = nil } }

    private func around<R>(
        _ call: Call, _ body: () async throws(VaultError) -> R
    ) async throws(VaultError) -> R {
        counts.withLock { $0[call, default: 0] += 1 }
        let interference = interferences.withLock { $0[call] } ?? Interference()
        try await interference.before()
        let result = try await body()
        try await interference.after()
        return result
    }

    func inspect() async throws(VaultError) -> TokenDescription {
        try await around(.inspect) { () async throws(VaultError) in
            var description = try await inner.inspect()
            alteration.withLock { $0 }?(&description)
            return description
        }
    }

    func unlock(pin: SecretBytes?, allowFinalTry: Bool) async throws(VaultError) {
        try await around(.unlock) { () async throws(VaultError) in
            try await inner.unlock(pin: pin, allowFinalTry: allowFinalTry)
        }
    }

    func lock() async {
        try? await around(.lock) { () async throws(VaultError) in await inner.lock() }
    }

    func inventory() async throws(VaultError) -> [InventoryItem] {
        try await around(.inventory) { () async throws(VaultError) in try await inner.inventory() }
    }

    func points(label: String) async throws(VaultError) -> [[UInt8]] {
        try await around(.points) { () async throws(VaultError) in
            try await inner.points(label: label)
        }
    }

    func generate(id: [UInt8], label: String) async throws(VaultError) -> VaultKey {
        try await around(.generate) { () async throws(VaultError) in
            try await inner.generate(id: id, label: label)
        }
    }

    func sign(_ bytes: [UInt8], with key: KeyName) async throws(VaultError) -> [UInt8] {
        try await around(.sign) { () async throws(VaultError) in
            signed.withLock { $0.append(bytes) }
            let signature = try await inner.sign(bytes, with: key)
            let whose: Whose = if case .id = key { .newKey } else { .logKey }
            return signsWrongly.withLock { $0 } == whose ? signature.reversed() : signature
        }
    }

    func destroy(id: [UInt8]) async throws(VaultError) -> Int {
        try await around(.destroy) { () async throws(VaultError) in
            try await inner.destroy(id: id)
        }
    }

    func objects(_ which: ObjectSearch) async throws(VaultError) -> [TokenObject] {
        try await around(.objects) { () async throws(VaultError) in
            try await inner.objects(which)
        }
    }

    func destroy(_ found: [TokenObject]) async throws(VaultError) -> Int {
        try await around(.destroy) { () async throws(VaultError) in
            try await inner.destroy(found)
        }
    }

    func random(_ count: Int) async throws(VaultError) -> [UInt8] {
        try await around(.random) { () async throws(VaultError) in try await inner.random(count) }
    }

    func heads() async throws(VaultError) -> HeldHeads {
        try await around(.heads) { () async throws(VaultError) in try await inner.heads() }
    }

    func changePIN(from old: SecretBytes, to new: SecretBytes, allowFinalTry: Bool)
        async throws(VaultError)
    {
        try await around(.changePIN) { () async throws(VaultError) in
            try await inner.changePIN(from: old, to: new, allowFinalTry: allowFinalTry)
        }
    }

    func keepHead(_ note: [UInt8], insteadOf older: [[UInt8]])
        async throws(VaultError) -> HeadKeeping
    {
        try await around(.keepHead) { () async throws(VaultError) in
            try await inner.keepHead(note, insteadOf: older)
        }
    }
}
