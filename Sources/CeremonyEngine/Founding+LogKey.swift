// The log key that a token holds already, shown again: whoever lost the paper with its verifier key
// and words reads them off the token. Nothing is made and nothing is signed.

public import CeremonyRecord
import CeremonyRules

extension Founding {
    /// The log key that is on a token.
    ///
    /// - Parameters:
    ///   - vault: The token; it is unlocked and stays so.
    ///   - origin: The name of the log that the key is for; the verifier key holds it, the token
    ///     does not.
    /// - Returns: The verifier key and the token's URI, as ``makeLogKey(vault:origin:)`` gave them.
    /// - Throws: ``EngineError``: `bad-parameter`, `log-key` where the token has none or more than
    ///   one, and the token's trouble.
    public static func logKey(
        on vault: any KeyVault, origin: String
    ) async throws(EngineError) -> LogKey {
        try checkOrigin(origin)
        let points: [[UInt8]]
        let uri: String
        do throws(VaultError) {
            let description = try await vault.inspect()
            try description.checkReady(for: vault.name)
            points = try await vault.points(label: keyLabel)
            uri = description.reference.uri
        } catch {
            throw error.engineError
        }
        guard let point = points.first else {
            throw EngineError(
                .logKey, "\(vault.name) holds no log key (\(keyLabel)).",
                next: "Make it: ceremonyd log-key without --show; or put the other token in.")
        }
        guard points.count == 1, let key = NoteKey(name: origin, publicKey: point) else {
            throw EngineError(
                .logKey,
                "\(vault.name) holds \(points.count) keys called \(keyLabel), and a log key is one "
                    + "sound key alone.",
                next: "Compare the token with the genesis, and do not found a log on it.")
        }
        return LogKey(vkey: key.vkey, uri: uri)
    }
}
