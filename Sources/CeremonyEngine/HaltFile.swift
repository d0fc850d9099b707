// The halt file: a halt that holds even when the log cannot be written. It is durable before
// anybody is told that the house is halted, and present or unreadable it means: halted (CT-11,
// DESIGN Halt). One JSON object a line, each a halt that the log has or is still to get. It loses
// a halt when the log says that this one is cleared, and never without a whole file in its place.

public import CeremonyRecord
import Glibc

/// The file that holds the halts which the log may not have yet.
public struct HaltFile: Sendable {
    /// A halt as the file holds it, with the time at which the file took it.
    public enum Held: Hashable, Sendable {
        /// A keeper's signed act.
        case act(document: [UInt8], sshsig: [UInt8], since: Timestamp)
        /// The daemon saw something broken that must never break.
        ///
        /// `after` is how many events the log had then: what it recorded from there on may be this,
        /// whatever becomes of its clock.
        case invariant(String, since: Timestamp, after: Int)
        /// What cannot be read, a line or the whole file (then: why): nobody knows which halt it
        /// held, or since when.
        case unreadable([UInt8])
    }

    /// What a look at the file says.
    public enum Content: Hashable, Sendable {
        /// There is no such file: not halted by it.
        case absent
        /// Halted, by these.
        case halts([Held])
        /// Halted: it is there and cannot be understood.
        case unreadable(String)

        /// Whether it means halted.
        public var isHalt: Bool { self != .absent }

        /// The halts in it; a file without any is one that cannot be understood.
        public var held: [Held] {
            switch self {
            case .absent: []
            case .halts(let held): held.isEmpty ? [.unreadable([])] : held
            case .unreadable(let why): [.unreadable(Array(why.utf8))]
            }
        }
    }

    private let path: String
    private let put: @Sendable (Int32, [UInt8]) -> Int

    /// The file at a path, beside the log.
    public init(path: String) {
        self.init(path: path) { Glibc.write($0, $1, $1.count) }
    }

    /// The same, with another hand to write halts with: write(2) as a test has it fail.
    init(path: String, put: @escaping @Sendable (Int32, [UInt8]) -> Int) {
        self.path = path
        self.put = put
    }

    /// Where room is kept for a halt that comes when the disk is full.
    var reservePath: String { path + ".reserve" }
    private static let reserveBytes: off_t = 65_536

    /// Sees to it that there is room for a halt when the disk is full, as far as there is any now.
    func reserve() {
        var found = stat()
        guard unsafe lstat(reservePath, &found) != 0 else { return }
        let descriptor = open(
            reservePath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if posix_fallocate(descriptor, 0, HaltFile.reserveBytes) != 0 { unlink(reservePath) }
    }

    /// Reads the file. Anything but "there is none" means halted.
    public func read() -> Content {
        // Whether there is one can be told without a descriptor, of which there may be none left.
        var found = stat()
        if unsafe lstat(path, &found) != 0, errno == ENOENT { return .absent }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            return errno == ENOENT ? .absent : .unreadable(String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { return .unreadable(String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= 4 << 20 else { return .unreadable("it is too long") }
        }
        return .halts(HaltFile.halts(in: bytes))
    }

    /// Adds a halt that the file does not hold yet; it is on the disk when this returns.
    ///
    /// - Throws: ``EngineError`` (`halt-file`); nothing may then be believed of the file.
    func keep(_ held: Held) throws(EngineError) {
        if case .halts(let all) = read(), all.contains(where: { $0.isSame(as: held) }) { return }
        try add(held)
    }

    /// Takes out the halts that are over; the others, and nothing else, are on the disk when this
    /// returns.
    ///
    /// What could not be read is kept beside it under another name, for whoever wonders.
    ///
    /// - Throws: ``EngineError`` (`halt-file`); the file is then as it was, or as it is to be.
    func release(_ isOver: (Held) -> Bool) throws(EngineError) {
        let content = read()
        let over = content.held.filter(isOver)
        guard !over.isEmpty else { return }
        let kept = content.held.filter { !isOver($0) }
        if over.contains(where: \.isUnreadable) { try keepAside(isMoved: kept.isEmpty) }
        if !kept.isEmpty { try replace(with: kept) }
        guard kept.isEmpty, unlink(path) != 0, errno != ENOENT else { return try syncDirectory() }
        throw trouble("removed")
    }

    private func replace(with kept: [Held]) throws(EngineError) {
        let new = path + ".new"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw trouble("rewritten") }
        defer { close(descriptor) }
        let bytes = kept.flatMap(HaltFile.line)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            rename(new, path) == 0
        else { throw trouble("rewritten") }
    }

    /// Gives the file a further name, or another one where nothing of it stays.
    private func keepAside(isMoved: Bool) throws(EngineError) {
        for number in 1...1000 {
            let aside = "\(path).unreadable-\(number)"
            var found = stat()
            if unsafe lstat(aside, &found) == 0 { continue }
            guard (isMoved ? rename(path, aside) : link(path, aside)) == 0 else { break }
            return
        }
        throw trouble("kept aside")
    }

    /// Adds a halt; it is on the disk when this returns. Where the disk is full it takes the room
    /// that was kept for it.
    ///
    /// - Throws: ``EngineError`` (`halt-file`); the file then holds what it held before. One that
    ///   was not there may be, and empty: that means halted too, and not by whom.
    public func add(_ held: Held) throws(EngineError) {
        let isNew = access(path, F_OK) != 0
        let line = HaltFile.line(held)
        if try append(line, isLast: false) == false { _ = try append(line, isLast: true) }
        if isNew { try syncDirectory() }
    }

    /// Writes a line whole or not at all.
    ///
    /// - Returns: `false` where the disk was full and there is more room now.
    private func append(_ line: [UInt8], isLast: Bool) throws(EngineError) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let code = errno
            if !isLast, HaltFile.isFull(code), unlink(reservePath) == 0 { return false }
            throw trouble("opened", code)
        }
        defer { close(descriptor) }
        var before = stat()
        guard unsafe fstat(descriptor, &before) == 0 else { throw trouble("opened") }
        errno = 0
        let count = put(descriptor, line)
        if count == line.count, fsync(descriptor) == 0 { return true }
        // Less than the whole line is what a disk does that has become full.
        let code = errno == 0 ? ENOSPC : errno
        // A line that is torn off would hide who raised the halt.
        guard ftruncate(descriptor, before.st_size) == 0 else { throw trouble("written", code) }
        if !isLast, HaltFile.isFull(code), unlink(reservePath) == 0 { return false }
        throw trouble("written", code)
    }

    private static func isFull(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }

    private func syncDirectory() throws(EngineError) {
        guard syncFolder(of: path) else { throw trouble("made durable") }
    }

    private func trouble(_ what: String, _ code: Int32 = errno) -> EngineError {
        EngineError(
            .haltFile,
            "The halt file \(path) could not be \(what): \(String(cString: strerror(code))).",
            next:
                "The house is halted, and only by the memory of the daemon: one that starts again "
                + "may know nothing of it, or not who raised it. Mend the disk, and halt once more "
                + "before the daemon is stopped.",
            requirement: "CT-11")
    }

    private static func line(_ held: Held) -> [UInt8] {
        let text: [UInt8] =
            switch held {
            case .act(let document, let sshsig, let since):
                JSON.object([
                    "document": .string(Base64.encode(document)),
                    "sshsig": .string(Base64.encode(sshsig)), "since": .string("\(since)"),
                ]).canonicalBytes
            case .invariant(let name, let since, let after):
                JSON.object([
                    "after": .number(after), "invariant": .string(name),
                    "since": .string("\(since)"),
                ]).canonicalBytes
            case .unreadable(let bytes): bytes
            }
        // A line begins with its own line feed: one that was torn off before it stays by itself.
        return [UInt8(ascii: "\n")] + text + [UInt8(ascii: "\n")]
    }

    /// Every line by itself: one that cannot be read halts by the invariant of the file and hides
    /// no other.
    private static func halts(in bytes: [UInt8]) -> [Held] {
        bytes.split(separator: UInt8(ascii: "\n")).map { line in
            (try? halt(in: Array(line))) ?? .unreadable(Array(line))
        }
    }

    private static func halt(in line: [UInt8]) throws(JSONError) -> Held {
        var fields = try JSONFields(try JSON(line, .record), at: "halt file")
        let since = try fields.parsed("since", as: "a time") { Timestamp($0) }
        let held: Held
        if fields.names.contains("invariant") {
            held = .invariant(
                try fields.string("invariant"), since: since, after: try fields.number("after"))
        } else {
            held = .act(
                document: try fields.parsed("document", as: "base64", Base64.decode),
                sshsig: try fields.parsed("sshsig", as: "base64", Base64.decode), since: since)
        }
        try fields.finish()
        return held
    }
}

extension HaltFile.Held {
    /// Whether both are the same halt; a person's act is, whenever it was handed in.
    func isSame(as other: HaltFile.Held) -> Bool {
        switch (self, other) {
        case (.act(let one, _, _), .act(let two, _, _)): one == two
        default: self == other
        }
    }

    fileprivate var isUnreadable: Bool {
        if case .unreadable = self { true } else { false }
    }
}

extension HaltFile.Held {
    /// When it was raised; `nil` where nobody knows.
    public var since: Timestamp? {
        switch self {
        case .act(_, _, let since), .invariant(_, let since, _): since
        case .unreadable: nil
        }
    }

    /// Who halts the house and why, as far as it says so itself.
    public var account: (by: String, reason: String) {
        switch self {
        case .act(let document, _, _):
            guard case .act(let act)? = try? AnyDocument(bytes: document) else {
                return ("somebody", "a document that cannot be read")
            }
            return (act.actor.name, act.justification)
        case .invariant(let name, _, _): return ("the daemon", name)
        case .unreadable: return ("nobody knows whom", "the halt file cannot be read")
        }
    }
}
