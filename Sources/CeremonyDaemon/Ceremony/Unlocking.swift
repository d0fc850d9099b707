// Unlocking a token: the varlink call gives out a ticket, the PIN comes over the unlock socket, and
// the engine logs in once.

public import CeremonyEngine
import CeremonyRecord
public import CeremonyWire

/// What a ticket was given out for.
public struct UnlockOrder: Sendable {
    /// The token's name in the configuration.
    let token: String
    /// Whether to go on when one wrong PIN would lock the token.
    let allowFinalTry: Bool
    /// Today's date, where somebody has read it off a clock that they trust.
    let clock: String?
}

/// The daemon's side of `Unlock`.
public struct Unlocking: Sendable {
    private let socket: UnlockSocket<UnlockOrder>
    private let limits: Limits

    /// Over a socket that takes secrets.
    public init(socket: UnlockSocket<UnlockOrder>, limits: Limits) {
        self.socket = socket
        self.limits = limits
    }

    /// What the socket does with a secret: one login, nothing else.
    public static func handler(_ engine: Engine) -> UnlockSocket<UnlockOrder>.Handler {
        { order, pin, _ throws(VarlinkError) in
            do throws(EngineError) {
                try await engine.unlock(
                    order.token, pin: pin, allowFinalTry: order.allowFinalTry,
                    clock: order.clock)
            } catch {
                throw error.wireError
            }
            return ["token": .string(order.token), "head": View.head(engine.snapshot)]
        }
    }

    /// Refuses a caller who may not unlock, and so may not lock either: a lock seals the log.
    func checkPermitted(_ peer: Peer) throws(VarlinkError) {
        try socket.checkPermitted(peer)
    }

    /// Answers `Unlock`: the token is there and able to be asked, so a PIN makes sense.
    func issue(_ parameters: inout Parameters, to peer: Peer, engine: Engine) async throws
        -> [String: JSON]
    {
        let name = try parameters.optionalString("token") ?? engine.logTokens[0]
        let allowFinalTry = try parameters.optionalBool("final_try") ?? false
        let clock = try parameters.optionalString("clock")
        try parameters.finish()
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
        let ticket = try socket.issue(
            UnlockOrder(token: name, allowFinalTry: allowFinalTry, clock: clock), to: peer)
        return [
            "ticket": .string(ticket), "path": .string(socket.path),
            "seconds": .number(limits.ticketSeconds),
            "token": View.token(name, description, engine.logTokens),
        ]
    }
}
