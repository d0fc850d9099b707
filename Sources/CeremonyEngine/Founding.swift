// The founding of a log: the log key is made in its token, people sign a genesis document that
// names it, and the two events that every log begins with become durable in one batch. FORMATS
// section 4, Genesis; DESIGN section 3, The log key. Nothing here can be done a second time.

public import CeremonyRecord
import CeremonyRules

/// What happens once in the life of a log, before its daemon runs.
public enum Founding {
    /// The CKA_LABEL of the log key.
    public static let keyLabel = "ceremonyd-log-key"

    /// Makes the key that will sign the heads of a log, in a token that is unlocked.
    ///
    /// The key passes the same gate as every key. Before it is handed back it has signed the head
    /// of the empty log of that origin, and the signature was verified off the token; a key that
    /// does not is destroyed.
    ///
    /// - Parameters:
    ///   - vault: The token; it stays unlocked.
    ///   - origin: The name of the log to be founded.
    /// - Returns: The verifier key and the token's URI, for the genesis document.
    /// - Throws: ``EngineError``: `bad-parameter`, `object-exists` where the token has a log key,
    ///   and the token's trouble.
    public static func makeLogKey(
        vault: any KeyVault, origin: String
    ) async throws(EngineError) -> LogKey {
        try checkOrigin(origin)
        let name: KeyName
        let made: VaultKey
        let description: TokenDescription
        let hasKey: Bool
        do throws(VaultError) {
            description = try await vault.inspect()
            try description.checkReady(for: vault.name)
            hasKey = try await vault.inventory().contains { $0.label == Array(keyLabel.utf8) }
        } catch {
            throw error.engineError
        }
        guard !hasKey else {
            throw EngineError(
                .objectExists, "\(vault.name) holds an object called \(keyLabel) already.",
                next: "See the key that is there: ceremonyd log-key --show.")
        }
        do throws(VaultError) {
            let id = try await vault.random(16)
            name = .id(id)
            made = try await vault.generate(id: id, label: keyLabel)
        } catch {
            throw error.engineError
        }
        do throws(EngineError) {
            guard let key = NoteKey(name: origin, publicKey: made.point) else {
                throw EngineError(
                    .logKey, "\(vault.name) made a key that is not a sound one.",
                    next: "Do not use this token for keys.")
            }
            _ = try await HeadSigner(vaults: [vault]).sign(.empty, of: origin, by: [[key]])
            return LogKey(vkey: key.vkey, uri: description.reference.uri)
        } catch {
            throw await withdraw(name, from: vault, because: error)
        }
    }

    /// Founds a log: events 0 and 1 in one batch, and the head over them signed.
    ///
    /// Everything is checked before anything is written: the document, its date and every
    /// signature by the fold itself, that the token is the one which the document names and keeps
    /// no other head, and that the log key is on it, which signs the head of the log while it is
    /// still empty.
    ///
    /// - Parameters:
    ///   - genesis: The bytes of the genesis document.
    ///   - signatures: One by every key of every member.
    ///   - earlier: The logs that the document says this one goes on from, the nearest first.
    ///   - ledger: An empty one.
    ///   - logVault: The token of the log key, unlocked.
    ///   - clock: The time of both events.
    /// - Returns: The state after the founding; on return it is durable and its head signed.
    /// - Throws: ``EngineError``: `already-founded`, `recorded-not-signed` (the log is founded, and
    ///   its head is signed at the first unlock), `log-not-written`, `log-key`, `head-object` (the
    ///   token keeps the head of a log), the token's trouble, and the rules' refusals.
    @discardableResult
    public static func found(
        genesis: [UInt8], signatures: [GenesisSignature], after earlier: [EarlierLog] = [],
        in ledger: any Ledger, logVault: any KeyVault, clock: any Clock
    ) async throws(EngineError) -> Founded {
        try checkEmpty(ledger)
        let events: Opening
        do throws(Refusal) {
            events = try opening(
                genesis: genesis, signatures: signatures, after: try History(read: earlier).state,
                at: clock.now)
        } catch {
            throw EngineError(error)
        }
        try await check(events.state.log.document.logKeys.first, on: logVault)
        try await checkNoHead(on: logVault)
        let signer = HeadSigner(vaults: [logVault])
        _ = try await signer.sign(
            .empty, of: events.state.log.origin, by: events.state.headKeys)
        do throws(LedgerError) {
            try ledger.append(
                events.lines, after: 0, head: events.state.head.root, checkpoint: nil)
        } catch {
            throw EngineError(
                .logNotWritten, "\(error).", next: "Mend the disk and found the log again.")
        }
        let note: [UInt8]
        do {
            note = try await signer.sign(events.state)
            try ledger.store(checkpoint: note, size: events.state.head.size)
        } catch {
            throw EngineError(
                .recordedNotSigned, "The log is founded, and its head is not signed yet: \(error).",
                next: "Start the daemon and unlock the log token; it signs the head then.", seq: 1)
        }
        return Founded(
            state: events.state, withoutGuard: await keepFirst(note, on: logVault))
    }

    private struct Opening {
        let state: State
        let lines: [[UInt8]]
    }

    /// The two events that the document comes to; the fold says whether they are legal.
    private static func opening(
        genesis: [UInt8], signatures: [GenesisSignature], after predecessor: State?,
        at time: Timestamp
    ) throws(Refusal) -> Opening {
        let document: Genesis
        do { document = try Genesis(bytes: genesis) } catch {
            throw Refusal(
                .malformed, "The genesis document cannot be read: \(error).",
                next: "Draft it with: ceremonyctl genesis draft.")
        }
        guard let key = document.logKeys.first else {
            throw Refusal(
                .incompleteGenesis, "The genesis names no log key.",
                next: "Make one: ceremonyd log-key; then draft the genesis with it.")
        }
        let created = Event(
            origin: document.log, seq: 0, time: time, prev: .zero,
            body: .logCreated(
                LogCreated(
                    mode: document.mode, vkey: key.vkey, genesis: document.lines,
                    signatures: signatures)))
        var state = try State.founded(by: created, line: created.line, after: predecessor)
        var lines = [created.line]
        while let demanded = state.demands.first {
            let event = Event(
                origin: document.log, seq: state.head.size, time: time, prev: state.head.last,
                body: demanded)
            try state.evolve(event, line: event.line)
            lines.append(event.line)
        }
        return Opening(state: state, lines: lines)
    }

    /// Refuses a name that no log can have.
    static func checkOrigin(_ origin: String) throws(EngineError) {
        guard Origin.isValid(origin) else {
            throw EngineError(
                Refusal(
                    .badParameter, "\(Display.neutralised(origin)) cannot be the origin of a log.",
                    next: "Use 3 to 43 of a-z, 0-9, dot, dash and slash, a letter first."))
        }
    }

    private static func checkEmpty(_ ledger: any Ledger) throws(EngineError) {
        let head: StoredHead
        do throws(LedgerError) { head = try ledger.head() } catch {
            throw EngineError(
                .logNotWritten, "\(error).",
                next: "Look at the disk, and found the log in a state directory of its own.")
        }
        guard head == .empty else {
            throw EngineError(
                .alreadyFounded, "There is a log of \(head.size) events here already.",
                next: "A log is founded once. Give a new one a state directory of its own.")
        }
    }

    private static func check(_ key: LogKey?, on vault: any KeyVault) async throws(EngineError) {
        do throws(VaultError) {
            let description = try await vault.inspect()
            try description.checkReady(for: vault.name)
            guard description.reference.uri == key?.uri else {
                throw VaultError(
                    .logKey,
                    "The genesis names another token for the log key than \(vault.name), "
                        + "which is \(description.reference.uri).")
            }
        } catch {
            throw error.engineError
        }
    }

    private static func withdraw(
        _ name: KeyName, from vault: any KeyVault, because error: EngineError
    ) async -> EngineError {
        guard case .id(let id) = name, (try? await vault.destroy(id: id)) == 0 else {
            return EngineError(
                .logKey, "\(error.detail) The key may be left on \(vault.name).",
                next: "Destroy the object called \(keyLabel) by hand.")
        }
        return error
    }
}

extension TokenDescription {
    /// Refuses a token that is locked or unable.
    func checkReady(for name: String) throws(VaultError) {
        guard canEd25519 else {
            throw VaultError(.tokenUnable, "\(name) cannot make and use Ed25519 keys.")
        }
        guard isUnlocked else { throw VaultError.locked(name) }
    }
}

extension TreeHead {
    /// The head of a log without events: the root is the SHA-256 of nothing (RFC 6962 2.1).
    static let empty = TreeHead(size: 0, root: StoredHead.empty.root)
}
