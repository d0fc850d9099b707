// `provara apply-rotation`: a peer's copy of a vault learns of a rotation. The package's sync
// carries events and not keys.json, so a copy refuses the new key's events until it knows the key.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import Provara

/// `provara apply-rotation PEERVAULT --from VAULT`.
struct ApplyRotationVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "apply-rotation",
        abstract: "Bring a peer's copy of a vault up to date after a rotation.",
        discussion: """
            Takes over the events of rotations that only the other vault has, where they continue \
            the copy's own chains and the whole still verifies, and writes keys.json anew from the \
            signed events of the log, never from the other's keys.json. Manifest and root follow; \
            manifest.sig stays as it is, stale, because nobody here signs for the files.

            Interrupted, it is run again: it works out from the copy and the signed logs what is \
            left, and goes on where it stopped. Needs no daemon and no token.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: VaultOptions

    @Argument(help: "The directory of the copy that is brought up to date.")
    var peer: String

    @Option(
        help: ArgumentHelp(
            "The directory of the vault that was rotated; left out, the copy's own log says it.",
            valueName: "directory"))
    var from: String?

    func perform(_ output: Output) throws(ClientError) {
        let seconds = Timestamp.now.seconds
        guard let now = VaultTime(microseconds: seconds * 1_000_000) else {
            throw .usage("This machine's clock cannot be right.", next: "Set it.")
        }
        if let ceremony = Vault.unfinishedCeremonies(beside: peer).first {
            throw ClientError(
                .refused, "vault-being-written",
                "The ceremony \(Display.neutralised(ceremony)) is being written to this vault.",
                meaning: "Nothing was changed. The daemon owns this vault; it is no copy.",
                next: "Start the daemon and unlock its log token: it goes on by itself.")
        }
        let outcome: PeerCatchUp.Outcome
        do {
            outcome = try PeerCatchUp(
                peer: peer, other: from, vouched: options.keys, createdAt: now
            ).perform()
        } catch {
            throw ApplyRotationVerb.refusal(error)
        }
        let vault = outcome.vault
        var lines: [String] = []
        if outcome.wentOn { lines.append("What was half done was finished first.") }
        lines.append(
            outcome.written.isEmpty
                ? "Nothing was to be done: keys.json has what the signed events say"
                    + (from == nil ? " that the copy itself has." : ".")
                : "Taken over: \(Phrase.count(outcome.events, "event")). Written: "
                    + "\(outcome.written.joined(separator: ", ")).")
        if case .stale(let key) = vault.signature {
            lines.append(
                "manifest.sig is stale: it is the word of \(key) for the files before. Whoever "
                    + "stands for this copy signs anew.")
        }
        lines.append("root: \(vault.root)")
        output.page(
            lines,
            .fields([
                "went_on": .bool(outcome.wentOn), "events": .number(outcome.events),
                "written": .strings(outcome.written), "root": .string("\(vault.root)"),
                "manifest_stale": .bool(vault.signature.isStale),
            ]))
    }

    private static func refusal(_ error: any Error) -> ClientError {
        let status: ExitStatus
        let code: String
        switch error {
        case let error as Provara.VaultError:
            if case .changed = error {
                (status, code) = (.refused, "vault-changed")
            } else {
                (status, code) = (.notFound, "vault-trouble")
            }
        case PublishingError.locked: (status, code) = (.notYet, "vault-locked")
        case PublishingError.changed: (status, code) = (.refused, "vault-changed")
        case is PublishingError: (status, code) = (.token, "vault-trouble")
        default: (status, code) = (.refused, "vault-unfit")
        }
        return ClientError(
            status, code, "\(error)",
            meaning: "The copy is as it was, or is gone on with when this is run again.",
            next:
                "What is the matter with a vault is shown by: ceremonyctl provara verify DIRECTORY."
        )
    }
}

extension Vault.SignatureStanding {
    fileprivate var isStale: Bool { if case .stale = self { true } else { false } }
}
