// Why a note, a checkpoint or a proof was refused.

/// A refusal of a signed note or of something built on one.
public enum NoteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not laid out as the format says.
    case malformed(String)
    /// The note has no signature line of this key.
    case notSigned(by: String)
    /// The note has a signature line of this key, and it does not hold.
    case signatureInvalid(by: String)
    /// A checkpoint of another log.
    case otherOrigin(String)
    /// The proof does not lead from the line to the checkpoint's root.
    case notIncluded

    /// What happened, on one line of printable ASCII.
    public var description: String {
        switch self {
        case .malformed(let what): "not a well-formed note: \(what)"
        case .notSigned(let name): "not signed by the key of \(name) that was asked for"
        case .signatureInvalid(let name): "the signature of \(name) does not match the text"
        case .otherOrigin(let origin): "a checkpoint of another log, \(origin)"
        case .notIncluded: "the proof does not show that the line is in the log"
        }
    }
}
