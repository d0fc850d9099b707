// The reader: what Python's json.loads accepts, without what no canonical form exists for (NaN,
// infinities, half a surrogate pair) and without members that stand twice. It works on bytes.

extension PythonJSON {
    /// How much the reader accepts.
    public struct Limits: Hashable, Sendable {
        /// The most bytes a text may have.
        public var bytes: Int
        /// How deep arrays and objects may be nested. Python ends at about a thousand.
        public var depth: Int
        /// The most digits of a whole number: Python's own limit is 4300.
        public var digits: Int

        /// Limits by their parts. The depth is held to 128, for the stack's sake.
        public init(bytes: Int, depth: Int = 128, digits: Int = 4300) {
            self.bytes = bytes
            self.depth = min(depth, 128)
            self.digits = digits
        }

        /// For an identity file, a policy or a manifest's signature: 16 MiB.
        public static let file = Limits(bytes: 16 << 20)
        /// For a manifest, which grows with the number of files: 256 MiB.
        public static let manifest = Limits(bytes: 256 << 20)
    }

    /// Reads exactly one value: no byte-order mark before it and nothing but white space behind it.
    ///
    /// - Throws: ``PythonJSONError`` with the offset of the first fault.
    public init(_ bytes: [UInt8], _ limits: Limits) throws(PythonJSONError) {
        guard bytes.count <= limits.bytes else {
            throw PythonJSONError(limits.bytes, .tooLong(limit: limits.bytes))
        }
        var reader = PythonJSONReader(bytes, limits)
        self = try reader.text()
    }
}

/// One pass over the bytes, one function for each thing of the grammar.
private struct PythonJSONReader {
    private let bytes: [UInt8]
    private let limits: PythonJSON.Limits
    private var index = 0

    init(_ bytes: [UInt8], _ limits: PythonJSON.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func text() throws(PythonJSONError) -> PythonJSON {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { throw PythonJSONError(0, .byteOrderMark) }
        skipWhiteSpace()
        let value = try value(depth: 0)
        skipWhiteSpace()
        guard index == bytes.count else { throw fault(.trailingBytes) }
        return value
    }

    private mutating func value(depth: Int) throws(PythonJSONError) -> PythonJSON {
        switch try peek() {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return try number()
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): throw fault(.notFinite)
        case let byte: throw fault(.unexpectedByte(byte))
        }
    }

    private mutating func object(depth: Int) throws(PythonJSONError) -> PythonObject {
        guard depth <= limits.depth else { throw fault(.tooDeep(limit: limits.depth)) }
        let start = index
        index += 1
        var members: [PythonObject.Member] = []
        // An event has ten.
        members.reserveCapacity(10)
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return PythonObject()
        }
        while true {
            skipWhiteSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw unexpected() }
            let name = try string()
            skipWhiteSpace()
            guard try peek() == UInt8(ascii: ":") else { throw unexpected() }
            index += 1
            skipWhiteSpace()
            members.append(PythonObject.Member(name: name, value: try value(depth: depth)))
            if try endOfItem(closing: UInt8(ascii: "}")) { break }
        }
        if let name = PythonObject.repeatedName(in: members) {
            throw PythonJSONError(start, .repeatedMember(name))
        }
        return PythonObject(unique: members)
    }

    private mutating func array(depth: Int) throws(PythonJSONError) -> [PythonJSON] {
        guard depth <= limits.depth else { throw fault(.tooDeep(limit: limits.depth)) }
        index += 1
        var items: [PythonJSON] = []
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
    private mutating func endOfItem(closing: UInt8) throws(PythonJSONError) -> Bool {
        skipWhiteSpace()
        let byte = try peek()
        guard byte == closing || byte == UInt8(ascii: ",") else { throw unexpected() }
        index += 1
        return byte == closing
    }

    private mutating func word(_ word: StaticString) throws(PythonJSONError) {
        for expected in word.description.utf8 {
            guard try peek() == expected else { throw unexpected() }
            index += 1
        }
    }

    private func peek() throws(PythonJSONError) -> UInt8 {
        guard index < bytes.count else { throw PythonJSONError(bytes.count, .endsEarly) }
        return bytes[index]
    }

    private mutating func skipWhiteSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            default: return
            }
        }
    }

    private func fault(_ problem: PythonJSONError.Problem) -> PythonJSONError {
        PythonJSONError(index, problem)
    }

    private func unexpected() -> PythonJSONError { fault(.unexpectedByte(bytes[index])) }
}

// MARK: - Numbers

extension PythonJSONReader {
    private mutating func number() throws(PythonJSONError) -> PythonJSON {
        let start = index
        if bytes[index] == UInt8(ascii: "-") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "I") { throw fault(.notFinite) }
        }
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else {
            throw PythonJSONError(start, .badNumber)
        }
        let endOfWhole = index
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits() > 0 else { throw PythonJSONError(start, .badNumber) }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count,
                bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
            {
                index += 1
            }
            guard digits() > 0 else { throw PythonJSONError(start, .badNumber) }
        }
        let token = String(decoding: bytes[start..<index], as: UTF8.self)
        guard index == endOfWhole else {
            guard let float = PythonFloat(token: token) else {
                throw PythonJSONError(start, .notFinite)
            }
            return .float(float)
        }
        if let number = Int(token) { return .integer(number) }
        guard whole <= limits.digits else {
            throw PythonJSONError(start, .tooManyDigits(limit: limits.digits))
        }
        return .longInteger(token)
    }

    /// Passes over decimal digits and says how many there were.
    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        return index - start
    }
}

// MARK: - Strings

extension PythonJSONReader {
    /// Reads a string from its opening quote. Without an escape the bytes are taken over at once.
    private mutating func string() throws(PythonJSONError) -> String {
        let open = index
        index += 1
        var decoded: [UInt8] = []
        var run = index
        while true {
            index = bytes.endOfPlainText(from: index)
            let byte = try peek()
            if byte == UInt8(ascii: "\"") {
                break
            } else if byte == UInt8(ascii: "\\") {
                decoded += bytes[run..<index]
                try escape(into: &decoded)
                run = index
            } else {
                throw fault(.unexpectedByte(byte))
            }
        }
        let text: String?
        if decoded.isEmpty {
            text = String(strict: bytes.span.extracting(run..<index))
        } else {
            decoded += bytes[run..<index]
            text = String(strict: decoded.span)
        }
        guard let text else { throw PythonJSONError(open, .notUTF8) }
        index += 1
        return text
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(PythonJSONError) {
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
                else { throw PythonJSONError(start, .loneSurrogate) }
                index += 2
                let low = try hexUnit()
                guard (0xdc00..<0xe000).contains(low) else {
                    throw PythonJSONError(start, .loneSurrogate)
                }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw PythonJSONError(start, .loneSurrogate)
            }
            decoded += UTF8.encode(scalar).map(Array.init) ?? []
        default: throw PythonJSONError(start, .badEscape)
        }
    }

    private mutating func hexUnit() throws(PythonJSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            // Python takes digits of either case here.
            guard let digit = Hex.value(byte) ?? Hex.value(byte | 0x20) else {
                throw fault(.badEscape)
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }
}

extension [UInt8] {
    /// The first place at or after one whose byte ends a run of a string's plain bytes: a quote, a
    /// backslash or a control below U+0020. The number of bytes where there is none.
    fileprivate func endOfPlainText(from start: Int) -> Int {
        var place = start
        while place < count, self[place].standsForItselfInJSON { place += 1 }
        return place
    }
}

extension UInt8 {
    /// Whether a byte of a string's UTF-8 is written without an escape.
    var standsForItselfInJSON: Bool {
        self >= 0x20 && self != UInt8(ascii: "\"") && self != UInt8(ascii: "\\")
    }
}

extension String {
    /// Whether every byte of the UTF-8 is written as it is.
    var needsNoEscapeInJSON: Bool {
        let bytes = utf8.span
        for index in bytes.indices where !bytes[index].standsForItselfInJSON { return false }
        return true
    }

    /// - Returns: `nil` for bytes that are not UTF-8.
    fileprivate init?(strict bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: text)
    }
}
