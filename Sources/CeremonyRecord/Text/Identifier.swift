// Names that people give to people, subjects and ceremonies (FORMATS section 1). They stand in file
// names and between spaces, so they hold nothing that would have to be quoted.

/// The rule for identifiers.
public enum Identifier {
    /// Whether the text matches `[a-z0-9][a-z0-9._-]{0,62}` without `..`.
    public static func isValid(_ text: String) -> Bool {
        guard (1...63).contains(text.utf8.count) else { return false }
        var previous = UInt8(ascii: ".")
        var isFirst = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case UInt8(ascii: "_"), UInt8(ascii: "-"): if isFirst { return false }
            case UInt8(ascii: "."): if previous == UInt8(ascii: ".") { return false }
            default: return false
            }
            previous = byte
            isFirst = false
        }
        return true
    }

    /// Whether the text may name a person: the words that stand for somebody in documents and file
    /// names are nobody's name.
    public static func isPersonName(_ text: String) -> Bool {
        isValid(text)
            && !reserved.contains { $0.utf8.elementsEqual(text.utf8) }
    }

    private static let reserved = ["initiator", "new-key", "old-key", "none"]
}
