// The way from one process to a token: the engine's own protocol, and every call of it a place
// where the token can fail, hang, be pulled out or lie, and where the process can die.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Sodium
import TestSupport

/// A token as one process sees it.
///
/// `@unchecked Sendable`: the loop has one thread, and a port is used by it alone.
final class TokenPort: KeyVault, @unchecked Sendable {
    let token: SimulatedToken
    private let life: Life
    /// The sitting of the token in which this process has logged in.
    private var login: Int?

    init(_ token: SimulatedToken, life: Life) {
        self.token = token
        self.life = life
    }

    var name: String { token.name }

    private var isUnlocked: Bool { token.isIn && login == token.sitting }

    private var gone: VaultError { VaultError(.tokenMissing, "\(name) does not answer.") }

    private func call<R>(
        _ what: String, asUser: Bool = true, _ body: () throws(VaultError) -> R
    ) async throws(VaultError) -> R {
        life.pass("before \(what) on \(name)")
        if life.isDead { throw gone }
        let fault = life.faults.ofToken()
        switch fault {
        case .hangs: await life.hang()
        case .isPulled: token.pull()
        case .isLocked: token.dropLogins()
        case .failsBefore: throw trouble(what)
        case .answersWrongly where what != "sign": throw trouble(what)
        case .failsAfter, .answersWrongly, nil: break
        }
        if life.isDead || !token.isIn { throw gone }
        guard !asUser || isUnlocked else {
            var error = VaultError(.tokenLocked, "\(name) is not unlocked.")
            error.token = name
            throw error
        }
        let result = try body()
        if fault == .failsAfter { throw trouble(what) }
        life.pass("after \(what) on \(name)")
        if life.isDead { throw gone }
        if fault == .answersWrongly, let bytes = result as? [UInt8],
            let wrong = Array(bytes.reversed()) as? R
        {
            return wrong
        }
        return result
    }

    private func trouble(_ what: String) -> VaultError {
        VaultError(
            .tokenTrouble, "\(name): the device failed in \(what).",
            pkcs11: PKCS11Failure(function: "C_Any", code: "CKR_DEVICE_ERROR"))
    }

    func inspect() async throws(VaultError) -> TokenDescription {
        try await call("inspect", asUser: false) {
            TokenDescription(
                reference: token.reference, isUnlocked: isUnlocked, canEd25519: true,
                pinTries: token.tries > 0 ? "ok" : "locked", asksItself: false,
                module: "/simulated.so", moduleDigest: Digest(of: [1]))
        }
    }

    func unlock(pin: SecretBytes?, allowFinalTry: Bool) async throws(VaultError) {
        try await call("unlock", asUser: false) { () throws(VaultError) in
            guard let pin else { throw VaultError(.wrongPIN, "\(name): no PIN was given.") }
            try token.takePIN(unsafe pin.withBytes { unsafe Array($0) })
            login = token.sitting
        }
    }

    func lock() async { login = nil }

    func changePIN(from old: SecretBytes, to new: SecretBytes, allowFinalTry: Bool)
        async throws(VaultError)
    {
        throw trouble("no simulated house splits a PIN")
    }

    func inventory() async throws(VaultError) -> [InventoryItem] {
        try await call("inventory") { token.inventory }
    }

    func points(label: String) async throws(VaultError) -> [[UInt8]] {
        try await call("points") {
            token.objects.filter {
                $0.objectClass == "public-key" && $0.label == Array(label.utf8)
                    && secret(.id($0.id)) != nil
            }.compactMap { $0.key?.publicKey.point }
        }
    }

    func objects(_ which: ObjectSearch) async throws(VaultError) -> [TokenObject] {
        try await call("objects") { found(which) }
    }

    func generate(id: [UInt8], label: String) async throws(VaultError) -> VaultKey {
        try await call("generate") { () throws(VaultError) in
            let text = Array(label.utf8)
            guard !token.objects.contains(where: { $0.id == id || $0.label == text }) else {
                throw VaultError(.objectExists, "\(name): something is there already.")
            }
            return VaultKey(
                point: token.make(id, text).publicKey.point, attributes: KeyMaking.attributes)
        }
    }

    func sign(_ bytes: [UInt8], with key: KeyName) async throws(VaultError) -> [UInt8] {
        try await call("sign") { () throws(VaultError) in
            guard let secret = secret(key) else {
                if case .point = key { throw VaultError(.logKey, "The key is not on \(name).") }
                throw VaultError(.tokenTrouble, "\(name): there is no such private key.")
            }
            return secret.signature(over: bytes)
        }
    }

    func destroy(id: [UInt8]) async throws(VaultError) -> Int {
        try await call("destroy") {
            token.objects.removeAll { $0.id == id }
            return 0
        }
    }

    func destroy(_ them: [TokenObject]) async throws(VaultError) -> Int {
        try await call("destroy") { () throws(VaultError) in
            guard let first = them.first else { return 0 }
            let there = found(.named(id: first.id, label: first.label))
            guard Set(there) == Set(them), there.count == them.count else {
                throw VaultError(.objectDiffers, "\(name): what is there has just changed.")
            }
            token.objects.removeAll { $0.id == first.id || $0.label == first.label }
            return 0
        }
    }

    func random(_ count: Int) async throws(VaultError) -> [UInt8] {
        try await call("random") { token.random(count) }
    }

    func heads() async throws(VaultError) -> HeldHeads {
        try await call("heads") { .held(token.heads) }
    }

    func keepHead(_ note: [UInt8], insteadOf older: [[UInt8]])
        async throws(VaultError) -> HeadKeeping
    {
        try await call("keep head") {
            if !token.heads.contains(note) { token.heads.append(note) }
            // A process can die between the new one and the older ones' end.
            life.pass("between two heads on \(name)")
            if !life.isDead { token.heads.removeAll { $0 != note && older.contains($0) } }
            return .kept
        }
    }

    private func secret(_ name: KeyName) -> SoftwareKey? {
        token.objects.first { object in
            guard object.objectClass == "private-key" else { return false }
            return switch name {
            case .id(let id): object.id == id
            case .point(let point): object.key?.publicKey.point == point
            }
        }?.key
    }

    private func found(_ which: ObjectSearch) -> [TokenObject] {
        token.objects.filter { object in
            guard case .named(let id, let label) = which else { return true }
            return object.id == id || object.label == label
        }.map {
            TokenObject(
                objectClass: $0.objectClass, id: $0.id, label: $0.label,
                point: $0.objectClass == "public-key" ? $0.key?.publicKey.point : nil)
        }
    }
}
