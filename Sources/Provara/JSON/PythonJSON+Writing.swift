// The two writers: the canonical form, which is hashed and signed, and the indented form of the
// identity files. Both are what Python's json.dumps gives with ensure_ascii=False.

import Sodium

extension PythonJSON {
    /// `json.dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False)` in UTF-8: no white
    /// space, members in the order of the code points of their names, numbers as Python writes
    /// them.
    public var canonicalBytes: [UInt8] {
        var out: [UInt8] = []
        writeCanonical(to: &out)
        return out
    }

    /// `json.dumps(indent=2, ensure_ascii=False)` and a line feed: how the package writes
    /// `keys.json`, `genesis.json`, the policies and `manifest.sig`. Members keep their order.
    public var indentedBytes: [UInt8] {
        var out: [UInt8] = []
        writeIndented(to: &out, level: 0)
        out.append(UInt8(ascii: "\n"))
        return out
    }

    func writeCanonical(to out: inout [UInt8]) {
        switch self {
        case .array(let items):
            out.append(UInt8(ascii: "["))
            for (position, item) in items.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                item.writeCanonical(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            out.append(UInt8(ascii: "{"))
            for (position, member) in object.sorted.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.writeCanonical(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        default: writeScalar(to: &out)
        }
    }

    private func writeIndented(to out: inout [UInt8], level: Int) {
        switch self {
        case .array(let items) where !items.isEmpty:
            out.append(UInt8(ascii: "["))
            for (position, item) in items.enumerated() {
                Self.startLine(level + 1, after: position > 0, to: &out)
                item.writeIndented(to: &out, level: level + 1)
            }
            Self.startLine(level, after: false, to: &out)
            out.append(UInt8(ascii: "]"))
        case .object(let object) where !object.members.isEmpty:
            out.append(UInt8(ascii: "{"))
            for (position, member) in object.members.enumerated() {
                Self.startLine(level + 1, after: position > 0, to: &out)
                Self.write(member.name, to: &out)
                out += ": ".utf8
                member.value.writeIndented(to: &out, level: level + 1)
            }
            Self.startLine(level, after: false, to: &out)
            out.append(UInt8(ascii: "}"))
        default: writeCanonical(to: &out)
        }
    }

    private static func startLine(_ level: Int, after item: Bool, to out: inout [UInt8]) {
        if item { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "\n"))
        out += repeatElement(UInt8(ascii: " "), count: 2 * level)
    }

    private func writeScalar(to out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .integer(let number): out += String(number).utf8
        case .longInteger(let digits): out += digits.utf8
        case .float(let float): out += float.reprBytes
        case .string(let text): Self.write(text, to: &out)
        case .array, .object: break
        }
    }

    /// Writes a quoted string; only quote, backslash and the controls below U+0020 are escaped.
    static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        if text.needsNoEscapeInJSON {
            out += text.utf8
        } else {
            writeEscaped(text, to: &out)
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func writeEscaped(_ text: String, to out: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out += [0x5c, 0x22]
            case UInt8(ascii: "\\"): out += [0x5c, 0x5c]
            case 0x20...: out.append(byte)
            case 0x08: out += [0x5c, UInt8(ascii: "b")]
            case 0x09: out += [0x5c, UInt8(ascii: "t")]
            case 0x0a: out += [0x5c, UInt8(ascii: "n")]
            case 0x0c: out += [0x5c, UInt8(ascii: "f")]
            case 0x0d: out += [0x5c, UInt8(ascii: "r")]
            default:
                out += "\\u00".utf8
                out += Hex.encode([byte]).utf8
            }
        }
    }
}

extension PythonObject {
    /// The SHA-256 of the canonical form: what redactions and re-attestations call a payload's
    /// hash.
    var canonicalHash: [UInt8] { SHA256.hash(PythonJSON.object(self).canonicalBytes) }
}
