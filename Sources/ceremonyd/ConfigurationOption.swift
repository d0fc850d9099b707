// The configuration as every command of the daemon takes it, with its mistakes told all at once.

import ArgumentParser
import CeremonyDaemon
import CeremonyRecord
import CeremonyTerminal

/// `--config FILE`.
struct ConfigurationOption: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's configuration.", valueName: "file"))
    var config = "/etc/ceremonyd.toml"

    /// Reads the file.
    ///
    /// - Throws: `configuration` (78) with every mistake.
    func read() throws(ClientError) -> Configuration {
        do {
            return try Configuration(file: config)
        } catch {
            throw mistakes(error.problems)
        }
    }

    /// Tells every mistake on a line of its own, and ends with `configuration` (78).
    func mistakes(_ problems: [String]) -> ClientError {
        for problem in problems { Talk.say("  " + Display.neutralised(problem)) }
        return ClientError(
            .configuration, "configuration",
            "The configuration \(config) has \(problems.count) "
                + (problems.count == 1 ? "mistake." : "mistakes."),
            meaning: "Nothing was started.",
            next:
                "Mend what is listed above. The commented sample: ceremonyd check-config --sample.")
    }
}
