// The JSON values of this product: what is signed and logged, and what crosses the socket. Reading
// and writing are in JSON+Reading.swift and JSON+Writing.swift; Foundation's are not usable here
// (they accept repeated keys and write another order than RFC 8785).

/// A JSON value. There are no fractions anywhere in this product.
public enum JSON: Hashable, Sendable {
    /// Only ever in messages on the socket, where it means the same as an absent field.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// 0 to 2^53-1.
    case number(Int)
    /// UTF-8 text.
    case string(String)
    /// Values in order.
    case array([JSON])
    /// Values by field name; names are ASCII, so comparing them as Swift strings is safe.
    case object([String: JSON])

    /// Whether both are written with the same bytes. Swift's own equality of strings would call two
    /// ways to write an accented letter the same; a signature does not.
    public static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}
