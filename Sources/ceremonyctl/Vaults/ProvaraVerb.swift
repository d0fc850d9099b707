// `provara`: what is done with vaults of Provara Profile A. Two of its verbs need no daemon: one
// checks a vault, one brings a copy up to date; one asks the log; one starts a ceremony.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import Provara

/// `provara VERB`.
struct ProvaraVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provara",
        abstract: "Check Provara vaults, and have their keys rotated by ceremony.",
        discussion: """
            `verify` and `apply-rotation` take the directory of a vault and need no daemon. \
            `rotate` and `gate` take the name by which the daemon's configuration calls a vault: \
            the table [vaults.NAME] there.
            """,
        subcommands: [
            VaultCheckVerb.self, VaultRotateVerb.self, VaultGateVerb.self, ApplyRotationVerb.self,
        ])

    @OptionGroup var global: GlobalOptions
}

/// What is known of a vault besides what it says itself.
struct VaultOptions: ParsableArguments {
    @Option(
        name: .customLong("vouch"),
        help: ArgumentHelp(
            "A key that is in keys.json from birth although no birth document names it, such as an "
                + "agent's; it gets no authority by it. May be repeated.", valueName: "bp1_..."))
    var vouched: [String] = []

    mutating func validate() throws {
        for key in vouched where KeyID(key) == nil {
            throw ValidationError("--vouch takes the id of a key: bp1_ and 16 hex digits.")
        }
    }

    /// The keys.
    var keys: Set<KeyID> { Set(vouched.compactMap { KeyID($0) }) }

    /// How a vault is read.
    var reading: Vault.Options {
        var options = Vault.Options()
        options.vouchedKeys = keys
        return options
    }
}

extension Vault {
    /// Reads a vault for a verb.
    ///
    /// - Throws: `vault-trouble` (66).
    static func opened(
        _ path: String, _ options: Options, noting: @escaping (Finding) -> Void = { _ in }
    ) throws(ClientError) -> Vault {
        do throws(VaultError) { return try Vault.read(at: path, options, noting: noting) } catch {
            throw ClientError(
                .notFound, "vault-trouble", "\(error)", meaning: "Nothing was changed.",
                next: "Give the directory of a vault, not its name.")
        }
    }
}

extension Vault {
    /// Ceremonies whose files stand ready beside a vault because they are still being written.
    static func unfinishedCeremonies(beside path: String) -> [String] {
        ((try? StagedChange.unfinished(beside: path)) ?? []).filter {
            !$0.utf8.elementsEqual(PeerCatchUp.name.utf8)
        }
    }
}

extension ClientError {
    /// A path where the daemon's name of a vault is wanted.
    static func vaultName(_ given: String) -> ClientError {
        .usage(
            "\(given) is no name of a vault: the daemon calls its vaults by names of its own.",
            next: "In the daemon's configuration stands a table [vaults.NAME] with this path; give "
                + "the NAME. (`ceremonyd check-config --sample` shows such a table.)")
    }
}
