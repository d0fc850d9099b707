// `ceremonyd log-key`: makes the key that will sign the log's heads, before the log is founded, or
// shows the one that is there. The founders compare what this prints with what their genesis
// document says.

import ArgumentParser
import CeremonyDaemon
import CeremonyEngine
import CeremonyRecord
import CeremonyTerminal

/// `ceremonyd log-key`.
struct LogKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-key",
        abstract: "Make the log key in the log token; print its verifier key and words.")

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var pin: PINOptions

    @Option(help: ArgumentHelp("The origin of the log to be founded.", valueName: "origin"))
    var origin: String

    @Flag(help: "Print the log key that the token holds already; make nothing.")
    var show = false

    @Flag(help: "Print the result as one JSON value.")
    var json = false

    mutating func run() async throws {
        let meaning =
            show
            ? "Nothing was made and nothing was changed."
            : "There is no new log key; nothing was recorded."
        try await Ending.told(meaning: meaning) {
            let configuration = try file.read()
            let origin = origin
            let show = show
            let key = try await LogTokenAccess(configuration).run(pin) { vault in
                show
                    ? try await Founding.logKey(on: vault, origin: origin)
                    : try await Founding.makeLogKey(vault: vault, origin: origin)
            }
            let words =
                NoteKey(vkey: key.vkey).map { PGPWords.rows(PGPWords.words(of: $0.publicKey)) }
                ?? []
            Output(json: json).result(
                ["vkey: \(key.vkey)", "uri: \(key.uri)", "words of the public key:"]
                    + words.map { "  " + $0 },
                .object(["vkey": .string(key.vkey), "uri": .string(key.uri)]))
            Talk.say("Both lines go into the plan for the genesis: ceremonyctl genesis plan.")
        }
    }
}
