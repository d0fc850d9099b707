// Reads a PKCS#11 URI in two passes: our own over the bytes, which finds what p11-kit lets pass,
// and p11-kit's, which knows RFC 7512 and how long each field is.

import CPKCS11

enum TokenURIParser {
    struct Parsed {
        var token: [UInt8]?
        var manufacturer: [UInt8]?
        var model: [UInt8]?
        var serial: [UInt8]?
        var objectLabel: [UInt8]?
        var objectID: [UInt8]?
        var objectClass: ObjectClass?
        /// Whether p11-kit understood all of it. What it does not understand it leaves out.
        var isRecognized = false
    }

    private static let fields: Set<String> = ["token", "manufacturer", "model", "serial"]
    private static let known = fields.union(["object", "id", "type"])

    /// The names of the attributes, each exactly once and each known, after a look at every byte.
    static func names(in text: [UInt8]) throws(TokenURIError) -> Set<String> {
        guard text.count <= 1024 else { throw .tooLong }
        let scheme = Array("pkcs11:".utf8)
        guard text.starts(with: scheme) else { throw .scheme }
        let rest = text.dropFirst(scheme.count)
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            let query = rest[(mark + 1)...]
            throw .query(printable(query.prefix { $0 != UInt8(ascii: "=") }))
        }
        guard isEncodedCorrectly(rest) else { throw .encoding }
        var names: Set<String> = []
        for part in rest.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")), equals > part.startIndex
            else { throw .syntax }
            let name = printable(part[..<equals])
            guard known.contains(name) else { throw .unrecognized(name) }
            guard names.insert(name).inserted else { throw .duplicate(name) }
            guard equals + 1 < part.endIndex else { throw .unusableValue(name) }
            // Fields of a token are padded with blanks, so none can end in one.
            let isPadded = Array(part.suffix(3)) == Array("%20".utf8)
            guard !isPadded || !fields.contains(name) else { throw .unusableValue(name) }
        }
        return names
    }

    /// What p11-kit makes of the text.
    static func parse(_ text: String) throws(TokenURIError) -> Parsed {
        guard let uri = unsafe p11_kit_uri_new() else { throw .syntax }
        defer { unsafe p11_kit_uri_free(uri) }
        switch unsafe p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri) {
        case Int32(P11_KIT_URI_OK.rawValue): break
        case P11_KIT_URI_BAD_SCHEME.rawValue: throw .scheme
        case P11_KIT_URI_BAD_ENCODING.rawValue: throw .encoding
        default: throw .syntax
        }
        var parsed = Parsed()
        parsed.isRecognized = unsafe p11_kit_uri_any_unrecognized(uri) == 0
        if let info = unsafe p11_kit_uri_get_token_info(uri)?.pointee {
            parsed.token = given(PaddedText.bytes(of: info.label))
            parsed.manufacturer = given(PaddedText.bytes(of: info.manufacturerID))
            parsed.model = given(PaddedText.bytes(of: info.model))
            parsed.serial = given(PaddedText.bytes(of: info.serialNumber))
        }
        parsed.objectLabel = unsafe attribute(.label, of: uri)
        parsed.objectID = unsafe attribute(.id, of: uri)
        parsed.objectClass = unsafe attribute(.class, of: uri).flatMap { bytes in
            Attribute(type: .class, value: bytes).number.map(ObjectClass.init(rawValue:))
        }
        return parsed
    }

    private static func attribute(_ type: AttributeType, of uri: OpaquePointer) -> [UInt8]? {
        guard let found = unsafe p11_kit_uri_get_attribute(uri, type.rawValue)?.pointee,
            let value = unsafe found.pValue
        else { return nil }
        return unsafe given(
            Array(UnsafeRawBufferPointer(start: value, count: Int(found.ulValueLen))))
    }

    private static func given(_ bytes: [UInt8]) -> [UInt8]? { bytes.isEmpty ? nil : bytes }

    /// Whether there are only bytes that a path of RFC 7512 may hold, and every `%` is complete.
    /// A zero byte is refused too, written out or not: C would see the end of the text there.
    private static func isEncodedCorrectly(_ text: ArraySlice<UInt8>) -> Bool {
        let plain = Set("-._~:[]@!$'()*+,=&;".utf8)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                continue
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(isHexDigit), Array(digits) != [48, 48]
                else { return false }
                rest = rest.dropFirst(2)
            default:
                guard plain.contains(byte) else { return false }
            }
        }
        return true
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// A piece of the URI for an error text: short, and without control characters.
    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        String(
            decoding: bytes.prefix(40).map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }
}
