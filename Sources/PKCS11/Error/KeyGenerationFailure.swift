// Why a key pair was not generated, and what the attempt left on the token: an interrupted
// C_GenerateKeyPair may have made a key, and nobody may take that for granted either way.

/// A key pair generation that did not succeed.
public struct KeyGenerationFailure: Equatable, Sendable {
    /// What a search by class and CKA_ID found after the failure.
    public enum Remains: Equatable, Sendable {
        /// Nothing with the identifier is on the token.
        case nothing
        /// These objects carry the identifier.
        case objects([ObjectHandle])
        /// The search failed too, so nobody knows.
        case unknown(PKCS11Error)
    }

    /// The error of the last attempt; `nil` where the identifier was in use beforehand, so that
    /// nothing was attempted and ``remains`` are what was there.
    public let cause: PKCS11Error?
    /// What carries the identifier now.
    public let remains: Remains

    /// A failure put together from its parts.
    public init(cause: PKCS11Error?, remains: Remains) {
        self.cause = cause
        self.remains = remains
    }
}

extension KeyGenerationFailure: CustomStringConvertible {
    /// What happened and what is left.
    public var description: String {
        guard let cause else {
            return "no key was generated: objects with this CKA_ID are on the token already"
        }
        return switch remains {
        case .nothing:
            "no key was generated, and nothing is left on the token: \(cause)"
        case .objects(let objects):
            "key generation failed and left \(objects.count) objects on the token: \(cause)"
        case .unknown(let error):
            "key generation failed (\(cause)), and whether it left a key is unknown: \(error)"
        }
    }
}
