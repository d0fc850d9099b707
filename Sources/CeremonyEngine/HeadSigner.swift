// The log keys at work: they sign exactly the durable head, nothing else, and what they sign is
// verified off the token before anybody hears of it (FORMATS section 3). While the log key is being
// changed two of them sign the same head.

import CeremonyRecord
import CeremonyRules
import Sodium

/// Signs heads with the log keys in their tokens.
struct HeadSigner: Sendable {
    /// The tokens that may hold a log key, the first one asked first.
    let vaults: [any KeyVault]
    /// Hears of every key that has signed, and where.
    let proved: ProvedKeys
    /// Hears that a token answered with something that is no signature of what it was given.
    let answeredWrongly: @Sendable () -> Void

    init(
        vaults: [any KeyVault], proved: ProvedKeys = ProvedKeys(),
        answeredWrongly: @escaping @Sendable () -> Void = {}
    ) {
        self.vaults = vaults
        self.proved = proved
        self.answeredWrongly = answeredWrongly
    }

    /// The signed checkpoint of the state's head, as the note's bytes.
    ///
    /// - Throws: ``EngineError``: the tokens' trouble, or `log-key` where a signature is wrong.
    func sign(_ state: State) async throws(EngineError) -> [UInt8] {
        try await sign(state.head.tree.head, of: state.log.origin, by: state.headKeys)
    }

    /// The signed checkpoint of a head by one key of each group, as the note's bytes.
    func sign(_ head: TreeHead, of origin: String, by groups: [[NoteKey]])
        async throws(EngineError) -> [UInt8]
    {
        let text = Checkpoint(origin: origin, head: head).text
        let lines: [NoteSignature]
        do throws(EngineError) {
            lines = try await signatures(over: text, by: groups)
        } catch {
            proved.failed(error)
            throw error
        }
        do { return try SignedNote(text: text, signatures: lines).bytes } catch {
            throw EngineError(
                .logKey, "The head cannot be signed: \(error).",
                next: "The genesis of this log names no log key that can be read.")
        }
    }

    /// Has one key of each group sign something that means nothing, to see that it can.
    ///
    /// - Throws: ``EngineError``: that of the first group of which no key can.
    func prove(_ groups: [[NoteKey]]) async throws(EngineError) {
        _ = try await signatures(over: HeadSigner.probe(), by: groups)
    }

    /// Sees which of the keys a token signs with. That it holds none of them, or does not answer,
    /// is no trouble here: whoever needs a key asks for it.
    func look(for keys: [NoteKey], on vault: any KeyVault) async {
        for key in keys where !proved.tokens(of: key).contains(vault.name) {
            _ = try? await signature(over: HeadSigner.probe(), by: key, on: vault)
        }
    }

    private static func probe() -> [UInt8] {
        SSHSIG.signedBytes(namespace: .probe, message: randomBytes(32))
    }

    private func signatures(over bytes: [UInt8], by groups: [[NoteKey]]) async throws(EngineError)
        -> [NoteSignature]
    {
        var lines: [NoteSignature] = []
        for group in groups { lines.append(try await signature(over: bytes, by: group)) }
        proved.signed(groups)
        return lines
    }

    private func signature(over bytes: [UInt8], by group: [NoteKey]) async throws(EngineError)
        -> NoteSignature
    {
        var trouble: VaultError?
        for key in group {
            for vault in vaults {
                do throws(VaultError) {
                    return try await signature(over: bytes, by: key, on: vault)
                } catch {
                    // That the key is not on one token says nothing where another one holds it.
                    if trouble == nil || trouble?.code == .logKey { trouble = error }
                }
            }
        }
        throw trouble?.engineError
            ?? EngineError(
                .logKey, "The daemon has no token that could hold the log key.",
                next: "Name it in the configuration: log_token.")
    }

    private func signature(over bytes: [UInt8], by key: NoteKey, on vault: any KeyVault)
        async throws(VaultError) -> NoteSignature
    {
        let signature = try await vault.sign(bytes, with: .point(key.publicKey))
        guard Ed25519.isValid(signature: signature, of: bytes, by: key.publicKey) else {
            answeredWrongly()
            throw VaultError(
                .logKey,
                "The log key's token \(vault.name) signed something else than it was given. Do "
                    + "not use it; keep the evidence exported so far.")
        }
        proved.saw(key, on: vault.name)
        return NoteSignature(signature, by: key)
    }
}
