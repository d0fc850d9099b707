// Names and meanings of return codes, checked against the header of p11-kit where it has them.

import CPKCS11
import PKCS11
import Testing

@Suite("A return code") struct ReturnCodeTests {
    @Test(
        "has its standard name",
        arguments: [
            (CKR_OK, "CKR_OK"), (CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR"),
            (CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE"),
            (CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED"), (CKR_PIN_LOCKED, "CKR_PIN_LOCKED"),
            (CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID"),
            (CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT"),
            (CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN"),
            (CKR_CURVE_NOT_SUPPORTED, "CKR_CURVE_NOT_SUPPORTED"),
            (CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED"),
            (CKR_FUNCTION_REJECTED, "CKR_FUNCTION_REJECTED"),
            (0x8000_0005, "CKR_VENDOR_DEFINED+0x5"), (0x7777, "0x7777"),
        ])
    func names(number: UInt, name: String) {
        #expect(ReturnCode(rawValue: number).name == name)
    }

    @Test(
        "that callers decide by is the standard's number",
        arguments: [
            (ReturnCode.pinIncorrect, CKR_PIN_INCORRECT), (.pinLocked, CKR_PIN_LOCKED),
            (.attributeSensitive, CKR_ATTRIBUTE_SENSITIVE),
            (.attributeTypeInvalid, CKR_ATTRIBUTE_TYPE_INVALID),
            (.attributeValueInvalid, CKR_ATTRIBUTE_VALUE_INVALID),
            (.attributeReadOnly, CKR_ATTRIBUTE_READ_ONLY),
            (.templateInconsistent, CKR_TEMPLATE_INCONSISTENT),
            (.curveNotSupported, CKR_CURVE_NOT_SUPPORTED),
            (.domainParamsInvalid, CKR_DOMAIN_PARAMS_INVALID),
            (.mechanismParamInvalid, CKR_MECHANISM_PARAM_INVALID),
            (.bufferTooSmall, CKR_BUFFER_TOO_SMALL),
            (.userAlreadyLoggedIn, CKR_USER_ALREADY_LOGGED_IN),
            (.userAnotherAlreadyLoggedIn, CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
            (.userNotLoggedIn, CKR_USER_NOT_LOGGED_IN),
            (.sessionHandleInvalid, CKR_SESSION_HANDLE_INVALID),
            (.objectHandleInvalid, CKR_OBJECT_HANDLE_INVALID),
            (.deviceRemoved, CKR_DEVICE_REMOVED), (.tokenNotPresent, CKR_TOKEN_NOT_PRESENT),
            (.cryptokiAlreadyInitialized, CKR_CRYPTOKI_ALREADY_INITIALIZED),
        ])
    func numbers(code: ReturnCode, number: UInt) {
        #expect(code.rawValue == number)
        #expect(code.name.hasPrefix("CKR_"))
    }

    @Test(
        "says what is the matter",
        arguments: [
            (ReturnCode.pinIncorrect, ErrorCategory.wrongPIN), (.pinLocked, .pinLocked),
            (.deviceRemoved, .removed), (.tokenNotPresent, .removed), (.slotIDInvalid, .removed),
            (.sessionHandleInvalid, .sessionGone), (.sessionClosed, .sessionGone),
            (.objectHandleInvalid, .objectGone), (.keyHandleInvalid, .objectGone),
            (.mechanismInvalid, .notSupported), (.functionNotSupported, .notSupported),
            (.templateInconsistent, .template), (.curveNotSupported, .parameters),
            (.userNotLoggedIn, .notLoggedIn), (.sessionReadOnly, .readOnly),
            (.cryptokiNotInitialized, .moduleBroken), (.generalError, .device),
            (.operationActive, .busy), (ReturnCode(rawValue: 0x8000_0001), .other),
        ])
    func categories(code: ReturnCode, category: ErrorCategory) {
        #expect(code.category == category)
    }

    @Test("with the vendor's bit is known as the vendor's own")
    func vendor() {
        #expect(ReturnCode(rawValue: 0x8000_0000).isVendorDefined)
        #expect(!ReturnCode.pinLocked.isVendorDefined)
    }
}
