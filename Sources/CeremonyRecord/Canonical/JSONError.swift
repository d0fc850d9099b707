// Why a JSON text or one of its fields was refused, and where. One error type serves the reader and
// the field accessors, so that a decoder needs one typed `throws`.

/// A refusal of a JSON text, with the place of the first fault.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the fault is.
    public enum Place: Hashable, Sendable {
        /// A byte of the text, counted from 0.
        case byte(Int)
        /// A field of a value that was read, as a path such as `body.members[2].name`.
        case field(String)
    }

    /// What is wrong there.
    public enum Problem: Hashable, Sendable {
        /// The text has more bytes than the limit.
        case tooLong(limit: Int)
        /// Arrays and objects are nested deeper than the limit.
        case tooDeep(limit: Int)
        /// The text stops in the middle of a value.
        case endsEarly
        /// There are bytes behind the value.
        case trailingBytes
        /// The text begins with U+FEFF.
        case byteOrderMark
        /// A byte that cannot stand here.
        case unexpectedByte(UInt8)
        /// A string is not valid UTF-8.
        case notUTF8
        /// A `\u` escape that is half of a surrogate pair.
        case loneSurrogate
        /// A backslash followed by something that JSON does not know.
        case badEscape
        /// A number with a sign, a fraction, an exponent or a leading zero.
        case notWholeNumber
        /// A number above 2^53-1.
        case numberTooLarge
        /// A `null` where none may be.
        case null
        /// A field name outside the rule of the reader.
        case badFieldName
        /// A field that stands twice in one object.
        case repeatedField(String)
        /// Writing the value again gives other bytes.
        case notCanonical
        /// A required field is absent.
        case missing
        /// A field that this object does not have.
        case unknownField
        /// A value of another type or form than the one named.
        case expected(String)
    }

    /// Where the fault is.
    public let place: Place
    /// What is wrong there.
    public let problem: Problem

    /// A fault at a place.
    public init(_ place: Place, _ problem: Problem) {
        self.place = place
        self.problem = problem
    }

    /// The place and the problem as one line of printable ASCII.
    public var description: String {
        switch place {
        case .byte(let offset): "JSON, byte \(offset): \(problem.text)"
        case .field(let path): "JSON, field \(path): \(problem.text)"
        }
    }
}

extension JSONError.Problem {
    fileprivate var text: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .endsEarly: "ends in the middle of a value"
        case .trailingBytes: "something follows the value"
        case .byteOrderMark: "begins with a byte-order mark"
        case .unexpectedByte(let byte): "byte 0x\(Hex.encode([byte])) cannot stand here"
        case .notUTF8: "a string that is not UTF-8"
        case .loneSurrogate: "half of a surrogate pair"
        case .badEscape: "an escape that JSON does not have"
        case .notWholeNumber: "only whole numbers without sign, exponent or leading zero are used"
        case .numberTooLarge: "a number above 9007199254740991"
        case .null: "null is not used here"
        case .badFieldName: "a field name that is not allowed here"
        case .repeatedField(let name): "the field \(name) stands twice"
        case .notCanonical: "not in the canonical form of RFC 8785"
        case .missing: "is missing"
        case .unknownField: "is not a field of this object"
        case .expected(let what): "is not \(what)"
        }
    }
}
