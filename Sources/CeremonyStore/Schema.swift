// The tables of the log and the triggers that hold them to FORMATS section 3: lines only ever come
// at the end, and the head only ever moves forward. The stored text of the schema is compared with
// this file at every start, so that a trigger that was taken away is missed before anything is
// written without it.

import Foundation
import GRDB

enum Schema {
    /// `cmny`, at byte 68 of the database file, where `file(1)` looks.
    static let applicationID = 0x636d_6e79
    /// Goes up by one when a statement below changes.
    static let version = 1

    /// Everything there is, in the order in which it is made.
    static let statements = [
        """
        CREATE TABLE event (
            seq INTEGER PRIMARY KEY CHECK (seq >= 0),
            line BLOB NOT NULL CHECK (length(line) BETWEEN 1 AND 65535)
        ) STRICT
        """,
        """
        CREATE TABLE head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            size INTEGER NOT NULL CHECK (size >= 0),
            root BLOB NOT NULL CHECK (length(root) = 32),
            checkpoint BLOB CHECK (checkpoint IS NULL OR length(checkpoint) > 0),
            checkpoint_size INTEGER NOT NULL CHECK (checkpoint_size BETWEEN 0 AND size),
            CHECK ((checkpoint IS NULL) = (checkpoint_size = 0))
        ) STRICT
        """,
        """
        CREATE TRIGGER event_insert BEFORE INSERT ON event
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM event)
        BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event goes to its end'); END
        """,
        """
        CREATE TRIGGER event_update BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'the log is append-only: no event is changed'); END
        """,
        """
        CREATE TRIGGER event_delete BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'the log is append-only: no event is removed'); END
        """,
        """
        CREATE TRIGGER head_insert BEFORE INSERT ON head
        WHEN EXISTS (SELECT 1 FROM head)
        BEGIN SELECT RAISE(ABORT, 'there is one head'); END
        """,
        """
        CREATE TRIGGER head_update BEFORE UPDATE ON head
        WHEN NEW.size IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM event)
            OR NEW.size < OLD.size
            OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
            OR NEW.checkpoint_size < OLD.checkpoint_size
        BEGIN SELECT RAISE(ABORT, 'the head only moves forward, with the events'); END
        """,
        """
        CREATE TRIGGER head_delete BEFORE DELETE ON head
        BEGIN SELECT RAISE(ABORT, 'the head is not removed'); END
        """,
    ]

    /// Whether the database is as SQLite leaves an empty file: nobody's.
    static func isBlank(_ db: Database) throws -> Bool {
        try number("PRAGMA application_id", db) == 0
            && number("PRAGMA user_version", db) == 0
            && number("SELECT count(*) FROM sqlite_schema", db) == 0
    }

    /// Makes tables, triggers and the first head; all of it or nothing.
    static func install(_ db: Database, root: [UInt8]) throws {
        try db.inTransaction(.immediate) {
            for statement in statements { try db.execute(sql: statement) }
            try db.execute(
                sql: "INSERT INTO head VALUES (1, 0, ?, NULL, 0)", arguments: [Data(root)])
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Refuses a database that is not ours, is newer, or lacks anything of the schema.
    static func check(_ db: Database, path: String) throws {
        guard try number("PRAGMA application_id", db) == applicationID else {
            throw StoreRefusal.foreign(path: path)
        }
        let found = try number("PRAGMA user_version", db)
        guard found <= version else {
            throw StoreRefusal.newer(path: path, found: found, known: version)
        }
        let stored = try String.fetchAll(
            db, sql: "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY rowid")
        guard found == version, stored == statements else {
            throw StoreRefusal.damaged(
                path: path, reason: "its tables or triggers are not those of format \(version)")
        }
    }

    /// Refuses a database whose pages, events and head contradict each other.
    static func checkContents(_ db: Database, path: String) throws {
        let verdict = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
        guard verdict == ["ok"] else {
            throw StoreRefusal.damaged(path: path, reason: verdict.joined(separator: "; "))
        }
        let events = try number("SELECT count(*) FROM event", db)
        let end = try number("SELECT coalesce(max(seq) + 1, 0) FROM event", db)
        let head = try Int.fetchOne(db, sql: "SELECT size FROM head")
        guard events == end, head == end else {
            throw StoreRefusal.damaged(
                path: path,
                reason: "it holds \(events) events, the last is number \(end - 1), and its head "
                    + "says \(head.map(String.init) ?? "nothing")")
        }
    }

    private static func number(_ sql: String, _ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: sql) ?? 0
    }
}
