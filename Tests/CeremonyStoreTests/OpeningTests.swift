// What the ledger will not open, and what raw SQL cannot do to a log that it made.

import CeremonyEngine
import GRDB
import Glibc
import Testing

@testable import CeremonyStore

@Suite struct OpeningTests {
    /// Runs raw SQL on a closed log, as the sqlite3 shell would.
    private func run(_ sql: String, on scratch: Scratch) throws {
        let queue = try DatabaseQueue(path: scratch.database)
        try queue.inDatabase { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func refusal(_ scratch: Scratch) -> StoreRefusal? {
        #expect(throws: StoreRefusal.self) { try scratch.openLedger() }
    }

    private func isDamaged(_ refusal: StoreRefusal?) -> Bool {
        if case .damaged = refusal { true } else { false }
    }

    @Test(
        "events and head are held by triggers that raw SQL meets too",
        arguments: [
            "UPDATE event SET line = x'00' WHERE seq = 1",
            "UPDATE event SET seq = 9 WHERE seq = 2",
            "DELETE FROM event WHERE seq = 2",
            "DELETE FROM event",
            "REPLACE INTO event VALUES (1, x'00')",
            "INSERT INTO event VALUES (1, x'00') ON CONFLICT DO UPDATE SET line = x'00'",
            "INSERT INTO event VALUES (4, x'00')",
            "INSERT INTO event VALUES (3, 'text')",
            "INSERT INTO event VALUES (3, x'')",
            "INSERT INTO head VALUES (2, 3, zeroblob(32), NULL, 0)",
            "REPLACE INTO head VALUES (1, 0, zeroblob(32), NULL, 0)",
            "UPDATE head SET size = 2",
            "UPDATE head SET size = 4",
            "UPDATE head SET root = zeroblob(32)",
            "UPDATE head SET checkpoint = NULL, checkpoint_size = 0",
            "UPDATE head SET checkpoint_size = 1",
            "UPDATE head SET checkpoint_size = 4",
            "DELETE FROM head",
        ])
    func triggers(sql: String) throws {
        let scratch = try Scratch.holdingLog(of: 3)
        try scratch.openLedger().store(checkpoint: note(2), size: 2)
        let error = #expect(throws: DatabaseError.self) { try run(sql, on: scratch) }
        #expect(error?.resultCode == .SQLITE_CONSTRAINT)
        let ledger = try scratch.openLedger()
        #expect(try ledger.lines(from: 0, limit: 9) == (0..<3).map(line))
        #expect(
            try ledger.head()
                == StoredHead(size: 3, root: root(3), checkpoint: note(2), checkpointSize: 2))
    }

    @Test("a trigger that was taken away, and a table that was added, are missed at the next start")
    func schemaIsChecked() throws {
        for sql in [
            "DROP TRIGGER event_delete", "CREATE TABLE more (x)", "CREATE VIEW v AS SELECT 1",
        ] {
            let scratch = try Scratch.holdingLog(of: 1)
            try run(sql, on: scratch)
            #expect(isDamaged(refusal(scratch)), "\(sql)")
        }
    }

    @Test(
        "a log whose events and head contradict each other is refused",
        arguments: [
            "DROP TRIGGER event_delete; DELETE FROM event WHERE seq = 1; ",
            "DROP TRIGGER event_delete; DELETE FROM event WHERE seq = 2; ",
            "DROP TRIGGER event_delete; DELETE FROM event; ",
        ])
    func contradictions(sql: String) throws {
        let scratch = try Scratch.holdingLog(of: 3)
        let trigger = try #require(Schema.statements.first { $0.contains("event_delete") })
        // The trigger is put back as it was, and goes back to its place in the list of the schema.
        try run(sql + trigger, on: scratch)
        try run(
            """
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET rowid = rowid + 10 WHERE name IN
                ('head_insert', 'head_update', 'head_delete');
            """, on: scratch)
        let refused = refusal(scratch)
        guard case .damaged(_, let reason) = refused else {
            Issue.record("not refused as damaged: \(String(describing: refused))")
            return
        }
        #expect(reason.contains("head says 3"))
    }

    @Test("a database of somebody else is refused and not one byte of it is changed")
    func foreign() throws {
        let scratch = try Scratch.holdingLog(of: 0)
        unlink(scratch.database)
        try write([], to: scratch.database)
        try run("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)", on: scratch)
        let before = try contents(of: scratch.database)
        #expect(refusal(scratch) == .foreign(path: scratch.database))
        #expect(throws: StoreRefusal.foreign(path: scratch.database)) { try scratch.createLedger() }
        #expect(try contents(of: scratch.database) == before)
        #expect(names(in: scratch.state) == ["lock", "log.sqlite"])
    }

    @Test("a file that is no database is refused and left as it is")
    func noDatabase() throws {
        let scratch = try Scratch.holdingLog(of: 0)
        let text = [UInt8](repeating: UInt8(ascii: "z"), count: 5000)
        try write(text, to: scratch.database)
        #expect(refusal(scratch) == .foreign(path: scratch.database))
        #expect(throws: StoreRefusal.foreign(path: scratch.database)) { try scratch.createLedger() }
        #expect(try contents(of: scratch.database) == text)
    }

    @Test("a log of a newer format is refused with both numbers, and left as it is")
    func newer() throws {
        let scratch = try Scratch.holdingLog(of: 1)
        try run("PRAGMA user_version = 2", on: scratch)
        let before = try contents(of: scratch.database)
        let newer = StoreRefusal.newer(path: scratch.database, found: 2, known: 1)
        #expect(refusal(scratch) == newer)
        #expect(newer.description.contains("has format 2, and this program knows formats up to 1"))
        #expect(try contents(of: scratch.database) == before)
    }

    @Test("a torn file is refused, wherever it was torn", arguments: [1, 2, 3, 7, 10])
    func torn(pages: Int) throws {
        let scratch = try Scratch.holdingLog(of: 200)
        let whole = try contents(of: scratch.database)
        try #require(whole.count > 11 * 4096)
        try write(Array(whole[..<(pages * 4096)]), to: scratch.database)
        #expect(isDamaged(refusal(scratch)))
        #expect(throws: StoreRefusal.self) { try scratch.createLedger() }
    }

    @Test("a page of other bytes is refused", arguments: [0, 1, 4, 9])
    func overwritten(page: Int) throws {
        let scratch = try Scratch.holdingLog(of: 200)
        var bytes = try contents(of: scratch.database)
        for index in (page * 4096 + 100)..<(page * 4096 + 160) { bytes[index] = 0xa5 }
        for index in (page * 4096)..<(page * 4096 + 8) where page > 0 { bytes[index] = 0xa5 }
        try write(bytes, to: scratch.database)
        #expect(isDamaged(refusal(scratch)))
    }

    @Test("a missing log and an empty file are no log, and opening makes none")
    func absent() throws {
        let scratch = try Scratch.holdingLog(of: 0)
        unlink(scratch.database)
        #expect(refusal(scratch) == .absent(path: scratch.database))
        #expect(names(in: scratch.state) == ["lock"])
        try write([], to: scratch.database)
        #expect(refusal(scratch) == .absent(path: scratch.database))
        #expect(try contents(of: scratch.database) == [])
        _ = try scratch.createLedger()
        #expect(try scratch.openLedger().head() == .empty)
    }

    @Test("a new log is made over an empty one and never over one with events")
    func exists() throws {
        _ = try Scratch.holdingLog(of: 0).createLedger()
        let scratch = try Scratch.holdingLog(of: 2)
        #expect(throws: StoreRefusal.exists(path: scratch.database, events: 2)) {
            try scratch.createLedger()
        }
        #expect(try scratch.openLedger().head().size == 2)
    }

    @Test("a second ledger on the same directory is refused while the first lives")
    func secondLedger() throws {
        let scratch = try Scratch.holdingLog(of: 1)
        let first = try scratch.openLedger()
        #expect(refusal(scratch) == .inUse(path: scratch.state, pid: getpid()))
        withExtendedLifetime(first) {}
    }

    @Test("every file has mode 0600, and a log that others could read or name is refused")
    func modes() throws {
        let scratch = try Scratch.holdingLog(of: 1)
        let ledger = try scratch.openLedger()
        try ledger.append([line(1)], after: 1, head: root(2), checkpoint: nil)
        let files = names(in: scratch.state)
        #expect(files == ["lock", "log.sqlite", "log.sqlite-shm", "log.sqlite-wal"])
        for file in files { #expect(try mode(of: scratch.state + "/" + file) == 0o600) }
    }

    @Test("a log that others could read, that has a second name or is a link is refused")
    func wrongFile() throws {
        let scratch = try Scratch.holdingLog(of: 1)
        chmod(scratch.database, 0o640)
        #expect(
            refusal(scratch)
                == .wrongMode(path: scratch.database, mode: 0o640, wanted: 0o600))
        chmod(scratch.database, 0o600)
        link(scratch.database, scratch.path + "/second")
        #expect(refusal(scratch) == .wrongKind(path: scratch.database))
        unlink(scratch.database)
        symlink(scratch.path + "/second", scratch.database)
        #expect(refusal(scratch) == .wrongKind(path: scratch.database))
    }

    @Test("a connection that does not wait for the disk is refused; a pool is such a one")
    func durability() throws {
        let scratch = try Scratch()
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        let pool = try DatabasePool(path: scratch.path + "/pool", configuration: configuration)
        let normal = StoreRefusal.notDurable(path: "p", reason: "journal_mode wal, synchronous 1")
        #expect(throws: normal) {
            try pool.writeWithoutTransaction { try SQLiteLedger.checkDurability($0, path: "p") }
        }
        let queue = try DatabaseQueue(path: scratch.path + "/queue")
        try queue.inDatabase { db in
            let rollback = StoreRefusal.notDurable(
                path: "p", reason: "journal_mode delete, synchronous 2")
            #expect(throws: rollback) { try SQLiteLedger.checkDurability(db, path: "p") }
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            #expect(throws: Never.self) { try SQLiteLedger.checkDurability(db, path: "p") }
        }
    }
}
