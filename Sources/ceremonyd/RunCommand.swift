// `ceremonyd run`: the daemon itself, until SIGTERM.

import ArgumentParser
import CeremonyDaemon
import CeremonyTerminal
import Logging

/// `ceremonyd run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Replay the log and serve it; sealed until the log token is unlocked.")

    @OptionGroup var file: ConfigurationOption

    @Option(
        help: ArgumentHelp(
            "A checkpoint of this log that was kept elsewhere; may be given several times. A log "
                + "that does not reach it is not served.", valueName: "file"))
    var seen: [String] = []

    mutating func run() async throws {
        try await Ending.told(meaning: "The daemon does not run; the log is as it was.") {
            let configuration = try file.read()
            let problems = configuration.check()
            guard problems.isEmpty else { throw file.mistakes(problems) }
            let checkpoints = try (configuration.seen + seen).map { path in
                SeenCheckpoint(path: path, note: try Files.read(path))
            }
            let level = configuration.logLevel
            LoggingSystem.bootstrap { label in JSONLogHandler(label: label, level: level) }
            try await Daemon(
                configuration: configuration, seen: checkpoints, version: Build.version,
                commit: try Build.digest(), logger: Logger(label: "ceremonyd")
            ).run()
        }
    }
}
