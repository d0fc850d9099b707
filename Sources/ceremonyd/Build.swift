// Which daemon this is: its version, and the digest of the very file that runs, which says more
// than a commit that somebody wrote into it.

import CeremonyRecord
import CeremonyTerminal

/// The identity of this program.
enum Build {
    /// The version of the package.
    static let version = "0.1.0"

    /// `sha256:` and the digest of the running executable.
    static func digest() throws(ClientError) -> String {
        "\(try Files.digest(of: "/proc/self/exe"))"
    }
}
