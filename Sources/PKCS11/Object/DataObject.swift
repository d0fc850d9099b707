// Data objects (CKO_DATA, PKCS#11 v2.40 section 4.5): a few bytes that an application keeps on a
// token beside its keys.

import CPKCS11

/// A data object's contents.
public struct DataObject: Hashable, Sendable {
    /// CKA_LABEL.
    public let label: [UInt8]
    /// CKA_APPLICATION: the name of the application that it belongs to.
    public let application: [UInt8]
    /// CKA_VALUE.
    public let value: [UInt8]
}

extension Session {
    /// Writes a data object to the token.
    ///
    /// - Parameters:
    ///   - label: CKA_LABEL. Not unique: who replaces an object makes the new one first, then
    ///     destroys the old one.
    ///   - application: CKA_APPLICATION.
    ///   - value: The contents.
    ///   - isPrivate: Whether only the logged-in user can see it.
    public func createDataObject(
        label: String, application: String, value: [UInt8], isPrivate: Bool
    ) throws(PKCS11Error) -> ObjectHandle {
        try createObject([
            .objectClass(.data), .flag(.token, true), .flag(.private, isPrivate),
            .text(.label, label), .text(.application, application), .bytes(.value, value),
        ])
    }

    /// Writes a private data object whose contents are secret: they are lent for the length of the
    /// call, and nothing is copied here (the module may).
    ///
    /// - Parameters:
    ///   - label: CKA_LABEL, not unique.
    ///   - application: CKA_APPLICATION.
    ///   - secret: The contents.
    public func createSecretDataObject(
        label: String, application: String, secret: UnsafeRawBufferPointer
    ) throws(PKCS11Error) -> ObjectHandle {
        try unsafe createObject(
            [
                .objectClass(.data), .flag(.token, true), .flag(.private, true),
                .text(.label, label), .text(.application, application),
            ], value: secret)
    }

    /// Reads the contents of a data object to where they may be, in one call and with no copy here.
    ///
    /// - Returns: How many bytes there are.
    /// - Throws: ``PKCS11Error/malformed(_:_:)`` where the value cannot be read or does not fit.
    public func readSecretDataObject(
        _ object: ObjectHandle, into place: UnsafeMutableRawBufferPointer
    ) throws(PKCS11Error) -> Int {
        var length = CK_ULONG(place.count)
        let number = try resolve(object)
        if try unsafe ask(for: .value, of: number, into: place.baseAddress, &length) != nil {
            throw .malformed(.getAttributeValue, "a data object without a readable value")
        }
        guard length <= place.count else {
            throw .malformed(
                .getAttributeValue, "a data object that is longer than \(place.count) bytes")
        }
        return Int(length)
    }

    /// The data objects with this label and application.
    public func findDataObjects(label: String, application: String) throws(PKCS11Error)
        -> [ObjectHandle]
    {
        try find([
            .objectClass(.data), .text(.label, label), .text(.application, application),
        ])
    }

    /// The contents of a data object.
    ///
    /// - Throws: ``PKCS11Error/malformed(_:_:)`` where the value cannot be read.
    public func dataObject(_ object: ObjectHandle) throws(PKCS11Error) -> DataObject {
        let attributes = try attributes([.label, .application, .value], of: object)
        guard let value = attributes[.value].value else {
            throw .malformed(.getAttributeValue, "a data object without a readable value")
        }
        return DataObject(
            label: attributes[.label].value ?? [],
            application: attributes[.application].value ?? [], value: value)
    }
}
