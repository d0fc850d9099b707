// `tokens`: what is plugged in, here and (where a daemon answers) at the daemon; the first thing to
// look at when a token does not show up.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import PKCS11

/// `tokens`: those that this client sees, and those of the daemon, where one answers.
struct TokensVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "List the tokens here: what they can do, how their PIN tries stand, whose keys.")

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .customLong("module"),
        help: ArgumentHelp("A PKCS#11 module to look at; may be repeated.", valueName: "path"))
    var modules: [String] = []

    @Flag(help: "Show every object on the daemon's unlocked tokens, and what the log says of it.")
    var inventory = false

    func perform(_ output: Output) throws(ClientError) {
        if inventory { return try TokenInventory(global).show(output) }
        let shelf = try TokenShelf(ModuleList(options: modules))
        let daemon = TokensVerb.daemonTokens(global)
        output.page(
            TokensVerb.text(shelf) + TokensVerb.text(daemon),
            .fields([
                "modules": .array(
                    shelf.reports.map { report in
                        .fields([
                            "path": .string(report.path), "state": .string(report.word),
                            "detail": .string(report.sentence),
                        ])
                    }),
                "tokens": .array(shelf.tokens.map(\.json)),
                "daemon": daemon.map { .array($0.map(\.json)) },
            ]))
    }

    /// Plain questions about hardware: they need no founded log, and nothing is believed for them.
    private static func daemonTokens(_ global: GlobalOptions) -> [DaemonToken]? {
        do {
            let connection = try Connection(socket: global.socket)
            guard case .array(let values)? = try connection.call("Tokens")["tokens"] else {
                return nil
            }
            return try values.map { value throws(ClientError) in try DaemonToken(value) }
        } catch {
            Talk.say(
                Screen.paragraph(
                    error.happened, after: "No tokens of a daemon: ", columns: Talk.columns))
            return nil
        }
    }

    private static func text(_ daemon: [DaemonToken]?) -> [String] {
        guard let daemon else { return [] }
        return ["Tokens of the daemon, as it says:"]
            + (daemon.isEmpty ? ["  none"] : Phrase.table(daemon.map(\.row), indent: "  "))
    }

    private static func text(_ shelf: TokenShelf) -> [String] {
        var lines =
            ["Modules here:"] + shelf.reports.map { "  " + Display.neutralised($0.sentence) }
        if !shelf.tokens.isEmpty { lines.append("Tokens here:") }
        for token in shelf.tokens {
            lines.append("  " + Display.neutralised(token.name))
            lines.append("    uri: \(token.uri)")
            lines.append("    manufacturer: " + Display.neutralised(token.info.manufacturer))
            lines.append("    Ed25519: " + ability(token))
            lines.append(
                "    PIN: "
                    + (token.info.pinState(of: .user).warning ?? "no warning from the token"))
            for key in token.keys {
                lines.append("    key: \(key.key.fingerprint) \(Display.neutralised(key.label))")
            }
        }
        return lines
    }

    private static func ability(_ token: SeenToken) -> String {
        switch (token.signsEd25519, token.makesEd25519) {
        case (true, true): "signs and makes keys"
        case (true, false): "signs; keys have to be made with the vendor's tool"
        default: "no"
        }
    }
}
