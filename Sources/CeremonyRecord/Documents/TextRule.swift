// The text rules as yes-or-no questions, for documents and events. FORMATS section 1. Bytes only:
// `String ==` is canonical equivalence, and CR LF is one Character.

/// Questions about texts.
enum TextRule {
    /// An identifier that cannot be taken for the word that says there is none.
    static func isIdentifier(_ text: String) -> Bool {
        Identifier.isValid(text) && !text.utf8.elementsEqual("none".utf8)
    }

    /// Printable ASCII, not empty, no space at either end.
    static func isTrimmedASCII(_ text: String) -> Bool {
        !text.utf8.isEmpty && isPrintableASCII(text) && text.utf8.first != 0x20
            && text.utf8.last != 0x20
    }

    static func isPrintableASCII(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }

    /// Printable ASCII of any length, or the characters of free text.
    static func isRecordable(_ text: String) -> Bool {
        isPrintableASCII(text) || FreeText.isValid(text, bytesMax: DocumentLines.bytesMax)
    }

    /// Whether every string of a value is recordable.
    static func isRecordable(_ value: JSON) -> Bool {
        switch value {
        case .null: false
        case .bool, .number: true
        case .string(let text): isRecordable(text)
        case .array(let items): items.allSatisfy { isRecordable($0) }
        case .object(let fields): fields.values.allSatisfy { isRecordable($0) }
        }
    }

    /// Lower-case words joined by single hyphens.
    static func isCode(_ text: String) -> Bool {
        isHyphenated(text) { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
    }

    /// Words of either case joined by single hyphens.
    static func isStateWord(_ text: String) -> Bool {
        isHyphenated(text) { (0x61...0x7a).contains($0 | 0x20) }
            && !text.utf8.elementsEqual("none".utf8)
    }

    /// A PKCS#11 URI that carries no PIN and names no place to find one.
    static func isTokenURI(_ text: String) -> Bool {
        guard text.utf8.starts(with: "pkcs11:".utf8), text.utf8.count > 7,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return false }
        let attributes = text.utf8.dropFirst(7).split(whereSeparator: { ";?&".utf8.contains($0) })
        return !attributes.contains { $0.starts(with: "pin-".utf8) }
    }

    /// Whether each text is above the one before, by their bytes.
    static func isRising(_ texts: [String]) -> Bool {
        zip(texts, texts.dropFirst()).allSatisfy { precedes($0, $1) }
    }

    /// The order of bytes.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// The parts between a separator, empty ones kept; at most `parts` of them.
    static func split(_ text: String, at separator: Unicode.Scalar, parts: Int = .max) -> [String] {
        text.utf8.split(
            separator: UInt8(ascii: separator), maxSplits: parts - 1,
            omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func isHyphenated(_ text: String, _ isLetter: (UInt8) -> Bool) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && $0.allSatisfy(isLetter) }
    }
}
