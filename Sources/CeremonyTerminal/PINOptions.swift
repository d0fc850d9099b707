// The options with which a script hands a PIN over, the same for both programs.

package import ArgumentParser

/// Where the PIN of the person's own token comes from.
package struct PINOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read PINs from this open descriptor, one line for each login.", valueName: "n"))
    package var pinFd: Int32?

    @Option(
        help: ArgumentHelp(
            "Read the PIN from a file of your own with mode 600.", valueName: "path"))
    package var pinFile: String?

    @Flag(
        name: [.customLong("last-try"), .customLong("final-try")],
        help: "Use a token's last try. A wrong PIN then locks the token.")
    package var lastTry = false

    /// No options.
    package init() {}

    package mutating func validate() throws {
        if pinFd != nil && pinFile != nil {
            throw ValidationError("Give --pin-fd or --pin-file, not both.")
        }
        if let pinFd, pinFd < 0 {
            throw ValidationError("--pin-fd is a number of an open descriptor.")
        }
    }

    /// The source that was chosen; the terminal where none was.
    package var source: PINOrigin {
        if let pinFd { return .descriptor(pinFd) }
        if let pinFile { return .file(pinFile) }
        return .terminal
    }
}
