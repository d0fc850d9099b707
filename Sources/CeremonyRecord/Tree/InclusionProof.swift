// That a line is in the log (RFC 9162 section 2.1.3).

/// The hashes that lead from one leaf to the root of a tree.
public struct InclusionProof: Hashable, Sendable {
    /// The leaf's index: the `seq` of its event.
    public let index: Int
    /// The size of the tree.
    public let size: Int
    /// The sibling at each level, from the leaf upwards.
    public let path: [Digest]

    /// A proof by its parts; nothing is checked.
    public init(index: Int, size: Int, path: [Digest]) {
        self.index = index
        self.size = size
        self.path = path
    }

    /// Whether the leaf stands at ``index`` in the tree of ``size`` leaves with this root.
    public func proves(leaf: Digest, in root: Digest) -> Bool {
        guard index >= 0, index < size else { return false }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in path {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                hash = TreeHash.node(sibling, hash)
                // At the ragged right edge a node rises alone until it is a right child.
                while node & 1 == 0, node > 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = TreeHash.node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }
}
