// The log on disk: one SQLite file, written by one connection, append-only by trigger. A commit is
// an fsync (WAL with synchronous=FULL). GRDB's DatabasePool sets synchronous back to NORMAL behind
// its user's hook, so this is a DatabaseQueue, and the setting is read back before anything is
// trusted to it. The only folder that imports GRDB.

public import CeremonyEngine
public import CeremonyRecord
import Foundation
import GRDB
import Synchronization

/// The ledger of the daemon, in a state directory that it keeps claimed for as long as it lives.
///
/// Every write waits for the disk and blocks its thread for that long (0.2 to 2 ms).
public final class SQLiteLedger: Ledger {
    private let directory: StateDirectory
    private let database: DatabaseQueue
    /// What went wrong at a commit; from then on nothing more is written.
    private let failure = Mutex<String?>(nil)

    /// Opens the log that the directory holds.
    ///
    /// - Throws: ``StoreRefusal``; nothing was changed then.
    public convenience init(openIn directory: StateDirectory) throws(StoreRefusal) {
        let path = directory.path(of: Self.fileName)
        guard try Self.holdsLog(directory) else { throw .absent(path: path) }
        try self.init(directory) { db in
            if try Schema.isBlank(db) { throw StoreRefusal.absent(path: path) }
        }
    }

    /// Makes an empty log in the directory, or takes up one that is still empty: what a first
    /// attempt left that was interrupted.
    ///
    /// - Throws: ``StoreRefusal/exists(path:events:)`` where there are events already, and
    ///   everything that opening throws.
    public convenience init(createIn directory: StateDirectory) throws(StoreRefusal) {
        let path = directory.path(of: Self.fileName)
        if try !Self.holdsLog(directory) { try directory.make(Self.fileName) }
        try self.init(directory) { db in
            if try Schema.isBlank(db) {
                try Schema.install(db, root: StoredHead.empty.root.bytes)
            }
        }
        let events = try Self.refusing(path) { try head().size }
        guard events == 0 else { throw .exists(path: path, events: events) }
    }

    private init(_ directory: StateDirectory, prepare: (Database) throws -> Void)
        throws(StoreRefusal)
    {
        let path = directory.path(of: Self.fileName)
        self.directory = directory
        database = try Self.refusing(path) {
            let database = try DatabaseQueue(path: path, configuration: Self.configuration)
            try database.inDatabase { db in
                try prepare(db)
                try Schema.check(db, path: path)
                try db.execute(sql: "PRAGMA journal_mode = WAL")
                try Self.checkDurability(db, path: path)
                try Schema.checkContents(db, path: path)
            }
            return database
        }
    }

    deinit {
        // Closing moves the write-ahead log into the file; where that fails it is read from there.
        try? database.close()
    }

    /// See ``Ledger``.
    public func read(_ body: (_ seq: Int, _ line: [UInt8]) throws -> Void) throws {
        var seq = 0
        while true {
            let page = try lines(from: seq, limit: 1000)
            if page.isEmpty { return }
            for line in page {
                try body(seq, line)
                seq += 1
            }
        }
    }

    /// At most `limit` lines beginning with the one that has the number `seq`; fewer at the end,
    /// none behind it.
    public func lines(from seq: Int, limit: Int) throws(LedgerError) -> [[UInt8]] {
        try reading { db in
            var lines: [[UInt8]] = []
            let rows = try Row.fetchCursor(
                db, sql: "SELECT seq, line FROM event WHERE seq >= ? ORDER BY seq LIMIT ?",
                arguments: [max(seq, 0), max(limit, 0)])
            while let row = try rows.next() {
                guard row[0] == max(seq, 0) + lines.count else {
                    throw LedgerError.unreadable("event \(seq + lines.count) is missing")
                }
                lines.append([UInt8](row[1] as Data))
            }
            return lines
        }
    }

    /// See ``Ledger``.
    public func head() throws(LedgerError) -> StoredHead {
        try reading { db in
            let columns = "size, root, checkpoint, checkpoint_size"
            guard let row = try Row.fetchOne(db, sql: "SELECT \(columns) FROM head"),
                let root = Digest(bytes: [UInt8](row[1] as Data))
            else { throw LedgerError.unreadable("it has no head") }
            return StoredHead(
                size: row[0], root: root,
                checkpoint: (row[2] as Data?).map { [UInt8]($0) }, checkpointSize: row[3])
        }
    }

    /// See ``Ledger``.
    public func append(_ lines: [[UInt8]], after size: Int, head: Digest, checkpoint: [UInt8]?)
        throws(LedgerError)
    {
        guard !lines.isEmpty, lines.allSatisfy(Self.isLine) else {
            throw .notStored("a batch is one or more lines of 1 to 65535 bytes")
        }
        try writing { db in
            let stored = try Self.storedSize(db)
            guard stored == size else {
                throw LedgerError.wrongSize(expected: size, stored: stored)
            }
            if let checkpoint { try Self.put(checkpoint, size: size, db) }
            let insert = try db.cachedStatement(sql: "INSERT INTO event (seq, line) VALUES (?, ?)")
            for (offset, line) in lines.enumerated() {
                try insert.execute(arguments: [size + offset, Data(line)])
            }
            try db.cachedStatement(sql: "UPDATE head SET size = ?, root = ?")
                .execute(arguments: [size + lines.count, Data(head.bytes)])
        }
    }

    /// See ``Ledger``.
    public func store(checkpoint: [UInt8], size: Int) throws(LedgerError) {
        try writing { db in try Self.put(checkpoint, size: size, db) }
    }

    // MARK: - Details

    static let fileName = "log.sqlite"

    private static let configuration: Configuration = {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)  // somebody looks at the file with the sqlite3 shell
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA recursive_triggers = ON;
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    """)
        }
        return configuration
    }()

    /// Reads back what the connection really does at a commit.
    static func checkDurability(_ db: Database, path: String) throws {
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "none"
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
        guard journal == "wal", synchronous == 2 else {
            throw StoreRefusal.notDurable(
                path: path, reason: "journal_mode \(journal), synchronous \(synchronous)")
        }
    }

    /// Whether there is a log; all its files must be plain files of ours.
    private static func holdsLog(_ directory: StateDirectory) throws(StoreRefusal) -> Bool {
        for suffix in ["-wal", "-shm", "-journal"] { _ = try directory.holds(fileName + suffix) }
        return try directory.holds(fileName)
    }

    private static func isLine(_ line: [UInt8]) -> Bool {
        (1...65535).contains(line.count) && !line.contains(UInt8(ascii: "\n"))
    }

    private static func storedSize(_ db: Database) throws -> Int {
        guard let size = try Int.fetchOne(db, sql: "SELECT size FROM head") else {
            throw LedgerError.unreadable("it has no head")
        }
        return size
    }

    private static func put(_ checkpoint: [UInt8], size: Int, _ db: Database) throws {
        let stored = try storedSize(db)
        guard !checkpoint.isEmpty, size > 0, size <= stored else {
            throw LedgerError.notStored("the log has no head of size \(size) to be signed")
        }
        try db.cachedStatement(sql: "UPDATE head SET checkpoint = ?, checkpoint_size = ?")
            .execute(arguments: [Data(checkpoint), size])
    }

    private func reading<R>(_ body: (Database) throws -> R) throws(LedgerError) -> R {
        do {
            return try database.inDatabase(body)
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .unreadable(Self.text(of: error))
        }
    }

    /// One transaction. What fails before the commit is rolled back and was nothing; what fails in
    /// it is not known, and ends the ledger.
    private func writing(_ body: (Database) throws -> Void) throws(LedgerError) {
        if let reason = failure.withLock({ $0 }) { throw .outcomeUnknown(reason) }
        var isCommitting = false
        do {
            try database.inDatabase { db in
                try db.inTransaction(.immediate) {
                    try body(db)
                    isCommitting = true
                    return .commit
                }
            }
        } catch let error as LedgerError {
            throw error
        } catch {
            let reason = Self.text(of: error)
            guard isCommitting else { throw .notStored(reason) }
            failure.withLock { $0 = reason }
            throw .outcomeUnknown(reason)
        }
    }

    /// Runs a part of the opening, and turns what SQLite says into a refusal.
    private static func refusing<R>(_ path: String, _ body: () throws -> R) throws(StoreRefusal)
        -> R
    {
        do {
            return try body()
        } catch let refusal as StoreRefusal {
            throw refusal
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            throw .foreign(path: path)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            throw .damaged(path: path, reason: text(of: error))
        } catch {
            throw .unusable(path: path, reason: text(of: error))
        }
    }

    private static func text(of error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return "\(error.message ?? "SQLite"), code \(error.extendedResultCode.rawValue)"
    }
}
