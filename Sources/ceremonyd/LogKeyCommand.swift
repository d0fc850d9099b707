// `ceremonyd log-key`: makes a key that will sign the log's heads, or shows the one that is there.
// Before the log is founded the founders compare what this prints with what their genesis document
// says; later, in a further token, it is the new key of a `log-key-change`.

import ArgumentParser
import CeremonyDaemon
import CeremonyEngine
import CeremonyRecord
import CeremonyTerminal

/// `ceremonyd log-key`.
struct LogKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-key",
        abstract: "Make a log key in the log token; print its verifier key and words.",
        discussion: """
            Nothing is recorded. With --token the key is made in a further token: name it as the \
            genesis document's standby, or in a log-key-change.
            """)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var pin: PINOptions

    @Option(help: ArgumentHelp("The origin of the log.", valueName: "origin"))
    var origin: String

    @Option(
        help: ArgumentHelp(
            "A further token of the configuration, for a standby or for the next log key; left "
                + "out, the log token.", valueName: "name"))
    var token: String?

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
            let key = try await LogTokenAccess(configuration, token: token).run(pin) { vault in
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
            tellNext(configuration)
        }
    }

    /// What the key is for, and what the configuration still lacks for it.
    private func tellNext(_ configuration: Configuration) {
        guard let token, !token.utf8.elementsEqual(configuration.logToken.utf8) else {
            return Talk.say(
                "Both lines go into the plan for the genesis: ceremonyctl genesis plan.")
        }
        Talk.say(
            "For a log that is not founded yet it is the second log-key line of the plan. For one "
                + "that is: ceremonyctl start log-key-change house-log --set new-log-key=VKEY")
        guard !configuration.furtherLogTokens.contains(token) else { return }
        Talk.say(
            "Before that, name it in the configuration and restart the daemon: "
                + "further_log_tokens = [\"\(Display.neutralised(token))\"]")
    }
}
