// What slots and tokens say about themselves.

import PKCS11
import TestSupport
import Testing

@Suite("A slot") struct SlotTests {
    @Test("describes a SoftHSM token as what it is")
    func description() async throws {
        try await withSoftHSM { store in
            let slots = try store.loadModule().slots()
            let infos = try slots.map { try $0.tokenInfo() }
            let info = try #require(infos.first { $0.label == "house" })
            #expect(info.isInitialized)
            #expect(info.isLoginRequired)
            #expect(info.isUserPINInitialized)
            #expect(info.hasRandomNumberGenerator)
            #expect(!info.hasProtectedAuthenticationPath)
            #expect(!info.isWriteProtected)
            #expect(!info.isHardwareSlot)
            #expect(!info.isRemovable)
            #expect(info.pinState(of: .user) == .ok)
            #expect(info.pinState(of: .securityOfficer) == .ok)
            #expect(info.pinLengthMin == 4)
            #expect(info.pinLengthMax == 255)
            #expect(info.slotDescription.contains("SoftHSM slot"))
            #expect(infos.count { !$0.isInitialized } == 1, "SoftHSM shows one free slot")
        }
    }

    @Test("has each flag where the standard has it")
    func flags() async throws {
        let flags: [(Int, KeyPath<TokenInfo, Bool>)] = [
            (0x2, \.isWriteProtected), (0x100, \.hasProtectedAuthenticationPath),
            (0x1_0000, \.isUserPINCountLow), (0x2_0000, \.isUserPINFinalTry),
            (0x4_0000, \.isUserPINLocked), (0x8_0000, \.isUserPINToBeChanged),
            (0x10_0000, \.isSecurityOfficerPINCountLow),
            (0x20_0000, \.isSecurityOfficerPINFinalTry), (0x40_0000, \.isSecurityOfficerPINLocked),
        ]
        try await withSoftHSM { store in
            let slot = try store.loadFaultModule().slot()
            for (bits, _) in flags {
                try store.setFaults("C_GetTokenInfo * flags \(bits)")
                let info = try slot.tokenInfo()
                for (other, flag) in flags {
                    #expect(info[keyPath: flag] == (other == bits), "\(bits) \(flag)")
                }
            }
        }
    }

    @Test("claims Ed25519 where both mechanisms are there, and only then")
    func mechanisms() async throws {
        try await withSoftHSM { store in
            let slot = try store.loadFaultModule().slot()
            #expect(try slot.claimsEd25519())
            for hidden in [Mechanism.eddsa, .ecEdwardsKeyPairGen] {
                try store.setFaults("C_GetMechanismList * hide \(hidden.rawValue)")
                #expect(try !slot.claimsEd25519())
                #expect(try !slot.mechanisms().contains(hidden))
            }
            try store.setFaults("C_GetMechanismList * hide 1")
            #expect(try slot.claimsEd25519())
        }
    }

    @Test("says what a mechanism can do")
    func mechanismInfo() async throws {
        try await withSoftHSM { store in
            let slot = try store.loadModule().slot()
            let info = try slot.info(of: .eddsa)
            #expect(info.canSign)
            #expect(!info.canGenerateKeyPair)
            #expect(!info.isInHardware)
            #expect(info.keySizeMin == 256)
            #expect(
                pkcs11Error { _ = try slot.info(of: Mechanism(rawValue: 0x7fff_ffff)) }?.category
                    == .notSupported)
        }
    }
}
