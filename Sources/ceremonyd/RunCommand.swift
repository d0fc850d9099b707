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

    mutating func run() async throws {
        try await Ending.told(meaning: "The daemon does not run; the log is as it was.") {
            let configuration = try file.read()
            let problems = configuration.check()
            guard problems.isEmpty else { throw file.mistakes(problems) }
            let level = configuration.logLevel
            LoggingSystem.bootstrap { label in JSONLogHandler(label: label, level: level) }
            try await Daemon(
                configuration: configuration, version: Build.version, commit: try Build.digest(),
                logger: Logger(label: "ceremonyd")
            ).run()
        }
    }
}
