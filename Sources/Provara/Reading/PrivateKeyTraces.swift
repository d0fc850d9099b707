// Whether a file holds a private key in one of the forms that people leave lying about: the
// package's own key files, and PEM. It is only looked for, so that its owner can be warned.

/// Looks for a private key's encoding in bytes that come in pieces.
struct PrivateKeyTraces {
    private static let words = [SoughtWord("\"private_key_b64\""), SoughtWord("PRIVATE KEY-----")]
    private static let longest = words.map(\.count).max() ?? 0

    /// Whether one was met.
    private(set) var isFound = false
    private var tail: [UInt8] = []

    /// Looks at the next piece.
    mutating func look(at piece: [UInt8]) {
        guard !isFound else { return }
        // A word may lie across two pieces.
        let seam = tail + piece.prefix(Self.longest)
        isFound = Self.words.contains {
            $0.place(in: seam) != nil || $0.place(in: piece) != nil
        }
        tail = Array((piece.count < Self.longest ? tail + piece : piece).suffix(Self.longest))
    }
}
