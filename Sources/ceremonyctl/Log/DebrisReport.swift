// What a failed ceremony left on a token, as the daemon reports it: shown to people, and compared
// with the log before anybody orders its end.

import CeremonyRecord
import CeremonyTerminal

/// An object that an execution announced and did not account for.
struct DebrisReport: Hashable, Sendable {
    let ceremony: String
    let manufacturer: String
    let model: String
    let serial: String
    let keyID: [UInt8]
    let label: String
    /// Whether it is still to be recovered.
    let isOpen: Bool
    /// What became of it, as far as somebody has ordered it.
    let outcome: DestructionOutcome?
    let at: Timestamp?
    let by: String?

    /// Reads a value of the interface's type `Debris`.
    init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        ceremony = try fields.string("ceremony")
        manufacturer = try fields.string("manufacturer")
        model = try fields.string("model")
        serial = try fields.string("token_serial")
        keyID = try fields.parsed("key_id", as: "hex") { Hex.decode($0) }
        label = try fields.string("label")
        isOpen = try fields.bool("open")
        outcome = try fields.optionalText("outcome") { DestructionOutcome(rawValue: $0) }
        at = try fields.optionalText("at") { Timestamp($0) }
        by = try fields.optionalText("by") { $0 }
    }

    /// Whether nobody has ordered anything about it yet.
    var awaitsOrder: Bool { isOpen && outcome == nil }

    /// The command for it.
    var command: String { "recover \(ceremony)" }

    /// What it is and how it stands, on one line.
    var line: String {
        let place = "key id \(Hex.encode(keyID)) on token \(serial)"
        let when = at.map { " at \($0)" } ?? ""
        return switch outcome {
        case nil: "\(ceremony): \(place), inert; an operator: ceremonyctl \(command)"
        case .unreachable:
            "\(ceremony): \(place), inert; the token was given up by \(by ?? "somebody")\(when)"
        case .destroyed: "\(ceremony): \(place), destroyed by order of \(by ?? "somebody")\(when)"
        case .absent:
            "\(ceremony): \(place), seen to be absent by order of \(by ?? "somebody")\(when)"
        }
    }
}
