// `provara rotate`: the short form that starts the rotation of a vault's key. The daemon looks at
// the vault and derives the statement; everything that was said here is held against it.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara

/// `provara rotate VAULT --revoke ID --with-authority ID`.
struct VaultRotateVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Start the ceremony that replaces a key of a vault.",
        discussion: """
            The same as: start provara-rotation SUBJECT --set vault=VAULT --set revoke=ID ... \
            The authority is a key of the vault with the role root or quorum that survives, in a \
            token of the daemon that is unlocked, or with somebody on the roster who is asked to \
            sign (--authority-by). The keys of a vault and their roles are shown by: \
            ceremonyctl provara verify DIRECTORY.

            What the old key signed after --trust-boundary is contested. The new key attests those \
            events again that are named with --reattest, in the same rotation; the statement has \
            the digest of what each says, and with --vault-copy it is read and shown here.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var copies: CopyOptions

    @Argument(help: "The vault, by the daemon's name for it.")
    var vault: String

    @Option(help: ArgumentHelp("The key that goes.", valueName: "bp1_..."))
    var revoke: String

    @Option(help: ArgumentHelp("The key that signs its end.", valueName: "bp1_..."))
    var withAuthority: String

    @Option(
        help: ArgumentHelp(
            "The key that signs for the new one, where it is another.", valueName: "bp1_..."))
    var promoter: String?

    @Option(
        help: ArgumentHelp(
            "Who holds the authority's key and is asked to sign; left out, a token of the daemon "
                + "holds it.", valueName: "name"))
    var authorityBy: String?

    @Option(help: ArgumentHelp("The same for the promoter's key.", valueName: "name"))
    var promoterBy: String?

    @Option(
        help: ArgumentHelp(
            "The last event of the old key that is trusted; left out, its very last.",
            valueName: "evt_..."))
    var trustBoundary: String?

    @Option(
        help: ArgumentHelp(
            "A contested event that the new key stands for: one after the trust boundary, or one that "
                + "is contested since an earlier rotation of the key. May be repeated, in the order of "
                + "the log.", valueName: "evt_..."))
    var reattest: [String] = []

    @Option(help: ArgumentHelp("Why, in the vault's own word; left out, scheduled_rotation."))
    var cause: String?

    @Option(
        help: ArgumentHelp(
            "What the new key may do, with commas; left out, what the old one may.",
            valueName: "root,attestation"))
    var roles: String?

    @Option(
        help: ArgumentHelp(
            "How keys.json calls the old key; left out, retired. With `revoked` the package's own "
                + "verify refuses a vault in which that key has signed.", valueName: "status"))
    var oldStatus: String?

    @Option(
        help: ArgumentHelp(
            "Who has a copy of the vault and must confirm, with commas: a name on the roster, or "
                + "NAME=SHA256:... of anybody's key.", valueName: "names"))
    var peers: String?

    @Option(
        help: ArgumentHelp(
            "What the key is called in this log; left out, the subject that has it, or the vault's "
                + "name and the key's role.", valueName: "name"))
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "The receiving token, by its name, label or serial at the daemon.", valueName: "token"))
    var into: String?

    @Option(
        defaultAsFlag: "", parsing: .next,
        help: ArgumentHelp("Replace a ceremony that is open.", valueName: "id"))
    var supersede: String?

    @Option(help: "Why, for the record.")
    var reason: String

    @Flag(help: "Start it although nobody may be missing.")
    var acceptNoSpare = false

    mutating func validate() throws {
        for (option, text) in [("revoke", revoke), ("with-authority", withAuthority)]
            + (promoter.map { [("promoter", $0)] } ?? [])
        where KeyID(text) == nil {
            throw ValidationError("--\(option) takes the id of a key: bp1_ and 16 hex digits.")
        }
        for event in reattest where EventID(event) == nil {
            throw ValidationError("--reattest takes the id of an event: evt_ and 24 hex digits.")
        }
        if let trustBoundary, trustBoundary != "last", EventID(trustBoundary) == nil {
            throw ValidationError(
                "--trust-boundary takes the id of an event: evt_ and 24 hex digits.")
        }
    }

    func perform(_ output: Output) throws(ClientError) {
        guard !vault.utf8.contains(UInt8(ascii: "/")) else { throw .vaultName(vault) }
        if oldStatus == "revoked" { Talk.paragraph(VaultRotation.revokedWarning) }
        var chosen = ["vault": vault, "revoke": revoke, "authority": withAuthority]
        chosen["promoter"] = promoter
        chosen["authority-by"] = authorityBy
        chosen["promoter-by"] = promoterBy
        chosen["boundary"] = trustBoundary
        if !reattest.isEmpty { chosen["reattest"] = reattest.joined(separator: ",") }
        chosen["cause"] = cause
        chosen["roles"] = roles
        chosen["old-status"] = oldStatus
        chosen["peers"] = peers
        try CeremonyStart(
            global: global, acting: acting, kind: ProvaraRotation.name,
            subject: { setting throws(ClientError) in try self.subject(in: setting) },
            parameters: { [chosen] roster throws(ClientError) in
                try VaultRotation.inFull(chosen, under: roster)
            }, into: into, supersede: supersede, reason: reason, acceptNoSpare: acceptNoSpare,
            copy: copies.copy
        ).perform(output)
    }

    // MARK: The subject

    /// The one that was named, the one that has the key, or a name after the key's role, which only
    /// the daemon can see.
    private func subject(in setting: CeremonyStart.Setting) throws(ClientError) -> String {
        if let subject { return subject }
        let state = try LogCopy(setting.log).state
        if let own = state.subject(ofVaultKey: revoke) { return own }
        let probe = try StartOrder(
            kind: ProvaraRotation.name, subject: "\(vault)-key", into: setting.token,
            parameters: setting.parameters, supersedes: nil, initiator: setting.initiator,
            reason: setting.reason
        ).draft(setting.log)
        let roles = (probe.fields["revoke-roles"] ?? "").utf8.split(separator: UInt8(ascii: ","))
            .map { String(decoding: $0, as: UTF8.self) }
        let role =
            ["root", "quorum"].first { roles.contains($0) } ?? roles.first ?? "key"
        return "\(vault)-\(role)"
    }
}

extension State {
    /// The subject whose active key has that id in a vault.
    func subject(ofVaultKey id: String) -> String? {
        allKeys.first {
            $0.status(at: head.time) == .active
                && "\(KeyID(publicKey: $0.publicKey.point))".utf8.elementsEqual(id.utf8)
        }?.subject
    }
}
