// The PKCS#11 functions that this module calls, and whether a module offers them. Function lists
// may hold NULL although the standard forbids it; calling one would end the process.

import CPKCS11

/// A function of the PKCS#11 interface, by its standard name.
public enum Function: String, CaseIterable, Sendable {
    case initialize = "C_Initialize"
    case finalize = "C_Finalize"
    case getInfo = "C_GetInfo"
    case getSlotList = "C_GetSlotList"
    case getSlotInfo = "C_GetSlotInfo"
    case getTokenInfo = "C_GetTokenInfo"
    case getMechanismList = "C_GetMechanismList"
    case getMechanismInfo = "C_GetMechanismInfo"
    case openSession = "C_OpenSession"
    case closeSession = "C_CloseSession"
    case getSessionInfo = "C_GetSessionInfo"
    case login = "C_Login"
    case logout = "C_Logout"
    case setPIN = "C_SetPIN"
    case createObject = "C_CreateObject"
    case destroyObject = "C_DestroyObject"
    case getAttributeValue = "C_GetAttributeValue"
    case findObjectsInit = "C_FindObjectsInit"
    case findObjects = "C_FindObjects"
    case findObjectsFinal = "C_FindObjectsFinal"
    case signInit = "C_SignInit"
    case sign = "C_Sign"
    case generateKeyPair = "C_GenerateKeyPair"
    case generateRandom = "C_GenerateRandom"

    /// Without these not even a list of tokens can be shown.
    static let indispensable: Set<Function> = [
        .initialize, .finalize, .getInfo, .getSlotList, .getSlotInfo, .getTokenInfo,
    ]

    /// Whether the entry of the list is there.
    func isPresent(in list: CK_FUNCTION_LIST) -> Bool {
        switch self {
        case .initialize: unsafe list.C_Initialize != nil
        case .finalize: unsafe list.C_Finalize != nil
        case .getInfo: unsafe list.C_GetInfo != nil
        case .getSlotList: unsafe list.C_GetSlotList != nil
        case .getSlotInfo: unsafe list.C_GetSlotInfo != nil
        case .getTokenInfo: unsafe list.C_GetTokenInfo != nil
        case .getMechanismList: unsafe list.C_GetMechanismList != nil
        case .getMechanismInfo: unsafe list.C_GetMechanismInfo != nil
        case .openSession: unsafe list.C_OpenSession != nil
        case .closeSession: list.C_CloseSession != nil
        case .getSessionInfo: unsafe list.C_GetSessionInfo != nil
        case .login: unsafe list.C_Login != nil
        case .logout: list.C_Logout != nil
        case .setPIN: unsafe list.C_SetPIN != nil
        case .createObject: unsafe list.C_CreateObject != nil
        case .destroyObject: list.C_DestroyObject != nil
        case .getAttributeValue: unsafe list.C_GetAttributeValue != nil
        case .findObjectsInit: unsafe list.C_FindObjectsInit != nil
        case .findObjects: unsafe list.C_FindObjects != nil
        case .findObjectsFinal: list.C_FindObjectsFinal != nil
        case .signInit: unsafe list.C_SignInit != nil
        case .sign: unsafe list.C_Sign != nil
        case .generateKeyPair: unsafe list.C_GenerateKeyPair != nil
        case .generateRandom: unsafe list.C_GenerateRandom != nil
        }
    }
}
