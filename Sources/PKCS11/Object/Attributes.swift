// Attributes as they were read back. Four answers are possible for each, and a ceremony's checks
// need the difference: "sensitive" is good news about a private value and bad news about a label.

/// What a module answered when it was asked for an attribute.
public enum AttributeOutcome<Value: Hashable & Sendable>: Hashable, Sendable {
    /// The value.
    case value(Value)
    /// The object has the attribute, and the module cannot give its value now.
    case unavailable
    /// The value is not given out (CKR_ATTRIBUTE_SENSITIVE).
    case sensitive
    /// The object has no such attribute, or the module does not know it
    /// (CKR_ATTRIBUTE_TYPE_INVALID).
    case unknown

    /// The value, where there is one.
    public var value: Value? {
        if case .value(let value) = self { value } else { nil }
    }

    /// The same outcome with another form of the value.
    public func map<Other>(_ form: (Value) -> Other) -> AttributeOutcome<Other> {
        switch self {
        case .value(let value): .value(form(value))
        case .unavailable: .unavailable
        case .sensitive: .sensitive
        case .unknown: .unknown
        }
    }
}

extension AttributeOutcome: CustomStringConvertible {
    /// The value, byte strings in hexadecimal, or why there is none.
    public var description: String {
        switch self {
        case .value(let bytes as [UInt8]):
            "0x" + bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        case .value(let value): "\(value)"
        case .unavailable: "unavailable"
        case .sensitive: "sensitive"
        case .unknown: "unknown"
        }
    }
}

/// The attributes of one object that were asked for. One that was not asked for is `unknown`.
public struct Attributes: Hashable, Sendable {
    let outcomes: [AttributeType: AttributeOutcome<[UInt8]>]

    /// The outcome for any attribute, as bytes.
    public subscript(type: AttributeType) -> AttributeOutcome<[UInt8]> {
        outcomes[type] ?? .unknown
    }

    /// CKA_CLASS.
    public var objectClass: AttributeOutcome<ObjectClass> {
        number(.class).map(ObjectClass.init(rawValue:))
    }
    /// CKA_KEY_TYPE.
    public var keyType: AttributeOutcome<KeyType> { number(.keyType).map(KeyType.init(rawValue:)) }
    /// CKA_KEY_GEN_MECHANISM.
    public var keyGenMechanism: AttributeOutcome<Mechanism> {
        number(.keyGenMechanism).map(Mechanism.init(rawValue:))
    }
    /// CKA_LABEL.
    public var label: AttributeOutcome<[UInt8]> { self[.label] }
    /// CKA_ID.
    public var id: AttributeOutcome<[UInt8]> { self[.id] }
    /// CKA_EC_PARAMS.
    public var ecParams: AttributeOutcome<[UInt8]> { self[.ecParams] }
    /// CKA_EC_POINT, as the module encodes it; see ``Session/ed25519PublicKey(of:)``.
    public var ecPoint: AttributeOutcome<[UInt8]> { self[.ecPoint] }
    /// CKA_PUBLIC_KEY_INFO; some modules answer with no bytes at all.
    public var publicKeyInfo: AttributeOutcome<[UInt8]> { self[.publicKeyInfo] }
    /// CKA_UNIQUE_ID.
    public var uniqueID: AttributeOutcome<[UInt8]> { self[.uniqueID] }
    /// CKA_TOKEN.
    public var isOnToken: AttributeOutcome<Bool> { flag(.token) }
    /// CKA_PRIVATE.
    public var isPrivate: AttributeOutcome<Bool> { flag(.private) }
    /// CKA_SIGN.
    public var canSign: AttributeOutcome<Bool> { flag(.sign) }
    /// CKA_SENSITIVE.
    public var isSensitive: AttributeOutcome<Bool> { flag(.sensitive) }
    /// CKA_EXTRACTABLE.
    public var isExtractable: AttributeOutcome<Bool> { flag(.extractable) }
    /// CKA_ALWAYS_SENSITIVE.
    public var wasAlwaysSensitive: AttributeOutcome<Bool> { flag(.alwaysSensitive) }
    /// CKA_NEVER_EXTRACTABLE.
    public var wasNeverExtractable: AttributeOutcome<Bool> { flag(.neverExtractable) }
    /// CKA_LOCAL.
    public var isLocal: AttributeOutcome<Bool> { flag(.local) }
    /// CKA_MODIFIABLE.
    public var isModifiable: AttributeOutcome<Bool> { flag(.modifiable) }
    /// CKA_COPYABLE.
    public var isCopyable: AttributeOutcome<Bool> { flag(.copyable) }
    /// CKA_DESTROYABLE.
    public var isDestroyable: AttributeOutcome<Bool> { flag(.destroyable) }
    /// CKA_ALWAYS_AUTHENTICATE.
    public var alwaysAuthenticates: AttributeOutcome<Bool> { flag(.alwaysAuthenticate) }

    /// A truth value. The length was checked when it was read.
    public func flag(_ type: AttributeType) -> AttributeOutcome<Bool> {
        self[type].map { $0.first == 1 }
    }

    private func number(_ type: AttributeType) -> AttributeOutcome<UInt> {
        switch self[type] {
        case .value(let bytes):
            Attribute(type: type, value: bytes).number.map { .value($0) } ?? .unavailable
        case .unavailable: .unavailable
        case .sensitive: .sensitive
        case .unknown: .unknown
        }
    }
}
