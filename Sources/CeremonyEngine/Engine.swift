// The engine: the rules at work on one log and the daemon's tokens. Everything the daemon can be
// asked for comes in here; reading never waits, writing goes through the one writer, long work on
// tokens runs beside it and comes back as a command.

public import CeremonyRecord
public import CeremonyRules
import Sodium
import Synchronization

/// One log, its tokens, and what may be done with them.
///
/// Made once at the daemon's start, when it replays the whole log. Sealed until the log token is
/// unlocked: until then reading, export and halt work, and nothing is appended.
public final class Engine: Sendable {
    /// What the daemon says about itself when it opens the log for writing.
    public struct Build: Sendable {
        /// The version.
        public let version: String
        /// The commit it was built from.
        public let commit: String
        /// The PKCS#11 modules that it uses.
        public let modules: [LoadedModule]

        /// A build.
        public init(version: String, commit: String, modules: [LoadedModule]) {
            self.version = version
            self.commit = commit
            self.modules = modules
        }
    }

    /// The daemon's tokens, in the order of the configuration.
    public let vaults: [any KeyVault]
    let published: Published
    let writer: Writer
    let executor: Executor
    let watch: ClockWatch
    let halts: HaltDesk
    let rollbackGuard: RollbackGuard
    let provedKeys = ProvedKeys()
    let build: Build
    /// The names of the tokens that hold log keys: the one in use, then a standby or the next one.
    public let logTokens: [String]
    /// The logs that this one goes on from.
    public let history: History
    /// Unlocking, locking and closing come one after the other.
    let turns = Turns()
    /// What the last opening has begun to finish.
    let rolling = Mutex<Task<Void, Never>?>(nil)
    let refusals = RefusedAccess()
    let unsealFile: UnsealFile

    /// Replays the log and stands ready, sealed.
    ///
    /// - Parameters:
    ///   - earlier: The logs that this one goes on from, the nearest first.
    ///   - logTokens: The names of the tokens that hold log keys, the one in use first.
    ///   - desk: The Provara vaults that ceremonies may be about.
    ///   - haltPatience: How long whoever raises a halt waits for the log to have it: called when
    ///     the halt is in the file, returns when they have waited enough. `nil`: as long as needed.
    ///   - boundary: Called between the steps of an execution.
    ///   - appended: Hears of every event once, in order, when a signed head covers it.
    ///   - ended: Hears that the process is to end and read the log again.
    /// - Throws: ``Refusal`` where the log does not replay; what the ledger throws.
    public init(
        ledger: any Ledger, after earlier: [EarlierLog] = [], vaults: [any KeyVault],
        logTokens: [String], desk: VaultDesk = VaultDesk([]), clock: any Clock,
        haltFile: HaltFile, unsealFile: UnsealFile, build: Build,
        haltPatience: (@Sendable () async -> Void)? = nil,
        boundary: @escaping @Sendable (String) async -> Void = { _ in },
        appended: @escaping @Sendable ([Event], [[UInt8]]) -> Void = { _, _ in },
        halted: @escaping @Sendable (HaltFile.Held) -> Void = { _ in },
        ended: @escaping @Sendable (LedgerError) -> Void
    ) throws {
        let stored = try Engine.reading { () throws(LedgerError) in try ledger.head() }
        history = try History(read: earlier)
        let (state, tree, keys, unsigned) = try Engine.replay(
            ledger, after: history, upTo: stored.checkpointSize)
        try Engine.check(stored, by: keys, against: tree)
        published = Published(
            Snapshot(
                state: state, checkpoint: stored.checkpoint, checkpointSize: stored.checkpointSize,
                isSealed: true, isHaltedByFile: false),
            tree: tree)
        self.vaults = vaults
        self.logTokens = logTokens
        let watch = ClockWatch(clock)
        self.watch = watch
        self.build = build
        self.unsealFile = unsealFile
        let rollbackGuard = RollbackGuard(published: published, proved: provedKeys)
        self.rollbackGuard = rollbackGuard
        let held = HeldHalts(file: haltFile, published: published, told: halted)
        writer = Writer(
            ledger: ledger, watch: watch, published: published, unheard: unsigned,
            appended: { events, lines in
                // The log says first that halts are cleared, then they go (DESIGN section 3, Halt).
                if events.contains(where: \.clearsHalts) { held.settle() }
                appended(events, lines)
                rollbackGuard.heard(events)
            },
            otherLog: { held.take(invariant: Invariant.chain.rawValue, at: watch.reads) },
            ended: ended)
        halts = HaltDesk(
            held: held, writer: writer, published: published, watch: watch,
            patience: haltPatience)
        executor = Executor(
            writer: writer, halts: halts, published: published, vaults: vaults, watch: watch,
            boundary: boundary, desk: desk)
    }

    // MARK: Reading

    /// The log as it stands, without waiting for anything.
    public var snapshot: Snapshot { published.snapshot }

    /// Proves that an event stands in the log of that size.
    public func inclusionProof(of seq: Int, in size: Int) -> InclusionProof? {
        published.inclusionProof(of: seq, in: size)
    }

    /// Proves that the log of the old size is a prefix of the new one.
    public func consistencyProof(from old: Int, to new: Int) -> ConsistencyProof? {
        published.consistencyProof(from: old, to: new)
    }

    /// A nonce that nobody has used.
    public func nonce() -> String { Hex.encode(randomBytes(16)) }

    // MARK: Acting

    /// Takes a person's document and signature. Durable and signed on return.
    ///
    /// An order to execute is taken here too, and returns when the execution has ended; an order to
    /// recover returns when what was left is destroyed, or seen to be gone.
    ///
    /// - Parameter possession: The signature of the key that an acceptance brings.
    /// - Throws: ``EngineError``.
    public func submit(
        document: [UInt8], sshsig: [UInt8], possession: [UInt8]? = nil,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws(EngineError) -> Recorded {
        // Somebody who is asked to sign may have said no, or the house may be halted now.
        defer { executor.lookAtQuestions() }
        let known = try? AnyDocument(bytes: document)
        if case .act(let act) = known, act.act == .halt {
            return try await halts.raise(document: document, sshsig: sshsig)
        }
        let snapshot = snapshot
        // Halt first, everywhere (CT-11), and then whether anything can be recorded at all.
        let goesOn = known.map { snapshot.state.goesOn($0, despite: .halted) } ?? false
        if snapshot.isHalted, !goesOn {
            throw refusal(of: .submit(document: document, sshsig: sshsig), in: snapshot)
        }
        guard !snapshot.isSealed else { throw .sealed }
        if case .act(let act) = known, act.act == .execute {
            if let taken = try repeated(document, sshsig) { return taken }
            return try await executor.execute(
                document: document, sshsig: sshsig, progress: progress)
        }
        if case .act(let act) = known, act.act == .recover {
            if let taken = try repeated(document, sshsig) { return taken }
            return try await Recovery(executor: executor, isKnownNewest: isKnownNewest)
                .carryOut(document: document, sshsig: sshsig)
        }
        let command = Command.submit(document: document, sshsig: sshsig, possession: possession)
        if case .statement(let statement) = known { try await checkSeen(statement, in: command) }
        return try await writer.submit(command)
    }

    /// How a halted log refuses, in its own words where it has any.
    private func refusal(of command: Command, in snapshot: Snapshot) -> EngineError {
        do throws(Refusal) {
            _ = try decide(snapshot.state, command, now: snapshot.state.head.time)
            return EngineError(.haltedByFile)
        } catch {
            return EngineError(snapshot.state.isHalted ? error : .haltedByFile)
        }
    }

    /// Derives the statement of a ceremony that could be opened now. Stores nothing.
    ///
    /// - Throws: ``EngineError``: the rules' refusals, and the receiving token's trouble.
    public func draft(_ draft: Draft, into token: String?) async throws(EngineError) -> Statement {
        let snapshot = snapshot
        // Halt first, everywhere (CT-11). What goes on all the same needs no receiving token.
        if snapshot.isHalted, token != nil {
            throw refusal(of: .submit(document: [], sshsig: []), in: snapshot)
        }
        guard !snapshot.isSealed else { throw .sealed }
        var draft = draft
        if let token { draft.parameters["token"] = try await receivingToken(token).uri }
        draft = try await looked(draft)
        let state = self.snapshot.state
        let statement: Statement
        let doubt = clockReport.doubt
        do throws(Refusal) {
            statement = try state.statement(for: draft)
            try state.checkOpening(of: statement, by: watch.reads)
        } catch {
            // What another ceremony keeps waiting waits for the clock as well, and longer.
            throw EngineError(error.code == .busy ? doubt ?? error : error)
        }
        guard !self.snapshot.isHalted || state.goesOn(.statement(statement), despite: .halted)
        else { throw EngineError(.haltedByFile) }
        if let doubt, !state.goesOn(.statement(statement), despite: .clock) {
            throw EngineError(doubt)
        }
        return statement
    }

    /// A token of the daemon that can receive a key, by its name, label or serial.
    private func receivingToken(_ name: String) async throws(EngineError) -> TokenReference {
        do throws(VaultError) {
            var found: [TokenDescription] = []
            var trouble: VaultError?
            // The configuration's names are unique; a label may be what another token is called
            // there.
            let named = vaults.filter { $0.name == name }
            for vault in named.isEmpty ? vaults : named {
                do throws(VaultError) {
                    let description = try await vault.inspect()
                    let reference = description.reference
                    if [vault.name, reference.label, reference.serial, reference.uri].contains(name)
                    {
                        found.append(description)
                    }
                } catch  where vault.name == name {
                    throw error
                } catch {
                    trouble = error
                }
            }
            guard let first = found.first else {
                throw VaultError(
                    .unknownToken,
                    "The daemon has no token called \(name)."
                        + (trouble.map { " \($0.detail)" } ?? ""))
            }
            guard found.count == 1 else {
                throw VaultError(
                    .tokenAmbiguous,
                    "\(name) is \(found.map(\.reference.uri).joined(separator: " and ")).")
            }
            guard first.canEd25519 else {
                throw VaultError(
                    .tokenUnable, "\(first.reference.label) cannot make and use Ed25519 keys.")
            }
            return first.reference
        } catch {
            throw error.engineError
        }
    }

    private func repeated(_ document: [UInt8], _ sshsig: [UInt8]) throws(EngineError) -> Recorded? {
        let snapshot = snapshot
        let receipt: Receipt?
        do throws(Refusal) {
            receipt = try snapshot.state.receipt(document: document, sshsig: sshsig)
        } catch {
            throw EngineError(error)
        }
        guard let receipt else { return nil }
        // Nobody is answered before the head is signed, the second time no more than the first.
        guard receipt.seq < snapshot.checkpointSize else { throw .notSigned(receipt.seq) }
        return Recorded(receipt: receipt, isRepeat: true, events: [])
    }

    /// Remembers that access was refused; it is written down once a minute at most.
    public func noteRefusal(_ refused: AccessRefused) {
        refusals.note(refused)
    }

    /// The token of that name in the configuration.
    ///
    /// - Throws: ``EngineError`` (`unknown-token`).
    public func vault(named name: String) throws(EngineError) -> any KeyVault {
        guard let vault = vaults.first(where: { $0.name == name }) else {
            throw EngineError(
                .unknownToken, "The daemon has no token called \(name).",
                next: "Its tokens are: \(vaults.map(\.name).joined(separator: ", ")).")
        }
        return vault
    }
}

extension Event {
    fileprivate var clearsHalts: Bool { if case .haltCleared = body { true } else { false } }
}
