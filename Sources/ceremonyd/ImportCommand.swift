// `ceremonyd import`: completes an older copy of the log from exported evidence, while the daemon
// is stopped. The state directory is ours for as long as it takes, so that no daemon writes beside
// it.

import ArgumentParser
import CeremonyDaemon
import CeremonyEngine
import CeremonyRecord
import CeremonyStore
import CeremonyTerminal

/// `ceremonyd import`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Complete an older copy of the log from exported evidence.",
        discussion: """
            The evidence's log must continue ours, and its checkpoint be signed by the log key \
            that our genesis names. Everything else is refused, and then nothing is touched.
            """)

    @OptionGroup var file: ConfigurationOption

    @Option(help: ArgumentHelp("The folder that `ceremonyctl export` wrote.", valueName: "dir"))
    var bundle: String

    @Flag(help: "Print the result as one JSON value.")
    var json = false

    mutating func run() async throws {
        try await Ending.told(meaning: "Nothing was imported; the log is as it was.") {
            let configuration = try file.read()
            guard try Files.read(bundle + "/FORMAT") == Array(EvidenceBundle.format.utf8) else {
                throw EngineError(
                    .badBundle, "\(bundle) is no evidence in a form that this program knows.",
                    next: "Give the folder that `ceremonyctl export` wrote.")
            }
            let events = try Files.read(bundle + "/log/events.jsonl", bytesMax: Self.bytesMax)
            let checkpoint = try Files.read(bundle + "/log/checkpoint")
            let directory = try StateDirectory(configuration.stateDirectory)
            let imported = try Import.run(
                events: events, checkpoint: checkpoint, after: try directory.earlierLogs(),
                into: try SQLiteLedger(openIn: directory))
            withExtendedLifetime(directory) {}
            show(imported)
        }
    }

    /// No log that a person can review comes near this.
    private static let bytesMax = 1 << 30

    private func show(_ imported: Import) {
        let (before, after) = (imported.before, imported.after)
        let count = after.size - before.size
        Output(json: json).result(
            [
                "imported: \(count) events into \(imported.origin)",
                "before: \(before.size) events, root \(before.root)",
                "after: \(after.size) events, root \(after.root)",
            ],
            .object([
                "origin": .string(imported.origin), "imported": .number(count),
                "before": Self.json(before), "after": Self.json(after),
            ]))
        if count == 0 { Talk.say("Nothing was missing.") }
    }

    private static func json(_ head: TreeHead) -> JSON {
        .object(["size": .number(head.size), "root": .string("\(head.root)")])
    }
}
