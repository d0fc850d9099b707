// The tree over a manifest: a leaf is the SHA-256 of an entry, a node that of its two children, and
// an odd node at the end of a level is paired with itself. Leaves and nodes are not told apart.

import Sodium

/// The root of a vault's tree of files.
public struct MerkleRoot: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// The root over leaves; over none, the SHA-256 of nothing.
    public init(leaves: [[UInt8]]) {
        guard !leaves.isEmpty else {
            bytes = SHA256.hash([])
            return
        }
        var level = leaves.map { SHA256.hash($0) }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map {
                SHA256.hash(level[$0], level[min($0 + 1, level.count - 1)])
            }
        }
        bytes = level[0]
    }

    /// Reads 64 lower-case hex digits.
    ///
    /// - Returns: `nil` for any other text.
    public init?(_ text: String) {
        guard let bytes = Hex.decode(text.utf8, count: 32) else { return nil }
        self.bytes = bytes
    }

    /// 64 lower-case hex digits.
    public var description: String { Hex.encode(bytes) }

    /// The bytes of `merkle_root.txt`: the digits and a line feed.
    public var fileBytes: [UInt8] { Array(description.utf8) + [UInt8(ascii: "\n")] }
}
