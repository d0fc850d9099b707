// A PKCS#11 token as a vault. The only folder of the engine that knows PKCS#11: here the messages
// become calls, and the standard's errors become words that a custodian can act on.

public import CeremonyRecord
public import CeremonyRules
public import PKCS11
public import Sodium

extension SecretBytes: PINSource {}

/// One token of the daemon, reached through a PKCS#11 module in this process.
///
/// The token is looked up by its URI whenever it is inspected or unlocked, so that one that was
/// pulled out and put back is found again, and another one in its slot is not mistaken for it.
public actor TokenVault: KeyVault {
    /// The name that the configuration gives it.
    public nonisolated let name: String
    /// Looking a token up blocks as any call does; it has a thread of its own for that, beside the
    /// one of the token's session, so that a long call holds up no look.
    private nonisolated let thread: TokenThread
    private let uri: TokenURI
    private let module: Module
    private let moduleDigest: Digest
    private var token: Token?
    private var isUnlocked = false
    private var handles: [KeyName: ObjectHandle] = [:]

    /// A token by its URI, behind a loaded module.
    ///
    /// - Throws: `PKCS11Error.noThread`.
    public init(
        name: String, uri: TokenURI, module: Module, moduleDigest: Digest
    ) throws(PKCS11Error) {
        thread = try TokenThread()
        self.name = name
        self.uri = uri
        self.module = module
        self.moduleDigest = moduleDigest
    }

    /// The thread on which the token is looked up.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// See ``KeyVault/inspect()``.
    public func inspect() async throws(VaultError) -> TokenDescription {
        do throws(PKCS11Error) {
            let match = try uri.locate(in: [module])
            let info = match.info
            return TokenDescription(
                reference: TokenReference(
                    label: info.label, manufacturer: info.manufacturer, model: info.model,
                    serial: info.serial),
                isUnlocked: isUnlocked, canEd25519: try match.slot.claimsEd25519(),
                pinTries: "\(info.pinState(of: .user).rawValue)",
                asksItself: info.hasProtectedAuthenticationPath,
                pinLength: TokenVault.lengths(info), module: module.path,
                moduleDigest: moduleDigest)
        } catch {
            throw VaultError(error, on: name)
        }
    }

    /// See ``KeyVault/unlock(pin:allowFinalTry:)``.
    public func unlock(pin: SecretBytes?, allowFinalTry: Bool) async throws(VaultError) {
        await lock()
        // A login without a PIN that no keypad answers could count as a wrong one.
        if pin == nil, try await !inspect().asksItself {
            throw VaultError(
                .tokenTrouble, "\(name) does not ask for its PIN itself, and none was handed over.")
        }
        do throws(PKCS11Error) {
            let token = try Token(uri.locate(in: [module]).slot)
            try await token.open(.readWrite)
            if let pin {
                try await token.login(.user, pin: pin, allowFinalTry: allowFinalTry)
            } else {
                try await token.loginOnDevice(.user, allowFinalTry: allowFinalTry)
            }
            self.token = token
            isUnlocked = true
        } catch {
            throw VaultError(error, on: name)
        }
    }

    /// What a token says of the length of its PINs; some say nonsense.
    private static func lengths(_ info: TokenInfo) -> ClosedRange<Int> {
        let most = Int(clamping: min(info.pinLengthMax, 255))
        return min(Int(clamping: info.pinLengthMin), most)...most
    }

    /// See ``KeyVault/changePIN(from:to:allowFinalTry:)``.
    public func changePIN(from old: SecretBytes, to new: SecretBytes, allowFinalTry: Bool)
        async throws(VaultError)
    {
        guard let token, isUnlocked else { throw VaultError.locked(name) }
        do throws(PKCS11Error) {
            try await token.changePIN(from: old, to: new, allowFinalTry: allowFinalTry)
        } catch {
            throw VaultError(error, on: name)
        }
    }

    /// See ``KeyVault/lock()``.
    public func lock() async {
        handles = [:]
        isUnlocked = false
        guard let token else { return }
        self.token = nil
        try? await token.logout()
        try? await token.close()
    }

    /// See ``KeyVault/inventory()``.
    public func inventory() async throws(VaultError) -> [InventoryItem] {
        try await ask { session throws(PKCS11Error) in
            var items: [InventoryItem] = []
            for object in try session.find([.flag(.token, true)]) {
                let read = try session.attributes([.class, .id, .label], of: object)
                items.append(
                    InventoryItem(
                        objectClass: read.objectClass.value.map { "\($0)" } ?? "unknown",
                        id: read.id.value ?? [], label: read.label.value ?? []))
            }
            try session.requireLogin()
            // Modules hand objects over in any order, another one each time.
            return items.sorted { $0.line < $1.line }
        }
    }

    /// See ``KeyVault/points(label:)``.
    public func points(label: String) async throws(VaultError) -> [[UInt8]] {
        try await ask { session throws(PKCS11Error) in
            var points: [[UInt8]] = []
            let name = Attribute.bytes(.label, Array(label.utf8))
            for object in try session.find([.objectClass(.publicKey), name]) {
                // A public half alone is no key.
                guard let id = try session.attributes([.id], of: object).id.value,
                    try !session.find([.objectClass(.privateKey), .bytes(.id, id)]).isEmpty
                else { continue }
                points.append(try session.ed25519PublicKey(of: object))
            }
            return points
        }
    }

    /// See ``KeyVault/generate(id:label:)``.
    public func generate(id: [UInt8], label: String) async throws(VaultError) -> VaultKey {
        let outcome = try await ask { session throws(PKCS11Error) in
            let pair = try session.generateEd25519KeyPair(id: id, label: label)
            return KeyGate(id: id, label: label).check(pair, in: session)
        }
        switch outcome {
        case .passed(let key): return key
        case .failed(let why): throw VaultError(.tokenTrouble, why, isGate: true)
        }
    }

    /// See ``KeyVault/sign(_:with:)``.
    public func sign(_ bytes: [UInt8], with key: KeyName) async throws(VaultError) -> [UInt8] {
        let known = handles[key]
        let answer = try await ask { session throws(PKCS11Error) -> Signed? in
            if let known {
                do throws(PKCS11Error) {
                    return Signed(handle: known, signature: try session.sign(bytes, with: known))
                } catch  where error == .staleHandle {
                    // Another call's error has brought a fresh session; nothing was asked yet.
                }
            }
            guard let handle = try session.privateKey(named: key) else { return nil }
            return Signed(handle: handle, signature: try session.sign(bytes, with: handle))
        }
        guard let answer else {
            if case .id(let id) = key {
                throw VaultError(
                    .tokenTrouble, "No private key with the id \(Hex.encode(id)) is on \(name).")
            }
            throw VaultError(.logKey, "The key is not on \(name).")
        }
        handles[key] = answer.handle
        return answer.signature
    }

    /// See ``KeyVault/destroy(id:)``.
    public func destroy(id: [UInt8]) async throws(VaultError) -> Int {
        handles[.id(id)] = nil
        return try await ask { session throws(PKCS11Error) in
            // One that cannot be destroyed keeps no other; the search tells what is left.
            for object in try session.keys(withID: id) { try? session.destroy(object) }
            let left = try session.keys(withID: id).count
            try session.requireLogin()
            return left
        }
    }

    /// See ``KeyVault/objects(_:)``.
    public func objects(_ which: ObjectSearch) async throws(VaultError) -> [TokenObject] {
        try await ask { session throws(PKCS11Error) in
            // Modules hand objects over in any order, another one each time.
            try session.described(which).map { $0.object }.sorted { $0.line < $1.line }
        }
    }

    /// See ``KeyVault/destroy(_:)``.
    public func destroy(_ found: [TokenObject]) async throws(VaultError) -> Int {
        guard let first = found.first else { return 0 }
        handles[.id(first.id)] = nil
        let search = ObjectSearch.named(id: first.id, label: first.label)
        let left = try await ask { session throws(PKCS11Error) -> Int? in
            let there = try session.described(search)
            guard Set(there.map { $0.object }) == Set(found), there.count == found.count else {
                return nil
            }
            // The secret half first: what is left of a pair that was cut off signs nothing.
            for (handle, _) in there.sorted(by: {
                $0.object.isPrivateKey && !$1.object.isPrivateKey
            }) {
                try session.destroy(handle)
            }
            return try session.described(search).count
        }
        guard let left else {
            throw VaultError(
                .objectDiffers, "What is on \(name) under these names has just changed.")
        }
        return left
    }

    /// See ``KeyVault/random(_:)``.
    public func random(_ count: Int) async throws(VaultError) -> [UInt8] {
        try await ask { session throws(PKCS11Error) in
            // Modules give random bytes to anybody; that they do shows no login.
            try session.requireLogin()
            return try session.random(count)
        }
    }

    /// Runs some calls in the session of the unlocked token.
    func ask<R: Sendable>(
        _ body: sending (borrowing Session) throws(PKCS11Error) -> R
    ) async throws(VaultError) -> R {
        guard let token, isUnlocked else {
            throw VaultError.locked(name)
        }
        do throws(PKCS11Error) {
            return try await token.withSession(body)
        } catch {
            handles = [:]
            await recover(token)
            throw VaultError(error, on: name)
        }
    }

    /// After an error: a fresh session, so that nothing stands in the next call's way. A login that
    /// went away behind our back does not come back: the token is as good as locked, and only an
    /// unlock helps, with a PIN that somebody types.
    private func recover(_ token: Token) async {
        do throws(PKCS11Error) {
            try await token.renew()
            try await token.withSession { session throws(PKCS11Error) in
                try session.requireLogin()
            }
        } catch {
            if self.token === token { isUnlocked = false }
        }
    }
}

private struct Signed: Sendable {
    let handle: ObjectHandle
    let signature: [UInt8]
}

extension Session {
    /// The private half of an Ed25519 key by its id, or by the public half that belongs to it.
    fileprivate func privateKey(named name: KeyName) throws(PKCS11Error) -> ObjectHandle? {
        switch name {
        case .id(let id):
            return try find([.objectClass(.privateKey), .bytes(.id, id)]).first
        case .point(let point):
            for object in try find([.objectClass(.publicKey)]) {
                guard (try? ed25519PublicKey(of: object)) == point,
                    let id = try attributes([.id], of: object).id.value
                else { continue }
                return try find([.objectClass(.privateKey), .bytes(.id, id)]).first
            }
            return nil
        }
    }
}

extension VaultError {
    /// What a PKCS#11 error means for a custodian.
    init(_ error: PKCS11Error, on name: String) {
        let call = error.failedCall.map {
            PKCS11Failure(function: $0.function.rawValue, code: $0.code.name)
        }
        let detail = "\(name): \(error)"
        switch error {
        case .tokenNotFound:
            self.init(.tokenMissing, detail, pkcs11: call)
            isWithoutEffect = true
        case .tokenAmbiguous:
            self.init(.tokenAmbiguous, detail, pkcs11: call)
            isWithoutEffect = true
        case .login(let failure):
            switch failure.reason {
            case .wrongPIN: self.init(.wrongPIN, detail, pkcs11: call)
            case .pinLocked, .finalTry: self.init(.pinTries, detail, pkcs11: call)
            default: self.init(VaultError.code(of: error), detail, pkcs11: call)
            }
            isWithoutEffect = failure.fate != .possiblyUsed
        case .keyGeneration(let failure):
            let code = failure.cause == nil ? .objectExists : VaultError.code(of: error)
            self.init(code, detail, pkcs11: call)
        default: self.init(VaultError.code(of: error), detail, pkcs11: call)
        }
    }

    /// What the answer to a call says about the token itself.
    private static func code(of error: PKCS11Error) -> EngineError.Code {
        switch error.failedCall?.code {
        case .deviceRemoved, .tokenNotPresent: .tokenMissing
        case .pinLocked: .pinTries
        case .userNotLoggedIn: .tokenLocked
        default: .tokenTrouble
        }
    }
}
