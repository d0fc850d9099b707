// The writer of canonical JSON: RFC 8785 for the values of this product. What it writes is what is
// hashed, chained and signed, so there is one writer and one form.

extension JSON {
    /// The largest number: 2^53-1, the last that every JSON reader keeps exactly.
    public static let numberMax = 9_007_199_254_740_991

    /// The RFC 8785 form: no white space, fields in the order of their bytes, shortest escapes.
    ///
    /// Numbers must be 0 to ``numberMax``, which a precondition checks: a value that was read is
    /// always within it. Field names must be ASCII, where the order of bytes and the RFC's order of
    /// UTF-16 units are one and the same.
    public var canonicalBytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out)
        return out
    }

    /// ``canonicalBytes`` as text.
    public var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    private func write(to out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let value):
            precondition((0...JSON.numberMax).contains(value), "a number outside 0...2^53-1")
            out += String(value).utf8
        case .string(let text): JSON.write(text, to: &out)
        case .array(let items):
            out.append(UInt8(ascii: "["))
            for (position, item) in items.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                item.write(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let fields):
            out.append(UInt8(ascii: "{"))
            let inOrder = fields.sorted {
                $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
            }
            for (position, field) in inOrder.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                JSON.write(field.key, to: &out)
                out.append(UInt8(ascii: ":"))
                field.value.write(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// Writes a quoted string; only quote, backslash and C0 controls are escaped.
    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out += [0x5c, 0x22]
            case UInt8(ascii: "\\"): out += [0x5c, 0x5c]
            case 0x08: out += [0x5c, UInt8(ascii: "b")]
            case 0x09: out += [0x5c, UInt8(ascii: "t")]
            case 0x0a: out += [0x5c, UInt8(ascii: "n")]
            case 0x0c: out += [0x5c, UInt8(ascii: "f")]
            case 0x0d: out += [0x5c, UInt8(ascii: "r")]
            case 0..<0x20:
                out += "\\u00".utf8
                out += Hex.encode([byte]).utf8
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
