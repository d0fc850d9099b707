// Secrets for tokens: a varlink call gives out a ticket, the PIN or the share comes over the unlock
// socket, and the engine does what the ticket was given out for.

public import CeremonyEngine
public import CeremonyRecord
public import CeremonyWire
import Sodium

/// What a ticket was given out for.
public enum SecretOrder: Sendable {
    /// A PIN that somebody types.
    ///
    /// `clock` is today's date, where somebody has read it off a clock that they trust.
    case unlock(token: String, allowFinalTry: Bool, isTyped: Bool, clock: String?)
    /// Shares of a PIN, by the ceremonies in which it was split.
    case unseal(
        token: String, shares: [String], isChosen: Bool, allowFinalTry: Bool, clock: String?)
    /// A proof that a share is there.
    case proveShare(token: String, ceremony: String, key: Fingerprint, nonce: String)
    /// A request for the share that belongs to a key.
    case takeShare(ceremony: String, key: Fingerprint, nonce: String)
}

/// The daemon's side of `Unlock`, `Unseal`, `ProveShare` and `TakeShare`.
public struct Unlocking: Sendable {
    private let socket: UnlockSocket<SecretOrder>
    private let uids: Set<UInt32>
    private let limits: Limits

    /// Over a socket that takes secrets.
    ///
    /// - Parameter uids: The users that may type PINs. The socket also takes what guardians hand
    ///   in, who may not.
    public init(socket: UnlockSocket<SecretOrder>, uids: Set<UInt32>, limits: Limits) {
        self.socket = socket
        self.uids = uids
        self.limits = limits
    }

    /// What the socket does with a secret: what its order says, once, nothing else.
    public static func handler(_ engine: Engine) -> UnlockSocket<SecretOrder>.Handler {
        { order, secret, _ throws(VarlinkError) in
            do throws(EngineError) {
                switch order {
                case .unlock(let token, let allowFinalTry, let isTyped, let clock):
                    try await engine.unlock(
                        token, pin: secret, allowFinalTry: allowFinalTry, isTyped: isTyped,
                        clock: clock)
                    return SecretAnswer([
                        "token": .string(token), "head": View.head(engine.snapshot),
                    ])
                case .unseal(let token, let shares, let isChosen, let allowFinalTry, let clock):
                    let returned = try ReturnedShare.all(shares, in: secret)
                    let standing = try await engine.handIn(
                        returned, to: token, isChosen: isChosen, allowFinalTry: allowFinalTry,
                        clock: clock)
                    return SecretAnswer([
                        "token": .string(token), "head": View.head(engine.snapshot),
                        "unlocked": .bool(standing.isUnlocked),
                        "guarded": View.guarded(standing),
                    ])
                case .proveShare(let token, let ceremony, let key, let nonce):
                    let holder = try await engine.prove(
                        by: key, of: ceremony, guarding: token, nonce: nonce,
                        signature: signature(in: secret))
                    return SecretAnswer([
                        "head": View.head(engine.snapshot), "member": .string(holder),
                    ])
                case .takeShare(let ceremony, let key, let nonce):
                    let share = try engine.share(
                        for: key, of: ceremony, nonce: nonce, signature: signature(in: secret))
                    return SecretAnswer(["head": View.head(engine.snapshot)], secret: share)
                }
            } catch {
                throw error.wireError
            }
        }
    }

    /// What follows a ticket is a signature, and no secret.
    private static func signature(in secret: SecretBytes?) -> [UInt8] {
        unsafe secret?.withBytes { unsafe Array($0) } ?? []
    }

    /// Refuses a caller who may not unlock, and so may not lock either: a lock seals the log.
    func checkPermitted(_ peer: Peer) throws(VarlinkError) {
        guard uids.contains(peer.uid) else { throw .unlockNotPermitted(peer.uid) }
    }

    /// Answers `Unlock`: the token is there and able to be asked, so a PIN makes sense.
    func issue(_ parameters: inout Parameters, to peer: Peer, engine: Engine) async throws
        -> [String: JSON]
    {
        let name = try parameters.optionalString("token") ?? engine.logTokens[0]
        let allowFinalTry = try parameters.optionalBool("final_try") ?? false
        let clock = try parameters.optionalString("clock")
        let isTyped = try parameters.optionalBool("typed") ?? false
        try parameters.finish()
        try checkPermitted(peer)
        // Before anybody types a PIN; the engine asks again.
        if !isTyped { try await engine.refuseTypedPIN(of: try engine.vault(named: name)) }
        return try await issue(
            .unlock(token: name, allowFinalTry: allowFinalTry, isTyped: isTyped, clock: clock),
            for: name, clock, to: peer, engine)
    }

    /// Answers `Unseal`: the token is there and guarded by the splits that are named.
    func unseal(_ parameters: inout Parameters, to peer: Peer, engine: Engine) async throws
        -> [String: JSON]
    {
        let name = try parameters.string("token")
        let shares = try parameters.strings("shares")
        let isChosen = try parameters.optionalBool("chosen") ?? false
        let allowFinalTry = try parameters.optionalBool("final_try") ?? false
        let clock = try parameters.optionalString("clock")
        try parameters.finish()
        guard (1...3).contains(shares.count), Set(shares).count == shares.count else {
            throw VarlinkError.invalidParameter("shares")
        }
        _ = try await engine.guardianship(of: name)
        return try await issue(
            .unseal(
                token: name, shares: shares, isChosen: isChosen, allowFinalTry: allowFinalTry,
                clock: clock),
            for: name, clock, to: peer, engine)
    }

    /// Answers `ProveShare`: a signature that says that a share is there, and not the share.
    func prove(_ parameters: inout Parameters, to peer: Peer, engine: Engine) async throws
        -> [String: JSON]
    {
        let name = try parameters.string("token")
        let ceremony = try parameters.string("ceremony")
        let key = try parameters.parsed("key") { Fingerprint($0) }
        try parameters.finish()
        _ = try await engine.guardianship(of: name)
        let nonce = engine.nonce()
        let order = SecretOrder.proveShare(
            token: name, ceremony: ceremony, key: key, nonce: nonce)
        return answer(try socket.issue(order, to: peer)).merging(["nonce": .string(nonce)]) { $1 }
    }

    /// Answers `TakeShare`: the key is asked to sign for a share now.
    func takeShare(_ parameters: inout Parameters, to peer: Peer, engine: Engine) throws
        -> [String: JSON]
    {
        let ceremony = try parameters.string("ceremony")
        let key = try parameters.parsed("key") { Fingerprint($0) }
        try parameters.finish()
        let nonce = engine.nonce()
        let ticket = try socket.issue(
            .takeShare(ceremony: ceremony, key: key, nonce: nonce), to: peer)
        return answer(ticket).merging(["nonce": .string(nonce)]) { $1 }
    }

    private func issue(
        _ order: SecretOrder, for name: String, _ clock: String?, to peer: Peer, _ engine: Engine
    ) async throws -> [String: JSON] {
        let vault = try engine.vault(named: name)
        // Before anybody types a PIN; the engine asks again when it opens.
        if engine.logTokens.contains(name), engine.snapshot.isSealed {
            try engine.checkClock(clock)
        }
        let description: TokenDescription
        do throws(VaultError) {
            description = try await vault.inspect()
        } catch {
            throw error.engineError
        }
        let token = View.token(name, description, engine)
        return answer(try socket.issue(order, to: peer)).merging(["token": token]) { $1 }
    }

    private func answer(_ ticket: String) -> [String: JSON] {
        [
            "ticket": .string(ticket), "path": .string(socket.path),
            "seconds": .number(limits.ticketSeconds),
        ]
    }
}
