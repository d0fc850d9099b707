// The attributes, classes and key types that this module works with (PKCS#11 v2.40 section 4).
// Each is a number; any other number can be made.

import CPKCS11

/// A CK_ATTRIBUTE_TYPE.
public struct AttributeType: RawRepresentable, Hashable, Sendable {
    /// The CK_ATTRIBUTE_TYPE itself.
    public let rawValue: UInt

    /// Any number, also a vendor's own.
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// CKA_CLASS.
    public static let `class` = AttributeType(rawValue: 0x000)
    /// CKA_TOKEN: lives on the token, not in the session.
    public static let token = AttributeType(rawValue: 0x001)
    /// CKA_PRIVATE: visible to the logged-in user only.
    public static let `private` = AttributeType(rawValue: 0x002)
    /// CKA_LABEL.
    public static let label = AttributeType(rawValue: 0x003)
    /// CKA_UNIQUE_ID (v3.0).
    public static let uniqueID = AttributeType(rawValue: 0x004)
    /// CKA_APPLICATION: which application a data object belongs to.
    public static let application = AttributeType(rawValue: 0x010)
    /// CKA_VALUE.
    public static let value = AttributeType(rawValue: 0x011)
    /// CKA_KEY_TYPE.
    public static let keyType = AttributeType(rawValue: 0x100)
    /// CKA_ID.
    public static let id = AttributeType(rawValue: 0x102)
    /// CKA_SENSITIVE: the private value is never given out in the clear.
    public static let sensitive = AttributeType(rawValue: 0x103)
    /// CKA_ENCRYPT.
    public static let encrypt = AttributeType(rawValue: 0x104)
    /// CKA_DECRYPT.
    public static let decrypt = AttributeType(rawValue: 0x105)
    /// CKA_WRAP.
    public static let wrap = AttributeType(rawValue: 0x106)
    /// CKA_UNWRAP.
    public static let unwrap = AttributeType(rawValue: 0x107)
    /// CKA_SIGN.
    public static let sign = AttributeType(rawValue: 0x108)
    /// CKA_SIGN_RECOVER.
    public static let signRecover = AttributeType(rawValue: 0x109)
    /// CKA_VERIFY.
    public static let verify = AttributeType(rawValue: 0x10a)
    /// CKA_VERIFY_RECOVER.
    public static let verifyRecover = AttributeType(rawValue: 0x10b)
    /// CKA_DERIVE.
    public static let derive = AttributeType(rawValue: 0x10c)
    /// CKA_PUBLIC_KEY_INFO (v2.40): the DER SubjectPublicKeyInfo.
    public static let publicKeyInfo = AttributeType(rawValue: 0x129)
    /// CKA_EXTRACTABLE: may leave the token wrapped.
    public static let extractable = AttributeType(rawValue: 0x162)
    /// CKA_LOCAL: was generated on the token.
    public static let local = AttributeType(rawValue: 0x163)
    /// CKA_NEVER_EXTRACTABLE: was never extractable.
    public static let neverExtractable = AttributeType(rawValue: 0x164)
    /// CKA_ALWAYS_SENSITIVE: was always sensitive.
    public static let alwaysSensitive = AttributeType(rawValue: 0x165)
    /// CKA_KEY_GEN_MECHANISM.
    public static let keyGenMechanism = AttributeType(rawValue: 0x166)
    /// CKA_MODIFIABLE.
    public static let modifiable = AttributeType(rawValue: 0x170)
    /// CKA_COPYABLE.
    public static let copyable = AttributeType(rawValue: 0x171)
    /// CKA_DESTROYABLE.
    public static let destroyable = AttributeType(rawValue: 0x172)
    /// CKA_EC_PARAMS: the curve.
    public static let ecParams = AttributeType(rawValue: 0x180)
    /// CKA_EC_POINT: the public key.
    public static let ecPoint = AttributeType(rawValue: 0x181)
    /// CKA_ALWAYS_AUTHENTICATE: every signature wants a PIN of its own.
    public static let alwaysAuthenticate = AttributeType(rawValue: 0x202)

    /// What is worth reading from an Ed25519 key.
    public static let ed25519: [AttributeType] = [
        .class, .keyType, .token, .private, .label, .id, .ecParams, .ecPoint, .sign, .sensitive,
        .extractable, .alwaysSensitive, .neverExtractable, .local, .keyGenMechanism, .modifiable,
        .copyable, .destroyable, .alwaysAuthenticate, .publicKeyInfo, .uniqueID,
    ]

    /// How the values of the attribute are encoded.
    enum Encoding { case bytes, boolean, number }

    var encoding: Encoding {
        switch self {
        case .class, .keyType, .keyGenMechanism: .number
        case .token, .private, .sensitive, .encrypt, .decrypt, .wrap, .unwrap, .sign, .signRecover,
            .verify, .verifyRecover, .derive, .extractable, .local, .neverExtractable,
            .alwaysSensitive, .modifiable, .copyable, .destroyable, .alwaysAuthenticate:
            .boolean
        default: .bytes
        }
    }
}

/// A CK_OBJECT_CLASS.
public struct ObjectClass: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The CK_OBJECT_CLASS itself.
    public let rawValue: UInt

    /// Any number, also a vendor's own.
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// CKO_DATA.
    public static let data = ObjectClass(rawValue: 0)
    /// CKO_CERTIFICATE.
    public static let certificate = ObjectClass(rawValue: 1)
    /// CKO_PUBLIC_KEY.
    public static let publicKey = ObjectClass(rawValue: 2)
    /// CKO_PRIVATE_KEY.
    public static let privateKey = ObjectClass(rawValue: 3)
    /// CKO_SECRET_KEY.
    public static let secretKey = ObjectClass(rawValue: 4)

    /// One word for people and for logs: `private-key`, or the number where it has no name.
    public var description: String {
        switch self {
        case .data: "data"
        case .certificate: "certificate"
        case .publicKey: "public-key"
        case .privateKey: "private-key"
        case .secretKey: "secret-key"
        default: "class-0x" + String(rawValue, radix: 16)
        }
    }

    /// The `type` of RFC 7512 section 2.3; `nil` where it has none.
    var uriName: String? {
        switch self {
        case .data: "data"
        case .certificate: "cert"
        case .publicKey: "public"
        case .privateKey: "private"
        case .secretKey: "secret-key"
        default: nil
        }
    }
}

/// A CK_KEY_TYPE.
public struct KeyType: RawRepresentable, Hashable, Sendable {
    /// The CK_KEY_TYPE itself.
    public let rawValue: UInt

    /// Any number, also a vendor's own.
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// CKK_EC_EDWARDS: a key on an Edwards curve (and, to some modules, on a Montgomery curve).
    public static let ecEdwards = KeyType(rawValue: UInt(CKK_EC_EDWARDS))
}
