// The narrow door between the engine and whatever keeps the log. The writer is its only user: it
// appends whole batches with the head that results, and hears nothing back until they are durable
// (FORMATS section 3). Kept this small so that the store can be replaced in a day.

public import CeremonyRecord

/// Keeps the lines of the log, the head after them and the newest signed checkpoint.
///
/// A ledger stores bytes and judges none of them: what the lines mean, whether they chain, and
/// whether the root is theirs is for the writer and for replay. It promises order, durability, and
/// that what was stored is never changed.
///
/// One owner at a time calls `append` and `store`; reads may come from any thread.
public protocol Ledger: AnyObject, Sendable {
    /// Hands over everything stored, in order, from `seq` 0. Called once at start.
    ///
    /// - Throws: ``LedgerError`` where the store cannot be read, and whatever `body` throws.
    func read(_ body: (_ seq: Int, _ line: [UInt8]) throws -> Void) throws

    /// The head stored with the last append, and the newest signed checkpoint, if any.
    func head() throws(LedgerError) -> StoredHead

    /// Appends a batch in one transaction; it is on the disk when this returns.
    ///
    /// - Parameters:
    ///   - lines: at least one line without its LF, 1 to 65535 bytes each (FORMATS section 1).
    ///   - size: how many lines the caller believes to be stored.
    ///   - head: the root of the tree after the lines.
    ///   - checkpoint: the signed note of the head at `size`, to be stored with what follows it;
    ///     `nil` where there is none yet (an empty log) or where it is stored already.
    /// - Throws: ``LedgerError/wrongSize(expected:stored:)`` and ``LedgerError/notStored(_:)``
    ///   leave everything as it was; after the first, and after
    ///   ``LedgerError/outcomeUnknown(_:)``, the process has to end.
    func append(_ lines: [[UInt8]], after size: Int, head: Digest, checkpoint: [UInt8]?)
        throws(LedgerError)

    /// Stores the signed note of the head at `size` alone; it is on the disk when this returns.
    ///
    /// For a graceful stop, and for when nothing else is appended. A note older than the one that
    /// is stored, or of a head that is not stored, is refused.
    func store(checkpoint: [UInt8], size: Int) throws(LedgerError)
}

/// What a ledger knows of its own end.
public struct StoredHead: Equatable, Sendable {
    /// How many lines are stored.
    public let size: Int
    /// The root that came with the last append; the root of the empty tree before the first.
    public let root: Digest
    /// The newest signed note that was stored, as its bytes.
    public let checkpoint: [UInt8]?
    /// The tree size of that note, 0 where there is none.
    public let checkpointSize: Int

    /// Puts the four together.
    public init(size: Int, root: Digest, checkpoint: [UInt8]?, checkpointSize: Int) {
        self.size = size
        self.root = root
        self.checkpoint = checkpoint
        self.checkpointSize = checkpointSize
    }

    /// The head of a log that has no line: the root is the SHA-256 of nothing (RFC 6962 2.1).
    public static let empty = StoredHead(
        size: 0, root: Digest(of: []), checkpoint: nil, checkpointSize: 0)
}

/// Why a ledger did not do what it was asked.
public enum LedgerError: Error, Equatable, Sendable {
    /// The batch was meant to follow another size than the one that is stored. Nothing changed by
    /// it, but somebody else writes, or has written, to the log: the state in memory is not the
    /// log's any more, and the process has to end.
    case wrongSize(expected: Int, stored: Int)
    /// The request was refused or failed before anything was committed. Nothing changed.
    case notStored(String)
    /// What is stored cannot be read, or contradicts itself.
    case unreadable(String)
    /// The commit itself failed: whether the batch is on the disk can only be told by reading the
    /// disk again, and after a failed fsync the kernel may claim a success that never was. The
    /// process has to end; the ledger takes nothing more.
    case outcomeUnknown(String)

    /// Whether the only safe way on is to end the process and to read the log again.
    public var endsProcess: Bool {
        switch self {
        case .wrongSize, .outcomeUnknown: true
        case .notStored, .unreadable: false
        }
    }
}

extension LedgerError: CustomStringConvertible {
    /// What happened and what to do, for a person.
    public var description: String {
        switch self {
        case .wrongSize(let expected, let stored):
            "the log on the disk ends behind event \(stored - 1) where this daemon had written up "
                + "to event \(expected - 1): another program writes to the database, or it was "
                + "changed or replaced while the daemon ran. Nothing was written, and the daemon "
                + "ends: find out who did it, keep the state directory as evidence, then start it"
        case .notStored(let reason):
            "nothing was written to the log: \(reason)"
        case .unreadable(let reason):
            "the log cannot be read: \(reason)"
        case .outcomeUnknown(let reason):
            "writing the log failed while it was made durable (\(reason)); the daemon ends so "
                + "that the log is read again from the disk: check the disk, then start it"
        }
    }
}
