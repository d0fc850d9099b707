// A key that somebody made in their own token for a ceremony that came to nothing, as the daemon
// lists it: whose it is, and with which command it is taken away.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A key that is to be tidied up.
struct LeftKeyReport: Hashable, Sendable {
    /// The ceremony that it was made for.
    let ceremony: String
    /// Who made it, and the key by which they accepted.
    let participant: Signatory
    /// The key.
    let newKey: Fingerprint
    /// The token that holds it.
    let token: String
    /// Whether its maker has said that the token will not come back.
    let isTokenLost: Bool

    init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        ceremony = try fields.string("ceremony")
        participant = Signatory(
            name: try fields.string("name"),
            fingerprint: try fields.text("key") { Fingerprint($0) })
        newKey = try fields.text("new_key") { Fingerprint($0) }
        token = try fields.string("token")
        isTokenLost = try fields.optionalBool("token_lost") ?? false
    }

    /// One line for the status.
    var line: String {
        "\(participant.name): \(newKey) of \(ceremony): "
            + (isTokenLost ? "the token is lost; if it is found: " : "")
            + "ceremonyctl tidy \(ceremony)"
    }
}
