// `ceremonyd check-config`: every mistake of a configuration at once, or the commented sample.

import ArgumentParser
import CeremonyDaemon
import CeremonyTerminal

/// `ceremonyd check-config`.
struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Check a configuration and name every mistake; --sample prints the manual.")

    @OptionGroup var file: ConfigurationOption

    @Flag(help: "Print the commented sample configuration.")
    var sample = false

    mutating func run() async throws {
        guard !sample else {
            Output(json: false).bytes(Array(Configuration.sample.utf8))
            return
        }
        let problems = try file.read().check()
        guard problems.isEmpty else { throw file.mistakes(problems) }
        Output(json: false).text(["\(file.config): no mistake found"])
    }
}
