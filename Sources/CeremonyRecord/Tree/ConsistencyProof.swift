// That a log only grew (RFC 9162 section 2.1.4).

/// The hashes that show one tree to be a prefix of another.
public struct ConsistencyProof: Hashable, Sendable {
    /// The size of the earlier tree.
    public let from: Int
    /// The size of the later tree.
    public let to: Int
    /// The hashes, in the RFC's order. Empty when the sizes are equal or the earlier is 0.
    public let path: [Digest]

    /// A proof by its parts; nothing is checked.
    public init(from: Int, to: Int, path: [Digest]) {
        self.from = from
        self.to = to
        self.path = path
    }

    /// Whether the tree with the old root is a prefix of the one with the new root.
    ///
    /// Every tree begins with the empty one, whose root must be ``TreeHash/empty``.
    public func proves(old: Digest, isPrefixOf new: Digest) -> Bool {
        guard from >= 0, from <= to else { return false }
        if from == to { return path.isEmpty && old == new && (to > 0 || new == TreeHash.empty) }
        if from == 0 { return path.isEmpty && old == TreeHash.empty }
        // A complete tree is itself the first hash and is left out of the proof.
        var hashes = (from.nonzeroBitCount == 1 ? [old] : []) + path
        guard let first = hashes.first else { return false }
        hashes.removeFirst()
        var node = from - 1
        var last = to - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var oldHash = first
        var newHash = first
        for hash in hashes {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                oldHash = TreeHash.node(hash, oldHash)
                newHash = TreeHash.node(hash, newHash)
                while node & 1 == 0, node > 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                newHash = TreeHash.node(newHash, hash)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == old && newHash == new
    }
}
