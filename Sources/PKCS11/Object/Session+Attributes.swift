// Reading attributes back (C_GetAttributeValue, PKCS#11 v2.40 section 5.7.5), one at a time: asked
// for several at once, a module answers with one code for all of them.

import CPKCS11

extension Session {
    /// No attribute that is read here is longer.
    private static var valueBytesMax: CK_ULONG { 1 << 20 }

    /// The attributes of an object, each with one of four outcomes.
    ///
    /// - Throws: ``PKCS11Error/malformed(_:_:)`` where a truth value or a number has a length or a
    ///   content that it cannot have, and any error other than "sensitive" and "unknown".
    public func attributes(_ types: [AttributeType], of object: ObjectHandle) throws(PKCS11Error)
        -> Attributes
    {
        let number = try resolve(object)
        var outcomes: [AttributeType: AttributeOutcome<[UInt8]>] = [:]
        for type in types {
            outcomes[type] = try attribute(type, of: number)
        }
        return Attributes(outcomes: outcomes)
    }

    private func attribute(_ type: AttributeType, of object: CK_OBJECT_HANDLE)
        throws(PKCS11Error) -> AttributeOutcome<[UInt8]>
    {
        for _ in 0..<4 {
            var length: CK_ULONG = 0
            if let outcome = try unsafe ask(for: type, of: object, into: nil, &length) {
                return outcome
            }
            guard length <= Self.valueBytesMax else {
                throw .malformed(.getAttributeValue, "an attribute of \(length) bytes")
            }
            var value = [UInt8](repeating: 0, count: Int(length))
            if length > 0 {
                let room = length
                let outcome = try unsafe value.withUnsafeMutableBufferPointer {
                    buffer throws(PKCS11Error) in
                    try unsafe ask(for: type, of: object, into: buffer.baseAddress, &length)
                }
                if let outcome { return outcome }
                // It grew in between.
                if length > room { continue }
            }
            value.removeLast(value.count - Int(length))
            try check(value, of: type)
            return .value(value)
        }
        throw .failed(.getAttributeValue, .bufferTooSmall)
    }

    /// Asks once. Gives an outcome where there is no value, and the length where there is one.
    func ask(
        for type: AttributeType, of object: CK_OBJECT_HANDLE, into place: UnsafeMutableRawPointer?,
        _ length: inout CK_ULONG
    ) throws(PKCS11Error) -> AttributeOutcome<[UInt8]>? {
        var attribute = unsafe CK_ATTRIBUTE(
            type: type.rawValue, pValue: place, ulValueLen: length)
        let code = try unsafe module.answer(to: .getAttributeValue) {
            unsafe $0.pointee.C_GetAttributeValue(handle, object, &attribute, 1)
        }
        let answered = unsafe attribute.ulValueLen
        switch code {
        case .ok:
            // CK_UNAVAILABLE_INFORMATION
            if answered == CK_ULONG.max { return .unavailable }
            length = answered
            return nil
        case .attributeSensitive: return .sensitive
        case .attributeTypeInvalid: return .unknown
        case .bufferTooSmall where length > 0:
            length += 1
            return nil
        default: throw .failed(.getAttributeValue, code)
        }
    }

    private func check(_ value: [UInt8], of type: AttributeType) throws(PKCS11Error) {
        let isSound =
            switch type.encoding {
            case .boolean: value == [0] || value == [1]
            case .number: value.count == MemoryLayout<CK_ULONG>.size
            case .bytes: true
            }
        guard isSound else {
            let number = "0x" + String(type.rawValue, radix: 16)
            throw .malformed(
                .getAttributeValue,
                "attribute \(number) in \(value.count) bytes: \(value.prefix(8))")
        }
    }
}
