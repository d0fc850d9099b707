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
}
