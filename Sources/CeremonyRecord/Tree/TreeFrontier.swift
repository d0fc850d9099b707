// The right edge of the tree: all that appending needs. It is small, so the writer can keep one
// with every state and throw it away when an append fails.

/// A growing tree as the roots of its complete subtrees: one for each bit of its size.
public struct TreeFrontier: Hashable, Sendable {
    /// The number of leaves.
    public private(set) var size: Int
    /// The roots of the complete subtrees, the largest (and leftmost) first.
    public private(set) var peaks: [Digest]

    /// A tree without leaves.
    public init() {
        size = 0
        peaks = []
    }

    /// Takes up a stored frontier; `nil` unless there is one peak for each bit of the size.
    public init?(size: Int, peaks: [Digest]) {
        guard size >= 0, peaks.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Appends a leaf by its ``TreeHash/leaf(_:)`` hash.
    public mutating func append(leaf: Digest) {
        var right = leaf
        // Every trailing one of the size is a complete subtree that the new leaf makes whole.
        for _ in 0..<(~size).trailingZeroBitCount {
            right = TreeHash.node(peaks.removeLast(), right)
        }
        peaks.append(right)
        size += 1
    }

    /// The root of the tree, in as many hashes as there are peaks.
    public var root: Digest {
        guard var root = peaks.last else { return TreeHash.empty }
        for peak in peaks.dropLast().reversed() {
            root = TreeHash.node(peak, root)
        }
        return root
    }

    /// Size and root.
    public var head: TreeHead { TreeHead(size: size, root: root) }
}
