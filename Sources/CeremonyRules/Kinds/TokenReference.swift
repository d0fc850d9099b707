// A token as statements name it: by four facts, written as one RFC 7512 URI in one order. The rules
// cannot look at a token; they can hold that every document names the same one.

/// The manufacturer, model, serial and label of a token.
public struct TokenReference: Hashable, Sendable, CustomStringConvertible {
    /// CKA label of the token, up to 32 bytes.
    public let label: String
    /// Its manufacturer.
    public let manufacturer: String
    /// Its model.
    public let model: String
    /// Its serial.
    public let serial: String

    /// A token by its four facts, as `C_GetTokenInfo` gives them without padding.
    public init(label: String, manufacturer: String, model: String, serial: String) {
        self.label = label
        self.manufacturer = manufacturer
        self.model = model
        self.serial = serial
    }

    /// Reads exactly what ``uri`` writes; `nil` for anything else.
    public init?(uri: String) {
        var values: [String] = []
        let parts = uri.utf8.dropFirst(7).split(
            separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        for (part, name) in zip(parts, ["token=", "manufacturer=", "model=", "serial="]) {
            guard part.starts(with: name.utf8),
                let value = TokenReference.unescaped(part.dropFirst(name.utf8.count))
            else { return nil }
            values.append(value)
        }
        self.init(
            label: values[0], manufacturer: values[1], model: values[2], serial: values[3])
        // What was split above is only a guess; what it writes decides, scheme and escapes
        // included.
        guard self.uri.utf8.elementsEqual(uri.utf8), !label.isEmpty, !serial.isEmpty else {
            return nil
        }
    }

    /// `pkcs11:token=...;manufacturer=...;model=...;serial=...`, everything but the unreserved
    /// characters of RFC 3986 escaped.
    public var uri: String {
        "pkcs11:token=\(TokenReference.escaped(label))"
            + ";manufacturer=\(TokenReference.escaped(manufacturer))"
            + ";model=\(TokenReference.escaped(model));serial=\(TokenReference.escaped(serial))"
    }

    /// The same as ``uri``.
    public var description: String { uri }

    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    private static let hex = Array("0123456789ABCDEF".utf8)

    private static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if unreserved.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(_ text: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hex.firstIndex(of:)),
                let low = rest.popFirst().flatMap(hex.firstIndex(of:))
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
