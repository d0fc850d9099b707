// The logs before a log, in its state directory: kept and read back as they were, and never longer
// than the last attempt said.

import CeremonyRecord
import CeremonyStore
import Glibc
import Testing

@Suite("Earlier logs in the state directory")
struct EarlierLogTests {
    private let logs = [
        EarlierLog(events: Array("two\n".utf8), checkpoint: [2]),
        EarlierLog(events: Array("one\n".utf8), checkpoint: [1]),
    ]

    @Test("They are read back as they were kept, the nearest first; at first there are none")
    func kept() throws {
        let scratch = try Scratch()
        let directory = try StateDirectory(scratch.state, create: true)
        #expect(try directory.earlierLogs().isEmpty)
        try directory.keep([])
        #expect(try directory.earlierLogs().isEmpty)
        try directory.keep(logs)
        #expect(try directory.earlierLogs() == logs)
        // A second attempt at founding, from another export.
        try directory.keep([logs[1]])
        #expect(try directory.earlierLogs() == [logs[1]])
    }

    @Test("A link or a folder where a file should be is refused")
    func links() throws {
        let scratch = try Scratch()
        let directory = try StateDirectory(scratch.state, create: true)
        try directory.keep([logs[0]])
        let path = scratch.state + "/predecessor/log/events.jsonl"
        #expect(rename(path, scratch.path + "/elsewhere") == 0)
        #expect(symlink(scratch.path + "/elsewhere", path) == 0)
        #expect(throws: StoreRefusal.self) { try directory.earlierLogs() }
        #expect(throws: StoreRefusal.self) { try directory.keep([logs[0]]) }
        #expect(unlink(path) == 0 && mkdir(path, 0o700) == 0)
        #expect(throws: StoreRefusal.self) { try directory.earlierLogs() }
    }
}
