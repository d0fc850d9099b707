// The same 32 bytes for everybody who is not OpenSSH: SubjectPublicKeyInfo in PEM (RFC 8410
// sections 4 and 10.1, RFC 7468). OpenSSH 9.2 cannot convert between the two, so the bundle holds
// both.

extension SSHPublicKey {
    /// The `PUBLIC KEY` block that OpenSSL reads, LF at the end of each of its three lines.
    ///
    /// For a FIDO key it is the point alone: OpenSSL cannot verify what such a token signs.
    public var pem: String {
        "\(Self.header)\n\(Base64.encode(Self.derPrefix + point))\n\(Self.footer)\n"
    }

    /// Reads a `PUBLIC KEY` block of a plain Ed25519 key, exactly as ``pem`` writes it (the last
    /// LF may be missing); `nil` for anything else and for an unsound key.
    public init?(pem: String) {
        var lines = pem.utf8.split(separator: 0x0a, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count == 3, lines[0].elementsEqual(Self.header.utf8),
            lines[2].elementsEqual(Self.footer.utf8),
            let der = Base64.decode(String(decoding: lines[1], as: UTF8.self)),
            der.count == 44, der.starts(with: Self.derPrefix)
        else { return nil }
        self.init(ed25519: Array(der.dropFirst(12)))
    }

    private static let header = "-----BEGIN PUBLIC KEY-----"
    private static let footer = "-----END PUBLIC KEY-----"
    /// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }, up to those bytes.
    private static let derPrefix: [UInt8] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
}
