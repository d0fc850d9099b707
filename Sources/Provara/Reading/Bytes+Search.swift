// Finding a line's end and finding words, without looking at every byte one by one.

import Glibc

extension [UInt8] {
    /// Where a byte stands first at or after a place.
    func place(of byte: UInt8, from start: Int) -> Int? {
        guard start < count else { return nil }
        return unsafe withUnsafeBytes { whole -> Int? in
            guard let base = whole.baseAddress,
                let found = unsafe memchr(base + start, Int32(byte), count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}

/// A word that is looked for in long texts (Horspool's way: most places are never looked at).
struct SoughtWord: Sendable {
    private let word: [UInt8]
    /// How far the end of the word can move on when it stands at a byte.
    private let steps: [Int]

    init(_ word: String) {
        let word = Array(word.utf8)
        var steps = [Int](repeating: word.count, count: 256)
        for (index, byte) in word.dropLast().enumerated() {
            steps[Int(byte)] = word.count - 1 - index
        }
        self.word = word
        self.steps = steps
    }

    /// How long the word is.
    var count: Int { word.count }

    /// Where the word stands first at or after a place.
    func place(in text: [UInt8], from start: Int = 0) -> Int? {
        var end = start + word.count - 1
        while end < text.count {
            let first = end - word.count + 1
            if text[end] == word[word.count - 1], text[first...end].elementsEqual(word) {
                return first
            }
            end += steps[Int(text[end])]
        }
        return nil
    }
}
