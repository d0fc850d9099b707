// What a token says about itself (CK_TOKEN_INFO and CK_SLOT_INFO, PKCS#11 v2.40 section 3.2).

import CPKCS11

/// A token's description of itself and of the state of its PINs, at the moment it was asked.
public struct TokenInfo: Hashable, Sendable {
    /// The label's bytes without padding, as they are compared.
    public let labelBytes: [UInt8]
    /// The manufacturer's bytes without padding.
    public let manufacturerBytes: [UInt8]
    /// The model's bytes without padding.
    public let modelBytes: [UInt8]
    /// The serial number's bytes without padding.
    public let serialBytes: [UInt8]
    /// The token's flags, also those that have no name here.
    public let flags: UInt
    /// The slot's flags.
    public let slotFlags: UInt
    /// What the module calls the slot.
    public let slotDescription: String
    /// The token's hardware version.
    public let hardwareVersion: Version
    /// The token's firmware version.
    public let firmwareVersion: Version
    /// The fewest bytes a PIN may have.
    public let pinLengthMin: UInt
    /// The most bytes a PIN may have.
    public let pinLengthMax: UInt

    init(_ token: CK_TOKEN_INFO, in slot: CK_SLOT_INFO) {
        labelBytes = PaddedText.bytes(of: token.label)
        manufacturerBytes = PaddedText.bytes(of: token.manufacturerID)
        modelBytes = PaddedText.bytes(of: token.model)
        serialBytes = PaddedText.bytes(of: token.serialNumber)
        flags = token.flags
        slotFlags = slot.flags
        slotDescription = PaddedText.text(of: slot.slotDescription)
        hardwareVersion = Version(token.hardwareVersion)
        firmwareVersion = Version(token.firmwareVersion)
        pinLengthMin = token.ulMinPinLen
        pinLengthMax = token.ulMaxPinLen
    }

    /// The label as text, to be shown; bytes that are not UTF-8 are replaced.
    public var label: String { String(decoding: labelBytes, as: UTF8.self) }
    /// The manufacturer as text, to be shown.
    public var manufacturer: String { String(decoding: manufacturerBytes, as: UTF8.self) }
    /// The model as text, to be shown.
    public var model: String { String(decoding: modelBytes, as: UTF8.self) }
    /// The serial number as text, to be shown.
    public var serial: String { String(decoding: serialBytes, as: UTF8.self) }
}

extension TokenInfo {
    /// Whether the token was given a label and PINs.
    public var isInitialized: Bool { has(CKF_TOKEN_INITIALIZED) }
    /// Whether there is something that only a logged-in user may do.
    public var isLoginRequired: Bool { has(CKF_LOGIN_REQUIRED) }
    /// Whether PINs are entered on the device itself.
    public var hasProtectedAuthenticationPath: Bool { has(CKF_PROTECTED_AUTHENTICATION_PATH) }
    /// Whether the token has a random number generator.
    public var hasRandomNumberGenerator: Bool { has(CKF_RNG) }
    /// Whether nothing can be written.
    public var isWriteProtected: Bool { has(CKF_WRITE_PROTECTED) }
    /// Whether the user's PIN was set.
    public var isUserPINInitialized: Bool { has(CKF_USER_PIN_INITIALIZED) }
    /// Whether a wrong user PIN was tried since the last right one.
    public var isUserPINCountLow: Bool { has(CKF_USER_PIN_COUNT_LOW) }
    /// Whether one wrong user PIN more locks it.
    public var isUserPINFinalTry: Bool { has(CKF_USER_PIN_FINAL_TRY) }
    /// Whether the user's PIN is locked.
    public var isUserPINLocked: Bool { has(CKF_USER_PIN_LOCKED) }
    /// Whether the user's PIN is one that has to be changed first.
    public var isUserPINToBeChanged: Bool { has(CKF_USER_PIN_TO_BE_CHANGED) }
    /// Whether a wrong security officer's PIN was tried since the last right one.
    public var isSecurityOfficerPINCountLow: Bool { has(CKF_SO_PIN_COUNT_LOW) }
    /// Whether one wrong security officer's PIN more locks it.
    public var isSecurityOfficerPINFinalTry: Bool { has(CKF_SO_PIN_FINAL_TRY) }
    /// Whether the security officer's PIN is locked.
    public var isSecurityOfficerPINLocked: Bool { has(CKF_SO_PIN_LOCKED) }
    /// Whether the module says that the slot is a piece of hardware (CKF_HW_SLOT).
    public var isHardwareSlot: Bool { slotFlags & UInt(CKF_HW_SLOT) != 0 }
    /// Whether the module says that the token can be taken out.
    public var isRemovable: Bool { slotFlags & UInt(CKF_REMOVABLE_DEVICE) != 0 }

    /// How many tries the flags leave for somebody's PIN.
    public func pinState(of user: User) -> PINState {
        switch user {
        case .user:
            isUserPINLocked
                ? .locked : isUserPINFinalTry ? .finalTry : isUserPINCountLow ? .low : .ok
        case .securityOfficer:
            isSecurityOfficerPINLocked
                ? .locked
                : isSecurityOfficerPINFinalTry
                    ? .finalTry : isSecurityOfficerPINCountLow ? .low : .ok
        }
    }

    private func has(_ flag: UInt) -> Bool { flags & flag != 0 }
}

/// How many tries a token's flags leave. Some tokens never set them: `ok` is no promise.
public enum PINState: String, Sendable {
    /// No flag is set.
    case ok
    /// At least one wrong PIN was tried since the last right one.
    case low
    /// One wrong PIN more locks it.
    case finalTry
    /// It is locked.
    case locked
}

/// Who logs in (CK_USER_TYPE, without the context-specific one, which is part of a signature).
public enum User: String, Sendable {
    /// The ordinary user, who signs.
    case user
    /// The security officer, who initialises; on some devices the only one who generates keys.
    case securityOfficer

    var type: CK_USER_TYPE { CK_USER_TYPE(self == .user ? CKU_USER : CKU_SO) }
}
