// The tree against the roots that Certificate Transparency published, against a plain recursive
// definition written here, and exhaustively: every proof of every tree of up to 64 leaves.

import CeremonyRecord
import Testing

@Suite("The log's tree")
struct TreeTests {
    /// The eight inputs of the Certificate Transparency reference tests.
    static let inputs = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ].map { TreeHash.leaf(Hex.decode($0) ?? []) }
    /// The published roots after each of them.
    static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test("The published roots come out")
    func published() throws {
        var frontier = TreeFrontier()
        var tree = MerkleTree()
        #expect(
            frontier.root.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(tree.head == .empty)
        for (leaf, root) in zip(Self.inputs, Self.roots) {
            frontier.append(leaf: leaf)
            tree.append(leaf: leaf)
            #expect(frontier.root.hex == root)
            #expect(tree.root.hex == root)
        }
    }

    @Test("The published inclusion and consistency paths come out")
    func publishedPaths() throws {
        let tree = MerkleTree(leaves: Self.inputs)
        #expect(
            tree.inclusionProof(of: 0, in: 8)?.path.map(\.hex) == [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ])
        #expect(
            tree.inclusionProof(of: 2, in: 3)?.path.map(\.hex) == [
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
            ])
        #expect(
            tree.consistencyProof(from: 6, to: 8)?.path.map(\.hex) == [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
    }

    /// RFC 6962 section 2.1, word for word.
    private func root(_ leaves: ArraySlice<Digest>) -> Digest {
        guard let first = leaves.first else { return TreeHash.empty }
        if leaves.count == 1 { return first }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return TreeHash.node(root(leaves.prefix(split)), root(leaves.dropFirst(split)))
    }

    private static func leaves(_ count: Int) -> [Digest] {
        (0..<count).map { TreeHash.leaf(Array("line \($0)".utf8)) }
    }

    @Test("Frontier, tree and definition agree at every size, and earlier roots are kept")
    func agree() throws {
        let leaves = Self.leaves(130)
        let tree = MerkleTree(leaves: leaves)
        var frontier = TreeFrontier()
        for size in 0...leaves.count {
            let expected = root(leaves.prefix(size))
            #expect(frontier.root == expected)
            #expect(tree.root(at: size) == expected)
            #expect(TreeFrontier(size: size, peaks: frontier.peaks) == frontier)
            if size < leaves.count { frontier.append(leaf: leaves[size]) }
        }
        #expect(tree.root(at: 131) == nil)
        #expect(tree.root(at: -1) == nil)
        #expect(TreeFrontier(size: 3, peaks: []) == nil)
    }

    @Test("Every inclusion proof up to 64 leaves holds, for its leaf and place only")
    func inclusion() throws {
        let leaves = Self.leaves(64)
        let tree = MerkleTree(leaves: leaves)
        let stranger = TreeHash.leaf(Array("no line".utf8))
        var wrong = 0
        for size in 1...64 {
            let root = try #require(tree.root(at: size))
            for index in 0..<size {
                let proof = try #require(tree.inclusionProof(of: index, in: size))
                if !proof.proves(leaf: leaves[index], in: root) { wrong += 1 }
                if proof.proves(leaf: stranger, in: root) { wrong += 1 }
                for changed in Self.damaged(proof.path) {
                    let other = InclusionProof(index: index, size: size, path: changed)
                    if other.proves(leaf: leaves[index], in: root) { wrong += 1 }
                }
                for place in [-1, index - 1, index + 1, size, size + 1] where place != index {
                    let other = InclusionProof(index: place, size: size, path: proof.path)
                    if other.proves(leaf: leaves[index], in: root) { wrong += 1 }
                }
            }
            #expect(tree.inclusionProof(of: size, in: size) == nil)
        }
        #expect(wrong == 0)
        #expect(tree.inclusionProof(of: 0, in: 65) == nil)
    }

    @Test("Every consistency proof up to 64 leaves holds, for its two roots only")
    func consistency() throws {
        let tree = MerkleTree(leaves: Self.leaves(64))
        let stranger = TreeHash.leaf(Array("no root".utf8))
        var wrong = 0
        for new in 0...64 {
            let newRoot = try #require(tree.root(at: new))
            for old in 0...new {
                let oldRoot = try #require(tree.root(at: old))
                let proof = try #require(tree.consistencyProof(from: old, to: new))
                if !proof.proves(old: oldRoot, isPrefixOf: newRoot) { wrong += 1 }
                if proof.proves(old: stranger, isPrefixOf: newRoot) { wrong += 1 }
                if old > 0, proof.proves(old: oldRoot, isPrefixOf: stranger) { wrong += 1 }
                for changed in Self.damaged(proof.path) {
                    let other = ConsistencyProof(from: old, to: new, path: changed)
                    if other.proves(old: oldRoot, isPrefixOf: newRoot) { wrong += 1 }
                }
            }
            #expect(tree.consistencyProof(from: new + 1, to: new) == nil)
        }
        #expect(wrong == 0)
        #expect(tree.consistencyProof(from: 1, to: 65) == nil)
    }

    @Test("A path longer than the tree is high proves nothing, even to the root it leads to")
    func tooLong() throws {
        let leaf = TreeHash.leaf(Array("line".utf8))
        let above = TreeHash.node(Digest.zero, leaf)
        let inclusion = InclusionProof(index: 0, size: 1, path: [Digest.zero])
        #expect(!inclusion.proves(leaf: leaf, in: above))
        #expect(InclusionProof(index: 0, size: 1, path: []).proves(leaf: leaf, in: leaf))
        let tree = MerkleTree(leaves: Self.leaves(4))
        let path = try #require(tree.consistencyProof(from: 3, to: 4)).path
        let longer = ConsistencyProof(from: 3, to: 4, path: path + [Digest.zero])
        let old = TreeHash.node(Digest.zero, try #require(tree.root(at: 3)))
        #expect(!longer.proves(old: old, isPrefixOf: TreeHash.node(Digest.zero, tree.root)))
    }

    /// The path with each hash changed, with one less, and with one more at either end.
    private static func damaged(_ path: [Digest]) -> [[Digest]] {
        let stranger = Digest.zero
        var paths = [path + [stranger], [stranger] + path]
        for index in path.indices {
            var changed = path
            changed[index] = stranger
            paths.append(changed)
        }
        if !path.isEmpty { paths += [Array(path.dropLast()), Array(path.dropFirst())] }
        return paths
    }
}
