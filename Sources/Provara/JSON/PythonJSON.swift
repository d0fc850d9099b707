// JSON values as Provara has them. What is hashed and signed in a vault is what Python's json
// module writes, so a value keeps what Python keeps: whole numbers of any length apart from floats,
// and the order in which an object's members came.

/// A JSON value in Python's sense.
public enum PythonJSON: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number that fits in 64 bits.
    case integer(Int)
    /// A whole number that does not fit in 64 bits: its decimal digits, with `-` before a negative.
    case longInteger(String)
    /// A number that was written with a fraction or an exponent; `1.0` is not `1`.
    case float(PythonFloat)
    /// Text. Two texts are the same when their UTF-8 is, never by Unicode's canonical equivalence.
    case string(String)
    /// Values in order.
    case array([PythonJSON])
    /// Members by name.
    case object(PythonObject)
}

extension PythonJSON: Equatable {
    /// Whether both have the same canonical bytes.
    public static func == (left: PythonJSON, right: PythonJSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.longInteger(let left), .longInteger(let right)): left.isSame(as: right)
        case (.float(let left), .float(let right)): left == right
        case (.string(let left), .string(let right)): left.isSame(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension PythonJSON {
    /// The text of a string; `nil` for any other value.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A whole number of at most 64 bits; `nil` for any other value.
    public var whole: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The items of an array; `nil` for any other value.
    public var items: [PythonJSON]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// The members of an object; `nil` for any other value.
    public var members: PythonObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// An array of texts as such; `nil` for any other value.
    public var texts: [String]? {
        guard let items else { return nil }
        var texts: [String] = []
        for item in items {
            guard let text = item.text else { return nil }
            texts.append(text)
        }
        return texts
    }

    /// A string, or `null` where there is none.
    public static func optional(_ text: String?) -> PythonJSON {
        text.map { .string($0) } ?? .null
    }

    /// An array of strings.
    public static func strings(_ texts: [String]) -> PythonJSON {
        .array(texts.map { .string($0) })
    }
}

extension PythonJSON: ExpressibleByStringLiteral {
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension String {
    /// Whether both texts have the same UTF-8. Swift's own equality would call two ways to write an
    /// accented letter the same; Python and every hash do not.
    func isSame(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let (left, right) = (utf8.span, other.utf8.span)
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    /// Whether this text stands before the other in the order of code points, which is that of
    /// UTF-8.
    func precedes(_ other: String) -> Bool {
        let (left, right) = (utf8.span, other.utf8.span)
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index]
        }
        return left.count < right.count
    }
}
