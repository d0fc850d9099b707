// The disk with the log. A process writes through a port of its own, and the disk remembers which
// life wrote what: the audit asks of every batch that an engine knows it.

import CeremonyEngine
import CeremonyRecord

/// What is durable.
///
/// `@unchecked Sendable`: the loop has one thread, and nobody reads it beside that.
final class Disk: @unchecked Sendable {
    /// One transaction.
    struct Batch {
        let life: Life
        /// How many lines there are after it.
        let end: Int
        /// Whether the process was told that nobody knows.
        let isInDoubt: Bool
    }

    private(set) var lines: [[UInt8]] = []
    private(set) var head = StoredHead.empty
    private(set) var batches: [Batch] = []

    init() {}

    /// A copy as somebody made it when the log had so many events.
    convenience init(copyOf disk: Disk, until size: Int) {
        self.init()
        lines = Array(disk.lines.prefix(size))
        head = StoredHead(
            size: size, root: MerkleTree(leaves: lines.map(TreeHash.leaf)).head.root,
            checkpoint: nil, checkpointSize: 0)
    }

    /// The disk as that process has it.
    func port(of life: Life) -> DiskPort { DiskPort(disk: self, life: life) }

    fileprivate func write(
        _ new: [[UInt8]], root: Digest, checkpoint: [UInt8]?, by life: Life, isInDoubt: Bool
    ) {
        let signed = lines.count
        lines += new
        batches.append(Batch(life: life, end: lines.count, isInDoubt: isInDoubt))
        head = StoredHead(
            size: lines.count, root: root, checkpoint: checkpoint ?? head.checkpoint,
            checkpointSize: checkpoint == nil ? head.checkpointSize : signed)
    }

    fileprivate func keep(_ checkpoint: [UInt8], size: Int) {
        head = StoredHead(
            size: head.size, root: head.root, checkpoint: checkpoint, checkpointSize: size)
    }
}

/// The ledger of one process.
final class DiskPort: Ledger {
    private let disk: Disk
    private let life: Life

    fileprivate init(disk: Disk, life: Life) {
        self.disk = disk
        self.life = life
    }

    func read(_ body: (_ seq: Int, _ line: [UInt8]) throws -> Void) throws {
        for (seq, line) in disk.lines.enumerated() { try body(seq, line) }
    }

    func head() throws(LedgerError) -> StoredHead { disk.head }

    func append(_ lines: [[UInt8]], after size: Int, head: Digest, checkpoint: [UInt8]?)
        throws(LedgerError)
    {
        try pass("before a write")
        guard !lines.isEmpty,
            lines.allSatisfy({ (1...65535).contains($0.count) && !$0.contains(0x0A) }),
            checkpoint == nil || size > 0, checkpoint != []
        else { throw .notStored("a batch is one or more lines of 1 to 65535 bytes") }
        guard disk.lines.count == size else {
            throw .wrongSize(expected: size, stored: disk.lines.count)
        }
        let fault = life.faults.ofDisk()
        switch fault {
        case .refuses: throw .notStored("the disk is full")
        case .loses: throw .outcomeUnknown("the disk does not answer")
        case .keepsSilently, nil: break
        }
        disk.write(
            lines, root: head, checkpoint: checkpoint, by: life, isInDoubt: fault != nil)
        if fault != nil { throw .outcomeUnknown("the disk does not answer") }
        try pass("after a write")
    }

    func store(checkpoint: [UInt8], size: Int) throws(LedgerError) {
        try pass("before a head is stored")
        guard size <= disk.head.size, size >= disk.head.checkpointSize, size > 0,
            !checkpoint.isEmpty
        else { throw .notStored("a checkpoint of size \(size) is no progress") }
        switch life.faults.ofDisk() {
        case .refuses: throw .notStored("the disk is full")
        case .loses: throw .outcomeUnknown("the disk does not answer")
        case .keepsSilently:
            disk.keep(checkpoint, size: size)
            throw .outcomeUnknown("the disk does not answer")
        case nil: disk.keep(checkpoint, size: size)
        }
        try pass("after a head is stored")
    }

    /// A process that dies here hears of nothing more.
    private func pass(_ place: String) throws(LedgerError) {
        life.pass(place)
        if life.isDead { throw .outcomeUnknown("the process is dead") }
    }
}
