// The hashes of the log's tree (RFC 6962 section 2.1, RFC 9162 section 2.1.1). The prefix byte
// keeps a leaf from ever being taken for a node.

import Sodium

/// Leaf and node hashes of the tree.
public enum TreeHash {
    /// SHA-256(0x00 || line): the hash of a log line without its LF.
    public static func leaf(_ line: [UInt8]) -> Digest {
        Digest(unchecked: SHA256.hash([0], line))
    }

    /// SHA-256(0x01 || left || right).
    public static func node(_ left: Digest, _ right: Digest) -> Digest {
        Digest(unchecked: SHA256.hash([1], left.bytes, right.bytes))
    }

    /// The root of a tree without leaves: SHA-256 of nothing.
    public static let empty = Digest(of: [])
}

/// The state of a log in one line: how many leaves, and their root.
public struct TreeHead: Hashable, Sendable {
    /// The number of leaves.
    public let size: Int
    /// The root over them.
    public let root: Digest

    /// A head by its parts.
    public init(size: Int, root: Digest) {
        self.size = size
        self.root = root
    }

    /// The head of a tree without leaves.
    public static let empty = TreeHead(size: 0, root: TreeHash.empty)
}
