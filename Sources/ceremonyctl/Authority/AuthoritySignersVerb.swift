// `authority signers`: an authority as OpenSSH knows it, for whoever verifies its parts with stock
// tools.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `authority signers NAME`.
struct AuthoritySignersVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "signers",
        abstract: "Print the members of an epoch as an allowed_signers file.",
        discussion: """
            Each part of a multisignature is then verified by: ssh-keygen -Y verify -f FILE -I \
            MEMBER -n ceremonyd-authority-v1 -s PART.sig < DOCUMENT. That enough of them signed, \
            `authority verify` says.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var chosen: EpochOptions

    @Argument(help: "The authority.")
    var name: String

    func perform(_ output: Output) throws(ClientError) {
        let state = try LogCopy(try TrustedLog(global, trust)).state
        let authority = try state.authority(called: name)
        let epoch = try chosen.epoch(of: authority)
        output.text(
            [
                "# \(authority.name), epoch \(epoch.number), \(epoch.sign) of "
                    + "\(epoch.members.count) sign; \(state.log.origin)"
            ] + authority.allowedSigners(in: epoch))
    }
}
