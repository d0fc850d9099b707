// Attributes on their way to a module: what an object shall be, or shall be found by. The
// template's memory belongs to this file for the whole of the call; modules write into templates.

import CPKCS11

/// One attribute with its value, encoded as the module wants it.
public struct Attribute: Hashable, Sendable {
    /// Which.
    public let type: AttributeType
    /// Its value: text and byte strings as they are, CK_BBOOL in one byte, CK_ULONG in the
    /// machine's order.
    public let value: [UInt8]

    /// An attribute with a value that is encoded already.
    public init(type: AttributeType, value: [UInt8]) {
        self.type = type
        self.value = value
    }

    /// A byte string.
    public static func bytes(_ type: AttributeType, _ value: [UInt8]) -> Attribute {
        Attribute(type: type, value: value)
    }

    /// A text, in UTF-8 and without an end mark.
    public static func text(_ type: AttributeType, _ value: String) -> Attribute {
        Attribute(type: type, value: Array(value.utf8))
    }

    /// A truth value.
    public static func flag(_ type: AttributeType, _ value: Bool) -> Attribute {
        Attribute(type: type, value: [value ? 1 : 0])
    }

    /// A number.
    public static func number(_ type: AttributeType, _ value: UInt) -> Attribute {
        unsafe withUnsafeBytes(of: CK_ULONG(value)) {
            unsafe Attribute(type: type, value: Array($0))
        }
    }

    /// The class of an object.
    public static func objectClass(_ value: ObjectClass) -> Attribute {
        .number(.class, value.rawValue)
    }

    /// The value as a number; `nil` where it has not a number's length.
    var number: UInt? {
        guard value.count == MemoryLayout<CK_ULONG>.size else { return nil }
        return unsafe value.withUnsafeBytes { unsafe $0.loadUnaligned(as: CK_ULONG.self) }
    }
}

extension [Attribute] {
    /// Lends the attributes as a template of C, valid for the length of the call.
    ///
    /// Every value begins on an eight-byte boundary: modules read numbers through cast pointers.
    ///
    /// - Parameter value: The contents of a data object, where they are secret: the template points
    ///   to where they are, and nothing is copied.
    func withTemplate(
        value: UnsafeRawBufferPointer? = nil,
        _ body: (UnsafeMutablePointer<CK_ATTRIBUTE>, CK_ULONG) -> CK_RV
    ) -> CK_RV {
        let sizes = map { ($0.value.count + 7) / 8 * 8 }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Swift.max(sizes.reduce(0, +), 8), alignment: 8)
        defer { unsafe memory.deallocate() }
        let template = UnsafeMutableBufferPointer<CK_ATTRIBUTE>.allocate(
            capacity: count + 1)
        defer { unsafe template.deallocate() }
        unsafe template.initialize(repeating: CK_ATTRIBUTE())
        var offset = 0
        for (index, attribute) in enumerated() {
            let place = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset...])
            unsafe place.copyBytes(from: attribute.value)
            unsafe template[index] = CK_ATTRIBUTE(
                type: attribute.type.rawValue, pValue: place.baseAddress,
                ulValueLen: CK_ULONG(attribute.value.count))
            offset += sizes[index]
        }
        guard let value = unsafe value else {
            return unsafe body(template.baseAddress!, CK_ULONG(count))
        }
        unsafe template[count] = CK_ATTRIBUTE(
            type: AttributeType.value.rawValue,
            pValue: UnsafeMutableRawPointer(mutating: value.baseAddress),
            ulValueLen: CK_ULONG(value.count))
        return unsafe body(template.baseAddress!, CK_ULONG(count + 1))
    }
}
