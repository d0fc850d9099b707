// A token as the engine sees it: a few messages with plain values, so that it could as well be a
// process of its own. Nothing here knows how a token is reached.

public import CeremonyRecord
public import CeremonyRules
public import Sodium

/// One token of the daemon.
public protocol KeyVault: Sendable {
    /// The name that the configuration gives it.
    var name: String { get }

    /// What the token says about itself, freshly asked, without any effect.
    func inspect() async throws(VaultError) -> TokenDescription
    /// Logs in: one try, never repeated. `nil` lets the device ask for the PIN itself.
    func unlock(pin: SecretBytes?, allowFinalTry: Bool) async throws(VaultError)
    /// Changes the user's PIN of an unlocked token: the old one is tried once. It stays unlocked.
    func changePIN(from old: SecretBytes, to new: SecretBytes, allowFinalTry: Bool)
        async throws(VaultError)
    /// Logs out and closes. What the token does not hear of is closed all the same.
    func lock() async
    /// Everything that is on the token, in one order.
    func inventory() async throws(VaultError) -> [InventoryItem]
    /// The public halves, 32 bytes each, of the Ed25519 pairs that have this label.
    func points(label: String) async throws(VaultError) -> [[UInt8]]
    /// What is on the token, with the public keys that can be read. Nothing is signed.
    func objects(_ which: ObjectSearch) async throws(VaultError) -> [TokenObject]
    /// Makes an Ed25519 pair, reads it back and holds it to the gate; a pair that fails is
    /// destroyed.
    func generate(id: [UInt8], label: String) async throws(VaultError) -> VaultKey
    /// Signs with the private half of a key; 64 bytes, verified off the token by the caller.
    func sign(_ bytes: [UInt8], with key: KeyName) async throws(VaultError) -> [UInt8]
    /// Destroys both halves of the pair with this id, which this process has just made.
    ///
    /// - Returns: How many objects with this id are left.
    func destroy(id: [UInt8]) async throws(VaultError) -> Int
    /// Destroys exactly those keys, which ``objects(_:)`` found under one id and label.
    ///
    /// - Returns: How many objects with this id or label are left.
    /// - Throws: ``VaultError``; `object-differs` where the token holds something else under these
    ///   names by now, and then nothing is touched.
    func destroy(_ found: [TokenObject]) async throws(VaultError) -> Int
    /// Random bytes of the token's own generator.
    func random(_ count: Int) async throws(VaultError) -> [UInt8]
    /// What its private head objects hold; see ``HeadObject``.
    func heads() async throws(VaultError) -> HeldHeads
    /// Keeps a head: the new object is made and seen to be there before any older one goes.
    ///
    /// - Parameter older: What may be destroyed for it; an object that holds anything else stays.
    func keepHead(_ note: [UInt8], insteadOf older: [[UInt8]])
        async throws(VaultError) -> HeadKeeping
}

/// How a key on a token is named.
public enum KeyName: Hashable, Sendable {
    /// By CKA_ID.
    case id([UInt8])
    /// By the 32 bytes of its public half, for keys that were made elsewhere.
    case point([UInt8])
}

/// Which objects are meant.
public enum ObjectSearch: Hashable, Sendable {
    /// All that are on the token.
    case all
    /// Those with this CKA_ID, and those with this CKA_LABEL.
    case named(id: [UInt8], label: [UInt8])
}

/// What a token says about itself.
public struct TokenDescription: Hashable, Sendable {
    /// Manufacturer, model, serial and label.
    public var reference: TokenReference
    /// Whether the daemon is logged in.
    public var isUnlocked: Bool
    /// Whether it makes and uses Ed25519 keys.
    public var canEd25519: Bool
    /// The state of the PIN's tries: `ok`, `low`, `final-try`, `locked`.
    public var pinTries: String
    /// Whether the device asks for the PIN itself.
    public var asksItself: Bool
    /// How many bytes its PINs may have.
    public var pinLength: ClosedRange<Int>
    /// The module's path.
    public var module: String
    /// The digest of the module's file.
    public var moduleDigest: Digest

    /// A description.
    public init(
        reference: TokenReference, isUnlocked: Bool, canEd25519: Bool, pinTries: String,
        asksItself: Bool, pinLength: ClosedRange<Int> = 4...255, module: String,
        moduleDigest: Digest
    ) {
        self.reference = reference
        self.isUnlocked = isUnlocked
        self.canEd25519 = canEd25519
        self.pinTries = pinTries
        self.asksItself = asksItself
        self.pinLength = pinLength
        self.module = module
        self.moduleDigest = moduleDigest
    }
}

/// One object on a token.
public struct InventoryItem: Hashable, Sendable {
    /// `private`, `public`, `data`, `certificate`, or the number.
    public var objectClass: String
    /// CKA_ID.
    public var id: [UInt8]
    /// CKA_LABEL as bytes: nobody promises that it is text.
    public var label: [UInt8]

    /// An object.
    public init(objectClass: String, id: [UInt8], label: [UInt8]) {
        self.objectClass = objectClass
        self.id = id
        self.label = label
    }

    /// The digest over a whole inventory, whatever the order. Head objects are left out: they come
    /// and go beside a ceremony.
    public static func digest(of items: [InventoryItem]) -> Digest {
        let lines = items.filter { !$0.isHead }.map { $0.line + "\n" }
        return Digest(of: Array(lines.sorted().joined().utf8))
    }

    /// The object on one line, for digests and order.
    var line: String { "\(objectClass) \(Hex.encode(id)) \(Hex.encode(label))" }
}

/// A key that a token has just made.
public struct VaultKey: Hashable, Sendable {
    /// The 32 bytes of the public half.
    public var point: [UInt8]
    /// What was read back as true, in the words of key records.
    public var attributes: [String]

    /// A key.
    public init(point: [UInt8], attributes: [String]) {
        self.point = point
        self.attributes = attributes
    }
}

/// What went wrong between the engine and a token.
public struct VaultError: Error, Hashable, Sendable {
    /// Which sort of trouble, in the engine's words.
    public var code: EngineError.Code
    /// What happened, in a sentence.
    public var detail: String
    /// The PKCS#11 function and its answer, where one failed.
    public var pkcs11: PKCS11Failure?
    /// Whether a key was made and did not pass the gate.
    public var isGate: Bool

    /// Whether it is certain that the token has done nothing of what it was asked for.
    public var isWithoutEffect = false
    /// What the configuration calls the token, where it has to be named to be seen to.
    public var token: String?

    /// The token of that name is not unlocked.
    static func locked(_ name: String) -> VaultError {
        var error = VaultError(.tokenLocked, "\(name) is not unlocked.")
        error.token = name
        return error
    }

    /// Trouble.
    public init(
        _ code: EngineError.Code, _ detail: String, pkcs11: PKCS11Failure? = nil,
        isGate: Bool = false
    ) {
        self.code = code
        self.detail = detail
        self.pkcs11 = pkcs11
        self.isGate = isGate
    }

    /// The same as the engine's no.
    public var engineError: EngineError {
        let next =
            switch code {
            case .wrongPIN: "Type the PIN again only if you are sure of it; tries are counted."
            case .tokenLocked, .sealed:
                "Unlock it: ceremonyctl unlock "
                    + (token ?? "TOKEN; ceremonyctl status lists the tokens") + "."
            case .tokenMissing: "Put the token in, and look at: ceremonyctl tokens."
            case .tokenAmbiguous: "Name the token by its serial in the configuration."
            case .tokenUnable: "Take a token that makes and uses Ed25519 keys: ceremonyctl tokens."
            case .unknownToken: "The daemon's tokens are listed by: ceremonyctl tokens."
            case .pinTries: "See the PIN state: ceremonyctl tokens."
            case .logKey:
                "Put the token in on which the log key was made, and compare its serial with the "
                    + "genesis."
            case .objectExists:
                "Nothing was changed. Choose another name, or find out who made what is there."
            case .tokenTrouble:
                "Look at the token and its reader, lock and unlock it, and try once more: "
                    + "ceremonyctl tokens."
            case .executionFailed: "Look at what it came to: ceremonyctl show."
            case .overloaded: "Nothing was recorded. Try again in a moment."
            case .recordedNotSigned, .stopping, .logNotWritten, .haltFile,
                .alreadyFounded, .rolledBack, .forked, .headObject, .badCheckpoint, .badBundle,
                .clockUnconfirmed, .clockMismatch:
                "Look at how the daemon stands: ceremonyctl status."
            case .objectDiffers, .objectAmbiguous, .objectBefore, .objectKnown:
                "Nothing was touched. Look at it with ceremonyctl tokens --inventory; what is none "
                    + "of this ceremony's is removed with the token's own tool, or kept."
            case .logNotNewest:
                "Nothing was touched. Import the missing events, or show that this log is the "
                    + "newest; ceremonyctl status says how it stands."
            case .notGuarded, .guarded, .badShare, .wrongShares, .pinAwaited, .unsealFile:
                "Nothing was tried on the token. Who guards it: ceremonyctl tokens."
            case .tokenHere: "Leave --token-lost out. Nothing was recorded."
            case .unknownVault:
                "Add it to the daemon's configuration as [vaults.NAME], or name one that is there."
            case .vaultUnfit:
                "Nothing was written. Look at it with: ceremonyctl provara verify VAULT. An event that "
                    + "breaks a rule stays in a log: the vault is restored from a copy that does "
                    + "not have it, or begun anew by provara-hard-reset."
            case .vaultChanged:
                "Nothing more was written. Put the vault back as it was agreed on, or start again."
            case .vaultTrouble:
                "Mend the disk or the directory's permissions; what is committed is gone on with."
            }
        return EngineError(code, detail, next: next)
    }
}
