// A token that misbehaves on demand: the forwarding module of Tests/CFaultToken in front of
// SoftHSM, in a directory of its own, for the daemon or for one person's client. It writes down
// every call.

import Glibc
import Testing

/// A forwarding module with the faults that a test asks for.
struct FaultyModule {
    /// Where the module, what it is to do, and what it was asked for are.
    let directory: String
    var path: String { directory + "/libFaultToken.so" }

    /// Puts the module into a person's home.
    init(for person: Person, _ name: String = "module") throws {
        directory = person.home + "/" + name
        let path = directory
        let made = unsafe mkdir(path, 0o700) == 0
        try #require(made)
        for (from, name) in [
            (CeremonyRoom.softHSM, "libsofthsm2.so"),
            (Program.products + "/libFaultToken.so", "libFaultToken.so"),
        ] {
            try TestFile.write("\(directory)/\(name)", TestFile.bytes(from), mode: 0o755)
        }
    }

    /// The one that is in a person's home already.
    init(of person: Person) {
        directory = person.home + "/module"
    }

    /// Says what fails from now on, as CFaultToken describes it; the counting of calls starts anew.
    func set(_ lines: String...) throws {
        // A comment that is never the same makes the file another one.
        let text = lines.joined(separator: "\n") + "\n# \(UInt64.random(in: 0 ... .max))\n"
        try TestFile.write(directory + "/faults.new", text)
        let moved = unsafe rename(directory + "/faults.new", directory + "/faults") == 0
        try #require(moved)
        try TestFile.write(directory + "/calls", "")
    }

    /// Every call since the faults were set, by its function.
    var calls: [String] {
        TestFile.text(directory + "/calls").lineList.compactMap {
            $0.split(separator: " ").first.map(String.init)
        }.filter { $0.hasPrefix("C_") }
    }

    /// Whether a call hangs, since the faults were set.
    var hangs: Bool {
        TestFile.text(directory + "/calls").lineList.contains { $0.hasPrefix("hangs ") }
    }

    /// Puts the file there for which a call hangs.
    func hold(_ name: String) throws { try TestFile.write(directory + "/" + name, "") }

    /// Lets the calls go on that hang for the file.
    func release(_ name: String) throws {
        let removed = unsafe unlink(directory + "/" + name) == 0
        try #require(removed)
    }

    /// The calls of one function since the faults were set.
    func calls(of function: String) -> [String] {
        TestFile.text(directory + "/calls").lineList.filter {
            $0.split(separator: " ").first.map { $0 == function } ?? false
        }
    }
}
