// The strict reader of JSON (RFC 8259, cut down as FORMATS section 1 says): whole numbers only, no
// repeated field, valid UTF-8, bounded size and depth. It works on a byte buffer and never on
// Characters: a canonically equivalent name is another name.

extension JSON {
    /// How much a reader accepts.
    public struct Limits: Hashable, Sendable {
        /// The most bytes a text may have.
        public var bytes: Int
        /// How deep arrays and objects may be nested; 0 allows neither. Held to at most 128.
        public var depth: Int
        /// Whether `null` may stand for a value.
        public var allowsNull: Bool
        /// Whether field names must match `[a-z][a-z0-9_]*`; otherwise printable ASCII will do.
        public var strictFieldNames: Bool
        /// Whether the text must be the RFC 8785 form of its value, byte for byte.
        public var canonical: Bool

        /// Limits by their parts.
        public init(
            bytes: Int, depth: Int, allowsNull: Bool, strictFieldNames: Bool, canonical: Bool
        ) {
            self.bytes = bytes
            self.depth = min(depth, 128)
            self.allowsNull = allowsNull
            self.strictFieldNames = strictFieldNames
            self.canonical = canonical
        }

        /// A line of the log: 65535 bytes, 8 levels, no null, canonical.
        public static let record = Limits(
            bytes: 65_535, depth: 8, allowsNull: false, strictFieldNames: true, canonical: true)

        /// A message on the socket: any order of fields, any white space, nulls, ASCII names.
        public static func message(bytes: Int, depth: Int = 16) -> Limits {
            Limits(
                bytes: bytes, depth: depth, allowsNull: true, strictFieldNames: false,
                canonical: false)
        }
    }

    /// Reads exactly one JSON value: no byte-order mark before it and nothing behind it.
    ///
    /// - Throws: ``JSONError`` with the offset of the first fault.
    public init(_ bytes: [UInt8], _ limits: Limits) throws(JSONError) {
        guard bytes.count <= limits.bytes else {
            throw JSONError(.byte(limits.bytes), .tooLong(limit: limits.bytes))
        }
        var parser = JSONParser(bytes, limits)
        let value = try parser.text()
        if limits.canonical {
            let canonical = value.canonicalBytes
            guard canonical == bytes else {
                let same = zip(canonical, bytes).prefix { $0 == $1 }.count
                throw JSONError(.byte(same), .notCanonical)
            }
        }
        self = value
    }
}

/// One pass over the bytes, one function for each thing of the grammar.
private struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSON.Limits
    private var index = 0

    init(_ bytes: [UInt8], _ limits: JSON.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func text() throws(JSONError) -> JSON {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { throw JSONError(.byte(0), .byteOrderMark) }
        skipWhiteSpace()
        let value = try value(depth: 0)
        skipWhiteSpace()
        guard index == bytes.count else { throw fault(.trailingBytes) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "-"): throw fault(.notWholeNumber)
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            guard limits.allowsNull else { throw fault(.null) }
            try word("null")
            return .null
        case let byte: throw fault(.unexpectedByte(byte))
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> [String: JSON] {
        guard depth <= limits.depth else { throw fault(.tooDeep(limit: limits.depth)) }
        index += 1
        var fields: [String: JSON] = [:]
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return fields
        }
        while true {
            skipWhiteSpace()
            let start = index
            guard try peek() == UInt8(ascii: "\"") else { throw unexpected() }
            let name = try string()
            guard isFieldName(name) else { throw JSONError(.byte(start), .badFieldName) }
            skipWhiteSpace()
            guard try peek() == UInt8(ascii: ":") else { throw unexpected() }
            index += 1
            skipWhiteSpace()
            let value = try value(depth: depth)
            guard fields.updateValue(value, forKey: name) == nil else {
                throw JSONError(.byte(start), .repeatedField(name))
            }
            if try endOfItem(closing: UInt8(ascii: "}")) { return fields }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        guard depth <= limits.depth else { throw fault(.tooDeep(limit: limits.depth)) }
        index += 1
        var items: [JSON] = []
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return items
        }
        while true {
            skipWhiteSpace()
            items.append(try value(depth: depth))
            if try endOfItem(closing: UInt8(ascii: "]")) { return items }
        }
    }

    /// Reads a comma (more follows) or the closing bracket.
    private mutating func endOfItem(closing: UInt8) throws(JSONError) -> Bool {
        skipWhiteSpace()
        let byte = try peek()
        guard byte == closing || byte == UInt8(ascii: ",") else { throw unexpected() }
        index += 1
        return byte == closing
    }

    private mutating func number() throws(JSONError) -> Int {
        let start = index
        var value = 0
        while index < bytes.count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            value = value * 10 + Int(digit)
            guard value <= JSON.numberMax else { throw JSONError(.byte(start), .numberTooLarge) }
            index += 1
        }
        if bytes[start] == UInt8(ascii: "0"), index - start > 1 {
            throw JSONError(.byte(start), .notWholeNumber)
        }
        guard index < bytes.count else { return value }
        switch bytes[index] {
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): throw fault(.notWholeNumber)
        default: return value
        }
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        for expected in word.description.utf8 {
            guard try peek() == expected else { throw unexpected() }
            index += 1
        }
    }

    /// Reads a string from its opening quote. Without an escape the bytes are taken over at once.
    private mutating func string() throws(JSONError) -> String {
        let open = index
        index += 1
        var decoded: [UInt8] = []
        var run = index
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") {
                break
            } else if byte == UInt8(ascii: "\\") {
                decoded += bytes[run..<index]
                try escape(into: &decoded)
                run = index
            } else if byte < 0x20 {
                throw fault(.unexpectedByte(byte))
            } else {
                index += 1
            }
        }
        let text: String?
        if decoded.isEmpty {
            text = String(validating: bytes[run..<index], as: UTF8.self)
        } else {
            decoded += bytes[run..<index]
            text = String(validating: decoded, as: UTF8.self)
        }
        index += 1
        guard let text else { throw JSONError(.byte(open), .notUTF8) }
        return text
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        let letter = try peek()
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "n"): decoded.append(0x0a)
        case UInt8(ascii: "f"): decoded.append(0x0c)
        case UInt8(ascii: "r"): decoded.append(0x0d)
        case UInt8(ascii: "u"):
            var code = try hexUnit()
            if (0xd800..<0xdc00).contains(code) {
                guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                    bytes[index + 1] == UInt8(ascii: "u")
                else { throw JSONError(.byte(start), .loneSurrogate) }
                index += 2
                let low = try hexUnit()
                guard (0xdc00..<0xe000).contains(low) else {
                    throw JSONError(.byte(start), .loneSurrogate)
                }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw JSONError(.byte(start), .loneSurrogate)
            }
            decoded += UTF8.encode(scalar).map(Array.init) ?? []
        default: throw JSONError(.byte(start), .badEscape)
        }
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw fault(.badEscape)
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    private func isFieldName(_ name: String) -> Bool {
        guard limits.strictFieldNames else {
            return name.utf8.allSatisfy { (0x20...0x7e).contains($0) }
        }
        guard let first = name.utf8.first, (0x61...0x7a).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    private mutating func skipWhiteSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw JSONError(.byte(bytes.count), .endsEarly) }
        return bytes[index]
    }

    private func fault(_ problem: JSONError.Problem) -> JSONError {
        JSONError(.byte(index), problem)
    }

    private func unexpected() -> JSONError { fault(.unexpectedByte(bytes[index])) }
}
