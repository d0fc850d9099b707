// What everybody may read at any time without waiting for a token or a disk: the state as of the
// last durable append, how far the log key has signed it, and the tree for proofs.

import CeremonyRecord
public import CeremonyRules
import Synchronization

/// A consistent look at the log.
public struct Snapshot: Sendable {
    /// The fold of everything that is durable.
    public var state: State
    /// The newest checkpoint that the log key signed, as a note's bytes.
    public var checkpoint: [UInt8]?
    /// How many events that checkpoint covers.
    public var checkpointSize: Int
    /// Whether the log token is locked, so that nothing can be recorded.
    public var isSealed: Bool
    /// Whether the halt file, or a halt in memory, stands beside the log.
    public var isHaltedByFile: Bool
    /// The halts that stand beside the log, whether or not the log has them.
    var held: [HaltFile.Held] = []
    /// What is known about whether this is the newest log.
    public var rollback = RollbackStanding.unknown

    /// Whether the house is halted, by the log or by the file.
    public var isHalted: Bool { state.isHalted || isHaltedByFile }

    /// The halts that the log does not have yet, in the order in which they came.
    public var halts: [HaltFile.Held] {
        held.filter { held in
            switch held {
            case .act(let document, let sshsig, _):
                (try? state.receipt(document: document, sshsig: sshsig)) == nil
            case .invariant(let name, _, let after): !state.hasRaised(name, since: after)
            case .unreadable:
                !state.halts.contains { $0.by == nil && $0.reason == Invariant.haltFile.rawValue }
            }
        }
    }

    /// Who must be able to sign for the log to go on: of each group one key. A head that is durable
    /// and not signed yet needs the keys of its own time first.
    func neededKeys(at time: Timestamp) -> [[NoteKey]] {
        checkpointSize < state.head.size ? state.headKeys : state.nextHeadKeys(at: time)
    }

    /// Takes a newer checkpoint; the one that covers more stays.
    mutating func take(_ note: [UInt8], size: Int) {
        guard size > checkpointSize else { return }
        checkpoint = note
        checkpointSize = size
    }
}

/// The published state. The fold and its signature are written by the writer only.
final class Published: Sendable {
    private let current: Mutex<Snapshot>
    private let tree: Mutex<MerkleTree>

    init(_ snapshot: Snapshot, tree: MerkleTree) {
        current = Mutex(snapshot)
        self.tree = Mutex(tree)
    }

    var snapshot: Snapshot { current.withLock { $0 } }

    func update(_ change: (inout Snapshot) -> Void) {
        current.withLock { change(&$0) }
    }

    func append(leaves: [Digest]) {
        tree.withLock { tree in
            for leaf in leaves { tree.append(leaf: leaf) }
        }
    }

    /// Size and root of everything that is durable.
    var head: TreeHead { tree.withLock { $0.head } }

    /// The root at a size; `nil` for one that the log does not reach.
    func root(at size: Int) -> Digest? { tree.withLock { $0.root(at: size) } }

    /// The leaf hash of an event; `nil` where there is none.
    func leaf(at seq: Int) -> Digest? {
        tree.withLock { (0..<$0.size).contains(seq) ? $0.leaf(seq) : nil }
    }

    func inclusionProof(of index: Int, in size: Int) -> InclusionProof? {
        tree.withLock { $0.inclusionProof(of: index, in: size) }
    }

    func consistencyProof(from old: Int, to new: Int) -> ConsistencyProof? {
        tree.withLock { $0.consistencyProof(from: old, to: new) }
    }
}
