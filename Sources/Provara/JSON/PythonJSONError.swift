// Why a JSON text of a vault was refused, and where.

/// A refusal of a JSON text, with the place of the first fault.
public struct PythonJSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// The text has more bytes than the limit.
        case tooLong(limit: Int)
        /// Arrays and objects are nested deeper than the limit.
        case tooDeep(limit: Int)
        /// The text ends in the middle of a value.
        case endsEarly
        /// Something other than white space follows the value.
        case trailingBytes
        /// The text begins with a byte-order mark.
        case byteOrderMark
        /// A byte that cannot stand there.
        case unexpectedByte(UInt8)
        /// A string that is not UTF-8.
        case notUTF8
        /// Half of a surrogate pair, which has no UTF-8.
        case loneSurrogate
        /// An escape that JSON does not have.
        case badEscape
        /// A number in a form that JSON does not have.
        case badNumber
        /// A float beyond the largest double; also `NaN` and `Infinity`, which Python would accept.
        case notFinite
        /// A whole number with more digits than the limit.
        case tooManyDigits(limit: Int)
        /// A member that stands twice in one object. Python would keep the last and not tell.
        case repeatedMember(String)
    }

    /// The offset of the fault in bytes, from 0.
    public let offset: Int
    /// What is wrong there.
    public let problem: Problem

    init(_ offset: Int, _ problem: Problem) {
        self.offset = offset
        self.problem = problem
    }

    /// The place and the problem as one line of printable ASCII.
    public var description: String { "byte \(offset): \(problem.text)" }
}

extension PythonJSONError.Problem {
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
        case .badNumber: "a number in a form that JSON does not have"
        case .notFinite: "a number beyond the largest double, or NaN or Infinity"
        case .tooManyDigits(let limit): "a whole number of more than \(limit) digits"
        case .repeatedMember(let name): "the member \(name.printable) stands twice"
        }
    }
}

extension String {
    /// This text for a terminal or a log line: everything but printable ASCII is written as an
    /// escape, so that a name out of a vault can neither steer a terminal nor look like another.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars.prefix(200) {
            if (0x20..<0x7f).contains(scalar.value), scalar != "\\" {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return unicodeScalars.count > 200 ? text + "..." : text
    }
}
