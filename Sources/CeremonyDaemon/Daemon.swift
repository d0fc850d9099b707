// The daemon put together: state directory, log, tokens, engine, sockets, timers. Everything is
// made in the order in which it depends on each other and let go in the reverse.

public import CeremonyEngine
import CeremonyRecord
import CeremonyStore
import CeremonyWire
import Glibc
public import Logging
import ServiceLifecycle
import UnixSignals

/// A checkpoint that was kept outside the state directory, and is given to the daemon at its start.
public struct SeenCheckpoint: Sendable {
    /// Where it was kept.
    public let path: String
    /// The signed note.
    public let note: [UInt8]

    /// A checkpoint and its place.
    public init(path: String, note: [UInt8]) {
        self.path = path
        self.note = note
    }
}

/// One running daemon.
public struct Daemon: Sendable {
    private let configuration: Configuration
    private let seen: [SeenCheckpoint]
    private let logger: Logger
    private let version: String
    private let commit: String

    /// A daemon that is not running yet.
    ///
    /// - Parameter seen: Checkpoints that the log has to reach before it is served.
    public init(
        configuration: Configuration, seen: [SeenCheckpoint] = [], version: String, commit: String,
        logger: Logger
    ) {
        self.configuration = configuration
        self.seen = seen
        self.version = version
        self.commit = commit
        self.logger = logger
    }

    /// The tokens of a configuration.
    ///
    /// - Throws: ``CeremonyEngine/EngineError``.
    public static func rack(of configuration: Configuration) throws -> TokenRack {
        try TokenRack(
            configuration.tokens.values.sorted { $0.name < $1.name }.map {
                TokenRack.Entry(name: $0.name, uri: $0.uri, module: $0.module)
            })
    }

    /// The halt file of a configuration.
    static func haltFile(of configuration: Configuration) -> HaltFile {
        HaltFile(path: configuration.stateDirectory + "/halt")
    }

    /// Runs until SIGTERM or SIGINT, then stops in order and stores the signed head.
    ///
    /// A stop that a token's module holds up for longer than the configuration's `grace_seconds`
    /// ends the process where it is.
    ///
    /// - Throws: what keeps it from starting: the store's and the engine's refusals, a socket that
    ///   cannot be put in place.
    public func run() async throws {
        let thread = EventThread()
        do {
            try await run(on: thread)
        } catch {
            try? await thread.shutDown()
            throw error
        }
        try await thread.shutDown()
    }

    private func run(on thread: EventThread) async throws {
        let directory = try StateDirectory(configuration.stateDirectory)
        let ledger = try SQLiteLedger(openIn: directory)
        let rack = try Daemon.rack(of: configuration)
        let hub = WatchHub(limits: configuration.limits)
        let engine = try Engine(
            ledger: ledger, after: try directory.earlierLogs(), vaults: rack.vaults,
            logTokens: configuration.logTokens, desk: configuration.desk, clock: SystemClock(),
            haltFile: Daemon.haltFile(of: configuration),
            unsealFile: UnsealFile(path: configuration.stateDirectory + "/unseal-tries"),
            build: Engine.Build(version: version, commit: commit, modules: rack.loaded),
            haltPatience: { [limits = configuration.limits] in
                await thread.pause(seconds: limits.haltSeconds)
            },
            appended: { events, lines in
                for (event, line) in zip(events, lines) {
                    hub.publish(
                        WatchHub.Event(
                            seq: event.seq, ceremony: event.body.ceremony,
                            encoded: View.event(event, line)))
                }
            },
            halted: { [logger] held in
                let account = held.account
                logger.critical(
                    "halted",
                    metadata: [
                        "by": "\(Display.neutralised(account.by))",
                        "reason": "\(Display.neutralised(account.reason))",
                    ])
            },
            ended: { [logger] error in
                // The disk may say something else than memory now: only a new start knows (FORMATS
                // 3).
                logger.critical("the log must be read again", metadata: ["error": "\(error)"])
                _exit(EX_IOERR)
            })
        for checkpoint in seen {
            try engine.compare(seen: checkpoint.note, from: checkpoint.path)
        }
        try await serve(engine, ledger, hub, on: thread)
        await engine.close()
        rack.close()
        withExtendedLifetime(directory) {}
    }

    private func serve(
        _ engine: Engine, _ ledger: SQLiteLedger, _ hub: WatchHub, on thread: EventThread
    ) async throws {
        let limits = configuration.limits
        let unlock = UnlockSocket<SecretOrder>(
            path: configuration.unlockPath, mode: configuration.socketMode,
            group: configuration.group,
            uids: configuration.unlockUids.union(configuration.guardianUids), limits: limits,
            logger: logger, handler: Unlocking.handler(engine))
        let server = try VarlinkServer(
            path: configuration.socketPath, mode: configuration.socketMode,
            group: configuration.group,
            interfaces: [
                CeremonyService(
                    engine: engine, ledger: ledger, hub: hub,
                    unlocking: Unlocking(
                        socket: unlock, uids: configuration.unlockUids, limits: limits))
            ],
            info: ServiceInfo(
                vendor: "ceremonyd", product: "ceremonyd", version: version,
                url: "https://ceremonyd.invalid/"),
            limits: limits, thread: thread, logger: logger)
        let scheduler = Scheduler(
            Engine.Chore.allCases.map { chore in
                let seconds =
                    chore == .tokens
                    ? configuration.tokenPollSeconds : configuration.deadlinePollSeconds
                return Scheduler.Chore(chore.rawValue, everySeconds: seconds) {
                    try await engine.perform(chore)
                }
            }, on: thread, logger: logger)
        let grace = GracePeriod(seconds: limits.graceSeconds, on: thread) { [logger] in
            // Nothing is lost: what was being executed is closed at the next unlock.
            logger.critical("a token's module does not answer; the process ends all the same")
            _exit(EX_IOERR)
        }
        // Before the server, which waits for the replies that are still to come.
        let letGo = AtStop { engine.stopAsking() }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: ([scheduler, unlock, server, letGo, grace] as [any Service]).map {
                    ServiceGroupConfiguration.ServiceConfiguration(service: $0)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

/// The exit code of a disk or a device that fails (sysexits.h).
private let EX_IOERR: Int32 = 74
