// Options that several verbs share. None of them can carry a secret.

import ArgumentParser
import CeremonyTerminal

/// What every verb takes, before it or after it.
struct GlobalOptions: ParsableArguments {
    /// Where the daemon listens unless it is told otherwise.
    static let defaultSocket = "/run/ceremonyd/ceremonyd.sock"

    @Option(help: "The daemon's socket.")
    var socket = GlobalOptions.defaultSocket

    @Flag(help: "Print the result, or the error, as one JSON value.")
    var json = false
}

/// Which tokens of this machine are looked at.
struct TokenOptions: ParsableArguments {
    @Option(
        name: .customLong("module"),
        help: ArgumentHelp(
            "A PKCS#11 module to use; may be repeated. Otherwise the modules listed in "
                + "~/.config/ceremonyctl/modules, else the well-known ones.",
            valueName: "path"))
    var modules: [String] = []

    @Option(
        help: ArgumentHelp("The token, by its serial or a pkcs11: URI.", valueName: "uri|serial"))
    var token: String?
}

/// Who signs, with which token, and how it is confirmed.
struct SigningOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "Who signs, where tokens of several people are here.", valueName: "name"))
    var name: String?

    @OptionGroup var tokens: TokenOptions
    @OptionGroup var pin: PINOptions

    @Option(
        help: ArgumentHelp(
            "A signature (armoured SSHSIG) that was made elsewhere, instead of a token.",
            valueName: "file"))
    var signature: String?

    @Option(
        help: ArgumentHelp(
            "The SHA-256 of the document, in place of typing a word of it.",
            valueName: "sha256:hex"))
    var confirm: String?
}
