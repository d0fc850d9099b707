// A vault that this client reads itself, beside what the daemon says of it. The daemon owns the
// vault and its path is none of a client's; whoever has the vault, or a copy as it is now, names it
// here.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import Provara

/// Where the copy is.
struct CopyOptions: ParsableArguments {
    @OptionGroup var options: VaultOptions

    @Option(
        help: ArgumentHelp(
            "The vault that the ceremony is about, or a copy as it is now: read here, and held against "
                + "what the statement says of it.", valueName: "directory"))
    var vaultCopy: String?

    /// The copy, where one is named.
    var copy: VaultCopy? { vaultCopy.map { VaultCopy(path: $0, options: options.reading) } }
}

/// A copy of a vault, and how it is read.
struct VaultCopy {
    /// The directory.
    let path: String
    /// What is known of it besides.
    let options: Vault.Options

    /// Reads it with events that it will be asked about.
    ///
    /// - Throws: `vault-trouble` (66).
    func read(_ events: [EventID]) throws(ClientError) -> Vault {
        var options = options
        options.boundaries.formUnion(events)
        return try Vault.opened(path, options)
    }
}

extension ClientError {
    /// A copy of a vault for a kind that has nothing to compare with it.
    static func noCopyWanted(by kind: String) -> ClientError {
        .usage("--vault-copy does not fit \(kind).", next: "It is for provara-rotation.")
    }

    /// A copy that is not what a statement says of the vault.
    static func vaultDiffers(_ what: String, _ path: String) -> ClientError {
        ClientError(
            .refused, "vault-differs",
            "The statement does not say what \(Display.neutralised(path)) says: \(what).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next:
                "Take a copy of the vault as it is now. If it still differs, sign nothing and tell "
                + "the operator.")
    }
}
