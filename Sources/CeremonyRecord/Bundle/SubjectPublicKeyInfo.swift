// Ed25519 public keys as `openssl` reads them: RFC 8410 section 4. OpenSSH 9.2 cannot convert its
// own form into this one, so the bundle holds both.

/// The SubjectPublicKeyInfo of an Ed25519 key.
public enum SubjectPublicKeyInfo {
    /// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes } up to the key.
    private static let prefix: [UInt8] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    /// The DER form of a point's 32 bytes.
    public static func der(of point: [UInt8]) -> [UInt8] { prefix + point }

    /// The PEM form of a point's 32 bytes: 44 bytes of DER fit into one line.
    public static func pem(of point: [UInt8]) -> String {
        "-----BEGIN PUBLIC KEY-----\n\(Base64.encode(der(of: point)))\n-----END PUBLIC KEY-----\n"
    }
}
