// What every verb takes that signs something for the log.

import ArgumentParser
import CeremonyTerminal

/// Who signs, how, and whether only a draft is wanted.
struct ActingOptions: ParsableArguments {
    @OptionGroup var trust: TrustOptions
    @OptionGroup var signing: SigningOptions

    @Option(
        help: ArgumentHelp(
            "Write the document to this file instead of signing it; `ceremonyctl sign` or "
                + "`ssh-keygen -Y sign` signs it, `ceremonyctl submit` hands it in.",
            valueName: "file"))
    var draft: String?

    mutating func validate() throws {
        if draft != nil, signing.signature != nil || signing.confirm != nil {
            throw ValidationError("--draft signs nothing: leave --signature and --confirm out.")
        }
    }
}
