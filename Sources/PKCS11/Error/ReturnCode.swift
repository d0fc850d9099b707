// What a PKCS#11 function answers (CK_RV), as a number that is never lost, with its standard name.
// The table is that of PKCS#11 v3.1 annex A; modules may answer with any other number too.

/// A CK_RV: the number a PKCS#11 function returned.
///
/// Matches errors in a pattern: `catch ReturnCode.pinIncorrect { ... }`.
public struct ReturnCode: RawRepresentable, Hashable, Sendable {
    /// The CK_RV itself.
    public let rawValue: UInt

    /// Any number, known to the standard or not.
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// Whether the number lies in the range that the standard leaves to vendors.
    public var isVendorDefined: Bool { rawValue & Self.vendorDefined != 0 }

    /// The standard's name (`CKR_PIN_INCORRECT`), `CKR_VENDOR_DEFINED+0x...`, or the bare number.
    public var name: String {
        if let known = Self.names[rawValue] { return known }
        if rawValue < Self.vendorDefined * 2, isVendorDefined {
            return "CKR_VENDOR_DEFINED+0x" + String(rawValue - Self.vendorDefined, radix: 16)
        }
        return "0x" + String(rawValue, radix: 16)
    }

    /// Whether `error` is a failed call that was answered with this code.
    public static func ~= (code: ReturnCode, error: any Error) -> Bool {
        (error as? PKCS11Error)?.failedCall?.code == code
    }

    private static let vendorDefined: UInt = 0x8000_0000
}

extension ReturnCode: CustomStringConvertible {
    /// The name and the number: `CKR_PIN_INCORRECT (0xa0)`.
    public var description: String {
        let number = "0x" + String(rawValue, radix: 16)
        return name == number ? number : "\(name) (\(number))"
    }
}

extension ReturnCode {
    // The codes that this module, or a caller of it, decides by. All others are in the table below.

    /// CKR_OK.
    public static let ok = ReturnCode(rawValue: 0x0)
    /// CKR_HOST_MEMORY.
    public static let hostMemory = ReturnCode(rawValue: 0x2)
    /// CKR_SLOT_ID_INVALID.
    public static let slotIDInvalid = ReturnCode(rawValue: 0x3)
    /// CKR_GENERAL_ERROR.
    public static let generalError = ReturnCode(rawValue: 0x5)
    /// CKR_FUNCTION_FAILED.
    public static let functionFailed = ReturnCode(rawValue: 0x6)
    /// CKR_ARGUMENTS_BAD.
    public static let argumentsBad = ReturnCode(rawValue: 0x7)
    /// CKR_ATTRIBUTE_READ_ONLY.
    public static let attributeReadOnly = ReturnCode(rawValue: 0x10)
    /// CKR_ATTRIBUTE_SENSITIVE.
    public static let attributeSensitive = ReturnCode(rawValue: 0x11)
    /// CKR_ATTRIBUTE_TYPE_INVALID.
    public static let attributeTypeInvalid = ReturnCode(rawValue: 0x12)
    /// CKR_ATTRIBUTE_VALUE_INVALID.
    public static let attributeValueInvalid = ReturnCode(rawValue: 0x13)
    /// CKR_DEVICE_ERROR.
    public static let deviceError = ReturnCode(rawValue: 0x30)
    /// CKR_DEVICE_MEMORY.
    public static let deviceMemory = ReturnCode(rawValue: 0x31)
    /// CKR_DEVICE_REMOVED.
    public static let deviceRemoved = ReturnCode(rawValue: 0x32)
    /// CKR_FUNCTION_NOT_SUPPORTED.
    public static let functionNotSupported = ReturnCode(rawValue: 0x54)
    /// CKR_KEY_HANDLE_INVALID.
    public static let keyHandleInvalid = ReturnCode(rawValue: 0x60)
    /// CKR_MECHANISM_INVALID.
    public static let mechanismInvalid = ReturnCode(rawValue: 0x70)
    /// CKR_MECHANISM_PARAM_INVALID.
    public static let mechanismParamInvalid = ReturnCode(rawValue: 0x71)
    /// CKR_OBJECT_HANDLE_INVALID.
    public static let objectHandleInvalid = ReturnCode(rawValue: 0x82)
    /// CKR_OPERATION_ACTIVE.
    public static let operationActive = ReturnCode(rawValue: 0x90)
    /// CKR_OPERATION_NOT_INITIALIZED.
    public static let operationNotInitialized = ReturnCode(rawValue: 0x91)
    /// CKR_PIN_INCORRECT.
    public static let pinIncorrect = ReturnCode(rawValue: 0xa0)
    /// CKR_PIN_LOCKED.
    public static let pinLocked = ReturnCode(rawValue: 0xa4)
    /// CKR_PIN_INVALID: characters that a PIN cannot have.
    public static let pinInvalid = ReturnCode(rawValue: 0xa1)
    /// CKR_PIN_TOO_WEAK
    public static let pinTooWeak = ReturnCode(rawValue: 0x1b9)
    /// CKR_PIN_LEN_RANGE
    public static let pinLengthRange = ReturnCode(rawValue: 0xa2)
    /// CKR_SESSION_CLOSED.
    public static let sessionClosed = ReturnCode(rawValue: 0xb0)
    /// CKR_SESSION_HANDLE_INVALID.
    public static let sessionHandleInvalid = ReturnCode(rawValue: 0xb3)
    /// CKR_SESSION_READ_ONLY.
    public static let sessionReadOnly = ReturnCode(rawValue: 0xb5)
    /// CKR_TEMPLATE_INCOMPLETE.
    public static let templateIncomplete = ReturnCode(rawValue: 0xd0)
    /// CKR_TEMPLATE_INCONSISTENT.
    public static let templateInconsistent = ReturnCode(rawValue: 0xd1)
    /// CKR_TOKEN_NOT_PRESENT.
    public static let tokenNotPresent = ReturnCode(rawValue: 0xe0)
    /// CKR_TOKEN_NOT_RECOGNIZED.
    public static let tokenNotRecognized = ReturnCode(rawValue: 0xe1)
    /// CKR_TOKEN_WRITE_PROTECTED.
    public static let tokenWriteProtected = ReturnCode(rawValue: 0xe2)
    /// CKR_USER_ALREADY_LOGGED_IN.
    public static let userAlreadyLoggedIn = ReturnCode(rawValue: 0x100)
    /// CKR_USER_NOT_LOGGED_IN.
    public static let userNotLoggedIn = ReturnCode(rawValue: 0x101)
    /// CKR_USER_ANOTHER_ALREADY_LOGGED_IN.
    public static let userAnotherAlreadyLoggedIn = ReturnCode(rawValue: 0x104)
    /// CKR_DOMAIN_PARAMS_INVALID.
    public static let domainParamsInvalid = ReturnCode(rawValue: 0x130)
    /// CKR_CURVE_NOT_SUPPORTED.
    public static let curveNotSupported = ReturnCode(rawValue: 0x140)
    /// CKR_BUFFER_TOO_SMALL.
    public static let bufferTooSmall = ReturnCode(rawValue: 0x150)
    /// CKR_CRYPTOKI_NOT_INITIALIZED.
    public static let cryptokiNotInitialized = ReturnCode(rawValue: 0x190)
    /// CKR_CRYPTOKI_ALREADY_INITIALIZED.
    public static let cryptokiAlreadyInitialized = ReturnCode(rawValue: 0x191)

    private static let names: [UInt: String] = [
        0x000: "CKR_OK", 0x001: "CKR_CANCEL", 0x002: "CKR_HOST_MEMORY",
        0x003: "CKR_SLOT_ID_INVALID", 0x005: "CKR_GENERAL_ERROR", 0x006: "CKR_FUNCTION_FAILED",
        0x007: "CKR_ARGUMENTS_BAD", 0x008: "CKR_NO_EVENT", 0x009: "CKR_NEED_TO_CREATE_THREADS",
        0x00a: "CKR_CANT_LOCK", 0x010: "CKR_ATTRIBUTE_READ_ONLY",
        0x011: "CKR_ATTRIBUTE_SENSITIVE", 0x012: "CKR_ATTRIBUTE_TYPE_INVALID",
        0x013: "CKR_ATTRIBUTE_VALUE_INVALID", 0x01b: "CKR_ACTION_PROHIBITED",
        0x020: "CKR_DATA_INVALID", 0x021: "CKR_DATA_LEN_RANGE", 0x030: "CKR_DEVICE_ERROR",
        0x031: "CKR_DEVICE_MEMORY", 0x032: "CKR_DEVICE_REMOVED",
        0x040: "CKR_ENCRYPTED_DATA_INVALID", 0x041: "CKR_ENCRYPTED_DATA_LEN_RANGE",
        0x042: "CKR_AEAD_DECRYPT_FAILED", 0x050: "CKR_FUNCTION_CANCELED",
        0x051: "CKR_FUNCTION_NOT_PARALLEL", 0x054: "CKR_FUNCTION_NOT_SUPPORTED",
        0x060: "CKR_KEY_HANDLE_INVALID", 0x062: "CKR_KEY_SIZE_RANGE",
        0x063: "CKR_KEY_TYPE_INCONSISTENT", 0x064: "CKR_KEY_NOT_NEEDED", 0x065: "CKR_KEY_CHANGED",
        0x066: "CKR_KEY_NEEDED", 0x067: "CKR_KEY_INDIGESTIBLE",
        0x068: "CKR_KEY_FUNCTION_NOT_PERMITTED", 0x069: "CKR_KEY_NOT_WRAPPABLE",
        0x06a: "CKR_KEY_UNEXTRACTABLE", 0x070: "CKR_MECHANISM_INVALID",
        0x071: "CKR_MECHANISM_PARAM_INVALID", 0x082: "CKR_OBJECT_HANDLE_INVALID",
        0x090: "CKR_OPERATION_ACTIVE", 0x091: "CKR_OPERATION_NOT_INITIALIZED",
        0x0a0: "CKR_PIN_INCORRECT", 0x0a1: "CKR_PIN_INVALID", 0x0a2: "CKR_PIN_LEN_RANGE",
        0x0a3: "CKR_PIN_EXPIRED", 0x0a4: "CKR_PIN_LOCKED", 0x0b0: "CKR_SESSION_CLOSED",
        0x0b1: "CKR_SESSION_COUNT", 0x0b3: "CKR_SESSION_HANDLE_INVALID",
        0x0b4: "CKR_SESSION_PARALLEL_NOT_SUPPORTED", 0x0b5: "CKR_SESSION_READ_ONLY",
        0x0b6: "CKR_SESSION_EXISTS", 0x0b7: "CKR_SESSION_READ_ONLY_EXISTS",
        0x0b8: "CKR_SESSION_READ_WRITE_SO_EXISTS", 0x0c0: "CKR_SIGNATURE_INVALID",
        0x0c1: "CKR_SIGNATURE_LEN_RANGE", 0x0d0: "CKR_TEMPLATE_INCOMPLETE",
        0x0d1: "CKR_TEMPLATE_INCONSISTENT", 0x0e0: "CKR_TOKEN_NOT_PRESENT",
        0x0e1: "CKR_TOKEN_NOT_RECOGNIZED", 0x0e2: "CKR_TOKEN_WRITE_PROTECTED",
        0x0f0: "CKR_UNWRAPPING_KEY_HANDLE_INVALID", 0x0f1: "CKR_UNWRAPPING_KEY_SIZE_RANGE",
        0x0f2: "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", 0x100: "CKR_USER_ALREADY_LOGGED_IN",
        0x101: "CKR_USER_NOT_LOGGED_IN", 0x102: "CKR_USER_PIN_NOT_INITIALIZED",
        0x103: "CKR_USER_TYPE_INVALID", 0x104: "CKR_USER_ANOTHER_ALREADY_LOGGED_IN",
        0x105: "CKR_USER_TOO_MANY_TYPES", 0x110: "CKR_WRAPPED_KEY_INVALID",
        0x112: "CKR_WRAPPED_KEY_LEN_RANGE", 0x113: "CKR_WRAPPING_KEY_HANDLE_INVALID",
        0x114: "CKR_WRAPPING_KEY_SIZE_RANGE", 0x115: "CKR_WRAPPING_KEY_TYPE_INCONSISTENT",
        0x120: "CKR_RANDOM_SEED_NOT_SUPPORTED", 0x121: "CKR_RANDOM_NO_RNG",
        0x130: "CKR_DOMAIN_PARAMS_INVALID", 0x140: "CKR_CURVE_NOT_SUPPORTED",
        0x150: "CKR_BUFFER_TOO_SMALL", 0x160: "CKR_SAVED_STATE_INVALID",
        0x170: "CKR_INFORMATION_SENSITIVE", 0x180: "CKR_STATE_UNSAVEABLE",
        0x190: "CKR_CRYPTOKI_NOT_INITIALIZED", 0x191: "CKR_CRYPTOKI_ALREADY_INITIALIZED",
        0x1a0: "CKR_MUTEX_BAD", 0x1a1: "CKR_MUTEX_NOT_LOCKED", 0x1b0: "CKR_NEW_PIN_MODE",
        0x1b1: "CKR_NEXT_OTP", 0x1b5: "CKR_EXCEEDED_MAX_ITERATIONS",
        0x1b6: "CKR_FIPS_SELF_TEST_FAILED", 0x1b7: "CKR_LIBRARY_LOAD_FAILED",
        0x1b8: "CKR_PIN_TOO_WEAK", 0x1b9: "CKR_PUBLIC_KEY_INVALID",
        0x200: "CKR_FUNCTION_REJECTED", 0x201: "CKR_TOKEN_RESOURCE_EXCEEDED",
        0x202: "CKR_OPERATION_CANCEL_FAILED", 0x203: "CKR_KEY_EXHAUSTED",
    ]
}
