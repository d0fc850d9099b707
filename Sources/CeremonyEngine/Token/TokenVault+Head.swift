// The head object on a PKCS#11 token. Only private objects count: one that anybody without the PIN
// can make says nothing. What a module answers who knows no such objects becomes a value, because a
// token without them is no trouble of the ceremony.

import PKCS11

extension TokenVault {
    /// See ``KeyVault/heads()``.
    public func heads() async throws(VaultError) -> HeldHeads {
        try await ask { session throws(PKCS11Error) in
            do throws(PKCS11Error) {
                return .held(try session.heads().map(\.value))
            } catch  where error.saysUnable {
                return .unable("\(error)")
            }
        }
    }

    /// See ``KeyVault/keepHead(_:insteadOf:)``.
    public func keepHead(_ note: [UInt8], insteadOf older: [[UInt8]])
        async throws(VaultError) -> HeadKeeping
    {
        try await ask { session throws(PKCS11Error) in
            do throws(PKCS11Error) {
                if try !session.heads().contains(where: { $0.value == note }) {
                    _ = try session.createDataObject(
                        label: HeadObject.label, application: HeadObject.application, value: note,
                        isPrivate: true)
                }
            } catch  where error.saysUnable {
                return .unable("\(error)")
            }
            let there = try session.heads()
            // Nothing older goes before the new one was seen to be there.
            guard there.contains(where: { $0.value == note }) else {
                return .unable("the module does not give back what it was given to keep")
            }
            for head in there where head.value != note && older.contains(head.value) {
                try session.destroy(head.object)
            }
            return .kept
        }
    }
}

private struct FoundHead {
    let object: ObjectHandle
    let value: [UInt8]
}

extension Session {
    /// Every head object that only the logged-in user can see.
    fileprivate func heads() throws(PKCS11Error) -> [FoundHead] {
        let found = try find([
            .objectClass(.data), .flag(.private, true), .text(.label, HeadObject.label),
            .text(.application, HeadObject.application),
        ])
        var heads: [FoundHead] = []
        for object in found {
            heads.append(FoundHead(object: object, value: try dataObject(object).value))
        }
        return heads
    }
}

extension PKCS11Error {
    /// Whether this is how a module says that it knows no data objects, or lets nobody make one.
    fileprivate var saysUnable: Bool {
        switch failedCall?.code {
        case .functionNotSupported, .attributeTypeInvalid, .attributeValueInvalid,
            .attributeReadOnly, .templateIncomplete, .templateInconsistent, .tokenWriteProtected:
            true
        default: false
        }
    }
}
