// Why a signature was refused. The texts are shown to the person whose signature it is.

/// A refusal of an SSHSIG: of its form, or of what it claims.
public enum SSHSIGError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is not in the armour of `ssh-keygen -Y sign`.
    case notArmored(String)
    /// The blob ends before its last field.
    case cutShort
    /// The blob is not laid out as PROTOCOL.sshsig says.
    case malformed(String)
    /// Another version than 1.
    case version(UInt32)
    /// The reserved field holds something.
    case reservedNotEmpty
    /// The message was not hashed with SHA-512.
    case hashNotSHA512
    /// The key is of another type, malformed, or not of prime order.
    case keyNotAccepted
    /// Made by another key than the expected one.
    case otherKey(Fingerprint)
    /// Made for another purpose.
    case otherNamespace(String)
    /// A FIDO token signed without being touched.
    case noUserPresence
    /// The signature does not hold over these bytes.
    case signatureInvalid

    /// What happened and what to do, on one line of printable ASCII.
    public var description: String {
        switch self {
        case .notArmored(let what): "not an SSH signature file: \(what)"
        case .cutShort: "the signature is cut short"
        case .malformed(let what): "not a signature as ssh-keygen -Y sign makes it: \(what)"
        case .version(let version): "SSH signature of version \(version); only version 1 is known"
        case .reservedNotEmpty: "the signature's reserved field is not empty"
        case .hashNotSHA512: "the signature does not use SHA-512; sign with -O hashalg=sha512"
        case .keyNotAccepted: "the signature's key is not a sound Ed25519 key"
        case .otherKey(let key): "signed by another key, \(key)"
        case .otherNamespace(let namespace): "signed for another purpose, \(namespace)"
        case .noUserPresence: "the FIDO token was not touched; sign with a key that asks for touch"
        case .signatureInvalid: "the signature does not match these bytes and this key"
        }
    }
}
