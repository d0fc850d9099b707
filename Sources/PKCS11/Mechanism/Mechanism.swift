// Mechanisms (PKCS#11 v2.40 section 5.5 and v3.0 Current Mechanisms section 2.3): numbers that a
// token offers, and what it says it can do with them.

import CPKCS11

/// A CK_MECHANISM_TYPE; any number can be one.
public struct Mechanism: RawRepresentable, Hashable, Sendable {
    /// The CK_MECHANISM_TYPE itself.
    public let rawValue: UInt

    /// Any number, also a vendor's own.
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// CKM_EC_EDWARDS_KEY_PAIR_GEN: generates key pairs on an Edwards curve.
    public static let ecEdwardsKeyPairGen = Mechanism(rawValue: UInt(CKM_EC_EDWARDS_KEY_PAIR_GEN))
    /// CKM_EDDSA: signs with them.
    public static let eddsa = Mechanism(rawValue: UInt(CKM_EDDSA))
}

/// What a token says about one mechanism (CK_MECHANISM_INFO).
public struct MechanismInfo: Hashable, Sendable {
    /// The smallest key, in bits for curves.
    public let keySizeMin: UInt
    /// The largest key.
    public let keySizeMax: UInt
    /// The flags, also those that have no name here.
    public let flags: UInt

    init(_ info: CK_MECHANISM_INFO) {
        keySizeMin = info.ulMinKeySize
        keySizeMax = info.ulMaxKeySize
        flags = info.flags
    }

    /// Whether the device itself does the work (CKF_HW). A claim: software tokens may set it.
    public var isInHardware: Bool { flags & UInt(CKF_HW) != 0 }
    /// Whether the mechanism signs.
    public var canSign: Bool { flags & UInt(CKF_SIGN) != 0 }
    /// Whether the mechanism generates key pairs.
    public var canGenerateKeyPair: Bool { flags & UInt(CKF_GENERATE_KEY_PAIR) != 0 }
}
