// Finding, making and destroying objects (PKCS#11 v2.40 section 5.7).

import CPKCS11

extension Session {
    /// All objects that match the template, at most `limit`.
    ///
    /// Private objects are seen only after a login. The search is over when this returns, so that
    /// the next operation of the session does not find one in its way.
    ///
    /// - Throws: ``PKCS11Error/tooManyObjects(limit:)`` where there are more.
    public func find(_ template: [Attribute], limit: Int = 1024) throws(PKCS11Error)
        -> [ObjectHandle]
    {
        do throws(PKCS11Error) {
            try beginSearch(template)
        } catch  where error.failedCall?.code == .operationActive {
            // An earlier one that could not be ended, or whose beginning nobody heard of.
            _ = try? unsafe module.answer(to: .findObjectsFinal) {
                unsafe $0.pointee.C_FindObjectsFinal(handle)
            }
            try beginSearch(template)
        }
        // A search that cannot be ended shows at the next one; what was found is still right.
        defer {
            _ = try? unsafe module.answer(to: .findObjectsFinal) {
                unsafe $0.pointee.C_FindObjectsFinal(handle)
            }
        }
        var found: [ObjectHandle] = []
        var batch = [CK_OBJECT_HANDLE](repeating: 0, count: 64)
        while true {
            var count: CK_ULONG = 0
            try unsafe module.call(.findObjects) { functions in
                unsafe batch.withUnsafeMutableBufferPointer { buffer in
                    unsafe functions.pointee.C_FindObjects(
                        handle, buffer.baseAddress, CK_ULONG(buffer.count), &count)
                }
            }
            guard count <= batch.count else {
                throw .malformed(.findObjects, "\(count) objects where \(batch.count) fit")
            }
            if count == 0 { return found }
            found += batch.prefix(Int(count)).map { adopt($0) }
            guard found.count <= limit else { throw .tooManyObjects(limit: limit) }
        }
    }

    private func beginSearch(_ template: [Attribute]) throws(PKCS11Error) {
        try unsafe module.call(.findObjectsInit) { functions in
            unsafe template.withTemplate { attributes, count in
                unsafe functions.pointee.C_FindObjectsInit(handle, attributes, count)
            }
        }
    }

    /// Destroys an object (C_DestroyObject). There is no way back.
    public func destroy(_ object: ObjectHandle) throws(PKCS11Error) {
        let number = try resolve(object)
        try unsafe module.call(.destroyObject) { unsafe $0.pointee.C_DestroyObject(handle, number) }
    }

    /// Makes an object from its attributes (C_CreateObject).
    public func createObject(_ template: [Attribute]) throws(PKCS11Error) -> ObjectHandle {
        try unsafe createObject(template, value: nil)
    }

    /// The same, with a CKA_VALUE that stays where it is.
    func createObject(_ template: [Attribute], value: UnsafeRawBufferPointer?)
        throws(PKCS11Error) -> ObjectHandle
    {
        var number: CK_OBJECT_HANDLE = 0
        try unsafe module.call(.createObject) { functions in
            unsafe template.withTemplate(value: value) { attributes, count in
                unsafe functions.pointee.C_CreateObject(handle, attributes, count, &number)
            }
        }
        return adopt(number)
    }

    /// Random bytes from the token's own generator (C_GenerateRandom).
    public func random(_ count: Int) throws(PKCS11Error) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        try unsafe module.call(.generateRandom) { functions in
            unsafe bytes.withUnsafeMutableBufferPointer { buffer in
                unsafe functions.pointee.C_GenerateRandom(
                    handle, buffer.baseAddress, CK_ULONG(buffer.count))
            }
        }
        return bytes
    }
}
