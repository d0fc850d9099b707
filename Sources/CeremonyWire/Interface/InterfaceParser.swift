// The reader of interface definitions: one pass over bytes, one function for each thing of the
// grammar. The nesting of types is bounded because a client may read definitions of others.

/// Reads one interface definition.
struct InterfaceParser {
    private typealias Fault = InterfaceDescription.Fault
    private typealias Field = InterfaceDescription.Field
    private typealias ValueType = InterfaceDescription.ValueType

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Reads everything, and demands that no name is defined twice.
    mutating func read(
        into description: inout InterfaceDescription
    ) throws(InterfaceDescription.Fault) {
        try word("interface")
        description.name = try name(dotted: true)
        while skipSpace() {
            switch try name() {
            case "type":
                let name = try name()
                let type = try group(depth: 0)
                guard description.types.updateValue(type, forKey: name) == nil else {
                    throw fault("one type \(name)")
                }
            case "method":
                let name = try name()
                let input = try fields()
                try symbol("->")
                let method = InterfaceDescription.Method(input: input, output: try fields())
                guard description.methods.updateValue(method, forKey: name) == nil else {
                    throw fault("one method \(name)")
                }
            case "error":
                let name = try name()
                guard description.errors.updateValue(try fields(), forKey: name) == nil else {
                    throw fault("one error \(name)")
                }
            default: throw fault("type, method or error")
            }
        }
    }

    private mutating func type(depth: Int) throws(InterfaceDescription.Fault) -> ValueType {
        guard depth < Limits.standard.nestingMax else { throw fault("shallower nesting") }
        _ = skipSpace()
        switch peek() {
        case UInt8(ascii: "?"):
            index += 1
            return .optional(try type(depth: depth + 1))
        case UInt8(ascii: "["):
            index += 1
            if peek() == UInt8(ascii: "]") {
                index += 1
                return .array(try type(depth: depth + 1))
            }
            try word("string")
            try symbol("]")
            return .dictionary(try type(depth: depth + 1))
        case UInt8(ascii: "("): return try group(depth: depth + 1)
        default:
            switch try name() {
            case "bool": return .bool
            case "int": return .int
            case "float": return .float
            case "string": return .string
            case "object": return .object
            case let name: return .named(name)
            }
        }
    }

    /// Reads `( ... )`: a structure if the first name has a type, a choice if it has none.
    private mutating func group(depth: Int) throws(InterfaceDescription.Fault) -> ValueType {
        try symbol("(")
        var fields: [Field] = []
        var choices: [String] = []
        if takes(")") { return .structure([]) }
        repeat {
            let name = try name()
            let seen = fields.contains { $0.name == name } || choices.contains(name)
            guard !seen else { throw fault("\(name) only once") }
            if choices.isEmpty, takes(":") {
                fields.append(Field(name: name, type: try type(depth: depth + 1)))
            } else if fields.isEmpty {
                choices.append(name)
            } else {
                throw fault("a type for \(name)")
            }
        } while takes(",")
        try symbol(")")
        return fields.isEmpty ? .choice(choices) : .structure(fields)
    }

    private mutating func fields() throws(InterfaceDescription.Fault) -> [Field] {
        guard case .structure(let fields) = try group(depth: 0) else {
            throw fault("names with types")
        }
        return fields
    }

    private mutating func name(
        dotted: Bool = false
    ) throws(InterfaceDescription.Fault) -> String {
        _ = skipSpace()
        let start = index
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                index += 1
                continue
            case UInt8(ascii: "."), UInt8(ascii: "-"):
                if dotted, byte == UInt8(ascii: ".") || peek(after: 1) != UInt8(ascii: ">") {
                    index += 1
                    continue
                }
            default: break
            }
            break
        }
        guard index > start else { throw fault("a name") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func word(_ word: String) throws(InterfaceDescription.Fault) {
        guard try name() == word else { throw fault(word) }
    }

    private mutating func symbol(_ symbol: String) throws(InterfaceDescription.Fault) {
        guard takes(symbol) else { throw fault(symbol) }
    }

    private mutating func takes(_ symbol: String) -> Bool {
        _ = skipSpace()
        guard bytes[index...].starts(with: symbol.utf8) else { return false }
        index += symbol.utf8.count
        return true
    }

    /// Skips white space and comments; whether anything is left.
    private mutating func skipSpace() -> Bool {
        while let byte = peek() {
            switch byte {
            case 0x20, 0x09, 0x0d: index += 1
            case 0x0a:
                index += 1
                line += 1
            case UInt8(ascii: "#"):
                while let next = peek(), next != 0x0a { index += 1 }
            default: return true
            }
        }
        return false
    }

    private func peek(after offset: Int = 0) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    private func fault(_ expected: String) -> InterfaceDescription.Fault {
        Fault(line: line, expected: expected)
    }
}
