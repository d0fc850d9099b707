// The log token for a command that runs without the daemon: unlocked with one PIN, one try, and
// locked again whatever happens.

import CeremonyDaemon
import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Sodium

/// The log token of a configuration, reached directly.
struct LogTokenAccess {
    private let rack: TokenRack
    private let vault: any KeyVault

    /// Loads the modules and finds the log token, or the token of that name in the configuration.
    ///
    /// - Throws: `EngineError` (`unknown-token`).
    init(_ configuration: Configuration, token: String? = nil) throws {
        let name = token ?? configuration.logToken
        rack = try Daemon.rack(of: configuration)
        guard let vault = rack.vaults.first(where: { $0.name == name }) else {
            rack.close()
            throw EngineError(
                .unknownToken, "The configuration has no token \(Display.neutralised(name)).",
                next: "Its tokens are: \(rack.vaults.map(\.name).joined(separator: ", ")).")
        }
        self.vault = vault
    }

    /// Runs the body with the token unlocked.
    ///
    /// - Throws: `ClientError` where the PIN cannot be had; `EngineError`; what the body throws.
    func run<R>(_ pin: PINOptions, _ body: (any KeyVault) async throws -> R) async throws -> R {
        defer { rack.close() }
        do {
            let description = try await vault.inspect()
            let token = description.reference
            let secret: SecretBytes? =
                description.asksItself
                ? nil
                : try pin.source.pin(
                    prompt: "PIN of token \(token.label), serial \(token.serial) "
                        + "(tries: \(description.pinTries)): ")
            try await vault.unlock(pin: secret, allowFinalTry: pin.lastTry)
        } catch let error as VaultError {
            throw error.engineError
        }
        do {
            let result = try await body(vault)
            await vault.lock()
            return result
        } catch {
            await vault.lock()
            throw error
        }
    }
}
