// A process that dies or whose disk fails in the middle of appends, for real: the child is this
// test program again. What it had acknowledged is there afterwards; what is there is a prefix.

import CeremonyEngine
import CeremonyStore
import Glibc
import Testing

@Suite struct CrashTests {
    @Test(
        "SIGKILL in the middle of appends leaves a prefix that holds all that was acknowledged",
        arguments: [1_000, 7_310, 12_700, 21_050, 33_333, 50_021])
    func killed(microseconds: Int) async throws {
        let scratch = try Scratch.holdingLog(of: 1)
        let (state, acknowledged) = (scratch.state, scratch.path + "/acknowledged")
        try write([], to: acknowledged)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [
                state = state as String, acknowledged = acknowledged as String,
                microseconds = microseconds as Int
            ] in
            let ledger = try SQLiteLedger(openIn: StateDirectory(state))
            let file = open(acknowledged, O_WRONLY | O_APPEND)
            signal(SIGALRM) { _ in kill(getpid(), SIGKILL) }
            var size = 1
            while true {
                let count = 1 + size % 3
                let lines = (size..<(size + count)).map(line)
                try ledger.append(
                    lines, after: size, head: root(size + count), checkpoint: note(size))
                size += count
                let word = Array("\(size)\n".utf8)
                guard Glibc.write(file, word, word.count) == word.count else { exit(1) }
                if size == 3 {
                    let delay = timeval(tv_sec: 0, tv_usec: microseconds)
                    var timer = itimerval(it_interval: timeval(), it_value: delay)
                    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
                }
            }
        }
        let words = String(decoding: try contents(of: acknowledged), as: UTF8.self)
        let known = try #require(words.split(separator: "\n").last.flatMap { Int($0) })
        let ledger = try scratch.openLedger()
        let head = try ledger.head()
        #expect(head.size == known || head.size == known + 1 + known % 3)
        #expect(head.root == root(head.size))
        #expect(head.checkpoint == note(head.checkpointSize))
        #expect(head.checkpointSize < head.size)
        #expect(try ledger.lines(from: 0, limit: head.size + 1) == (0..<head.size).map(line))
        try ledger.append([line(head.size)], after: head.size, head: root(0), checkpoint: nil)
    }

    @Test("a commit that the disk refuses is told apart, and the ledger takes nothing more")
    func diskFails() async throws {
        let scratch = try Scratch.holdingLog(of: 3)
        let state = scratch.state
        await #expect(processExitsWith: .success) { [state = state as String] in
            let ledger = try SQLiteLedger(openIn: StateDirectory(state))
            // From here on no file may grow, as if the disk refused.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let thrown = #expect(throws: LedgerError.self) {
                try ledger.append([line(3)], after: 3, head: root(4), checkpoint: note(3))
            }
            let error = try #require(thrown)
            #expect(error.endsProcess)
            limit.rlim_cur = rlim_t.max
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            // The disk is well again, but what it holds is known only to a new start.
            #expect(throws: error) {
                try ledger.append([line(3)], after: 3, head: root(4), checkpoint: note(3))
            }
            #expect(throws: error) { try ledger.store(checkpoint: note(3), size: 3) }
        }
        let ledger = try scratch.openLedger()
        #expect(try ledger.head().size == 3)
        try ledger.append([line(3)], after: 3, head: root(4), checkpoint: note(3))
    }
}
