// The directory of a rehearsal: made by it, closed to everybody else, and gone when it is over. It
// never works in a directory that was there before, so nobody can hand it a log, a token store or
// an outcome that was prepared.

import CeremonyRecord
import CeremonyTerminal
import Glibc

/// Where a rehearsal takes place.
struct RehearsalPlace {
    let directory: String
    let programs: RehearsalPrograms
    let isKept: Bool

    /// The daemon's socket.
    var socket: String { directory + "/run/d.sock" }

    /// Makes the directory.
    ///
    /// - Parameter kept: what stood behind `--keep`.
    /// - Throws: `file-exists` (1) where something is there already; `usage` (64) for a path that
    ///   a socket or a shell cannot have; `unwritable` (78).
    init(kept: String?, _ programs: RehearsalPrograms) throws(ClientError) {
        self.programs = programs
        isKept = kept != nil
        guard let kept else {
            var template = Array("/tmp/rehearsal-XXXXXX".utf8CString)
            guard unsafe mkdtemp(&template) != nil else { throw RehearsalPlace.unmade("/tmp") }
            directory = String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return
        }
        let path = try RehearsalPlace.absolute(kept)
        try RehearsalPlace.check(path)
        guard unsafe mkdir(path, 0o700) == 0 else {
            if errno == EEXIST { throw Files.occupied(path) }
            throw RehearsalPlace.unmade(path)
        }
        directory = path
    }

    /// Takes the directory away, unless it is kept.
    func remove() {
        guard !isKept else { return }
        let removed = try? ChildProcess(
            ["/bin/rm", "-rf", "--", directory], environment: [:], scratch: directory + ".rm")
        while removed?.isRunning == true { try? Interruption.pause(seconds: 1) }
        for end in [".out", ".err"] { unsafe unlink(directory + ".rm" + end) }
        if Files.exists(directory) {
            Talk.say("\(directory) could not be taken away; it holds nothing of value.")
        }
    }

    private static func absolute(_ path: String) throws(ClientError) -> String {
        if path.utf8.first == UInt8(ascii: "/") { return path }
        guard let current = unsafe getcwd(nil, 0) else { throw unmade(path) }
        defer { unsafe free(current) }
        return unsafe String(cString: current) + "/" + path
    }

    /// The name stands in a configuration and in a shell's file, and a socket's name has 107 bytes.
    private static func check(_ path: String) throws(ClientError) {
        let plain = path.utf8.allSatisfy { byte in
            "/._-+@".utf8.contains(byte) || (0x30...0x39).contains(byte)
                || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        guard plain, path.utf8.count <= 80 else {
            throw .usage(
                "A rehearsal cannot be kept in \(Display.neutralised(path)).",
                next: "Name a directory of letters, digits and /._-+@, at most 80 bytes with all "
                    + "that is above it.")
        }
    }

    private static func unmade(_ path: String) -> ClientError {
        ClientError(
            .configuration, "unwritable",
            "No directory could be made at \(Display.neutralised(path)): \(systemError()).",
            meaning: "The rehearsal has not begun.",
            next: "Check the directory above it, its owner and the free space.")
    }
}
