// How modules write an Ed25519 curve (CKA_EC_PARAMS) and an Ed25519 public key (CKA_EC_POINT).
// Three versions of the standard and a dozen modules left two ways to send the former, four to read
// it back, and three forms of the latter.

enum Ed25519Encoding {
    /// The curve's name as a DER PrintableString, which most modules take.
    static let name: [UInt8] = [0x13, 12] + Array("edwards25519".utf8)
    /// The curve's OBJECT IDENTIFIER 1.3.101.112 of RFC 8410, for those that do not.
    static let identifier: [UInt8] = [0x06, 3, 0x2b, 0x65, 0x70]

    /// What may be sent, in the order in which it is tried.
    static let sendable = [name, identifier]

    /// What modules answer: the above, Luna's name, and the identifier that GnuPG once used.
    private static let readable: Set<[UInt8]> = [
        name, identifier, [0x13, 7] + Array("Ed25519".utf8),
        [0x06, 9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01],
    ]

    /// Whether the curve parameters are those of Ed25519 and nothing else.
    static func isEd25519(parameters: [UInt8]) -> Bool { readable.contains(parameters) }

    /// The 32 bytes of RFC 8032 in a CKA_EC_POINT; `nil` where it is nothing of the kind.
    ///
    /// The length decides: 32 bytes are the raw key (v3.1), 34 a DER OCTET STRING (SoftHSM, Yubico,
    /// OpenSC), 35 a DER BIT STRING (v3.0). A raw key that begins with 04 20 still has 32 bytes.
    static func publicKey(fromPoint point: [UInt8]) -> [UInt8]? {
        switch point.count {
        case 32: point
        case 34 where point.starts(with: [0x04, 0x20]): Array(point.dropFirst(2))
        case 35 where point.starts(with: [0x03, 0x21, 0x00]): Array(point.dropFirst(3))
        default: nil
        }
    }
}
