// What is told about the unsealing of a token, and what a guardian hands in.

public import CeremonyRules
public import Sodium

/// How the unsealing of a token stands.
public struct UnsealStanding: Sendable, Hashable {
    /// The token's name in the configuration.
    public let token: String
    /// Who guards it, and by which splits it opens.
    public let guardianship: Guardianship
    /// Whose shares are here now, for each of the guardianship's epochs in their order.
    public let holders: [[String]]
    /// Whether the token is unlocked.
    public let isUnlocked: Bool
}

/// A share that a guardian hands in.
public struct ReturnedShare: Sendable {
    /// The ceremony in which the PIN was split.
    public let ceremony: String
    /// The share as it was handed out.
    public let secret: SecretBytes

    /// A share.
    public init(ceremony: String, secret: SecretBytes) {
        self.ceremony = ceremony
        self.secret = secret
    }

    /// Several of them, one behind the other, as they are handed over.
    ///
    /// - Parameter ceremonies: Where they were split, in their order.
    /// - Throws: ``EngineError`` (`bad-share`).
    public static func all(_ ceremonies: [String], in secret: SecretBytes?) throws(EngineError)
        -> [ReturnedShare]
    {
        let size = PINBlock.shareSize
        guard let secret, secret.count == ceremonies.count * size else {
            throw EngineError(
                .badShare, "What was handed over is not \(ceremonies.count) shares.",
                next: "Hand them in again: ceremonyctl unseal.")
        }
        do throws(VaultError) {
            return try ceremonies.enumerated().map { place, ceremony throws(VaultError) in
                ReturnedShare(
                    ceremony: ceremony,
                    secret: try PINBlock.copy(of: secret, place * size..<(place + 1) * size))
            }
        } catch {
            throw error.engineError
        }
    }
}

extension Engine {
    /// Who guards a token of the daemon.
    ///
    /// - Throws: ``EngineError`` (`unknown-token`, `not-guarded`, the token's trouble).
    public func guardianship(of name: String) async throws(EngineError) -> Guardianship {
        try await guardianship(of: try vault(named: name))
    }

    /// How the unsealing of a token stands that has just been looked at; `nil` where nobody guards
    /// it.
    public func unsealing(of name: String, _ description: TokenDescription) -> UnsealStanding? {
        snapshot.state.guardianship(of: description.reference).map { known in
            UnsealStanding(
                token: name, guardianship: known,
                holders: known.epochs.map { executor.custody.holders(of: $0) },
                isUnlocked: description.isUnlocked)
        }
    }

    func guardianship(of vault: any KeyVault) async throws(EngineError) -> Guardianship {
        try await standing(of: vault).guardianship
    }

    /// As the token says now; of one that does not answer nothing is said.
    func standing(of vault: any KeyVault) async throws(EngineError) -> UnsealStanding {
        let description: TokenDescription
        do throws(VaultError) { description = try await vault.inspect() } catch {
            throw error.engineError
        }
        guard let standing = unsealing(of: vault.name, description) else {
            throw EngineError(
                .notGuarded, "Nobody holds shares of the PIN of \(vault.name).",
                next: "Whoever keeps its PIN types it: ceremonyctl unlock \(vault.name).")
        }
        return standing
    }
}
