// The log key at work: it signs exactly the durable head, nothing else, and what it signs is
// verified off the token before anybody hears of it (FORMATS section 3).

import CeremonyRecord
import CeremonyRules

/// Signs heads with the log key in its token.
struct HeadSigner: Sendable {
    let vault: any KeyVault
    /// The log key; its name is the log's origin.
    let key: NoteKey
    /// How the token knows it.
    let name: KeyName
    /// Hears that the token answered with something that is no signature of the head.
    let answeredWrongly: @Sendable () -> Void

    init(
        vault: any KeyVault, key: NoteKey, name: KeyName,
        answeredWrongly: @escaping @Sendable () -> Void = {}
    ) {
        self.vault = vault
        self.key = key
        self.name = name
        self.answeredWrongly = answeredWrongly
    }

    /// The signer of the log that a state is of; the key is found on the token by its public half.
    init(
        vault: any KeyVault, state: State, answeredWrongly: @escaping @Sendable () -> Void = {}
    ) throws(EngineError) {
        guard let vkey = state.log.vkeys.first, let key = NoteKey(vkey: vkey) else {
            throw EngineError(.logKey, "The genesis of this log names no log key that can be read.")
        }
        self.init(
            vault: vault, key: key, name: .point(key.publicKey), answeredWrongly: answeredWrongly)
    }

    /// The signed checkpoint of a head, as the note's bytes.
    ///
    /// - Throws: ``EngineError``: the token's trouble, or `log-key` where the signature is wrong.
    func sign(_ head: TreeHead) async throws(EngineError) -> [UInt8] {
        let checkpoint = Checkpoint(origin: key.name, head: head)
        let signature: [UInt8]
        do throws(VaultError) {
            signature = try await vault.sign(checkpoint.text, with: name)
        } catch {
            throw error.engineError
        }
        do {
            return try checkpoint.signed(signature, by: key).bytes
        } catch {
            answeredWrongly()
            throw EngineError(
                .logKey, "The log key's token signed something else than the head: \(error).",
                next: "Do not use this token. Keep the evidence exported so far.")
        }
    }
}
