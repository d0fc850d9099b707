// What a test of the engine works in: a real token, a ledger, people with software keys, a clock,
// and the engines that come and go on them as processes would.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Foundation
import PKCS11
import Sodium
import Synchronization
import TestSupport

/// A founded log with its log key on the SoftHSM token `house`, and no engine yet.
final class Workshop: Sendable {
    let store: SoftHSMStore
    let ledger: any Ledger
    /// What every engine on it has told, whichever it was.
    let told = Told()
    /// The token `house` as statements name it.
    let token: TokenReference
    let clock = TestClock(House.dawn)
    /// People and their drafts; its state is set to the engine's before anything is drafted.
    private let people: Mutex<House>
    private let generation = Mutex(0)
    private let vaults = Mutex<[TokenVault]>([])

    /// Founds a log on a token of its own.
    ///
    /// - Parameter standby: The token of a standby log key, which the founding names too.
    init(
        store: SoftHSMStore, ledger: any Ledger, policy: Policy = House.policy,
        standby: String? = nil
    ) async throws {
        self.store = store
        self.ledger = ledger
        // A copy of the module: the one of the store is for the module that misbehaves.
        let path = store.directory + "/libsofthsm2-0.so"
        try FileManager.default.copyItem(atPath: store.modulePath, toPath: path)
        let module = try store.loadModule(at: path)
        let vault = try Workshop.vault("house", in: store, module: module)
        try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
        let key = try await CeremonyEngine.Founding.makeLogKey(
            vault: vault, origin: Workshop.origin)
        var keys = [key]
        if let standby {
            keys.append(
                try await Workshop.makeLogKey(
                    in: try Workshop.vault(standby, in: store, module: module)))
        }
        let house = try House(policy: policy) { founding in
            founding.genesis.logKeys = keys
        }
        people = Mutex(house)
        let genesis = house.genesis
        try await CeremonyEngine.Founding.found(
            genesis: genesis.bytes, signatures: Workshop.signatures(under: genesis, by: house),
            in: ledger, logVault: vault, clock: clock)
        token = try await vault.inspect().reference
        await vault.lock()
    }

    /// Runs a test in a workshop that is gone afterwards.
    static func with<R>(
        policy: Policy = House.policy, ledger: any Ledger = MemoryLedger(),
        _ body: (Workshop) async throws -> R
    ) async throws -> R {
        try await withSoftHSM { store in
            let workshop = try await Workshop(store: store, ledger: ledger, policy: policy)
            let result: Result<R, any Error>
            do { result = .success(try await body(workshop)) } catch { result = .failure(error) }
            await workshop.leave()
            return try result.get()
        }
    }

    /// Whatever a life of the daemon left to be done on a token is done, and its sessions are
    /// closed: a module does not bear to be at work when the process ends.
    private func leave() async {
        for vault in vaults.withLock({ $0 }) { await vault.lock() }
    }

    static let origin = "example.org/house/rehearsal"

    /// A log key in a further token, which is locked again.
    static func makeLogKey(in vault: any KeyVault, origin: String = Workshop.origin) async throws
        -> LogKey
    {
        try await vault.unlock(pin: try pin(), allowFinalTry: false)
        let key = try await CeremonyEngine.Founding.makeLogKey(vault: vault, origin: origin)
        await vault.lock()
        return key
    }

    static func signatures(under genesis: Genesis, by house: House) -> [GenesisSignature] {
        genesis.members.flatMap { member in
            house.person(member.name).keys.map {
                GenesisSignature(
                    member: member.name, key: $0.fingerprint,
                    sshsig: $0.sshsig(over: genesis.bytes, for: .genesis))
            }
        }
    }

    /// A PIN as only the engine may hold one.
    static func pin(_ text: String = SoftHSMStore.pin) throws -> SecretBytes {
        let secret = try SecretBytes(capacity: 64)
        _ = unsafe secret.fill { buffer in
            unsafe buffer.copyBytes(from: text.utf8)
            return text.utf8.count
        }
        secret.seal()
        return secret
    }

    static func vault(_ label: String, in store: SoftHSMStore, module: Module) throws -> TokenVault
    {
        try TokenVault(
            name: label, uri: try TokenURI("pkcs11:token=\(label)"), module: module,
            moduleDigest: Digest(of: Array(try Data(contentsOf: URL(filePath: store.modulePath)))))
    }

    // MARK: Lives of the daemon

    /// The token in another process: a module of its own, which knows of no login.
    func freshVault(_ label: String = "house") throws -> TokenVault {
        let module = try store.loadModule(at: try freshModulePath())
        let vault = try Workshop.vault(label, in: store, module: module)
        vaults.withLock { $0.append(vault) }
        return vault
    }

    /// A copy of the module that no process has loaded.
    func freshModulePath() throws -> String {
        let number = generation.withLock {
            $0 += 1
            return $0
        }
        let path = store.directory + "/libsofthsm2-\(number).so"
        try FileManager.default.copyItem(atPath: store.modulePath, toPath: path)
        return path
    }

    /// Starts an engine, as a process would: sealed, with a module of its own.
    ///
    /// - Parameters:
    ///   - ledger: What the process finds on the disk.
    ///   - vault: The token `house`; a fresh one unless it is given.
    func start(
        ledger: (any Ledger)? = nil, vault: (any KeyVault)? = nil, others: [any KeyVault] = [],
        haltPatience: (@Sendable () async -> Void)? = nil,
        boundary: @escaping @Sendable (String) async -> Void = { _ in }
    ) throws -> Engine {
        try start(
            ledger: ledger, vaults: [vault ?? (try freshVault())] + others, logTokens: ["house"],
            haltPatience: haltPatience, boundary: boundary)
    }

    /// The same with exactly these tokens, of which those named hold log keys.
    func start(
        ledger: (any Ledger)? = nil, after earlier: [EarlierLog] = [], vaults: [any KeyVault],
        logTokens: [String], desk: VaultDesk = VaultDesk([]),
        haltPatience: (@Sendable () async -> Void)? = nil,
        boundary: @escaping @Sendable (String) async -> Void = { _ in }
    ) throws -> Engine {
        let told = told
        return try Engine(
            ledger: ledger ?? self.ledger, after: earlier, vaults: vaults, logTokens: logTokens,
            desk: desk, clock: clock, haltFile: haltFile,
            unsealFile: UnsealFile(path: store.directory + "/unseal-tries"),
            build: Engine.Build(version: "1", commit: "test", modules: []),
            haltPatience: haltPatience, boundary: boundary,
            appended: { events, _ in told.append(events) },
            ended: { error in told.end(error) })
    }

    /// Starts an engine and unlocks it.
    func open(
        ledger: (any Ledger)? = nil, others: [any KeyVault] = [],
        boundary: @escaping @Sendable (String) async -> Void = { _ in }
    ) async throws -> Engine {
        let engine = try start(ledger: ledger, others: others, boundary: boundary)
        try await engine.unlock("house", pin: try Workshop.pin())
        return engine
    }

    /// Starts and unlocks an engine whose token a test can interfere with.
    func openInterposed(
        ledger: (any Ledger)? = nil,
        boundary: @escaping @Sendable (String) async -> Void = { _ in }
    ) async throws -> (Engine, InterposedVault) {
        let vault = InterposedVault(try freshVault())
        let engine = try start(ledger: ledger, vault: vault, boundary: boundary)
        try await engine.unlock("house", pin: try Workshop.pin())
        return (engine, vault)
    }

    /// A token behind the module that misbehaves on demand.
    func faultyVault(_ label: String = "house") throws -> TokenVault {
        try Workshop.vault(label, in: store, module: try store.loadFaultModule())
    }

    /// Lets people draft and sign from the log as the engine shows it.
    func people<R: Sendable, E: Error>(
        of engine: Engine, _ body: (inout House) throws(E) -> R
    ) throws(E) -> R {
        try people.withLock { house throws(E) in
            house.state = engine.snapshot.state
            house.now = clock.now
            return try body(&house)
        }
    }

    /// Somebody who may not knocks.
    static let knock = AccessRefused(
        uid: 1000, gid: 1000, pid: 42, method: "Unlock", code: "not-permitted", claimed: nil,
        ceremony: nil, digest: nil, count: 1)

    var haltFile: HaltFile { HaltFile(path: haltPath) }
    var haltPath: String { store.directory + "/halt" }
}

/// What engines have told those who listen.
final class Told: Sendable {
    private let content = Mutex<([Event], [LedgerError])>(([], []))

    /// The events of every batch, in order.
    var events: [Event] { content.withLock { $0.0 } }
    /// Why the process was to end.
    var ended: [LedgerError] { content.withLock { $0.1 } }

    func append(_ events: [Event]) { content.withLock { $0.0 += events } }
    func end(_ error: LedgerError) { content.withLock { $0.1.append(error) } }
}

extension Engine {
    /// Hands in what somebody has signed.
    @discardableResult
    func submit(_ signed: Signed) async throws(EngineError) -> Recorded {
        try await submit(document: signed.document, sshsig: signed.sshsig)
    }

    var state: State { snapshot.state }
}

/// The stable word with which something is refused; `nil` where it is not.
func refusal(_ body: () async throws -> some Any) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch let error as EngineError {
        return error.code
    } catch {
        return "\(error)"
    }
}
