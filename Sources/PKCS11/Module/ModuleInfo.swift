// What a module says about itself (CK_INFO, PKCS#11 v2.40 section 3.1), and the two notations that
// all the info structures share: text padded with blanks, and versions in two numbers.

import CPKCS11

/// A module's description of itself. Nothing of it is proven.
public struct ModuleInfo: Hashable, Sendable {
    /// Who made the module.
    public let manufacturer: String
    /// What the module is called.
    public let library: String
    /// The module's own version.
    public let libraryVersion: Version
    /// The version of the standard it implements.
    public let cryptokiVersion: Version

    init(_ info: CK_INFO) {
        manufacturer = PaddedText.text(of: info.manufacturerID)
        library = PaddedText.text(of: info.libraryDescription)
        libraryVersion = Version(info.libraryVersion)
        cryptokiVersion = Version(info.cryptokiVersion)
    }
}

/// A version in the two numbers of CK_VERSION.
public struct Version: Hashable, Sendable, CustomStringConvertible {
    /// The number before the point.
    public let major: UInt8
    /// The number after it, in hundredths where a vendor follows the standard.
    public let minor: UInt8

    init(_ version: CK_VERSION) {
        major = version.major
        minor = version.minor
    }

    /// The two numbers with a point between them.
    public var description: String { "\(major).\(minor)" }
}

/// Text in a field of fixed length, padded with blanks (some modules pad with zero bytes).
enum PaddedText {
    /// The bytes of a C array without the padding behind them.
    static func bytes<Field: BitwiseCopyable>(of field: Field) -> [UInt8] {
        unsafe withUnsafeBytes(of: field) { field in
            let end = unsafe field.lastIndex { $0 != 0x20 && $0 != 0 }.map { $0 + 1 } ?? 0
            return unsafe Array(field[..<end])
        }
    }

    /// The same as text; bytes that are not UTF-8 are replaced.
    static func text<Field: BitwiseCopyable>(of field: Field) -> String {
        String(decoding: bytes(of: field), as: UTF8.self)
    }
}
