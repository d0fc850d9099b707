// A rehearsal as a test runs it: `ceremonyctl rehearse` as a process of its own, in an environment
// that the test makes.

import CeremonyRecord
import Glibc
import Testing

/// One run of `ceremonyctl rehearse`.
final class Rehearsal {
    /// The test's own directory; it goes with this.
    let directory: String
    /// Where the rehearsal is kept.
    var kept: String { directory + "/kept" }
    /// The client; beside it stands the daemon that it starts.
    var client = Program.products + "/ceremonyctl"
    /// What the client finds in its environment.
    var environment = ["PATH": "/usr/bin:/bin"]

    init() throws {
        var template = Array("/tmp/rehearsed-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template) != nil
        try #require(made)
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = try? Program(["rm", "-rf", directory], environment: [:], scratch: "/tmp").finish()
    }

    /// Rehearses to the end, in ``kept``.
    func run(_ arguments: String...) throws -> Ended {
        try begin(arguments + ["--keep", kept]).finish()
    }

    /// Begins a rehearsal.
    func begin(_ arguments: [String]) throws -> Program {
        try Program(
            [client, "rehearse"] + arguments, environment: environment, scratch: directory)
    }

    /// A stock program, or one of ours, to its end.
    func tool(_ command: String...) throws -> Ended {
        try Program(command, environment: environment, scratch: directory).finish()
    }

    /// Verifies the evidence that was kept, with the digest of what the founders signed.
    func verify(_ options: String...) throws -> Ended {
        try Program(
            [
                Program.products + "/ceremonyctl", "verify", kept + "/evidence", "--genesis",
                kept + "/genesis",
            ] + options, environment: ["HOME": directory], scratch: directory
        ).finish()
    }

    /// The events of the log that was kept, by type.
    func types() throws -> [String] {
        try TestFile.text(kept + "/evidence/log/events.jsonl").lineList.map {
            try JSON($0).field("type").text
        }
    }
}

extension Ended {
    /// How often a line says this.
    func count(_ words: String) -> Int { out.lineList.count { $0.contains(words) } }
}
