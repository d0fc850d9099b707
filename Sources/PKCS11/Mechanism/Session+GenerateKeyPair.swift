// Generating an Ed25519 key pair in a token (C_GenerateKeyPair with CKM_EC_EDWARDS_KEY_PAIR_GEN,
// PKCS#11 v2.40 section 5.13 and v3.0 Current Mechanisms section 2.3.3).

import CPKCS11

/// The two halves of a key pair on a token.
public struct KeyPair: Hashable, Sendable {
    /// The public half.
    public let publicKey: ObjectHandle
    /// The private half.
    public let privateKey: ObjectHandle
}

extension Session {
    /// Generates an Ed25519 key pair on the token.
    ///
    /// The private half is asked to be private, sensitive, not extractable, not copyable, not
    /// modifiable, and good for signing only. Modules differ in how they want the curve named and
    /// in which attributes they accept, so an attempt that is refused for exactly such a reason is
    /// followed by one in another form, at most three in all; and none without a search in between
    /// that shows that the one before left nothing. What came out is to be read back and judged by
    /// the caller: a module may ignore every attribute.
    ///
    /// - Parameters:
    ///   - id: CKA_ID of both halves. Nothing on the token may carry it yet.
    ///   - label: CKA_LABEL of both halves.
    /// - Throws: ``PKCS11Error/keyGeneration(_:)``, which says what is left on the token; any other
    ///   error comes from the search beforehand, and nothing was attempted.
    public func generateEd25519KeyPair(id: [UInt8], label: String) throws(PKCS11Error) -> KeyPair {
        let present = try keys(withID: id)
        guard present.isEmpty else {
            throw .keyGeneration(KeyGenerationFailure(cause: nil, remains: .objects(present)))
        }
        var template = Ed25519Template(id: id, label: label)
        while true {
            do throws(PKCS11Error) {
                return try generateKeyPair(
                    .ecEdwardsKeyPairGen, public: template.public, private: template.private)
            } catch {
                let remains = self.remains(ofID: id)
                guard remains == .nothing, let next = template.next(after: error) else {
                    throw .keyGeneration(KeyGenerationFailure(cause: error, remains: remains))
                }
                template = next
            }
        }
    }

    /// The key objects on the token, both halves, that carry an identifier.
    public func keys(withID id: [UInt8]) throws(PKCS11Error) -> [ObjectHandle] {
        try find([.objectClass(.privateKey), .bytes(.id, id)])
            + find([.objectClass(.publicKey), .bytes(.id, id)])
    }

    private func remains(ofID id: [UInt8]) -> KeyGenerationFailure.Remains {
        do throws(PKCS11Error) {
            let left = try keys(withID: id)
            return left.isEmpty ? .nothing : .objects(left)
        } catch {
            return .unknown(error)
        }
    }

    /// Generates a key pair by any mechanism without a parameter (C_GenerateKeyPair), once.
    public func generateKeyPair(
        _ mechanism: Mechanism, public publicTemplate: [Attribute],
        private privateTemplate: [Attribute]
    ) throws(PKCS11Error) -> KeyPair {
        var publicKey: CK_OBJECT_HANDLE = 0
        var privateKey: CK_OBJECT_HANDLE = 0
        try unsafe module.call(.generateKeyPair) { functions in
            unsafe publicTemplate.withTemplate { publicAttributes, publicCount in
                unsafe privateTemplate.withTemplate { privateAttributes, privateCount in
                    var mechanism = unsafe CK_MECHANISM(
                        mechanism: mechanism.rawValue, pParameter: nil, ulParameterLen: 0)
                    return unsafe functions.pointee.C_GenerateKeyPair(
                        handle, &mechanism, publicAttributes, publicCount, privateAttributes,
                        privateCount, &publicKey, &privateKey)
                }
            }
        }
        guard publicKey != 0, privateKey != 0 else {
            throw .malformed(.generateKeyPair, "a handle of zero")
        }
        return KeyPair(publicKey: adopt(publicKey), privateKey: adopt(privateKey))
    }
}

/// The two templates of an attempt, and which to try after a refusal.
struct Ed25519Template {
    private let id: [UInt8]
    private let label: String
    private var curve = 0
    private var isTight = true

    init(id: [UInt8], label: String) {
        self.id = id
        self.label = label
    }

    var `public`: [Attribute] {
        [
            .flag(.token, true), .bytes(.ecParams, Ed25519Encoding.sendable[curve]),
            .flag(.verify, true), .bytes(.id, id), .text(.label, label),
        ]
    }

    var `private`: [Attribute] {
        let core: [Attribute] = [
            .flag(.token, true), .flag(.private, true), .flag(.sensitive, true),
            .flag(.extractable, false), .flag(.sign, true), .bytes(.id, id), .text(.label, label),
        ]
        guard isTight else { return core }
        // Some modules turn all of these on unless they are told not to; some know none of them.
        return core + [
            .flag(.decrypt, false), .flag(.unwrap, false), .flag(.derive, false),
            .flag(.signRecover, false), .flag(.copyable, false), .flag(.modifiable, false),
        ]
    }

    /// The next attempt, if the error is one that another form can cure.
    func next(after error: PKCS11Error) -> Ed25519Template? {
        var next = self
        switch error.failedCall?.code {
        case .attributeValueInvalid?, .mechanismParamInvalid?, .domainParamsInvalid?,
            .curveNotSupported?:
            guard curve + 1 < Ed25519Encoding.sendable.count else { return nil }
            next.curve += 1
        case .attributeTypeInvalid?, .attributeReadOnly?, .templateInconsistent?:
            guard isTight else { return nil }
            next.isTight = false
        default:
            return nil
        }
        return next
    }
}
