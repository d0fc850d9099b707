// A ledger in memory that keeps every promise of `Ledger` but durability, and breaks it where a
// test asks for that: the failures of a disk cannot be had on demand, their consequences must be.

public import CeremonyEngine
public import CeremonyRecord
import Synchronization

/// The ledger of tests that are not about the disk.
public final class MemoryLedger: Ledger {
    /// What a write can be told to do instead of succeeding.
    public enum Failure: Sendable {
        /// `notStored`: nothing changed, the ledger goes on.
        case refuse
        /// `outcomeUnknown`, and the batch is not there at the next start.
        case dieBeforeCommit
        /// `outcomeUnknown`, and the batch is there at the next start.
        case dieAfterCommit
    }

    private struct Content {
        var lines: [[UInt8]] = []
        var head = StoredHead.empty
        var batches: [Int] = []
        var script: [Failure?] = []
        var isDead = false
    }

    private let content: Mutex<Content>
    private let beforeWrite: (@Sendable () -> Void)?

    /// An empty ledger.
    ///
    /// - Parameter beforeWrite: runs at the beginning of each write, on the writer's thread; a test
    ///   can hold the writer there.
    public init(beforeWrite: (@Sendable () -> Void)? = nil) {
        content = Mutex(Content())
        self.beforeWrite = beforeWrite
    }

    private init(_ content: sending Content, beforeWrite: (@Sendable () -> Void)?) {
        self.content = Mutex(content)
        self.beforeWrite = beforeWrite
    }

    /// Says how the next writes end, in order; `nil` is a success, and so is all after the last.
    public func script(_ failures: [Failure?]) {
        content.withLock { $0.script = failures }
    }

    /// The ledger as the next start of the process would find it.
    public func reopened() -> MemoryLedger {
        let (lines, head) = content.withLock { ($0.lines, $0.head) }
        return MemoryLedger(Content(lines: lines, head: head), beforeWrite: beforeWrite)
    }

    /// The lines stored so far.
    public var lines: [[UInt8]] { content.withLock { $0.lines } }

    /// How many lines each append brought, in order: what was one transaction.
    public var batches: [Int] { content.withLock { $0.batches } }

    /// See ``Ledger``.
    public func read(_ body: (_ seq: Int, _ line: [UInt8]) throws -> Void) throws {
        for (seq, line) in lines.enumerated() { try body(seq, line) }
    }

    /// See ``Ledger``.
    public func head() throws(LedgerError) -> StoredHead {
        content.withLock { $0.head }
    }

    /// See ``Ledger``; ends as the script says.
    public func append(_ lines: [[UInt8]], after size: Int, head: Digest, checkpoint: [UInt8]?)
        throws(LedgerError)
    {
        try write { content throws(LedgerError) in
            guard !lines.isEmpty,
                lines.allSatisfy({ (1...65535).contains($0.count) && !$0.contains(0x0A) })
            else { throw .notStored("a batch is one or more lines of 1 to 65535 bytes") }
            guard content.head.size == size else {
                throw .wrongSize(expected: size, stored: content.head.size)
            }
            guard checkpoint == nil || size > 0, checkpoint != [] else {
                throw .notStored("the log has no head of size \(size) to be signed")
            }
            content.lines += lines
            content.batches.append(lines.count)
            content.head = StoredHead(
                size: size + lines.count, root: head,
                checkpoint: checkpoint ?? content.head.checkpoint,
                checkpointSize: checkpoint == nil ? content.head.checkpointSize : size)
        }
    }

    /// See ``Ledger``; ends as the script says.
    public func store(checkpoint: [UInt8], size: Int) throws(LedgerError) {
        try write { content throws(LedgerError) in
            guard size <= content.head.size, size >= content.head.checkpointSize, size > 0,
                !checkpoint.isEmpty
            else {
                throw .notStored("a checkpoint of size \(size) is no progress")
            }
            content.head = StoredHead(
                size: content.head.size, root: content.head.root,
                checkpoint: checkpoint, checkpointSize: size)
        }
    }

    private func write(_ change: (inout Content) throws(LedgerError) -> Void) throws(LedgerError) {
        beforeWrite?()
        try content.withLock { content throws(LedgerError) in
            guard !content.isDead else { throw .outcomeUnknown("an earlier write failed") }
            var changed = content
            try change(&changed)
            let failure = changed.script.isEmpty ? nil : changed.script.removeFirst()
            content.script = changed.script
            switch failure {
            case nil: content = changed
            case .refuse: throw .notStored("the test says so")
            case .dieBeforeCommit:
                content.isDead = true
                throw .outcomeUnknown("the test says so")
            case .dieAfterCommit:
                content = changed
                content.isDead = true
                throw .outcomeUnknown("the test says so")
            }
        }
    }
}
