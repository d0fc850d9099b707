// The name of a token, or of an object on it, as a PKCS#11 URI (RFC 7512). A URI decides which
// token receives a key, so this reading is narrower than the RFC: what is not understood is
// refused.

/// A PKCS#11 URI that names a token by label, manufacturer, model and serial number, and maybe an
/// object on it by label, identifier and type.
///
/// Attributes that are absent match anything. Values are bytes and are compared as bytes.
public struct TokenURI: Hashable, Sendable {
    /// `token`: the label.
    public private(set) var token: [UInt8]?
    /// `manufacturer`.
    public private(set) var manufacturer: [UInt8]?
    /// `model`.
    public private(set) var model: [UInt8]?
    /// `serial`.
    public private(set) var serial: [UInt8]?
    /// `object`: the object's label (CKA_LABEL).
    public private(set) var objectLabel: [UInt8]?
    /// `id`: the object's identifier (CKA_ID).
    public private(set) var objectID: [UInt8]?
    /// `type`: the object's class.
    public private(set) var objectClass: ObjectClass?

    /// Reads a URI.
    ///
    /// p11-kit parses it (RFC 7512 section 2.3); before and after, everything is refused that
    /// p11-kit takes lightly: attributes given twice, attributes other than the seven of this type,
    /// white space, values that are empty, blank, too long for their field or not understood, and
    /// any query (`pin-value` would carry a PIN in the clear).
    public init(_ text: String) throws(TokenURIError) {
        let given = try TokenURIParser.names(in: Array(text.utf8))
        let parsed = try TokenURIParser.parse(text)
        token = parsed.token
        manufacturer = parsed.manufacturer
        model = parsed.model
        serial = parsed.serial
        objectLabel = parsed.objectLabel
        objectID = parsed.objectID
        objectClass = parsed.objectClass
        // What was written must have arrived: a lost attribute would match every token.
        for (name, value) in values where given.contains(name) != (value != nil) {
            throw .unusableValue(name)
        }
        // Whatever p11-kit left out for a reason that is not known here.
        guard parsed.isRecognized else { throw .syntax }
    }

    /// The URI that names exactly the token that described itself so.
    public init(of info: TokenInfo) {
        func given(_ bytes: [UInt8]) -> [UInt8]? { bytes.isEmpty ? nil : bytes }
        token = given(info.labelBytes)
        manufacturer = given(info.manufacturerBytes)
        model = given(info.modelBytes)
        serial = given(info.serialBytes)
    }

    /// The same token, and on it the object with this class, identifier and label.
    public func naming(_ objectClass: ObjectClass?, id: [UInt8]?, label: [UInt8]? = nil)
        -> TokenURI
    {
        var uri = self
        uri.objectClass = objectClass
        uri.objectID = id
        uri.objectLabel = label
        return uri
    }

    /// Whether every attribute given here for a token is, byte for byte, the token's own.
    public func matches(_ info: TokenInfo) -> Bool {
        (token ?? info.labelBytes) == info.labelBytes
            && (manufacturer ?? info.manufacturerBytes) == info.manufacturerBytes
            && (model ?? info.modelBytes) == info.modelBytes
            && (serial ?? info.serialBytes) == info.serialBytes
    }

    /// Whether the URI names a token and no object.
    public var isTokenOnly: Bool { objectLabel == nil && objectID == nil && objectClass == nil }

    /// Refuses a URI that is too vague to write by: label and serial number must be given.
    public func requireWritable() throws(TokenURIError) {
        guard token != nil else { throw .missing("token") }
        guard serial != nil else { throw .missing("serial") }
        guard isTokenOnly else { throw .namesObject }
    }

    private var values: [(name: String, value: [UInt8]?)] {
        [
            ("token", token), ("manufacturer", manufacturer), ("model", model),
            ("serial", serial), ("object", objectLabel), ("id", objectID),
            ("type", objectClass?.uriName.map { Array($0.utf8) }),
        ]
    }
}

extension TokenURI: CustomStringConvertible {
    /// The canonical text: the attributes that are given, in the order token, manufacturer, model,
    /// serial, object, id, type; every byte but the unreserved ones of RFC 3986 as `%XX`, and of
    /// `id` every byte.
    public var description: String {
        let attributes = values.compactMap { name, value in
            value.map { "\(name)=" + Self.encoded($0, whole: name == "id") }
        }
        return "pkcs11:" + attributes.joined(separator: ";")
    }

    private static func encoded(_ bytes: [UInt8], whole: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                if whole { fallthrough } else { text.append(byte) }
            default:
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Why a text is not taken as the name of a token.
public enum TokenURIError: Error, Hashable, Sendable {
    /// It does not begin with `pkcs11:`.
    case scheme
    /// It is longer than 1024 bytes.
    case tooLong
    /// It holds a byte that a URI cannot hold, or a `%` without two hexadecimal digits.
    case encoding
    /// Something between two separators is not `name=value`.
    case syntax
    /// An attribute that is not understood here.
    case unrecognized(String)
    /// An attribute that stands there twice.
    case duplicate(String)
    /// A query; it would say how to get at the PIN or the module, which is decided elsewhere.
    case query(String)
    /// The attribute's value is empty, blank, too long for its field, or unknown.
    case unusableValue(String)
    /// The attribute is needed where something is written.
    case missing(String)
    /// An object is named where only a token may be.
    case namesObject
}

extension TokenURIError: CustomStringConvertible {
    /// What is wrong with the text.
    public var description: String {
        switch self {
        case .scheme: "a token is named by a URI that begins with \"pkcs11:\""
        case .tooLong: "a token URI has at most 1024 bytes"
        case .encoding: "the token URI holds a byte that has to be written as %XX"
        case .syntax: "the token URI is not a list of name=value separated by semicolons"
        case .unrecognized(let name): "the token URI has an attribute not known here: \(name)"
        case .duplicate(let name): "the token URI gives \(name) twice"
        case .query(let name): "the token URI must not have a query (\(name))"
        case .unusableValue(let name): "the token URI's \(name) is empty, too long or unknown"
        case .missing(let name): "the token URI must give \(name) where something is written"
        case .namesObject: "the URI names an object where a token is wanted"
        }
    }
}
