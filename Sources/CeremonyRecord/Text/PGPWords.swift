// Digests to be read aloud: people in one room compare 32 words more surely than 64 hex digits. A
// word left out, doubled or swapped shows, because even and odd positions have words of their own.

/// The PGP words of byte strings, and back.
public enum PGPWords {
    /// One word for each byte: of two syllables at even positions, of three at odd ones.
    public static func words(of bytes: [UInt8]) -> [String] {
        bytes.enumerated().map { position, byte in
            (position.isMultiple(of: 2) ? even : odd)[Int(byte)]
        }
    }

    /// The bytes of words that were typed, upper and lower case alike; `nil` for a word that is not
    /// on the list or stands at the wrong parity.
    public static func bytes(of words: [String]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for (position, word) in words.enumerated() {
            let values = position.isMultiple(of: 2) ? evenValues : oddValues
            guard let byte = values[lowercased(word)] else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// The words in rows of at most eight, each a line: as they are shown and read.
    public static func rows(_ words: [String]) -> [String] {
        stride(from: 0, to: words.count, by: 8).map { start in
            words[start..<min(start + 8, words.count)].joined(separator: " ")
        }
    }

    private static let evenValues = values(of: even)
    private static let oddValues = values(of: odd)

    private static func values(of words: [String]) -> [[UInt8]: UInt8] {
        var values: [[UInt8]: UInt8] = [:]
        for (value, word) in words.enumerated() { values[lowercased(word)] = UInt8(value) }
        return values
    }

    /// ASCII letters made small, by bytes: nothing else can be on the list.
    private static func lowercased(_ word: String) -> [UInt8] {
        word.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }
}
