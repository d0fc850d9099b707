// A tree that keeps the root of every complete subtree, so that the root of any earlier size and
// any proof can be given (RFC 6962 sections 2.1.1 and 2.1.2). It takes twice the leaves in memory.

/// The whole tree, for proofs and for the root at an earlier size.
public struct MerkleTree: Hashable, Sendable {
    /// `levels[n]` holds the roots of the complete subtrees of 2^n leaves, from left to right.
    private var levels: [[Digest]] = [[]]

    /// A tree of these leaf hashes, in order.
    public init(leaves: some Sequence<Digest> = []) {
        for leaf in leaves { append(leaf: leaf) }
    }

    /// The number of leaves.
    public var size: Int { levels[0].count }

    /// The leaf hash at an index.
    ///
    /// - Precondition: the index is below ``size``.
    public func leaf(_ index: Int) -> Digest { levels[0][index] }

    /// Appends a leaf by its ``TreeHash/leaf(_:)`` hash.
    public mutating func append(leaf: Digest) {
        levels[0].append(leaf)
        var level = 0
        while levels[level].count.isMultiple(of: 2) {
            let count = levels[level].count
            let node = TreeHash.node(levels[level][count - 2], levels[level][count - 1])
            level += 1
            if level == levels.count { levels.append([]) }
            levels[level].append(node)
        }
    }

    /// The root of all leaves.
    public var root: Digest { subtree(0..<size) }

    /// The size and root of all leaves.
    public var head: TreeHead { TreeHead(size: size, root: root) }

    /// The root of the first leaves; `nil` for a size that the tree never had.
    public func root(at size: Int) -> Digest? {
        (0...self.size).contains(size) ? subtree(0..<size) : nil
    }

    /// The proof that a leaf is in the tree of a size; `nil` where there is no such leaf or size.
    public func inclusionProof(of index: Int, in size: Int) -> InclusionProof? {
        guard size <= self.size, index >= 0, index < size else { return nil }
        var path: [Digest] = []
        var range = 0..<size
        while range.count > 1 {
            let middle = range.lowerBound + MerkleTree.split(range.count)
            if index < middle {
                path.append(subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return InclusionProof(index: index, size: size, path: path.reversed())
    }

    /// The proof that the tree of one size is a prefix of that of another; `nil` for sizes that the
    /// tree never had or that are in the wrong order.
    public func consistencyProof(from old: Int, to new: Int) -> ConsistencyProof? {
        guard old >= 0, old <= new, new <= size else { return nil }
        var path: [Digest] = []
        if old > 0, old < new {
            var range = 0..<new
            while range.upperBound != old {
                let middle = range.lowerBound + MerkleTree.split(range.count)
                if old <= middle {
                    path.append(subtree(middle..<range.upperBound))
                    range = range.lowerBound..<middle
                } else {
                    path.append(subtree(range.lowerBound..<middle))
                    range = middle..<range.upperBound
                }
            }
            // The old tree itself is known to whoever checks; a subtree of it is not.
            if range.lowerBound > 0 { path.append(subtree(range)) }
        }
        return ConsistencyProof(from: old, to: new, path: path.reversed())
    }

    /// The root over a range that begins at a multiple of the power of two it fits into.
    private func subtree(_ range: Range<Int>) -> Digest {
        if range.isEmpty { return TreeHash.empty }
        if range.count.nonzeroBitCount == 1 {
            let level = range.count.trailingZeroBitCount
            return levels[level][range.lowerBound >> level]
        }
        let middle = range.lowerBound + MerkleTree.split(range.count)
        return TreeHash.node(
            subtree(range.lowerBound..<middle), subtree(middle..<range.upperBound))
    }

    /// The largest power of two below a count of at least two.
    private static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }
}
