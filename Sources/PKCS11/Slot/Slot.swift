// A slot: the place in a module where a token is or may be (PKCS#11 v2.40 section 5.5).

import CPKCS11

/// A slot of a module. Identifiers are not stable: a token may be elsewhere after the next start.
public struct Slot: Hashable, Sendable {
    /// The module the slot belongs to.
    public let module: Module
    /// The module's number for the slot.
    public let id: UInt

    /// What the token in the slot says about itself, freshly asked (C_GetSlotInfo,
    /// C_GetTokenInfo).
    public func tokenInfo() throws(PKCS11Error) -> TokenInfo {
        var slotInfo = CK_SLOT_INFO()
        try unsafe module.call(.getSlotInfo) { unsafe $0.pointee.C_GetSlotInfo(id, &slotInfo) }
        var tokenInfo = CK_TOKEN_INFO()
        try unsafe module.call(.getTokenInfo) { unsafe $0.pointee.C_GetTokenInfo(id, &tokenInfo) }
        return TokenInfo(tokenInfo, in: slotInfo)
    }

    /// The mechanisms the token offers (C_GetMechanismList).
    public func mechanisms() throws(PKCS11Error) -> Set<Mechanism> {
        let types = try unsafe module.list(.getMechanismList) { functions, buffer, count in
            unsafe functions.pointee.C_GetMechanismList(id, buffer, count)
        }
        return Set(types.map(Mechanism.init(rawValue:)))
    }

    /// What the token says about one of its mechanisms (C_GetMechanismInfo).
    public func info(of mechanism: Mechanism) throws(PKCS11Error) -> MechanismInfo {
        var info = CK_MECHANISM_INFO()
        try unsafe module.call(.getMechanismInfo) {
            unsafe $0.pointee.C_GetMechanismInfo(id, mechanism.rawValue, &info)
        }
        return MechanismInfo(info)
    }

    /// Whether the token claims to generate Ed25519 key pairs and to sign with them.
    ///
    /// A claim only: a curve is not a mechanism, and some tokens have the mechanism for other ones.
    public func claimsEd25519() throws(PKCS11Error) -> Bool {
        let offered = try mechanisms()
        guard offered.contains(.eddsa), offered.contains(.ecEdwardsKeyPairGen) else { return false }
        let signing = try info(of: .eddsa)
        let generating = try info(of: .ecEdwardsKeyPairGen)
        return signing.canSign && generating.canGenerateKeyPair
    }

    /// The same module and the same number.
    public static func == (left: Slot, right: Slot) -> Bool {
        left.module === right.module && left.id == right.id
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(module))
        hasher.combine(id)
    }
}
